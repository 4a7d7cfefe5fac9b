"""Shares less what chance gives, excess over a twin, and a claim between groups seen elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import expit

from evenlight.errors import InputError
from evenlight.stats.decomposition import layout, null_shares, shares
from evenlight.stats.excess import corrected_shares, excess, expected_shares
from evenlight.stats.outside import between_slope


def test_the_expected_share_is_the_mean_over_all_arrangements() -> None:
    """In two strata of four units every one of 6 x 6 arrangements is tried."""
    from itertools import permutations

    rng = np.random.default_rng(0)
    phi, stratum = rng.normal(size=(8, 2)), np.repeat([0, 1], 4)
    f, group = phi.sum(axis=1), np.tile([0, 0, 1, 1], 2)
    plan = layout(phi, f, group, stratum)
    halves = sorted(set(permutations([0, 0, 1, 1])))
    slow = [shares(plan, group=np.array([*a, *b])) for a in halves for b in halves]
    np.testing.assert_allclose(expected_shares(plan), np.mean(slow, axis=0), atol=1e-12)


def test_the_expected_share_agrees_with_permutation_of_three_unequal_groups() -> None:
    """2,000 shuffles within strata lie within five of their own errors of the formula."""
    rng = np.random.default_rng(1)
    phi, stratum = rng.normal(size=(60, 3)), rng.integers(4, size=60)
    group = rng.choice(3, size=60, p=[0.6, 0.3, 0.1])
    plan = layout(phi, phi.sum(axis=1), group, stratum)
    null = null_shares(plan, draws=2000, rng=rng)
    error = null.std(axis=0) / np.sqrt(len(null))
    assert (np.abs(null.mean(axis=0) - expected_shares(plan)) < 5 * error).all()
    np.testing.assert_allclose(corrected_shares(plan), shares(plan) - expected_shares(plan))


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 12), st.floats(-3, 3), st.integers(0, 99))
def test_what_both_share_is_in_no_excess(k: int, common: float, seed: int) -> None:
    """The same number added to the model and its twin in each refit changes nothing."""
    model, twin = np.random.default_rng(seed).normal(size=(2, k, 3))
    plain, moved = excess(model, twin), excess(model + common, twin + common)
    for name in ("mean", "sd", "low"):
        np.testing.assert_allclose(getattr(plain, name), getattr(moved, name), atol=1e-9)


def test_the_limit_is_student_s_for_one_further_refit() -> None:
    """Written out: mean less t at 95 % on K - 1 df times the SD over refits."""
    rng = np.random.default_rng(2)
    model, twin = rng.normal(size=(2, 7, 2))
    apart = model - twin
    for j in range(2):
        own = [float(v) for v in apart[:, j]]
        mean = sum(own) / 7
        sd = (sum((v - mean) ** 2 for v in own) / 6) ** 0.5
        wanted = mean - stats.t.ppf(0.95, 6) * sd
        assert excess(model, twin).low[j] == pytest.approx(wanted)


def test_refits_come_in_pairs() -> None:
    """Another number of twins, or a single pair, is refused with both shapes."""
    with pytest.raises(InputError, match=r"\(3, 2\).*\(2, 2\)"):
        excess(np.zeros((3, 2)), np.zeros((2, 2)))
    with pytest.raises(InputError, match="2 or more"):
        excess(np.zeros((1, 2)), np.zeros((1, 2)))


def _people(rng: np.random.Generator, n: int, borne_out: float) -> tuple[np.ndarray, ...]:
    """Two groups a claimed gap of 1 logit apart, of which `borne_out` is there."""
    group = np.arange(n) % 2
    rest = rng.normal(size=n)
    part = 1.0 * (group - 0.5) + 0.3 * rng.normal(size=n)
    y = rng.random(n) < expit(rest + borne_out * (group - 0.5) + part - (group - 0.5))
    return part, rest + part, y.astype(float), group


@pytest.mark.parametrize("borne_out", [0.0, 1.0])
def test_the_slope_between_groups_is_what_is_borne_out(borne_out: float) -> None:
    """Over 300 draws it is right on average, and its 95 % limits hold the truth 93 to 97 times."""
    rng = np.random.default_rng(int(borne_out))
    made = np.array(
        [between_slope(*_people(rng, 2000, borne_out), expect=expit) for _ in range(300)]
    )
    assert abs(made[:, 0].mean() - borne_out) < 4 * made[:, 0].std() / np.sqrt(300)
    inside = np.abs(made[:, 0] - borne_out) < 1.96 * made[:, 1]
    assert 0.92 <= inside.mean() <= 0.98


def test_another_prevalence_alike_in_both_groups_plays_no_part() -> None:
    """With a linear outcome a constant added to everyone leaves the slope as it was."""
    rng = np.random.default_rng(3)
    part, f, y, group = _people(rng, 100, 0.5)
    plain = between_slope(part, f, y, group, expect=np.asarray)
    assert between_slope(part, f, y + 7, group, expect=np.asarray) == pytest.approx(plain)


def test_no_claim_has_no_slope() -> None:
    """A partial score that is the same in both groups claims nothing between them."""
    group = np.array([0, 0, 1, 1])
    part = np.array([0.0, 1.0, 0.0, 1.0])
    slope, error = between_slope(part, part, part, group, expect=np.asarray)
    assert np.isnan(slope)
    assert np.isnan(error)
