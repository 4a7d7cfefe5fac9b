"""Laws that every perturbation of every suite obeys."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenlight.arrays import Values
from evenlight.probes.perturbations.drawing import perturbed_rows, ready
from evenlight.probes.perturbations.perturbation import Perturbation
from tests.perturbed_world import every, world

EVERY = pytest.mark.parametrize(("kind", "name"), every())


def one(kind: str, name: str) -> tuple[Perturbation, Values, Values]:
    """A perturbation, the rows it is made for, and their ids."""
    cohort, suite = world(kind)
    return suite.taking(name).perturbations[0], cohort.dense(), cohort.rows


@EVERY
def test_strength_zero_changes_nothing(kind: str, name: str) -> None:
    """At strength 0 every function gives back what it was given, bit by bit, as a new array."""
    change, x, _ = one(kind, name)
    before = x.copy()
    made = ready(change, 1)(x, 0.0, np.random.default_rng(0))
    np.testing.assert_array_equal(made, x)
    assert made is not x
    ready(change, 1)(x, change.strengths[-1], np.random.default_rng(0))
    np.testing.assert_array_equal(x, before)


@EVERY
def test_rows_keep_shape_kind_and_finiteness_and_some_change(kind: str, name: str) -> None:
    """The largest strength changes rows; shape and dtype stay, and nothing becomes infinite."""
    change, x, rows = one(kind, name)
    kinds: list[type] = [np.float64, np.float32]
    if kind in ("counts", "genotypes", "codes", "imaging"):
        kinds.append(np.int64)
    for dtype in kinds:
        own: Values = x.astype(dtype)
        made = perturbed_rows(change, own, change.strengths[-1], rows=rows, run=3)
        assert made.shape == own.shape
        assert made.dtype == own.dtype
        assert np.isfinite(made).all()
        assert (made != own).any()


@EVERY
def test_ranges_are_kept(kind: str, name: str) -> None:
    """Counts stay counts, dosages within 0..2, codes in the alphabet, images in their window."""
    change, x, rows = one(kind, name)
    for strength in change.strengths:
        made = perturbed_rows(change, x, strength, rows=rows, run=4)
        if kind == "counts":
            assert (made >= 0).all()
            np.testing.assert_array_equal(made, np.rint(made))
        if kind == "log1p":
            assert (made >= 0).all()
        if kind in ("genotypes", "imaging"):
            assert made.min() >= x.min()
            assert made.max() <= x.max()
        if kind == "codes":
            assert set(np.unique(made)) <= {0.0, 1.0, 2.0, 3.0, 4.0}
        if kind == "one-hot":
            assert set(np.unique(made)) <= {0.0, 1.0}
            assert (made.sum(axis=1) <= 1).all()
        if kind == "tabular":
            assert set(np.unique(made[:, 2:])) <= {0.0, 1.0, 10.0}
            assert (made[:, 3:].sum(axis=1) <= 1).all()


@EVERY
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**40), order=st.randoms(use_true_random=False))
def test_a_row_is_changed_alike_in_any_company(
    kind: str, name: str, seed: int, order: object
) -> None:
    """Same seed, same bytes: in another order, in blocks of any size, and one by one."""
    change, x, rows = one(kind, name)
    strength = change.strengths[-1]
    whole = perturbed_rows(change, x, strength, rows=rows, run=seed)
    at = list(range(len(x)))
    order.shuffle(at)  # type: ignore[attr-defined]
    mixed = perturbed_rows(change, x[at], strength, rows=rows[at], run=seed)
    np.testing.assert_array_equal(mixed, whole[at])
    few = perturbed_rows(change, x[5:6], strength, rows=rows[5:6], run=seed)
    np.testing.assert_array_equal(few, whole[5:6])


@EVERY
def test_another_seed_draws_anew_where_anything_is_drawn(kind: str, name: str) -> None:
    """Seed and number of the draw change what is random, and nothing else."""
    change, x, rows = one(kind, name)
    strength = change.strengths[0] if name == "strand" else change.strengths[-1]
    first, again, other = (
        perturbed_rows(change, x, strength, rows=rows, run=run, draw=draw)
        for run, draw in ((1, 0), (1, 1), (2, 0))
    )
    drawn = change.by_row or (change.common is not None and name != "strand flips")
    assert (first != other).any() == drawn
    assert (first != again).any() == drawn


@pytest.mark.parametrize("kind", ["counts", "log1p", "genotypes"])
def test_what_is_lost_at_one_strength_is_lost_at_every_larger_one(kind: str) -> None:
    """Steps of one perturbation are nested, so that a dose-response compares like with like."""
    name = "variants lost" if kind == "genotypes" else "gene-id loss"
    for part in (name, "dropout"):
        if kind == "genotypes" and part == "dropout":
            continue
        change, x, rows = one(kind, part)
        changed = [perturbed_rows(change, x, s, rows=rows, run=5) != x for s in change.strengths]
        for less, more in pairwise(changed):
            assert not (less & ~more).any()
            assert more.sum() > less.sum()
