"""Means of paired changes, slopes over doses, and what held-out people show: against other code."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtri

from evenlight.stats.cells import cells, design
from evenlight.stats.fragility import (
    dose_scale,
    dose_weights,
    linear_slope,
    mean_limits,
    widened,
)
from evenlight.stats.held_out import Question, gap_shown, gap_weights, size_shown
from evenlight.stats.metrics import Case
from evenlight.stats.permutation import difference

Z = float(ndtri(0.975))
ASKED = Question(margin=0.1, alpha=0.05, ends=np.array([0.0, 0.0]))


def test_a_mean_has_students_interval() -> None:
    """With equal weights limits are those of scipy's t interval; weights count as copies do."""
    values = np.random.default_rng(0).normal(1, 2, size=(40, 3))
    ends, kinds = np.zeros((2, 3)), np.array(["mean"] * 3)
    mean, low, high = mean_limits(values, np.ones(40), kinds, ends, Z)
    wanted = stats.t.interval(0.95, 39, values.mean(axis=0), stats.sem(values))
    np.testing.assert_allclose((low, high), wanted)
    np.testing.assert_allclose(mean, values.mean(axis=0))
    weight = np.repeat([1.0, 3.0], 20)
    found = mean_limits(values, weight, kinds, ends, Z)[0]
    np.testing.assert_allclose(found, np.repeat(values, weight.astype(int), axis=0).mean(axis=0))


def test_limits_suit_what_is_averaged() -> None:
    """A size is never below 0, a share never beyond 0 and 1; nobody moved is not nobody moves."""
    rng = np.random.default_rng(1)
    values = np.column_stack([rng.exponential(size=30) ** 3, np.arange(30) < 1, np.zeros(30)])
    ends, kinds = np.array([[0.0] * 3, [9.0, 1.0, 2.0]]), np.array(["loss", "share", "loss"])
    mean, low, high = mean_limits(values, np.ones(30), kinds, ends, Z)
    assert (low >= 0).all()
    assert (low <= mean).all()
    assert high[1] == pytest.approx(0.167, abs=1e-3)  # Wilson's for 1 of 30
    assert low[2] == 0
    assert high[2] == pytest.approx(2 * (1 - (0.05 / 3) ** (1 / 30)))


def test_covered_in_95_of_100() -> None:
    """Limits of skewed sizes in 40 people hold the true mean about as often as they say."""
    rng, held = np.random.default_rng(2), 0
    for _ in range(400):
        values = np.where(rng.random(40) < 0.6, np.abs(rng.normal(size=40)), 0.0)[:, None]
        ends = np.array([[0.0], [values.max()]])
        _, low, high = mean_limits(values, np.ones(40), np.array(["loss"]), ends, Z)
        held += bool(low[0] <= 0.6 * np.sqrt(2 / np.pi) <= high[0])
    assert 0.92 <= held / 400 <= 0.98


@pytest.mark.parametrize("strength", [(0.1, 0.2, 0.4), (0.01, 0.05, 0.1, 0.2), (1.0, 7.0)])
def test_slopes_are_least_squares(strength: tuple[float, ...]) -> None:
    """Weights times sizes are numpy's fitted slope over the strength, or over its log2."""
    x, y = np.array(strength), np.random.default_rng(3).normal(size=len(strength))
    for scale in ("linear", "log2"):
        at = np.log2(x) if scale == "log2" else x
        assert dose_weights(x, scale) @ y == pytest.approx(np.polyfit(at, y, 1)[0])
    assert dose_scale(x) == ("log2" if strength[0] == 0.01 else "linear")
    assert np.isnan(dose_weights(x[:1], "linear")).all()


def test_the_slope_of_a_continuous_outcome_is_least_squares() -> None:
    """Weighted as numpy does; a constant prediction has none."""
    rng = np.random.default_rng(4)
    x, w = rng.normal(5, 1, 50), rng.integers(1, 4, 50).astype(float)
    y = 0.5 * x + rng.normal(size=50)
    found = linear_slope(Case(y, x, x), np.stack([np.ones(50), w]))
    assert found[0] == pytest.approx(np.polyfit(x, y, 1)[0])
    assert found[1] == pytest.approx(np.polyfit(x, y, 1, w=np.sqrt(w))[0])
    assert np.isnan(linear_slope(Case(y, np.full(50, 0.1), x), np.ones((1, 50)))).all()


