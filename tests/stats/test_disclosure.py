"""Counts of who is left of a known total, and values beside them, tell nothing of a few."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from evenlight.stats.disclosure import (
    left_counts,
    shown_units,
    told_limits,
    told_p,
    told_step,
    told_values,
)

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


@given(st.floats(1e-6, 1e3), st.integers(11, 100_000), st.booleans(), st.floats(-1e3, 1e3))
def test_numbers_are_told_to_a_step_that_ten_people_move(
    spread: float, n: int, share: bool, value: float
) -> None:
    """A step of 1, 2 or 5 in a decimal place, from 4 to 10 SD / n; told values lie within half."""
    step = float(told_step(np.array(spread), np.array(n), share=share))
    sd = max(spread * n**0.5, 0.5 if share else 0)
    assert 3.99 * sd / n <= step <= 10.01 * sd / n
    digit = f"{step:.6e}"[0]
    assert digit in "125"
    told = float(told_values(np.array(value), np.array(step)))
    assert abs(told - value) <= step * 0.5001
    low, high = (float(v) for v in told_limits(np.array(value), np.array(value), np.array(step)))
    assert low <= value + 1e-8 * step
    assert high >= value - 1e-8 * step
    assert high - low <= step * 1.0001
    assert abs(low / step - round(low / step)) < 1e-3


def test_numbers_without_a_step_are_as_they_are() -> None:
    """A step of 0 changes nothing; p is told upwards to 1, 2 or 5, and never above 1."""
    values, none = np.array([0.1234, -3.3]), np.zeros(2)
    assert told_values(values, none).tolist() == values.tolist()
    assert [v.tolist() for v in told_limits(values, values, none)] == [values.tolist()] * 2
    assert told_step(np.zeros(2), np.array([20, 30])).tolist() == [0.0, 0.0]
    assert told_p(np.array([1.0, 0.0501, 1e-16, 0.05])).tolist() == [1.0, 0.1, 1e-16, 0.05]


@given(st.lists(st.integers(-1, 4), min_size=1, max_size=80))
def test_people_of_small_groups_are_not_shown_the_unknown_among_them(codes: list[int]) -> None:
    """Units of groups of 11 or more are shown; all, where no group has as many."""
    made = np.array(codes)
    shown = shown_units(made, smallest=SMALLEST)
    large = [codes.count(c) >= SMALLEST for c in codes]
    assert shown.tolist() == (large if any(large) else [True] * len(codes))
