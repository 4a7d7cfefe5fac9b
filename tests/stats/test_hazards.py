"""What features leave of a gap in hazard: against statsmodels and loops, laws, and error rates."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from evenlight.stats.hazards import Followed, hazard_remainder

Drawn = tuple[Followed, np.ndarray, np.ndarray]
CLAIM = np.array([0.0, 1.0])


def drawn(seed: int, u: int, *, gap: float, q: int = 8, step: float = 0.0) -> Drawn:
    """Times, group and columns that all differ between two groups; half of them count.

    About a third are censored; with a `step` times are rounded up to it, so that they tie.
    """
    rng = np.random.default_rng(seed)
    group = np.arange(u) % 2
    x = rng.normal(size=(u, q)) + 0.5 * group[:, None]
    score = 0.4 * x[:, : q // 2].sum(axis=1) * np.sqrt(8 / q) + gap * (group - 0.5)
    died, left = rng.exponential(np.exp(-score)), rng.exponential(2.0, u)
    time = np.minimum(died, left)
    time = np.ceil(time / step) if step else time
    return Followed(time, (died <= left).astype(float), rng.integers(3, size=u)), group, x


def test_of_two_groups_it_is_the_group_s_coefficient() -> None:
    """As statsmodels fits it, with ties and strata; without ties the error is near its own."""
    for step in (0.2, 0.0):
        seen, group, x = drawn(0, 400, gap=1.0, step=step)
        found = hazard_remainder(seen, group, x, claim=np.array([0.0, 2.0]))
        fit = sm.PHReg(seen.time, np.column_stack([group, x]), status=seen.event,
                       strata=seen.stratum, ties="breslow").fit()  # fmt: skip
        assert found.slope == pytest.approx(fit.params[0] / 2, rel=1e-7)
    assert found.se == pytest.approx(fit.bse[0] / 2, rel=0.1)


def slow_error(seen: Followed, z: np.ndarray, b: np.ndarray, family: np.ndarray) -> float:
    """The robust error of the first coefficient, person by person and event by event."""
    u, q = z.shape
    hazard = np.exp(z @ b)
    rest, curve, row = np.zeros((u, q)), np.zeros((q, q)), np.zeros((u, q))
    until, drift = np.zeros(u), np.zeros((u, q))
    for i in range(u):
        if not seen.event[i]:
            continue
        there = (seen.stratum == seen.stratum[i]) & (seen.time >= seen.time[i])
        share = np.where(there, hazard, 0) / hazard[there].sum()
        mean = share @ z
        rest[i] += z[i] - mean
        for k in np.flatnonzero(there):
            rest[k] -= share[k] * (z[k] - mean)
            curve += share[k] * np.outer(z[k] - mean, z[k] - mean)
            until[k] += share[k]
            drift[k] += share[k] * mean
    inverse = np.linalg.inv(curve)
    for k in np.flatnonzero(until > 0):
        row[k] = np.sqrt(until[k]) * (z[k] - drift[k] / until[k])
    told = (rest @ inverse)[:, 0] / np.sqrt(1 - np.einsum("kq,qr,kr->k", row, inverse, row))
    total = [told[family == one].sum() for one in np.unique(family)]
    return float(np.sqrt(np.sum(np.square(total))))


def test_its_error_is_that_of_the_definition() -> None:
    """Score residuals over the root of one less the leverage, summed over families, by loops."""
    seen, group, x = drawn(1, 120, gap=1.0, q=3, step=0.1)
    z = np.column_stack([group, x])
    fit = sm.PHReg(seen.time, z, status=seen.event, strata=seen.stratum, ties="breslow").fit()
    for family in (np.arange(120), np.arange(120) // 3):
        found = hazard_remainder(seen, group, x, claim=CLAIM, family=family)
        assert found.se == pytest.approx(slow_error(seen, z, fit.params, family), rel=1e-6)


def test_three_groups_are_projected_on_what_is_claimed() -> None:
    """Written out from the effects of groups that statsmodels fits."""
    rng = np.random.default_rng(2)
    group = rng.integers(3, size=600)
    x = rng.normal(size=(600, 4)) + 0.3 * group[:, None]
    claim = np.array([0.3, -0.2, 1.0])
    time = rng.exponential(np.exp(-(x @ np.full(4, 0.5) + claim[group])))
    seen = Followed(time, np.ones(600), np.zeros(600, dtype=np.int64))
    z = np.column_stack([np.eye(3)[group][:, 1:], x])
    a = np.append(0.0, sm.PHReg(time, z, ties="breslow").fit().params[:2])
    d, n = claim - claim[group].mean(), np.bincount(group)
    found = hazard_remainder(seen, group, x, claim=claim)
    assert found.slope == pytest.approx((n * d) @ a / (n @ d**2), rel=1e-6)
    assert abs(found.slope - 1) < 3 * found.se


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31))
def test_units_of_time_and_of_columns_and_the_order_of_people_play_no_part(seed: int) -> None:
    """Any rising function of time within a stratum, affine columns, another order: the same."""
    seen, group, x = drawn(seed, 200, gap=0.5, q=4)
    rng = np.random.default_rng(seed)
    first = hazard_remainder(seen, group, x, claim=CLAIM)
    other = np.column_stack([x * rng.uniform(0.1, 50, 4) + rng.normal(size=4) * 5, 3.0 * group])
    mixed = rng.permutation(200)
    late = Followed((np.sqrt(seen.time) + 5.0 * seen.stratum)[mixed], seen.event[mixed],
                    7 - 2 * seen.stratum[mixed])  # fmt: skip
    again = hazard_remainder(late, group[mixed], other[mixed], claim=CLAIM)
    assert again.slope == pytest.approx(first.slope, rel=1e-5, abs=1e-6)
    assert again.se == pytest.approx(first.se, rel=1e-5)


def test_what_cannot_be_asked_has_its_reason() -> None:
    """Nothing claimed, too few events, a group without one, an order told without error."""
    seen, group, x = drawn(3, 200, gap=0.0)
    assert "nothing is claimed" in hazard_remainder(seen, group, x, claim=np.ones(2)).reason
    rare = Followed(seen.time, np.where(np.arange(200) < 50, seen.event, 0.0), seen.stratum)
    few = hazard_remainder(rare, group, x, claim=CLAIM)
    assert "9 slopes need 45 events, " in few.reason
    assert np.isnan([few.slope, few.se]).all()
    none = Followed(seen.time, np.where(group == 1, 0.0, seen.event), seen.stratum)
    assert "no event was seen in a group" in hazard_remainder(none, group, x, claim=CLAIM).reason
    sure = Followed(-x[:, 0], np.ones(200), np.zeros(200, dtype=np.int64))
    assert "without error" in hazard_remainder(sure, group, x, claim=CLAIM).reason


def test_the_rate_of_false_alarms_is_that_of_its_limits() -> None:
    """Without a gap beyond features the lower limit is above 0 in about 2.5 % of draws."""
    above = 0
    for seed in range(250):
        seen, group, x = drawn(10_000 + seed, 300, gap=0.0, q=20)
        found = hazard_remainder(seen, group, x, claim=CLAIM)
        above += found.slope > 1.96 * found.se
    assert above / 250 <= 0.025 + 3 * np.sqrt(0.025 * 0.975 / 250)
    assert above > 0
