"""The decomposition is exact, unbiased after correction, and equals its definition."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
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
    standardised,
)
from evenlight.stats.multiplicity import step_down
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
@settings(max_examples=30, deadline=None)
def test_shares_within_strata_add_up_to_eta_squared_within_them(seed: int) -> None:
    """sum_j B_j | s is the between-group share of the variance inside strata, to 1e-8."""
    phi, group, stratum = made(seed)
    f = phi.sum(axis=1) - 7.0
    found = shares(layout(phi, f, group, stratum))
    middle = np.array([f[stratum == s].mean() for s in stratum])
    cell = np.array([f[(stratum == s) & (group == g)].mean() for s, g in zip(stratum, group)])  # noqa: B905
    wanted = ((cell - middle) ** 2).sum() / ((f - middle) ** 2).sum()
    assert abs(found.sum() - wanted) < 1e-8


@given(st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_the_share_of_a_set_is_the_sum_of_its_features(seed: int) -> None:
    """B of a sum of attributions is the sum of their B, for every draw."""
    phi, group, stratum = made(seed, p=5)
    f, sets = phi.sum(axis=1), np.array([[1, 1, 0, 0, 0], [0, 0, 1, 1, 1]]).T
    plan, whole = layout(phi, f, group, stratum), layout(phi @ sets, f, group, stratum)
    np.testing.assert_allclose(shares(plan) @ sets, shares(whole), atol=1e-12)
    one, other = (
        bootstrap_shares(made, draws=5, rng=np.random.default_rng(0)) for made in (plan, whole)
    )
    np.testing.assert_allclose(one @ sets, other, atol=1e-12)


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
        assert bias_order(plan.group, plan.stratum) == (12 - 4) / 120
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


def test_families_are_resampled_whole() -> None:
    """Shares of a draw are those of weights that are equal inside each family."""
    rng = np.random.default_rng(3)
    phi, group, family = rng.normal(size=(60, 2)), rng.integers(0, 2, 60), np.arange(60) // 3
    plan = layout(phi, phi.sum(axis=1), group, np.zeros(60, dtype=int), family=family)
    twin = np.random.default_rng(5)
    weights = twin.multinomial(20, np.full(20, 1 / 20), size=4)[:, family].astype(float)
    slow = np.stack([shares(plan, weight=w) for w in weights])
    fast = bootstrap_shares(plan, draws=4, rng=np.random.default_rng(5))
    np.testing.assert_allclose(fast, slow, atol=1e-14)


def test_copies_of_people_do_not_narrow_the_interval() -> None:
    """Everyone four times over: by families the spread is that of the people themselves."""
    rng = np.random.default_rng(4)
    group = rng.integers(0, 2, 200)
    phi = rng.normal(size=(200, 1)) + 0.7 * group[:, None]
    once = layout(phi, phi[:, 0], group, np.zeros(200, dtype=int))
    again = np.repeat(np.arange(200), 4)
    f, none = phi[again, 0], np.zeros(800, dtype=int)
    alone = layout(phi[again], f, group[again], none)
    related = layout(phi[again], f, group[again], none, family=again)
    by = [bootstrap_shares(plan, draws=400, rng=rng).std() for plan in (once, related, alone)]
    assert 0.8 < by[1] / by[0] < 1.25
    assert 0.4 < by[2] / by[0] < 0.65


def test_as_many_draws_as_memory_allows_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draws made in two steps are the draws of two calls on one generator."""
    phi, group, stratum = made(7)
    plan = layout(phi, phi.sum(axis=1), group, stratum)
    twin = np.random.default_rng(1)
    apart = np.concatenate([null_shares(plan, draws=3, rng=twin) for _ in range(2)])
    monkeypatch.setattr("evenlight.stats.decomposition.BUDGET", 8 * 60 * 3)
    np.testing.assert_allclose(
        null_shares(plan, draws=6, rng=np.random.default_rng(1)), apart, atol=1e-14
    )


def test_standardised_shares_count_the_one_seen_among_the_draws() -> None:
    """Centre and spread are those of all arrangements, to rounding."""
    rng = np.random.default_rng(6)
    seen, null = rng.normal(size=3), rng.normal(size=(40, 3))
    every = np.vstack([seen, null])
    wanted = (every - every.mean(axis=0)) / every.std(axis=0)
    z, size = standardised(seen, null.copy())
    np.testing.assert_allclose(z, wanted[0])
    np.testing.assert_allclose(size, np.abs(wanted[1:]))


def test_shares_of_nothing_are_flagged_one_time_in_twenty() -> None:
    """Groups that are exchangeable within strata: p of step-down max-T, over 400 data sets."""
    hits = []
    for seed in range(400):
        rng = np.random.default_rng([seed, 9])
        group, stratum = rng.choice(3, 90, p=[0.5, 0.3, 0.2]), rng.integers(0, 2, 90)
        phi = rng.normal(size=(90, 4)) + stratum[:, None]
        plan = layout(phi, phi.sum(axis=1), group, stratum)
        null = null_shares(plan, draws=99, rng=rng)
        z, size = standardised(shares(plan), null)
        found = step_down(z, partial(np.take, size, axis=1), draws=99)
        hits.append((found.p_maxt <= 0.05).any())
    assert abs(np.mean(hits) - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 400)


def test_relatives_are_flagged_one_time_in_twenty_by_families() -> None:
    """Fours of a kind without any effect: far more flags by units, 5 % by families, no bias."""
    hits, left = np.zeros((200, 2)), np.zeros((200, 2))
    for seed in range(200):
        rng = np.random.default_rng([seed, 11])
        family = np.repeat(np.arange(50), 4)
        group = rng.integers(0, 2, 50)[family]
        phi = 0.8 * rng.normal(size=(50, 3))[family] + 0.4 * rng.normal(size=(200, 3))
        for i, kin in enumerate((None, family)):
            plan = layout(phi, phi.sum(axis=1), group, np.arange(200) % 2, family=kin)
            null, seen = null_shares(plan, draws=199, rng=rng), shares(plan)
            left[seed, i] = (seen - null.mean(axis=0)).sum()
            z, size = standardised(seen, null)
            found = step_down(z, partial(np.take, size, axis=1), draws=199)
            hits[seed, i] = (found.p_maxt <= 0.05).any()
    assert hits[:, 0].mean() > 0.2
    assert hits[:, 1].mean() < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 200)
    error = left.std(axis=0) / np.sqrt(200)
    assert left[:, 0].mean() > 4 * error[0]
    assert abs(left[:, 1].mean()) < 4 * error[1]
