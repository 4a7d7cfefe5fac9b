"""Counts of who is left of a known total tell nothing of a small loss."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from evenlight.stats.disclosure import left_counts

SMALLEST = 11


def told(left: int, *totals: int) -> int:
    """One count as it may be told."""
    return int(left_counts(np.array(left), *map(np.array, totals), smallest=SMALLEST))


def test_no_loss_of_one_to_ten_follows_from_a_count_and_its_total() -> None:
    """Every count that a small loss may show is shown for another loss, or for none, as well."""
    for total in range(SMALLEST + 1, 200):
        losses = defaultdict(set)
        for left in range(SMALLEST, total + 1):
            losses[told(left, total)].add(total - left)
        for lost in losses.values():
            assert len(lost) > 1 or not 0 < min(lost) < SMALLEST


@given(st.integers(11, 5_000), st.integers(0, 5_000))
def test_nothing_else_is_changed(left: int, lost: int) -> None:
    """No loss, and one of 11 or more, are told as they are; nothing is told below 11."""
    shown = told(left, left + lost)
    assert shown >= SMALLEST
    if not 0 < lost < SMALLEST:
        assert shown == left


@given(st.integers(21, 500), st.integers(0, 30), st.integers(0, 30))
def test_of_two_totals_neither_tells(left: int, first: int, second: int) -> None:
    """Of two totals that are one, or 11 or more apart, neither is left by 1 to 9."""
    assume(second == 0 or second >= SMALLEST)
    shown = told(left, left + first, left + first + second)
    assert not 0 < left + first - shown < SMALLEST - 1
    assert not 0 < left + first + second - shown < SMALLEST - 1
