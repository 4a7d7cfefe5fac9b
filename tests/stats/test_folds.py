"""Folds within blocks: balanced, at random, by the seed."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from evenlight.stats.folds import dealt


@settings(max_examples=50, deadline=None)
@given(
    block=st.lists(st.integers(-1, 3), min_size=1, max_size=40),
    count=st.integers(2, 6),
    seed=st.integers(0, 99),
)
def test_no_fold_is_larger_than_another_by_more_than_one(
    block: list[int], count: int, seed: int
) -> None:
    """In every block and in all, and the same seed gives the same folds."""
    codes = np.array(block)
    fold = dealt(codes, count=count, rng=np.random.default_rng(seed))
    for rows in [codes == b for b in set(block)] + [codes == codes]:
        assert np.ptp(np.bincount(fold[rows], minlength=count)) <= 1
    again = dealt(codes, count=count, rng=np.random.default_rng(seed))
    np.testing.assert_array_equal(fold, again)


def test_each_unit_is_as_often_in_every_fold() -> None:
    """Units of one block share its folds alike: four have fold 0 half the time, three a third."""
    rng, block = np.random.default_rng(0), np.array([0, 1, 0, 1, 1, 0, 0])
    found = np.stack([dealt(block, count=3, rng=rng) for _ in range(3000)])
    share = np.stack([(found == k).mean(axis=0) for k in range(3)])
    first = [0, 2, 5, 6]  # four units of three folds: one fold has two of them
    assert np.abs(share[:, first] - np.array([[0.5], [0.25], [0.25]])).max() < 0.04
    other = [1, 3, 4]
    assert np.abs(share[:, other] - 1 / 3).max() < 0.04
