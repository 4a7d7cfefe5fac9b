"""Whether walks are right on average, and whether their standard errors tell how far off they are.

Rows with equal values and different ids are independent repetitions of one game.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenlight.arrays import Float
from evenlight.explainers.tally import Tally, estimate, slots
from tests.explainers.games import Model, cohort_of, deep, values_of

RNG = np.random.default_rng(1)
ROW = RNG.normal(size=8)
BACKS = RNG.normal(size=(40, 8))
REPEATS = 1200


def stepped(x: Float) -> Float:
    """Thresholds, as in a tree: many walks add nothing."""
    both = (x[:, 0] > 0) & (x[:, 1] > 0.3), (x[:, 2] > 0.5) & (x[:, 3] < 0.5)
    third = (x[:, 4] > 0) & (x[:, 5] + x[:, 6] > 0)
    said: Float = np.column_stack([*both, third]) @ np.array([2.0, 1.0, 0.5])
    return said


def smooth(x: Float) -> Float:
    """A small network: interactions of all orders, and none that only rare orders show."""
    weights = np.random.default_rng(2).normal(size=(8, 16))
    said: Float = np.maximum(x @ weights / 2, 0) @ np.linspace(-1, 1, 16)
    return said


def errors(model: Model, walks: int) -> tuple[Float, Float, float]:
    """Errors and spreads (repeats, P) of a game whose exact values are known, and their length."""
    cohort = cohort_of(np.repeat(ROW[None], REPEATS, axis=0))
    found = values_of(model, cohort, BACKS, walks=walks)
    exact = values_of(model, cohort.take(np.arange(2)), BACKS, exact=True).values[0]
    assert found.spread is not None
    off = found.values.astype(np.float64) - exact
    return off, found.spread.astype(np.float64), float(np.linalg.norm(exact))


@pytest.mark.parametrize("model", [deep, stepped])
@pytest.mark.parametrize("walks", [40, 60, 120, 200])
def test_walks_are_right_on_average(model: Model, walks: int) -> None:
    """The mean over repetitions is the exact value within four standard errors of that mean."""
    off, _, _ = errors(model, walks)
    limit = 4 * off.std(axis=0) / np.sqrt(REPEATS) + 1e-6
    assert (np.abs(off.mean(axis=0)) < limit).all()


@pytest.mark.parametrize("model", [deep, stepped])
def test_the_correction_of_few_walks_biases_little(model: Model) -> None:
    """Before all background rows are met the bias is a small part of one repetition's error."""
    off, _, _ = errors(model, 20)
    bias = np.linalg.norm(off.mean(axis=0))
    assert bias < 0.2 * np.sqrt(np.square(off).sum(axis=1).mean())


@pytest.mark.parametrize("model", [deep, stepped])
@pytest.mark.parametrize(
    ("walks", "low", "high"), [(20, 0.9, 1.45), (60, 0.93, 1.07), (120, 0.93, 1.07)]
)
def test_the_spread_is_the_error(model: Model, walks: int, low: float, high: float) -> None:
    """Root mean squared spread is the root mean squared error; with few walks it may be larger."""
    off, spread, _ = errors(model, walks)
    ratio = np.sqrt(np.square(spread).sum(axis=1).mean() / np.square(off).sum(axis=1).mean())
    assert low < ratio < high


@pytest.mark.parametrize("walks", [60, 120, 200])
def test_intervals_from_the_spread_cover_the_value(walks: int) -> None:
    """Value plus and minus 1.96 spreads holds the exact one in about 95 % of repetitions."""
    off, spread, _ = errors(smooth, walks)
    inside = np.abs(off) <= 1.96 * spread + 1e-6
    assert 0.90 < inside.mean() < 0.98


def test_a_spread_tells_two_walks_from_two_hundred() -> None:
    """A hundred times the walks leave a tenth of the error or less."""
    few, many = (errors(deep, walks)[0] for walks in (2, 200))
    assert np.sqrt(np.square(many).mean()) < 0.1 * np.sqrt(np.square(few).mean())


def test_the_tally_equals_its_formulas() -> None:
    """Means, their variance and the variance within, written out with loops over the walks."""
    rng = np.random.default_rng(3)
    size, count = 7, 18
    walks = rng.normal(size=(1, count, 3))
    place = slots(range(count), size)
    tally = Tally.empty(1, 3, size=size, most=count)
    for part in (slice(0, 7), slice(7, 14), slice(14, 18)):
        tally.add(place[part], walks[:, part])
    found = estimate(tally, walks.sum(axis=2).mean(axis=1))
    groups = [walks[0, place == b] for b in range(size)]
    means = np.array([g.mean(axis=0) for g in groups])
    within = sum(((g - g.mean(axis=0)) ** 2).sum(axis=0) for g in groups) / (count - size)
    share = sum(1 / len(g) for g in groups) / size
    np.testing.assert_allclose(found.values[0], means.mean(axis=0))
    np.testing.assert_allclose(found.error[0], np.sqrt(within * share / size))


def test_the_gap_is_divided_by_variance() -> None:
    """Before a full sweep the missing sum goes to players by the variance of what they add."""
    walks = np.array([[[1.0, 0.0, 5.0], [3.0, 0.0, 1.0]]])
    tally = Tally.empty(1, 3, size=9, most=2)
    tally.add(np.array([0, 1]), walks)
    found = estimate(tally, np.array([10.0]))
    gap = 10.0 - 5.0
    np.testing.assert_allclose(found.values[0], [2 + gap * 2 / 10, 0, 3 + gap * 8 / 10])


def test_a_gap_that_no_walk_explains_counts_as_error() -> None:
    """Where all walks were alike and yet the sum is off, the spread is as large as the gap."""
    tally = Tally.empty(1, 2, size=9, most=3)
    tally.add(np.arange(3), np.zeros((1, 3, 2)))
    found = estimate(tally, np.array([4.0]))
    np.testing.assert_allclose(found.values, [[2.0, 2.0]])
    np.testing.assert_allclose(found.error, [[2.0, 2.0]])


@given(size=st.integers(1, 130), count=st.integers(1, 400))
def test_background_rows_are_met_equally_often(size: int, count: int) -> None:
    """Each is met once before walks beyond a tenth meet one again; later all alike to one."""
    place = slots(range(count), size)
    times = np.bincount(place, minlength=size)
    if count >= size + size // 9 + 2:
        assert times.min() >= 1
    if count >= 2 * size:
        assert times.max() - times.min() <= 1
    assert times.max() <= max(2, -(-count // size))
    np.testing.assert_array_equal(place[count // 2 :], slots(range(count // 2, count), size))


def test_a_row_like_the_average_is_not_walked_for_ever() -> None:
    """Attributions of 0 need no error of 0: a row is precise against half the typical length."""
    half = RNG.normal(size=(10, 4))
    backs, row = np.concatenate([half, -half]), np.zeros((2, 4))

    def model(x: Float) -> Float:
        said: Float = x.sum(axis=1) + 0.05 * x[:, 0] * x[:, 1] * x[:, 2]
        return said

    found = values_of(model, cohort_of(row), backs, budget=600, exact=False)
    assert np.abs(found.values).max() < 0.01
    assert found.settings["precise"] == 1.0
    assert found.settings["walks"][2] < 100
