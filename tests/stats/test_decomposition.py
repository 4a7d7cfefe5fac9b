"""The decomposition is exact, unbiased after correction, and equals its definition."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from evenlight.arrays import Float, Int
from evenlight.stats.decomposition import (
    bias_order,
    bootstrap_shares,
    estimable_strata,
    layout,
    null_shares,
    shares,
)
from tests import slow


def made(seed: int, n: int = 60, p: int = 4) -> tuple[Float, Int, Int]:
    """Attributions, groups and strata with everything correlated."""
    rng = np.random.default_rng(seed)
    group, stratum = rng.integers(0, 3, n), rng.integers(0, 2, n)
    return rng.normal(size=(n, p)) + 0.5 * group[:, None] + stratum[:, None], group, stratum


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_shares_add_up_to_eta_squared(seed: int) -> None:
    """sum_j B_j is the between-group share of the output's variance, to 1e-8."""
    phi, group, _ = made(seed)
    f = phi.sum(axis=1) + 3.0
    found = shares(layout(phi, f, group, np.zeros(len(f), dtype=int)))
    means = np.array([f[group == g].mean() for g in group])
    assert abs(found.sum() - means.var() / f.var()) < 1e-8


@given(st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_shares_given_strata_equal_loops(seed: int) -> None:
    """B_j given strata is its definition."""
    phi, group, stratum = made(seed)
    f = phi.sum(axis=1)
    found = shares(layout(phi, f, group, stratum))
    np.testing.assert_allclose(found, slow.shares(phi, f, group, stratum), rtol=1e-9, atol=1e-12)


def test_whole_weights_are_repeated_units() -> None:
    """A unit of weight 2 counts like two equal units."""
    phi, group, stratum = made(3, n=30)
    weight = np.random.default_rng(0).integers(0, 3, 30)
    again = np.repeat(np.arange(30), weight)
    one = shares(layout(phi, phi.sum(axis=1), group, stratum), weight=weight.astype(float))
    other = shares(layout(phi[again], phi[again].sum(axis=1), group[again], stratum[again]))
    np.testing.assert_allclose(one, other, rtol=1e-9)


def test_the_correction_removes_the_bias() -> None:
    """Under no effect B averages about (k - 1) S / n, and B minus its permutation mean about 0."""
    rng = np.random.default_rng(0)
    raw, corrected = [], []
    for _ in range(60):
        phi, group = rng.normal(size=(120, 2)), rng.integers(0, 3, 120)
        plan = layout(phi, phi.sum(axis=1), group, rng.integers(0, 4, 120))
        raw.append(shares(plan).sum())
        corrected.append(raw[-1] - null_shares(plan, draws=40, rng=rng).sum(axis=1).mean())
        assert bias_order(plan) == (12 - 4) / 120
    error = np.std(corrected) / np.sqrt(60)
    assert abs(np.mean(raw) - 8 / 120) < 4 * error
    assert abs(np.mean(corrected)) < 4 * error


def test_strata_of_one_group_leave() -> None:
    """A stratum without two units of two groups says nothing about groups."""
    group, stratum = np.array([0, 0, 1, 1, 0, 0, 1]), np.array([0, 0, 0, 0, 1, 1, 1])
    assert estimable_strata(group, stratum).tolist() == [True] * 4 + [False] * 3


def test_the_bootstrap_spreads_like_repeated_samples() -> None:
    """Its SD is that of B over fresh samples of the same population, within a third."""
    rng = np.random.default_rng(1)

    def sample() -> tuple[Float, Int]:
        group = rng.integers(0, 2, 300)
        return rng.normal(size=(300, 1)) + 0.8 * group[:, None], group

    fresh = []
    for _ in range(200):
        phi, group = sample()
        fresh.append(shares(layout(phi, phi[:, 0], group, np.zeros(300, dtype=int)))[0])
    phi, group = sample()
    plan = layout(phi, phi[:, 0], group, np.zeros(300, dtype=int))
    again = bootstrap_shares(plan, draws=200, rng=rng)[:, 0]
    assert 0.67 < again.std() / np.std(fresh) < 1.5


def test_draws_at_once_are_draws_one_by_one() -> None:
    """Resampled and shuffled shares are those of `shares` under the same weights and groups."""
    rng = np.random.default_rng(2)
    phi, group = rng.normal(size=(90, 3)), rng.integers(0, 3, 90)
    plan = layout(phi, phi.sum(axis=1), group, rng.integers(0, 4, 90))
    twin = np.random.default_rng(5)
    weights = twin.multinomial(90, np.full(90, 1 / 90), size=6).astype(float)
    slow = np.stack([shares(plan, weight=w) for w in weights])
    fast = bootstrap_shares(plan, draws=6, rng=np.random.default_rng(5))
    np.testing.assert_allclose(fast, slow, atol=1e-14)
    twin, groups = np.random.default_rng(6), np.tile(plan.group, (5, 1))
    for s in range(plan.s):
        rows = plan.stratum == s
        groups[:, rows] = twin.permuted(np.tile(plan.group[rows], (5, 1)), axis=1)
    slow = np.stack([shares(plan, group=g) for g in groups])
    fast = null_shares(plan, draws=5, rng=np.random.default_rng(6))
    np.testing.assert_allclose(fast, slow, atol=1e-14)
