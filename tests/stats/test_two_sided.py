"""Two-sided p by rarity: no side of a null takes from the other what is common there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evenlight.arrays import Bool, Float
from evenlight.stats.cells import Cells, Design, design
from evenlight.stats.enumeration import all_labels
from evenlight.stats.multiplicity import Family
from evenlight.stats.permutation import difference, from_normal, permuted_labels
from evenlight.stats.sequential import How, Source, staged
from evenlight.stats.two_sided import as_rare
from tests import slow


def one_stratum(values: Float, member: Bool) -> Design:
    """The design of people in one stratum."""
    n = len(member)
    return design(Cells(np.arange(n), np.zeros(n, dtype=np.int64), values), member)


def family(values: Float, member: Bool, *, seed: int, draws: int = 999, raw: bool = True) -> Family:
    """The family of all columns."""
    plan = one_stratum(values, member)
    labels = permuted_labels(plan, draws=draws, rng=np.random.default_rng(seed))
    p = values.shape[1]
    at = np.column_stack([np.zeros(p, dtype=np.int64), np.arange(p)])
    seen = difference(values, plan).statistic
    return staged([Source(values, plan, labels)], at, seen, how=How(raw=raw))


@given(st.integers(0, 10_000), st.sampled_from(["normal", "skew", "atoms"]))
@settings(max_examples=60, deadline=None)
def test_rarity_is_that_of_loops(seed: int, kind: str) -> None:
    """As counted draw by draw, with ties and without."""
    rng = np.random.default_rng(seed)
    null = rng.normal(size=300)
    if kind == "skew":
        null = np.exp(null) - 1.2
    if kind == "atoms":
        null = rng.choice([-3.0, -1.0, 0.5, 1.0, 2.0], p=[0.3, 0.2, 0.3, 0.15, 0.05], size=300)
    for seen in rng.choice(null, 5):
        turned = null * (-1 if seen < 0 else 1)
        own = 1 + int((turned >= abs(seen) * (1 - 1e-9)).sum())
        p = (own + as_rare(-turned, own)) / 301
        assert p == pytest.approx(slow.rare_p(seen, null), abs=1e-12)


def test_of_a_symmetric_null_it_is_the_share_of_absolute_values() -> None:
    """With each draw and its negative, p is that of |Z*|."""
    half = np.abs(np.random.default_rng(0).normal(size=200)) + 0.01
    null = np.concatenate([half, -half])
    for size in (0.5, 1.5, 2.5):
        own = int((null >= size).sum())
        assert own + as_rare(-null, own) == (np.abs(null) >= size).sum()


def test_p_is_exact_where_all_arrangements_are_listed() -> None:
    """Over all relabellings P(p <= a) <= a at every a, of carriers and of numbers."""
    rng = np.random.default_rng(1)
    values = np.column_stack([np.arange(12) % 6 == 0, np.exp(rng.normal(size=12))]).astype(float)
    member = np.arange(12) < 3
    every = all_labels(one_stratum(values, member))
    assert every is not None
    found = []
    for labels in every:
        plan = one_stratum(values, labels.astype(bool))
        again = Source(values, plan, every[:5], every)
        at, seen = np.array([[0, 0], [0, 1]]), difference(values, plan).statistic
        found.append(staged([again], at, seen).p)
    p = np.array(found)
    for a in np.unique(p):
        assert ((p <= a).mean(axis=0) <= a + 1e-12).all()


def test_swapping_the_groups_swaps_the_sides() -> None:
    """p, p_maxt and maxima stay; what bounded from below bounds from above."""
    rng = np.random.default_rng(2)
    values = np.column_stack([rng.random(300) < 0.05, rng.exponential(size=(300, 3))]).astype(float)
    member = np.arange(300) < 30
    values[member, 0] = np.arange(30) % 4 == 0
    plan, turned = one_stratum(values, member), one_stratum(values, ~member)
    labels = permuted_labels(plan, draws=600, rng=rng)
    at = np.column_stack([np.zeros(4, dtype=np.int64), np.arange(4)])
    one = staged([Source(values, plan, labels)], at, difference(values, plan).statistic)
    seen = difference(values, turned).statistic
    other = staged([Source(values, turned, (1 - labels).astype(np.int8))], at, seen)
    np.testing.assert_array_equal(other.p, one.p)
    np.testing.assert_array_equal(other.p_maxt, one.p_maxt)
    np.testing.assert_allclose(other.limits(0.05), one.limits(0.05)[::-1], rtol=1e-9)
    assert (one.limits(0.05)[0] != one.limits(0.05)[1]).any()


def test_a_rare_value_in_a_small_group_can_be_told() -> None:
    """30 % of 25 against 3 % of 1,500: most of 40 runs by p, half by p_maxt; none by |Z*|."""
    rng, member, hits, fisher = np.random.default_rng(3), np.arange(1_525) < 25, [], []
    for seed in range(40):
        values = (rng.random(1_525) < np.where(member, 0.30, 0.03)).astype(float)[:, None]
        found = family(values, member, seed=seed)
        hits.append((found.p[0] <= 0.05, found.p_maxt[0] <= 0.05))
        a, b = values[member].sum(), values[~member].sum()
        table = np.array([[a, 25 - a], [b, 1_500 - b]])
        fisher.append(stats.fisher_exact(table)[1] <= 0.05)
    power, simultaneous = np.mean(hits, axis=0)
    assert power > 0.8
    assert simultaneous > 0.5
    assert power <= np.mean(fisher)


def test_rare_columns_keep_the_size() -> None:
    """25 + 1,500 exchangeable people, 8 columns of 1 to 10 %: p below 5 % in no more of runs."""
    rng, member, p, any_flag = np.random.default_rng(4), np.arange(1_525) < 25, [], 0
    for seed in range(100):
        values = (rng.random((1_525, 8)) < np.linspace(0.01, 0.1, 8)).astype(float)
        found = family(values, member, seed=seed, draws=400)
        p.append(found.p)
        any_flag += bool((found.p_maxt <= 0.05).any())
    assert (np.array(p) <= 0.05).mean() < 0.05
    assert any_flag / 100 <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 100)


def test_limits_of_either_side_hold_together() -> None:
    """15 % of 60 against 3 % of 600 in 5 columns, exponential in 5: all covered in 95 % of 120."""
    rng, member, covered = np.random.default_rng(5), np.arange(660) < 60, 0
    truth = np.append(np.full(5, 0.12), np.zeros(5))
    for seed in range(120):
        carriers = rng.random((660, 5)) < np.where(member, 0.15, 0.03)[:, None]
        values = np.hstack([carriers, rng.exponential(size=(660, 5))]).astype(float)
        seen = difference(values, one_stratum(values, member))
        found = family(values, member, seed=seed, draws=400, raw=False)
        down, up = from_normal(found.limits(0.05), seen.df) * seen.se
        covered += bool(((seen.effect - down <= truth) & (truth <= seen.effect + up)).all())
    assert covered / 120 > 0.95 - 2 * np.sqrt(0.05 * 0.95 / 120)


def test_float32_counts_what_float64_counts_of_lopsided_nulls() -> None:
    """p, sides and p_maxt of 60 rare columns in 25 + 600 people, of which most are lopsided."""
    rng, member = np.random.default_rng(6), np.arange(625) < 25
    values = (rng.random((625, 60)) < np.linspace(0.02, 0.15, 60)).astype(float)
    plan = one_stratum(values, member)
    source = Source(values, plan, permuted_labels(plan, draws=3_000, rng=rng))
    at = np.column_stack([np.zeros(60, dtype=np.int64), np.arange(60)])
    seen = difference(values, plan).statistic
    double = staged([source], at, seen, how=How(tails=False))
    single = staged([source], at, seen, how=How(single=True, tails=False))
    assert np.mean(double.sided) > 0.5
    np.testing.assert_array_equal(single.sided, double.sided)
    np.testing.assert_array_equal(single.p, double.p)
    np.testing.assert_allclose(single.p_maxt, double.p_maxt, atol=2.1 / 2_000)
    np.testing.assert_allclose(single.limits(0.05), double.limits(0.05), rtol=1e-4)
