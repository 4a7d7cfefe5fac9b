"""Values without their dependence on an outcome inside its bins."""

from __future__ import annotations

import numpy as np
from scipy.stats import ttest_ind

from evenlight.stats.strata import survival_bins, within_adjusted
from evenlight.stats.survival import martingale


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


def test_times_are_held_where_groups_were_followed_for_unlike_times() -> None:
    """An output that follows time and event alone does not follow the group given them."""
    seen = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        b = rng.random(1500) < 0.5
        end = np.where(b, rng.uniform(0.5, 0.9, 1500), rng.uniform(2.1, 3.9, 1500))
        time = rng.exponential(1.0, 1500)
        event = (time <= end).astype(float)
        y = martingale(np.minimum(time, end), event, np.ones(1500))
        f = np.log(np.minimum(time, end)) + 0.5 * event + rng.normal(size=1500)
        stratum, _ = survival_bins(y, event, b.astype(np.int64))
        both = stratum >= 0
        left = within_adjusted(f[both, None], y[both], stratum[both], b[both].astype(np.int64))
        cell = np.unique(stratum[both], return_inverse=True)[1]
        own = left[:, 0] - (np.bincount(cell, weights=left[:, 0]) / np.bincount(cell))[cell]
        seen.append(ttest_ind(own[b[both]], own[~b[both]]).statistic)
    assert abs(np.mean(seen)) < 1.2
    assert np.abs(seen).max() < 3.5
