"""Shapley values: against the definition over all coalitions, and laws."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.errors import ModelError
from evenlight.explainers.explain import explain

X = np.random.default_rng(0).normal(size=(24, 4))
PEOPLE = pd.DataFrame({"y": X[:, 0]}, index=[f"r{i:02d}" for i in range(24)])
COHORT = Cohort(X, PEOPLE, list("abcd"), outcome="y")
START = np.random.default_rng(1).normal(size=(5, 4))


def pairs(x: Float) -> Float:
    """Additive, with one interaction of two."""
    said: Float = 2 * x[:, 0] - x[:, 1] + 3 * x[:, 2] * x[:, 3]
    return said


def triple(x: Float) -> Float:
    """An interaction of three, which one walk does not resolve."""
    said: Float = x[:, 0] * x[:, 1] * x[:, 2]
    return said


def literal(row: Float) -> Float:
    """The definition: every coalition of four features, each weighted by its orders."""
    p = len(row)

    def worth(coalition: tuple[int, ...]) -> float:
        mixed = START.copy()
        mixed[:, list(coalition)] = row[list(coalition)]
        return float(pairs(mixed).mean())

    values = np.zeros(p)
    for j in range(p):
        others = [k for k in range(p) if k != j]
        for size in range(p):
            for coalition in combinations(others, size):
                orders = factorial(size) * factorial(p - size - 1) / factorial(p)
                values[j] += orders * (worth((*coalition, j)) - worth(coalition))
    return values


def test_it_equals_the_definition_for_pairs() -> None:
    """Agrees with all 16 coalitions of four features; the spread over walks is 0."""
    found = explain(pairs, COHORT, method="shapley", background=START)
    np.testing.assert_allclose(found.values[:5], [literal(row) for row in X[:5]], atol=1e-5)
    assert found.spread is not None
    np.testing.assert_allclose(found.spread, 0, atol=1e-6)
    np.testing.assert_allclose(found.base, pairs(START).mean())


def test_attributions_add_up_and_ignore_constants() -> None:
    """Values plus base equal the output; a constant moves the base only."""
    found = explain(triple, COHORT, method="shapley", background=START)
    moved = explain(lambda x: triple(x) + 4, COHORT, method="shapley", background=START)
    np.testing.assert_allclose(found.total(), triple(X), atol=1e-5)
    np.testing.assert_allclose(moved.values, found.values, atol=1e-5)
    np.testing.assert_allclose(moved.base - found.base, 4)


def test_the_spread_covers_the_error_of_few_walks() -> None:
    """With an interaction of three, the error against many walks is within a few spreads."""
    few = explain(triple, COHORT, method="shapley", background=START, walks=8)
    many = explain(triple, COHORT, method="shapley", background=START, walks=120, seed=9)
    assert few.spread is not None
    assert few.spread.max() > 0
    off = np.abs(few.values - many.values)[:, :3] / np.maximum(few.spread[:, :3], 1e-3)
    assert np.mean(off < 3) > 0.9


def test_an_unused_feature_gets_nothing() -> None:
    """A planted noise column has attribution 0 in every row."""
    assert not explain(triple, COHORT, method="shapley", background=START).values[:, 3].any()


def test_the_seed_decides_and_shuffled_rows_do_not() -> None:
    """Same seed same answer, other seed another one; the order of rows is not part of it."""
    first = explain(triple, COHORT, method="shapley", background=START, seed=4)
    mixed = np.random.default_rng(1).permutation(24)
    shuffled = explain(triple, COHORT.take(mixed), method="shapley", background=START, seed=4)
    other = explain(triple, COHORT, method="shapley", background=START, seed=5)
    np.testing.assert_array_equal(shuffled.values, first.values[mixed])
    assert not np.array_equal(other.values, first.values)


def test_the_global_generator_is_left_alone() -> None:
    """Shap seeds numpy's global generator; it is put back, also when the model fails."""
    calls = []

    def fails(x: Float) -> Float:
        calls.append(1)
        if len(calls) > 12:
            raise RuntimeError("broken")
        return pairs(x)

    np.random.seed(1)  # noqa: NPY002  the user's generator is what is protected
    wanted = np.random.rand(3)  # noqa: NPY002  as above
    np.random.seed(1)  # noqa: NPY002  as above
    explain(pairs, COHORT, method="shapley", background=START)
    with pytest.raises(RuntimeError, match="broken"):
        explain(fails, COHORT, method="shapley", background=START)
    np.testing.assert_array_equal(np.random.rand(3), wanted)  # noqa: NPY002  as above


def test_one_walk_has_no_spread_and_none_is_refused() -> None:
    """A spread needs two walks."""
    assert explain(pairs, COHORT, method="shapley", background=START, walks=1).spread is None
    with pytest.raises(ModelError, match="walks=0; wanted at least 1"):
        explain(pairs, COHORT, method="shapley", background=START, walks=0)


def test_small_images_keep_their_shape_and_large_ones_are_refused() -> None:
    """Pixels are features up to 4,096 of them."""
    x = np.random.default_rng(0).normal(size=(4, 1, 2, 2))
    people = PEOPLE.iloc[:4]
    found = explain(lambda v: v.sum(axis=(1, 2, 3)), Cohort(x, people), method="shapley", walks=1)
    assert found.values.shape == (4, 1, 2, 2)
    big = Cohort(np.zeros((4, 1, 80, 80)) + np.arange(4.0)[:, None, None, None], people)
    with pytest.raises(ModelError, match="6400 features need at least 12800 model calls"):
        explain(lambda v: v.sum(axis=(1, 2, 3)), big, method="shapley")
