"""The streamed family equals the literal one, for any block, order, precision and array library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from evenlight.arrays import Float
from evenlight.stats import products, sequential
from evenlight.stats.cells import Cells, Design, cells, design
from evenlight.stats.multiplicity import Family
from evenlight.stats.operands import operands
from evenlight.stats.permutation import (
    at_least_normal,
    difference,
    null_statistics,
    permuted_labels,
)
from evenlight.stats.sequential import How, Source, staged
from tests import slow
from tests.streamed_world import counted, everything, people


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


def literal(source: Source, seen: Float) -> tuple[Family, Float]:
    """The family with every null held, raised and sorted whole; p before p_maxt."""
    null = null_statistics(source.values, source.plan, source.labels)
    raised = at_least_normal(null)
    return Family(counted(seen, null), slow.step_down(seen, raised), raised.max(axis=1)), null


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
