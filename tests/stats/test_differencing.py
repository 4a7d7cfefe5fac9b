"""Sums over levels of several groupings that are sums over few people are found."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenlight.arrays import Int
from evenlight.stats.differencing import few_in_cells, fewest_of_two, told_apart


def people(table: Int) -> tuple[Int, Int]:
    """Codes (u,) of two groupings, whose cells have as many people as the table says."""
    rows, columns = np.indices(table.shape)
    return np.repeat(rows.ravel(), table.ravel()), np.repeat(columns.ravel(), table.ravel())


def slow_fewest(table: Int) -> float:
    """Every sum of sums with weights 0 and 1 of the levels (1 - b of the second): who is left."""
    best = np.inf
    for a in product((0, 1), repeat=table.shape[0]):
        for b in product((0, 1), repeat=table.shape[1]):
            weight = np.subtract.outer(np.array(a), np.array(b))
            rest = table[weight != 0].sum()
            best = min(best, rest) if rest else best
    return float(best)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=9, max_size=9))
def test_the_smallest_cut_is_the_fewest_of_all_sums(counts: list[int]) -> None:
    """The cut equals a search over all sums of levels, in graphs of one part and of several."""
    table = np.array(counts).reshape(3, 3)
    if table.sum():
        assert fewest_of_two(*people(table)) == slow_fewest(table)


@pytest.mark.parametrize("few", [1, 10, 11])
def test_two_groupings_that_differ_in_few_people_tell_them(few: int) -> None:
    """60 Europeans in one column and 60 + few in the other: the later one is not told exactly."""
    one, other = np.repeat([0, 1], [60, 61]), np.repeat([0, 1], [60 + few, 61 - few])
    assert fewest_of_two(one, other) == few
    both = np.column_stack([one, other])
    assert told_apart(both, smallest=11).tolist() == [False, few < 11]
    assert told_apart(both[:, ::-1], smallest=11).tolist() == [False, few < 11]


def test_unknown_people_are_what_the_rest_leaves() -> None:
    """12 unknown in one column, 13 in the next: everybody less the known differs in one person."""
    one, other = np.repeat([0, 1, -1], [60, 60, 12]), np.repeat([0, 1, -1], [60, 59, 13])
    assert fewest_of_two(one, other) == 1
    assert told_apart(np.column_stack([one, other]), smallest=11).tolist() == [False, True]


def test_one_column_for_each_ancestry_tells_who_is_of_none() -> None:
    """No pair of the three tells of few; everybody less all three is one person."""
    dummies = np.repeat(np.eye(4, dtype=np.int64)[:, :3], [60, 60, 60, 1], axis=0)
    assert (
        min(fewest_of_two(dummies[:, i], dummies[:, j]) for i, j in ((0, 1), (0, 2), (1, 2))) > 10
    )
    assert told_apart(dummies, smallest=11).tolist() == [False, False, True]
    assert told_apart(dummies[:, :2], smallest=11).tolist() == [False, False]


def test_groupings_that_cross_tell_nobody() -> None:
    """Sex, age, ancestry and 20 sites at random: small cells alone are no sum of levels."""
    rng = np.random.default_rng(0)
    codes = np.column_stack([rng.integers(0, k, 1_000) for k in (2, 4, 5, 20)])
    assert np.unique(codes, axis=0, return_counts=True)[1].min() < 11
    assert not told_apart(codes, smallest=11).any()
    assert not few_in_cells(codes, smallest=11)


def test_the_order_of_people_changes_nothing() -> None:
    """The same people in another order."""
    rng = np.random.default_rng(1)
    codes = np.column_stack([rng.integers(0, k, 200) for k in (2, 3, 2)])
    codes[:, 2] = np.where(codes[:, 0] == 0, 0, 1)
    codes[:3, 2] = 1
    again = codes[rng.permutation(200)]
    assert told_apart(codes, smallest=11).tolist() == told_apart(again, smallest=11).tolist()
    assert told_apart(codes, smallest=11)[2]
