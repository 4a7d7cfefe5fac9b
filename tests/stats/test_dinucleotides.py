"""Dinucleotide shuffles: what they keep, that all are equally probable, and that rows are apart."""

from __future__ import annotations

from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from evenlight.arrays import Int
from evenlight.errors import InputError
from evenlight.stats.dinucleotides import shuffled_places


def pairs_slowly(row: list[int]) -> dict[tuple[int, int], int]:
    """How often each pair of neighbours occurs, by a loop."""
    found: dict[tuple[int, int], int] = {}
    for a, b in pairwise(row):
        found[a, b] = found.get((a, b), 0) + 1
    return found


def every_sequence(row: list[int]) -> set[tuple[int, ...]]:
    """All sequences with the same pairs and the same first letter, by trying all orders."""
    wanted = pairs_slowly(row)
    return {
        other
        for other in set(permutations(row))
        if other[0] == row[0] and pairs_slowly(list(other)) == wanted
    }


def shuffles(row: list[int], count: int, seed: int) -> Int:
    """The shuffled letters, (count, L)."""
    codes = np.array([row])
    made: Int = codes[0][shuffled_places(codes, count, [np.random.default_rng(seed)])[0]]
    return made


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.integers(0, 2**32))
def test_pairs_and_ends_are_kept(row: list[int], seed: int) -> None:
    """Every shuffle of every sequence has its pairs of neighbours, and its two ends."""
    for other in shuffles(row, 3, seed).tolist():
        assert pairs_slowly(other) == pairs_slowly(row)
        assert (other[0], other[-1]) == (row[0], row[-1])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-1, 3), min_size=4, max_size=30), st.integers(0, 2**32))
def test_places_are_an_order_and_padding_stays(row: list[int], seed: int) -> None:
    """Each position is used once, and one without a letter stays where it is."""
    codes = np.array([row])
    for places in shuffled_places(codes, 2, [np.random.default_rng(seed)])[0]:
        assert sorted(places.tolist()) == list(range(len(row)))
        still = codes[0] < 0
        assert (places[still] == np.flatnonzero(still)).all()


@pytest.mark.parametrize(
    "row",
    [[0, 1, 0, 2, 1, 2, 0, 1], [0, 0, 1, 0, 1, 1, 2, 0], [2, 0, 1, 2, 1, 0, 0, 2], [0, 1, 2, 3]],
)
def test_all_sequences_are_equally_probable(row: list[int]) -> None:
    """Against the enumeration of all of them: none is missed, and counts are as chance has them."""
    every = sorted(every_sequence(row))
    drawn = [tuple(other) for other in shuffles(row, 400 * len(every), 1).tolist()]
    counts = np.array([drawn.count(one) for one in every])
    assert counts.sum() == len(drawn)
    assert len(every) == 1 or chisquare(counts).pvalue > 1e-3


def test_a_walk_that_is_biased_would_be_seen() -> None:
    """The test of uniformity fails for draws that prefer some sequences."""
    counts = np.array([380, 420, 400, 520])
    assert chisquare(counts).pvalue < 1e-3


def test_rows_do_not_depend_on_each_other() -> None:
    """A row alone has the shuffles that it has beside others of other lengths."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, size=(5, 40))
    codes[1, 30:] = -1
    codes[3, :6] = -1
    own = [np.random.default_rng([7, i]) for i in range(5)]
    together = shuffled_places(codes, 4, own)
    for i in range(5):
        alone = shuffled_places(codes[[i]], 4, [np.random.default_rng([7, i])])
        np.testing.assert_array_equal(alone[0], together[i])


def test_a_long_sequence_is_really_shuffled() -> None:
    """Of 1,000 random letters a quarter stands where it stood, as chance has it, and pairs stay."""
    row = np.random.default_rng(2).integers(0, 4, size=1000)
    other = shuffles(row.tolist(), 5, 3)
    assert 0.15 < (other == row).mean() < 0.35
    for one in other:
        assert pairs_slowly(one.tolist()) == pairs_slowly(row.tolist())


def test_wrong_numbers_are_refused() -> None:
    """No shuffles, or generators for other rows."""
    with pytest.raises(InputError, match="0 shuffles of 1 rows with 1 generators"):
        shuffled_places(np.array([[0, 1, 0]]), 0, [np.random.default_rng(0)])
    with pytest.raises(InputError, match="2 shuffles of 1 rows with 0 generators"):
        shuffled_places(np.array([[0, 1, 0]]), 2, [])
