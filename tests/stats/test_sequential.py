"""The streamed family equals the literal one, for any block, order, precision and array library."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evenlight.arrays import Float, Int
from evenlight.stats import products, sequential
from evenlight.stats.cells import Cells, Design, cells, design
from evenlight.stats.enumeration import all_labels, arrangements
from evenlight.stats.multiplicity import Family
from evenlight.stats.operands import operands
from evenlight.stats.permutation import (
    at_least_normal,
    difference,
    normalised,
    null_statistics,
    p_value,
    permuted_labels,
)
from evenlight.stats.raised import half_normal, half_normal_excess, upper_tail
from evenlight.stats.sequential import How, Source, first_look, staged
from tests import slow


def people(
    rng: np.random.Generator, n: int = 90, p: int = 12, strata: int = 2, effect: float = 0.0
) -> tuple[Float, Design]:
    """Cells of n people in strata, a third at the level; the first column differs by `effect`."""
    values = rng.normal(size=(n, p)) * np.geomspace(1e-3, 1e3, p)
    member = np.arange(n) % 3 == 0
    values[member, 0] += effect * 1e-3
    return values, design(Cells(np.arange(n), np.arange(n) % strata, values), member)


def views(rng: np.random.Generator, p: int = 5) -> tuple[Float, Design]:
    """Cells of units that occupy one, two or three strata."""
    unit = np.repeat(np.arange(60), 1 + np.arange(60) % 3)
    stratum = np.concatenate([np.arange(1 + i % 3) for i in range(60)])
    made = cells(rng.normal(size=(len(unit), p)) + stratum[:, None], unit, stratum)
    return made.values, design(made, rng.permutation(np.arange(60) % 5 < 2))


def weighted(rng: np.random.Generator, p: int = 5) -> tuple[Float, Design]:
    """Units of one to three strata with sampling weights."""
    values, plan = views(rng, p)
    made = Cells(np.repeat(np.arange(60), 1 + np.arange(60) % 3),
                 np.concatenate([np.arange(1 + i % 3) for i in range(60)]), values)  # fmt: skip
    member = np.zeros(60, dtype=bool)
    member[plan.units[plan.member]] = True
    return values, design(made, member, rng.uniform(0.2, 3.0, size=60))


DESIGNS: dict[str, Callable[[np.random.Generator], tuple[Float, Design]]] = {
    "people": people,
    "views": views,
    "weighted": weighted,
}


def everything(p: int) -> Int:
    """All columns of the only source."""
    return np.column_stack([np.zeros(p, dtype=np.int64), np.arange(p)])


def literal(source: Source, seen: Float) -> tuple[Family, Float]:
    """The family with every null held, raised and sorted whole; p before p_maxt."""
    null = null_statistics(source.values, source.plan, source.labels)
    raised = at_least_normal(null)
    return Family(counted(seen, null), slow.step_down(seen, raised), raised.max(axis=1)), null


def counted(seen: Float, null: Float) -> Float:
    """The permutation p, or the half-normal one on the grid of the draws if clearly larger."""
    half = np.sort(np.abs(stats.norm.ppf(0.5 + (np.arange(len(null)) + 0.5) / len(null) / 2)))
    own, normal = p_value(seen, null), p_value(seen, half[:, None])
    count, floor = (p * (1 + len(null)) - 1 for p in (own, normal))
    lighter = np.round(count) < np.round(floor) - sequential.NOISE * np.sqrt(np.round(floor))
    return np.where(lighter, normal, own)


def same(one: Family, other: Family) -> None:
    """Equal p, equal p_maxt and maxima where they are promised to be."""
    np.testing.assert_allclose(one.p, other.p, rtol=1e-12)
    low = other.p_maxt < sequential.TAIL
    np.testing.assert_allclose(one.p_maxt[low], other.p_maxt[low], rtol=1e-12)
    assert (one.p_maxt[~low] >= sequential.TAIL).all()
    for alpha in (0.01, 0.05):
        np.testing.assert_allclose(one.critical(alpha), other.critical(alpha), rtol=1e-6)


@pytest.mark.parametrize("kind", list(DESIGNS))
def test_the_streamed_family_is_the_literal_one(kind: str) -> None:
    """p, step-down p below 6 % and the critical value, where one look is all."""
    rng = np.random.default_rng(0)
    values, plan = DESIGNS[kind](rng)
    seen = difference(values, plan).statistic
    seen[0] = 3.4
    source = Source(values, plan, permuted_labels(plan, draws=1_500, rng=rng))
    found = staged([source], everything(len(seen)), seen, how=How(first=1_500, tails=False))
    same(found, literal(source, seen)[0])


@pytest.mark.parametrize("kind", list(DESIGNS))
@pytest.mark.parametrize("tile", [(1, 7), (3, 512), (64, 33)])
def test_block_sizes_change_no_count(
    kind: str, tile: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tiles and blocks of tests of any size give the same family."""
    rng = np.random.default_rng(1)
    values, plan = DESIGNS[kind](rng)
    seen = difference(values, plan).statistic
    source = Source(values, plan, permuted_labels(plan, draws=2_500, rng=rng))
    whole = staged([source], everything(len(seen)), seen)
    monkeypatch.setattr(products, "FEATURES", tile[0])
    monkeypatch.setattr(products, "DRAWS", tile[1])
    monkeypatch.setattr(sequential, "HELD", tile[0] * 2_500)
    again = staged([source], everything(len(seen)), seen)
    np.testing.assert_array_equal(again.p, whole.p)
    np.testing.assert_array_equal(again.p_maxt, whole.p_maxt)
    np.testing.assert_allclose(again.maxima, whole.maxima, rtol=1e-9)


