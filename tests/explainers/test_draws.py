"""Random orders: uniform, and a function of run, row and number of the draw alone."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from evenlight.explainers.draws import background_orders, row_keys, walk_ranks

ROWS = np.array([f"r{i}" for i in range(40)])


def test_all_orders_are_equally_likely() -> None:
    """Of 24,000 orders of four players each of the 24 comes about 1,000 times."""
    ranks = walk_ranks(row_keys(5, ROWS), range(600), 4).reshape(-1, 4)
    counts = np.array(list(Counter(map(tuple, ranks.tolist())).values()))
    assert len(counts) == 24
    assert ((counts - 1000) ** 2 / 1000).sum() < chi2(23).isf(1e-4)


def test_all_background_rows_are_equally_likely_at_each_place() -> None:
    """Over 2,000 rows each of five background rows comes first about 400 times."""
    keys = row_keys(5, np.array([f"p{i}" for i in range(2000)]))
    first = np.bincount(background_orders(keys, 5)[:, 0], minlength=5)
    assert ((first - 400) ** 2 / 400).sum() < chi2(4).isf(1e-4)


@given(start=st.integers(0, 50), count=st.integers(1, 20), players=st.integers(1, 23))
def test_a_walk_has_its_order_however_it_is_reached(start: int, count: int, players: int) -> None:
    """Drawn in one go or in parts, alone or beside other rows."""
    whole = walk_ranks(row_keys(1, ROWS[:5]), range(start + count), players)
    part = walk_ranks(row_keys(1, ROWS[3:4]), range(start, start + count), players)
    np.testing.assert_array_equal(part[0], whole[3, start:])
    np.testing.assert_array_equal(
        np.sort(part, axis=2), np.broadcast_to(np.arange(players), part.shape)
    )


def test_rows_runs_and_walks_draw_apart() -> None:
    """Another id, another run, another walk: another order."""
    one = walk_ranks(row_keys(1, ROWS[:2]), range(2), 50)
    other = walk_ranks(row_keys(2, ROWS[:2]), range(2), 50)
    orders = [*one.reshape(4, 50).tolist(), *other.reshape(4, 50).tolist()]
    assert len({tuple(order) for order in orders}) == 8


def test_the_stream_is_the_one_that_was_recorded() -> None:
    """The orders of one row are fixed, so that an old audit can be computed again."""
    keys = row_keys(7, np.array(["ann"]))
    assert walk_ranks(keys, range(2), 5).tolist() == [[[1, 0, 3, 2, 4], [2, 4, 0, 3, 1]]]
    assert background_orders(keys, 6).tolist() == [[2, 1, 0, 5, 3, 4]]
