"""Examples of a concept against others along what moves an output."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import ttest_ind

from evenlight.stats.directions import moved, p_values, standardised


def test_effect_error_and_statistic_are_welchs() -> None:
    """Difference of means, its interval and T agree with scipy's unequal-variance t test."""
    rng = np.random.default_rng(0)
    shows = np.arange(30) < 12
    values = rng.normal(size=(30, 3)) * np.where(shows, 2.0, 1.0)[:, None]
    made = moved(values, shows, draws=9, rng=rng)
    found = ttest_ind(values[shows], values[~shows], equal_var=False)
    np.testing.assert_allclose(made.seen, np.abs(found.statistic))
    limits = found.confidence_interval(0.95)
    np.testing.assert_allclose(made.effect - made.half(0.05), limits.low)
    np.testing.assert_allclose(made.effect + made.half(0.05), limits.high)


def test_p_is_near_that_of_all_relabellings() -> None:
    """With 5 and 5 examples, sampled p agrees with the count over all 252 arrangements."""
    rng = np.random.default_rng(1)
    values, shows = rng.normal(size=(10, 1)), np.arange(10) < 5
    values[:5] += 1.0
    made = moved(values, shows, draws=6000, rng=rng)
    raw, _ = p_values([made.seen], [made.null])
    every = []
    for chosen in combinations(range(10), 5):
        own = np.isin(np.arange(10), chosen)
        every.append(abs(ttest_ind(values[own, 0], values[~own, 0], equal_var=False).statistic))
    exact = np.mean(np.array(every) >= made.seen[0] * (1 - 1e-9))
    assert raw[0, 0] == pytest.approx(exact, abs=0.02)


def test_step_down_agrees_with_its_definition() -> None:
    """From the largest statistic down, each against the maximum of what is left."""
    rng = np.random.default_rng(2)
    seen, null = np.abs(rng.normal(size=(2, 3))) * 1.5, np.abs(rng.normal(size=(2, 50, 3)))
    _, adjusted = p_values(list(seen), list(null))
    flat, drawn = seen.ravel(), np.concatenate(list(null), axis=1)
    left, slow, worst = list(range(6)), np.empty(6), 0.0
    while left:
        j = max(left, key=lambda k: flat[k])
        worst = max(worst, (1 + (drawn[:, left].max(axis=1) >= flat[j]).sum()) / 51)
        slow[j] = worst
        left.remove(j)
    np.testing.assert_allclose(adjusted.T.ravel(), slow)


def test_a_statistic_that_never_moves_lies_at_zero() -> None:
    """Nothing is divided by nothing."""
    seen, null = standardised(np.array([2.0]), np.full((5, 1), 2.0))
    assert seen.tolist() == [0.0]
    assert not null.any()


def test_null_p_is_uniform_enough() -> None:
    """Exchangeable examples of unequal number are called 1 time in 20."""
    rng = np.random.default_rng(3)
    shows = np.arange(40) < 12
    called = 0
    for _ in range(200):
        made = moved(rng.exponential(size=(40, 1)), shows, draws=199, rng=rng)
        called += int(p_values([made.seen], [made.null])[0][0, 0] <= 0.05)
    assert 2 <= called <= 20