@pytest.mark.parametrize("kind", list(DESIGNS))
def test_fixed_point_gives_the_same_bits(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With 16 bits, tiles, order of units and single columns leave every bit of |Z*|."""
    rng = np.random.default_rng(2)
    values, plan = DESIGNS[kind](rng)
    labels = permuted_labels(plan, draws=300, rng=rng)
    whole = null_statistics(values, plan, labels, bits=16)
    alone = null_statistics(values[:, [2]], plan, labels, bits=16)
    np.testing.assert_array_equal(alone[:, 0], whole[:, 2])
    monkeypatch.setattr(products, "FEATURES", 2)
    monkeypatch.setattr(products, "DRAWS", 11)
    np.testing.assert_array_equal(null_statistics(values, plan, labels, bits=16), whole)
    near = null_statistics(values, plan, labels)
    np.testing.assert_allclose(whole, near, rtol=5e-3, atol=5e-3)


@pytest.mark.parametrize("kind", list(DESIGNS))
@pytest.mark.parametrize("bits", [None, 18])
def test_torch_tensors_give_what_numpy_gives(kind: str, bits: int | None) -> None:
    """The same code on tensors: equal to rounding, and in every bit in fixed point."""
    rng = np.random.default_rng(3)
    values, plan = DESIGNS[kind](rng)
    labels = permuted_labels(plan, draws=200, rng=rng)
    ours = null_statistics(values, plan, labels, bits=bits)
    theirs = null_statistics(torch.as_tensor(values), plan, labels, bits=bits)
    assert isinstance(theirs, torch.Tensor)
    np.testing.assert_allclose(theirs.numpy(), ours, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", [*DESIGNS, "genotypes", "rare", "heavy"])
def test_float32_products_give_equal_counts(kind: str) -> None:
    """Exceedances equal those of float64 also where thousands of draws tie."""
    rng = np.random.default_rng(4)
    if kind in DESIGNS:
        values, plan = DESIGNS[kind](rng)
    else:
        values, plan = people(rng)
        drawn: dict[str, Callable[[], Any]] = {
            "genotypes": lambda: rng.binomial(2, 0.2, size=values.shape),
            "rare": lambda: rng.uniform(size=values.shape) < 0.05,
            "heavy": lambda: rng.standard_t(1.2, size=values.shape),
        }
        values = drawn[kind]().astype(float)
    source = Source(values, plan, permuted_labels(plan, draws=4_000, rng=rng))
    seen = difference(values, plan).statistic
    double = staged([source], everything(len(seen)), seen)
    single = staged([source], everything(len(seen)), seen, how=How(single=True))
    np.testing.assert_array_equal(single.p, double.p)
    low = double.p_maxt < sequential.TAIL
    np.testing.assert_allclose(single.p_maxt[low], double.p_maxt[low], atol=2.1 / 2_000)
    np.testing.assert_allclose(single.critical(0.05), double.critical(0.05), rtol=1e-4)


def test_arrays_may_live_elsewhere() -> None:
    """`move` takes operands to torch; the family is the same."""
    rng = np.random.default_rng(5)
    values, plan = people(rng, effect=0.8)
    source = Source(values, plan, permuted_labels(plan, draws=3_000, rng=rng))
    seen = difference(values, plan).statistic
    here = staged([source], everything(12), seen)
    there = staged([source], everything(12), seen, how=How(move=torch.as_tensor))
    np.testing.assert_array_equal(there.p, here.p)
    np.testing.assert_array_equal(there.p_maxt, here.p_maxt)


@pytest.mark.gpu
@pytest.mark.parametrize("kind", list(DESIGNS))
def test_a_gpu_counts_what_a_cpu_counts(kind: str) -> None:
    """Equal p on the card; in fixed point equal bits of every sum, and so of p_maxt."""
    rng = np.random.default_rng(5)
    values, plan = DESIGNS[kind](rng)
    source = Source(values, plan, permuted_labels(plan, draws=3_000, rng=rng))
    seen = difference(values, plan, bits=18).statistic

    def move(a: Float) -> torch.Tensor:
        return torch.as_tensor(a, device="cuda")

    here = staged([source], everything(len(seen)), seen, how=How(bits=18))
    there = staged([source], everything(len(seen)), seen, how=How(bits=18, move=move))
    np.testing.assert_array_equal(there.p, here.p)
    np.testing.assert_array_equal(there.p_maxt, here.p_maxt)


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


@given(st.integers(0, 10_000), st.sampled_from(list(DESIGNS)))
@settings(max_examples=15, deadline=None)
def test_the_order_of_rows_changes_no_null(seed: int, kind: str) -> None:
    """Cells and units in another order, with their labels, give the same |Z*|."""
    rng = np.random.default_rng(seed)
    values, plan = DESIGNS[kind](rng)
    labels = permuted_labels(plan, draws=20, rng=rng)
    turned = Design(
        plan.units,
        plan.member,
        plan.n_level,
        plan.n_reference,
        plan.weight,
        tuple(
            type(b)(b.units[::-1].copy(), b.strata, len(values) - 1 - b.cells[::-1])
            for b in plan.blocks
        ),
        plan.dropped,
        plan.torn,
        plan.sampling,
    )
    np.testing.assert_allclose(
        null_statistics(values[::-1], turned, labels), null_statistics(values, plan, labels),
        rtol=1e-8, atol=1e-10,
    )  # fmt: skip


@given(st.integers(0, 10_000), st.sampled_from(list(DESIGNS)), st.floats(-1e3, 1e3))
@settings(max_examples=15, deadline=None)
def test_shifting_changes_no_null(seed: int, kind: str, shift: float) -> None:
    """The observed labels, as a draw, have the observed Z, of shifted values as well."""
    rng = np.random.default_rng(seed)
    values, plan = DESIGNS[kind](rng)
    one = plan.member.astype(np.int8)[None]
    seen = difference(values, plan).statistic
    scale = values.std(axis=0)
    np.testing.assert_allclose(
        null_statistics(values + shift * scale, plan, one)[0], seen, rtol=1e-8, atol=1e-8
    )


def test_pairs_equal_products() -> None:
    """Single pairs of a feature and a draw, as float32 products are settled by."""
    rng = np.random.default_rng(13)
    for kind in DESIGNS.values():
        values, plan = kind(rng)
        labels = permuted_labels(plan, draws=30, rng=rng)
        made = operands(values, plan, move=np.asarray)
        whole = products.null_rows(made, labels)
        feature, draw = rng.integers(0, values.shape[1], 50), rng.integers(0, 30, 50)
        found = products.at_pairs(made, labels, feature, draw)
        np.testing.assert_allclose(found, whole[feature, draw], rtol=1e-9)
