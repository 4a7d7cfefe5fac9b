"""Values without their dependence on an outcome inside its bins."""

from __future__ import annotations

import numpy as np

from evenlight.stats.strata import within_adjusted


def test_the_slopes_are_those_of_an_analysis_of_covariance() -> None:
    """One slope a piece for all its strata, as least squares with a mean for each cell finds it."""
    rng = np.random.default_rng(4)
    stratum, group = rng.integers(0, 6, 120), rng.integers(0, 2, 120)
    piece = stratum // 3
    y = rng.normal(size=120)
    x = rng.normal(size=(120, 2)) + y[:, None] * 2 * piece[:, None] + group[:, None]
    cell = np.eye(12)[stratum * 2 + group]
    own = np.column_stack([y * (piece == 0), y * (piece == 1), cell])
    slope = np.linalg.lstsq(own, x, rcond=None)[0][:2][piece]
    level = np.array([y[stratum == s].mean() for s in range(6)])[stratum]
    slow = x - (y - level)[:, None] * slope
    np.testing.assert_allclose(within_adjusted(x, y, stratum, group, piece=piece), slow)
    constant = within_adjusted(x, np.ones(120), stratum, group, piece=piece)
    np.testing.assert_array_equal(constant, x)


def test_unknown_rows_stay_and_strata_are_pieces_by_themselves() -> None:
    """Rows of stratum -1 are as they were; without pieces each stratum has its own slope."""
    rng = np.random.default_rng(5)
    stratum, group = rng.integers(-1, 3, 80), rng.integers(0, 2, 80)
    y, x = rng.normal(size=80), rng.normal(size=(80, 2))
    found = within_adjusted(x, y, stratum, group)
    np.testing.assert_array_equal(found[stratum < 0], x[stratum < 0])
    known = stratum >= 0
    same = within_adjusted(x, y, stratum, group, piece=stratum)
    np.testing.assert_allclose(found[known], same[known])
