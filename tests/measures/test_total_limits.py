"""Limits of the total of a reliance hold in few people."""

from __future__ import annotations

import numpy as np
import pytest

from evenlight.measures.totals import limits
from evenlight.stats.decomposition import Layout, bootstrap_shares, independent, layout, shares
from evenlight.stats.excess import expected_shares
from evenlight.stats.intervals import expanded, simultaneous

RUNS = 200


def people(sizes: list[int], share: float, rng: np.random.Generator) -> Layout:
    """Six features of which three follow two groups; the groups make `share` of the variance."""
    n, group = sum(sizes), np.repeat([0, 1], sizes)
    pi = np.array(sizes) / n
    step = np.sqrt(6 * share / (1 - share) / (pi[0] * pi[1]))
    phi = rng.normal(size=(n, 6))
    phi[:, :3] += step / 3 * (group - pi[1])[:, None]
    return layout(phi, phi.sum(axis=1), group, np.zeros(n, dtype=np.int64))


def held(sizes: list[int], share: float) -> tuple[int, int]:
    """In how many of the runs limits as they are, and those that were, hold the total."""
    now = before = 0
    for seed in range(RUNS):
        rng = np.random.default_rng(seed)
        plan = people(sizes, share, rng)
        total = np.array([(shares(plan) - expected_shares(plan)).sum()])
        again = bootstrap_shares(plan, draws=400, rng=rng).sum(axis=1, keepdims=True)
        low, high = limits(total, again, plan, 0.05)
        now += bool(low[0] <= share <= high[0])
        low, high = simultaneous(total, again, centre=again.mean(axis=0))
        before += bool(low[0] <= share <= high[0])
    return now, before


@pytest.mark.parametrize(("sizes", "share"), [([20, 20], 0.2), ([30, 30], 0.05)])
def test_totals_of_few_people_are_held(sizes: list[int], share: float) -> None:
    """95 % of runs, less three Monte Carlo errors; limits as far below as above hold fewer."""
    now, before = held(sizes, share)
    assert now >= 0.905 * RUNS
    assert before < now


def test_limits_keep_the_skewness_of_draws() -> None:
    """The far side of skewed draws is farther; many units have their plain percentiles."""
    draws = np.random.default_rng(1).exponential(size=(4_000, 1))
    low, high = expanded(np.ones(1), draws, units=10**6, cells=2)
    assert high[0] - 1 > 1.5 * (1 - low[0])
    wanted = 1 + np.quantile(draws - draws.mean(), [0.025, 0.975])
    np.testing.assert_allclose([low[0], high[0]], wanted, rtol=1e-3)
    wide = expanded(np.ones(1), draws, units=40, cells=4)
    assert wide[1][0] - wide[0][0] > 1.08 * (high[0] - low[0])


def test_draws_that_do_not_vary_give_a_point() -> None:
    """A total that no resample moves has itself for limits."""
    low, high = expanded(np.array([0.3]), np.full((200, 1), 0.5), units=30, cells=2)
    assert (low[0], high[0]) == (0.3, 0.3)


def test_families_count_as_one() -> None:
    """Forty people in ten families are ten independent ones."""
    plan = people([20, 20], 0.2, np.random.default_rng(0))
    assert independent(plan) == 40
    family = np.repeat(np.arange(10), 4)
    kin = layout(plan.phi, plan.f, plan.group, plan.stratum, family=family)
    assert independent(kin) == 10
