"""What features leave of a gap: against statsmodels and loops, laws, and error rates."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit

from evenlight.stats.remainder import remainder

Drawn = tuple[np.ndarray, np.ndarray, np.ndarray]
CLAIM = np.array([0.0, 1.0])


def drawn(seed: int, u: int, *, gap: float, q: int = 8, binary: bool = True) -> Drawn:
    """Outcome, group and columns, all of which differ between two groups; half of them count."""
    rng = np.random.default_rng(seed)
    group = np.arange(u) % 2
    x = rng.normal(size=(u, q)) + 0.5 * group[:, None]
    score = 0.4 * x[:, : q // 2].sum(axis=1) + gap * (group - 0.5) - 0.4
    y = (rng.random(u) < expit(score)).astype(float) if binary else score + rng.normal(size=u)
    return y, group, x


def design(x: np.ndarray, group: np.ndarray) -> np.ndarray:
    """An intercept, the second group, and the columns."""
    return np.column_stack([np.ones(len(x)), group, x])


@pytest.mark.parametrize("binary", [False, True])
def test_of_two_groups_it_is_the_group_s_coefficient(binary: bool) -> None:
    """As statsmodels fits it; the error is HC2, from the library or written out by loops."""
    y, group, x = drawn(0, 400, gap=1.0, binary=binary)
    found = remainder(y, group, x, claim=np.array([0.0, 2.0]), binary=binary)
    z = design(x, group)
    if binary:
        b = penalised(z, y)
        assert found.slope == pytest.approx(b[1] / 2, rel=1e-4)
        assert found.se == pytest.approx(slow_error(z, y, b, range(400)) / 2, rel=1e-4)
        fit = sm.Logit(y, z).fit(disp=0)
        assert found.slope == pytest.approx(fit.params[1] / 2, rel=0.05)
        assert found.se == pytest.approx(fit.bse[1] / 2, rel=0.1)
    else:
        fit = sm.OLS(y, z).fit(cov_type="HC2")
        assert found.slope == pytest.approx(fit.params[1] / 2, rel=1e-8)
        assert found.se == pytest.approx(fit.bse[1] / 2, rel=1e-8)


def penalised(z: np.ndarray, y: np.ndarray) -> np.ndarray:
    """What makes the likelihood times the root of its information largest (Jeffreys' prior)."""

    def loss(b: np.ndarray) -> float:
        margin = z @ b
        weight = expit(margin) * expit(-margin)
        _, size = np.linalg.slogdet((z.T * weight) @ z)
        return float(-(y * margin - np.logaddexp(0, margin)).sum() - size / 2)

    found: np.ndarray = minimize(loss, np.zeros(z.shape[1]), options={"gtol": 1e-6}).x
    return found


def slow_error(z: np.ndarray, y: np.ndarray, b: np.ndarray, family: object) -> float:
    """The robust error of the second coefficient of a logistic fit, by loops."""
    mean = expit(z @ b)
    inverse = np.linalg.inv(sum(m * (1 - m) * np.outer(r, r) for m, r in zip(mean, z, strict=True)))
    total: dict[int, float] = {}
    for r, m, one, own in zip(z, mean, y, family, strict=True):  # type: ignore[call-overload]
        leverage = m * (1 - m) * r @ inverse @ r
        total.setdefault(own, 0.0)
        total[own] += float((inverse @ r)[1] * (one - m) / np.sqrt(1 - leverage))
    return float(np.sqrt(sum(v**2 for v in total.values())))


def test_families_count_together() -> None:
    """Scores are summed over a family before they are squared; twins of people add nothing."""
    y, group, x = drawn(1, 300, gap=1.0)
    twice = np.tile(np.arange(300), 2)
    yy, gg, xx = y[twice], group[twice], x[twice]
    found = remainder(yy, gg, xx, claim=CLAIM, binary=True, family=twice)
    b = penalised(design(xx, gg), yy)
    assert found.se == pytest.approx(slow_error(design(xx, gg), yy, b, twice), rel=1e-4)
    alone = remainder(y, group, x, claim=CLAIM, binary=True)
    assert found.slope == pytest.approx(alone.slope, rel=0.05)
    assert found.se == pytest.approx(alone.se, rel=0.05)


def test_three_groups_are_projected_on_what_is_claimed() -> None:
    """With effects of groups just as claimed it is 1, written out from the fitted effects."""
    rng = np.random.default_rng(2)
    group = rng.integers(3, size=600)
    x = rng.normal(size=(600, 4)) + group[:, None]
    claim = np.array([0.3, -0.2, 1.0])
    y = x @ np.full(4, 0.5) + claim[group]
    assert remainder(y, group, x, claim=claim, binary=False).slope == pytest.approx(1.0)
    noisy = y + rng.normal(size=600)
    z = np.column_stack([np.eye(3)[group], x])
    a, *_ = np.linalg.lstsq(z, noisy)
    d = claim - claim[group].mean()
    n = np.bincount(group)
    wanted = sum(n[g] * d[g] * a[g] for g in range(3)) / sum(n[g] * d[g] ** 2 for g in range(3))
    assert remainder(noisy, group, x, claim=claim, binary=False).slope == pytest.approx(wanted)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.booleans())
