"""P of the streamed family: listed arrangements, two looks, and the tail."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from evenlight.arrays import Float
from evenlight.stats import sequential
from evenlight.stats.cells import Cells, design
from evenlight.stats.enumeration import all_labels, arrangements
from evenlight.stats.permutation import (
    at_least_normal,
    difference,
    normalised,
    null_statistics,
    permuted_labels,
)
from evenlight.stats.raised import half_normal, half_normal_excess, upper_tail
from evenlight.stats.sequential import How, Source, first_look, staged
from tests.streamed_world import counted, everything, people


def test_few_arrangements_are_all_listed() -> None:
    """Each arrangement of each signature once, and the observed one among them."""
    rng = np.random.default_rng(6)
    values = rng.normal(size=(9, 2))
    plan = design(Cells(np.arange(9), np.arange(9) // 5, values), np.arange(9) % 2 == 0)
    every = all_labels(plan)
    assert every is not None
    assert len(every) == arrangements(plan) == 10 * 6
    assert len(np.unique(every, axis=0)) == 60
    assert (every == plan.member).all(axis=1).sum() == 1
    assert all_labels(people(rng)[1]) is None


def test_enumerated_p_is_that_of_brute_force_and_scipy() -> None:
    """The share of all C(11, 5) relabellings whose Welch t, on its own df, is as extreme."""
    rng = np.random.default_rng(7)
    values, member = rng.normal(size=(11, 3)), np.arange(11) < 5
    values[member] += 0.9
    plan = design(Cells(np.arange(11), np.zeros(11, dtype=int), values), member)
    seen = difference(values, plan).statistic
    labels = permuted_labels(plan, draws=500, rng=rng)
    found = staged([Source(values, plan, labels, all_labels(plan))], everything(3), seen)
    assert (found.exact, found.p_min) == (True, 1 / 462)

    def size(x: Float, y: Float) -> float:
        own = np.concatenate([x, y])[:, None]
        at = np.arange(11) < len(x)
        alone = design(Cells(np.arange(11), np.zeros(11, dtype=int), own), at)
        return float(abs(difference(own, alone).statistic[0]))

    for j in range(3):
        brute = []
        for own in combinations(range(11), 5):
            at = np.isin(np.arange(11), own)
            brute.append(size(values[at, j], values[~at, j]))
        share = (np.array(brute) >= abs(seen[j]) * (1 - 1e-9)).mean()
        np.testing.assert_allclose(found.p[j], share, rtol=1e-12)
    theirs = stats.permutation_test(
        (values[member, 0], values[~member, 0]), size, n_resamples=500, alternative="greater"
    ).pvalue
    np.testing.assert_allclose(found.p[0], theirs, rtol=1e-12)


def test_one_enumerated_contrast_among_others() -> None:
    """Its raw p is exact, the maximum is still taken draw by draw over all contrasts."""
    rng = np.random.default_rng(8)
    small = rng.normal(size=(10, 2))
    tiny = design(Cells(np.arange(10), np.zeros(10, dtype=int), small), np.arange(10) < 5)
    values, plan = people(rng, p=2)
    sources = [
        Source(small, tiny, permuted_labels(tiny, draws=800, rng=rng), all_labels(tiny)),
        Source(values, plan, permuted_labels(plan, draws=800, rng=rng)),
    ]
    seen = np.concatenate([difference(s.values, s.plan).statistic for s in sources])
    at = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    found = staged(sources, at, seen)
    alone = staged(sources[:1], at[:2], seen[:2])
    np.testing.assert_array_equal(found.p[:2], np.maximum(alone.p, 0))
    assert not found.exact
    assert len(found.maxima) == 800


def test_a_clear_answer_leaves_early_and_the_others_are_counted_over_all_draws() -> None:
    """The p of two looks, by hand from all draws; and only a few tests are looked at twice."""
    rng = np.random.default_rng(9)
    values, plan = people(rng, p=40, effect=1.2)
    source = Source(values, plan, permuted_labels(plan, draws=9_000, rng=rng))
    seen = difference(values, plan).statistic
    found = staged([source], everything(40), seen, how=How(tails=False))
    null = null_statistics(values, plan, source.labels)
    first = first_look(9_000)
    for j in range(40):
        k = int((np.abs(null[:first, j]) >= abs(seen[j]) * (1 - 1e-9)).sum())
        own = null[:first, j] if k >= sequential.ENOUGH else null[:, j]
        np.testing.assert_allclose(found.p[j], counted(seen[[j]], own[:, None])[0], rtol=1e-12)
    assert first == 2_000
    assert len(found.maxima) == first
    assert found.p_min == 1 / 9_001


def test_p_of_two_looks_is_valid() -> None:
    """P(p <= a) <= a at every level: p drawn with binomial counts given a uniform truth."""
    rng = np.random.default_rng(10)
    truth = rng.uniform(size=400_000)
    first, draws = 2_000, 8_000
    k1 = rng.binomial(first, truth)
    k = k1 + rng.binomial(draws - first, truth)
    p = np.where(k1 >= sequential.ENOUGH, (1 + k1) / (1 + first), (1 + k) / (1 + draws))
    for a in (0.0005, 0.005, 0.03, 0.0495, 0.0505, 0.06, 0.3):
        assert (p <= a).mean() < a + 4 * np.sqrt(a / len(truth))


def test_the_sorted_tail_is_that_of_the_whole() -> None:
    """Raised draws of the tail equal those of full sorting, and nothing else passes the bound."""
    z = np.abs(np.random.default_rng(11).normal(size=(6, 400)) * np.linspace(0.2, 2, 6)[:, None])
    whole = at_least_normal(z.T).T
    for row in range(6):
        place, raised, below = upper_tail(z[row], half_normal(400), 0.1)
        assert len(place) >= 40
        np.testing.assert_allclose(whole[row, place], raised)
        assert np.delete(whole[row], place).max() <= below <= raised.min()


def test_a_stretched_tail_has_the_mean_excess_of_the_half_normal() -> None:
    """A null of half the spread gets the tail of a whole one, and a heavy one is left alone."""
    rng = np.random.default_rng(14)
    floor = half_normal(4_000)
    light = np.abs(rng.normal(size=4_000)) / 2
    _, raised, _ = upper_tail(light, floor, 0.1)
    start, mean = half_normal_excess(0.05)
    assert (raised[-200:] ** 2 - start**2).mean() == pytest.approx(mean, rel=1e-9)
    heavy = np.abs(rng.standard_t(3, size=4_000)) * 1.5
    place, same_as, _ = upper_tail(heavy, floor, 0.1)
    np.testing.assert_array_equal(same_as, heavy[place])


def test_the_maximum_of_many_features_keeps_its_size_under_unequal_spread() -> None:
    """2,000 features, 20 people of three times the spread: 95 % of maxima, by the law of Z."""
    rng = np.random.default_rng(15)
    member, p = np.arange(120) < 20, 2_000
    values = np.where(member, 3.0, 1.0)[:, None] * rng.normal(size=(120, p))
    plan = design(Cells(np.arange(120), np.zeros(120, dtype=int), values), member)
    source = Source(values, plan, permuted_labels(plan, draws=2_000, rng=rng))
    seen = difference(values, plan).statistic
    found = staged([source], everything(p), seen, how=How(raw=False))
    k = 4_000_000
    gap = rng.normal(size=k) * np.sqrt(9 / 20 + 1 / 100)
    v = np.stack([9 * rng.chisquare(19, k) / 19 / 20, rng.chisquare(99, k) / 99 / 100])
    df = v.sum(axis=0) ** 2 / (v[0] ** 2 / 19 + v[1] ** 2 / 99)
    beyond = (np.abs(normalised(gap / np.sqrt(v.sum(axis=0)), df)) > found.critical(0.05)).mean()
    assert 0.03 < 1 - (1 - beyond) ** p < 0.08


def test_a_constant_column_is_never_raised() -> None:
    """Where nothing varies p is 1 and the maximum does not move."""
    rng = np.random.default_rng(12)
    values, plan = people(rng, p=2)
    values[:, 0] = 0.3
    source = Source(values, plan, permuted_labels(plan, draws=500, rng=rng))
    seen = difference(values, plan).statistic
    both = staged([source], everything(2), seen)
    alone = staged([source], everything(2)[1:], seen[1:])
    assert (both.p[0], both.p_maxt[0]) == (1.0, 1.0)
    np.testing.assert_allclose(both.maxima, alone.maxima, rtol=1e-9)
