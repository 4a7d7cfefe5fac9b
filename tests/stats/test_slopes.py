"""Slopes with HC3 errors, their permutation, and local lines."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
import statsmodels.api as sm

from evenlight.stats.slopes import (
    flipped_slopes,
    hc3_slopes,
    local_lines,
    nearness,
    ratios,
    shuffled_slopes,
    worth,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=60)
Y = 0.4 * X + RNG.normal(size=60) * (1 + np.abs(X))
WEIGHT = RNG.uniform(0.5, 2, size=60)


@pytest.mark.parametrize("weight", [np.ones(60), WEIGHT], ids=["equal", "weighted"])
def test_slopes_and_errors_agree_with_statsmodels(weight: np.ndarray) -> None:
    """HC3 of ordinary and of weighted least squares."""
    theirs = sm.WLS(Y, sm.add_constant(X), weights=weight).fit(cov_type="HC3")
    slope, error = hc3_slopes(X[None], Y, weight)
    assert slope[0] == pytest.approx(theirs.params[1])
    assert error[0] == pytest.approx(theirs.bse[1])


def test_a_local_line_is_a_weighted_line_at_its_point() -> None:
    """Each point of the curve is numpy's weighted line there, bootstrap weights included."""
    grid = np.linspace(-1, 1, 5)
    near = nearness(X, grid, many=25)
    ours = local_lines(near, X, grid, Y, np.stack([np.ones(60), WEIGHT]))
    for d, weight in enumerate((np.ones(60), WEIGHT)):
        for g, point in enumerate(grid):
            line = np.polyfit(X - point, Y, 1, w=np.sqrt(near[:, g] * weight))
            assert ours[d, g] == pytest.approx(line[1])


def test_a_straight_line_stays_straight() -> None:
    """Local lines have no bias where the truth is a line, at the ends too."""
    grid = np.linspace(-1.5, 1.5, 7)
    made = local_lines(nearness(X, grid, many=20), X, grid, 3 * X - 1, np.ones((1, 60)))
    np.testing.assert_allclose(made[0], 3 * grid - 1, atol=1e-9)


def test_the_nearest_units_count_and_the_others_do_not() -> None:
    """Twenty units have weight; their worth is less than twenty, equal weights would be all."""
    near = nearness(X, np.array([0.0]), many=20)
    assert (near > 0).sum() == 20
    assert 11 < worth(near, np.ones(60))[0] < 20
    assert worth(np.ones((60, 1)), np.ones(60))[0] == pytest.approx(60)
    still = local_lines(np.ones((3, 1)), np.zeros(3), np.zeros(1), np.arange(3.0), np.ones((1, 3)))
    assert still[0, 0] == pytest.approx(1.0)


def test_false_alarms_along_an_axis_stay_near_five_percent() -> None:
    """With a spread that follows a skewed axis and no slope, about 1 in 20 has p below 5 %."""
    rng = np.random.default_rng(1)
    alarms = 0
    for _ in range(300):
        x = rng.exponential(size=60)
        y = rng.normal(size=60) * (0.5 + x)
        one, seen = np.ones(60), np.abs(ratios(x, y, np.ones(60)))
        nulls = [
            draw(x[:, None], y[:, None], one, draws=99, rng=rng)
            for draw in (shuffled_slopes, flipped_slopes)
        ]
        alarms += max((1 + (np.abs(null) >= seen).sum()) / 100 for null in nulls) <= 0.05
    assert alarms / 300 < 0.075


def test_nulls_are_slopes_of_shuffled_and_of_turned_values() -> None:
    """Each draw has statsmodels' HC3 ratio of some order, or of some signs, of the same values."""
    small, values = X[:4], Y[:4]
    ones = np.ones(4)

    def ratio(x: np.ndarray, y: np.ndarray) -> float:
        fit = sm.OLS(y, sm.add_constant(x)).fit(cov_type="HC3")
        return float(fit.params[1] / fit.bse[1])

    orders = [ratio(small[list(order)], values) for order in permutations(range(4))]
    level = values - values.mean()
    signs = [ratio(small, level * np.array(sign)) for sign in product((-1, 1), repeat=4)]
    for draw, known in ((shuffled_slopes, orders), (flipped_slopes, signs)):
        made = draw(small[:, None], values[:, None], ones, draws=30, rng=np.random.default_rng(3))
        gaps = np.abs(made[:, 0, 0][:, None] - np.array(known)).min(axis=1)
        assert gaps.max() < 1e-6 * np.abs(known).max()
        assert len(np.unique(made.round(9))) > 5