def test_units_of_columns_and_what_tells_the_group_alone_play_no_part(
    seed: int, binary: bool
) -> None:
    """Affine columns, repeated columns and functions of the group leave it as it is."""
    y, group, x = drawn(seed, 200, gap=0.5, q=4, binary=binary)
    rng = np.random.default_rng(seed)
    first = remainder(y, group, x, claim=CLAIM, binary=binary)
    other = x * rng.uniform(0.1, 50, 4) + rng.normal(size=4) * 5
    other = np.column_stack([other, other[:, 0], 3.0 * group, np.ones(200)])
    again = remainder(y, group, other, claim=CLAIM, binary=binary)
    assert again.slope == pytest.approx(first.slope, rel=1e-5, abs=1e-6)
    assert again.se == pytest.approx(first.se, rel=1e-5)


def test_what_cannot_be_asked_has_its_reason() -> None:
    """Nothing claimed, too few people, one outcome in a group, an outcome told without error."""
    y, group, x = drawn(3, 200, gap=0.0)
    assert "nothing is claimed" in remainder(y, group, x, claim=np.ones(2), binary=True).reason
    few = remainder(y[:40], group[:40], x[:40], claim=CLAIM, binary=True)
    assert "10 slopes need people who tell as much as 50" in few.reason
    assert np.isnan(few.slope)
    assert np.isnan(few.se)
    one = remainder(np.where(group == 1, 1.0, y), group, x, claim=CLAIM, binary=True)
    assert "same outcome" in one.reason
    sure = remainder((x[:, 0] > 0.3).astype(float), group, x, claim=CLAIM, binary=True)
    assert "without error" in sure.reason


def test_rare_events_tell_less() -> None:
    """One event in twenty counts for a fifth of its people, so that as many columns are refused."""
    rng = np.random.default_rng(4)
    group, x = np.arange(600) % 2, rng.normal(size=(600, 30))
    y = np.zeros(600)
    y[:30] = 1.0
    assert "tell as much as 114" in remainder(y, group, x, claim=CLAIM, binary=True).reason
    y[:300] = 1.0
    assert remainder(y, group, x, claim=CLAIM, binary=True).reason == ""


@pytest.mark.parametrize("binary", [False, True])
def test_the_rate_of_false_alarms_is_that_of_its_limits(binary: bool) -> None:
    """Without a gap beyond features the lower limit is above 0 in about 2.5 % of draws."""
    above = 0
    for seed in range(400):
        y, group, x = drawn(10_000 + seed, 300, gap=0.0, q=20, binary=binary)
        found = remainder(y, group, x, claim=CLAIM, binary=binary)
        above += found.slope > 1.96 * found.se
    assert above / 400 <= 0.025 + 3 * np.sqrt(0.025 * 0.975 / 400)
    assert above > 0


def test_five_units_a_column_do_not_inflate_what_is_left() -> None:
    """A gap of 1 logit beside 40 columns of 220 people: 1 on average, not 1.4."""
    found = np.empty(100)
    for seed in range(100):
        rng = np.random.default_rng([seed, 21])
        group = np.arange(220) % 2
        x = rng.normal(size=(220, 40)) + 0.3 * (group[:, None] - 0.5)
        y = (rng.random(220) < expit(0.22 * x[:, :20].sum(axis=1) + group - 0.5)).astype(float)
        found[seed] = remainder(y, group, x, claim=CLAIM, binary=True).slope
    assert np.isfinite(found).all()
    assert abs(found.mean() - 1.0) < 0.05 + 3 * found.std() / 10
    assert found.std() / 10 < 0.08
