"""Forecasts of what can be told, held to simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from evenlight.stats import power


def test_a_detectable_difference_is_detected_in_four_of_five_runs() -> None:
    """The simultaneous interval of 20 features leaves out 0 for a planted one about as foretold."""
    rng = np.random.default_rng(0)
    error = power.contrast_error(np.array([60]), np.array([90]))
    planted = power.detectable(error, tests=20)
    limit = power.critical_of(20)
    runs = planted + error * rng.normal(size=4000)
    assert abs((np.abs(runs) / error > limit).mean() - 0.8) < 0.02


def test_the_critical_value_is_that_of_the_largest_of_independent_tests() -> None:
    """The maximum of 50 normal values exceeds it in 5 % of runs."""
    rng = np.random.default_rng(1)
    top = np.abs(rng.normal(size=(20_000, 50))).max(axis=1)
    assert abs((top > power.critical_of(50)).mean() - 0.05) < 0.006


def test_equality_is_confirmed_in_four_of_five_runs_at_the_largest_spread() -> None:
    """At that SD the interval of a true 0 lies inside the margin with the stated power."""
    rng = np.random.default_rng(2)
    error = power.contrast_error(np.array([100]), np.array([100]))
    spread = power.confirmable(0.1, error, tests=8)
    half = power.critical_of(8) * error * spread
    seen = np.abs(error * spread * rng.normal(size=20_000)) + half <= 0.1
    assert abs(seen.mean() - 0.8) < 0.02


def test_strata_add_up_as_the_engine_weighs_them() -> None:
    """The standard error of two strata is that of the weighted mean of their differences."""
    a, b = np.array([20, 50]), np.array([40, 30])
    weight = a * b / (a + b)
    slow = np.sqrt(sum(w**2 * (1 / i + 1 / j) for w, i, j in zip(weight, a, b, strict=True)))
    assert power.contrast_error(a, b) == pytest.approx(slow / weight.sum())


def test_errors_of_metrics_are_those_of_simulation() -> None:
    """Shares and mean absolute errors vary as foretold; AUROC a tenth less (normal scores)."""
    rng = np.random.default_rng(3)
    events, others = 1.19 + rng.normal(size=(2000, 60)), rng.normal(size=(2000, 80))
    ranks = stats.rankdata(np.hstack([events, others]), axis=1)[:, :60].sum(axis=1)
    auroc = (ranks - 60 * 61 / 2) / (60 * 80)
    assert 0.85 < auroc.std() / power.auroc_error(float(auroc.mean()), 60, 80) < 1.0
    mae = np.abs(rng.normal(size=(4000, 50))).mean(axis=1)
    assert mae.std() / mae.mean() == pytest.approx(power.absolute_error(50), rel=0.06)
    share = rng.binomial(100, 0.8, size=20_000) / 100
    assert share.std() == pytest.approx(power.share_error(0.8, 100), rel=0.03)
