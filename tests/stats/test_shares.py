"""Shares against declared ones, and distances of means: against slow twins, laws and truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, t

from evenlight.data.training import TrainingSummary
from evenlight.stats.mean_shift import (
    Measuring,
    pairs,
    shift_between,
    squared_shift,
    typical_distance,
)
from evenlight.stats.shares import against


def test_limits_and_p_are_those_of_scipy() -> None:
    """Each level as one exact binomial test at alpha / k."""
    counts, target = np.array([3.0, 40.0, 57.0]), np.array([0.1, 0.3, 0.6])
    made = against(counts, target, whole=100, alpha=0.05)
    for i in range(3):
        found = binomtest(int(counts[i]), 100, target[i]).proportion_ci(1 - 0.05 / 3, "exact")
        np.testing.assert_allclose((made.low[i], made.high[i]), (found.low, found.high), rtol=1e-9)


@given(st.integers(0, 200), st.floats(0.01, 0.99))
@settings(max_examples=200, deadline=None)
def test_p_and_limits_agree(hits: int, target: float) -> None:
    """P is at most alpha just where the target lies outside the limits."""
    counts, wanted = np.array([hits, 200.0 - hits]), np.array([target, 1 - target])
    made = against(counts, wanted, whole=200, alpha=0.05)
    outside = (wanted < made.low) | (wanted > made.high)
    near = np.abs(made.p - 0.05) < 1e-9
    assert (outside == (made.p <= 0.05))[~near].all()


def test_all_shares_are_held_together() -> None:
    """The target of all five levels lies inside in 95 % of draws at least."""
    rng, target = np.random.default_rng(0), np.array([0.5, 0.2, 0.15, 0.1, 0.05])
    drawn = rng.multinomial(150, target, size=1000).astype(float)
    held = []
    for counts in drawn:
        made = against(counts, target, whole=150, alpha=0.05)
        held.append(((made.low <= target) & (target <= made.high)).all())
    assert np.mean(held) >= 0.94


def test_a_hidden_count_is_told_nowhere() -> None:
    """NaN stays NaN in share, limits and p; the others keep the whole."""
    made = against(np.array([np.nan, 90.0]), np.array([0.1, 0.9]), whole=100, alpha=0.05)
    assert np.isnan([made.share[0], made.low[0], made.high[0], made.p[0]]).all()
    assert made.share[1] == 0.9


def test_the_squared_shift_is_the_mean_over_pairs() -> None:
    """Two loops over different people, and a jackknife that leaves each out in turn."""
    z = np.random.default_rng(0).normal(size=(9, 4)) + 0.5

    def slow(rows: np.ndarray) -> float:
        pairs = [a @ b for i, a in enumerate(rows) for j, b in enumerate(rows) if i != j]
        return float(np.mean(pairs))

    value, error = squared_shift(pairs(z))
    left = np.array([slow(np.delete(z, i, axis=0)) for i in range(9)])
    assert np.isclose(value, slow(z))
    assert np.isclose(error, np.sqrt(8 / 9 * ((left - left.mean()) ** 2).sum()))


def by(n: int, k: int) -> Measuring:
    """What normal rows know of themselves, by theory."""
    held = (n - 1) / (n - k - 2) * (1 + 1 / n)
    return Measuring(n, float(n), k, k, held, held * (2 / (k * (n - k - 4))) ** 0.5)


def test_the_distance_of_a_planted_shift_is_held() -> None:
    """A mean 1 SD away in twenty dimensions: right on average, and inside the limits."""
    rng, held, found = np.random.default_rng(1), [], []
    for _ in range(200):
        before, here = rng.normal(size=(300, 20)), rng.normal(size=(40, 20))
        here[:, 0] += 1
        made = TrainingSummary.of(before, [f"g{j}" for j in range(20)])
        z = made.principal.scores(made.principal.apart(here))
        d, low, high = shift_between(pairs(z), by(300, 20), z=t.ppf(0.975, 39))
        held.append(low <= 1 <= high)
        found.append(d)
    assert abs(np.mean(found) - 1) < 0.06
    assert np.mean(held) > 0.9


def test_no_shift_is_no_distance_however_many_features() -> None:
    """Where the plain distance of means is above 1, this one has 0 in its limits."""
    rng = np.random.default_rng(2)
    z = rng.normal(size=(50, 200))
    d, low, _ = shift_between(pairs(z), by(100_000, 200), z=2.0)
    assert np.sqrt((z.mean(axis=0) ** 2).sum()) > 1.5
    assert low == 0
    assert d < 1


def test_people_like_those_of_training_have_distance_one() -> None:
    """Twice as spread people have 2."""
    z = np.random.default_rng(3).normal(size=(2000, 30))
    for times in (1.0, 2.0):
        square = ((times * z) ** 2).mean(axis=1)
        middle, low, high = typical_distance(square, by(1_000_000, 30), z=4.0)
        assert low < times < high
        assert abs(middle - times) < 0.02 * times


@pytest.mark.parametrize(("n", "p", "components"), [(60, 20, None), (160, 50, None), (90, 90, 8)])
def test_the_limits_of_the_typical_distance_hold(n: int, p: int, components: int | None) -> None:
    """One for people like those of training, however few directions a row training has."""
    rng, held, found = np.random.default_rng(4), [], []
    for _ in range(120):
        made = TrainingSummary.of(
            rng.normal(size=(n, p)), [f"g{j}" for j in range(p)], components=components
        )
        squares = made.distances(rng.normal(size=(50, p))) ** 2 / made.free
        known = Measuring(
            n, made.effective, made.free, len(made.principal.variances), made.held, made.held_error
        )
        middle, low, high = typical_distance(squares, known, z=t.ppf(0.975, 49))
        held.append(low <= 1 <= high)
        found.append(middle)
    assert abs(np.mean(found) - 1) < 0.02
    assert np.mean(held) > 0.9