def test_weights_of_a_gap_are_those_of_the_engine() -> None:
    """With several rows a unit and units in several strata, weights times sizes are D."""
    rng = np.random.default_rng(5)
    unit, stratum = rng.integers(0, 60, 200), rng.integers(-1, 3, 200)
    member, sizes = unit % 2 == 0, rng.normal(size=200)
    weight, left = gap_weights(unit, stratum, member)
    known = stratum >= 0
    made = cells(sizes[known, None], unit[known], stratum[known])
    plan = design(made, np.arange(60) % 2 == 0)
    assert weight @ sizes == pytest.approx(difference(made.values, plan).effect[0])
    assert left == min(plan.member.sum(), (~plan.member).sum())
    assert (weight[~known] == 0).all()
    assert gap_weights(np.arange(4), np.arange(4), np.arange(4) < 2)[1] == 0


def test_a_gap_that_was_fixed_before_has_its_error_rate() -> None:
    """Of 300 gaps that are none about 15 are called different, and their mean is unbiased."""
    rng, wrong, effects = np.random.default_rng(6), 0, []
    unit, member, stratum = np.arange(80), np.arange(80) < 30, np.zeros(80, dtype=int)
    for _ in range(300):
        shared = rng.normal(0, 0.05, 6) * member[:, None]
        sizes = np.abs(rng.normal(size=80))[:, None] + 0.1 * rng.normal(size=(80, 6)) + shared
        found = gap_shown(sizes, unit, (stratum, member), ASKED, rng=rng)
        wrong += bool(found["low"] > 0 or found["high"] < 0)
        effects.append(found["effect"])
    assert 2 <= wrong <= 26
    assert abs(np.mean(effects)) < 3 * np.std(effects) / np.sqrt(300)


def test_a_size_is_told_over_units() -> None:
    """The mean over units, with the spread between draws added to the error."""
    rng = np.random.default_rng(7)
    sizes = rng.exponential(size=(60, 4))
    unit = np.repeat(np.arange(20), 3)
    found = size_shown(sizes, unit, ASKED)
    means = sizes.reshape(20, 3, 4).mean(axis=1)
    one = means[:, :3].mean(axis=1)
    between = means[:, :3].mean(axis=0).var(ddof=1) / 3
    assert found["effect"] == pytest.approx(one.mean())
    assert found["se"] == pytest.approx(np.sqrt(one.var(ddof=1) / 20 + between))
    assert found["at_bounds"] == pytest.approx(means[:, 3].mean())
    assert (found["verdict"], found["extent"]) == ("different", "material")
    few = gap_shown(sizes, unit, (np.zeros(60, int), unit < 5), ASKED, rng=rng)
    assert few["verdict"] == "not_estimable"
    assert "fewer than 11 units" in few["reason"]


def test_nobody_who_moved_is_not_nobody_who_moves() -> None:
    """Where none of 30 moved but others did by up to 2, the limit is what may be unseen of that."""
    asked = Question(margin=0.1, alpha=0.05, ends=np.array([0.0, 2.0]))
    found = size_shown(np.zeros((30, 4)), np.arange(30), asked)
    assert found["high"] == pytest.approx(2 * (1 - 0.05 ** (1 / 30)))
    assert (found["effect"], found["low"], found["verdict"]) == (0.0, 0.0, "cannot_tell")
    held = np.zeros(60, dtype=int), np.arange(60) < 30
    rng = np.random.default_rng(0)
    gap = gap_shown(np.zeros((60, 4)), np.arange(60), held, asked, rng=rng)
    assert gap["high"] == pytest.approx(found["high"])
    assert gap["low"] == pytest.approx(-found["high"])
    assert gap["verdict"] == "cannot_tell"


def test_further_draws_widen_limits_by_students_quantile() -> None:
    """Alone they are scipy's t interval over draws, beside others in quadrature; of equal, none."""
    rng = np.random.default_rng(3)
    drawn = rng.normal(size=(6, 4))
    value = drawn.mean(axis=0)
    wanted = stats.t.interval(0.95, 5, value, stats.sem(drawn))
    np.testing.assert_allclose(widened((value, value, value), drawn, Z), wanted)
    low, high = widened((value, value - 1, value + 2), drawn, Z)
    half = wanted[1] - value
    np.testing.assert_allclose(value - low, np.sqrt(1 + half**2))
    np.testing.assert_allclose(high - value, np.sqrt(4 + half**2))
    same = widened((value, value - 1, value + 2), np.tile(value, (3, 1)), Z)
    np.testing.assert_allclose(same, (value - 1, value + 2))
