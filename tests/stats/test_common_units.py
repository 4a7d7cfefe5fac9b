"""Who is in no map, so that maps of all groupings together tell of nobody."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from evenlight.arrays import Bool, Int
from evenlight.stats.common_units import common_units
from evenlight.stats.differencing import told_apart

SMALL = 11


def people(seed: int, m: int, n: int = 260) -> Int:
    """Levels of m groupings (n, m): three people of one level, and an unknown or two."""
    rng = np.random.default_rng(seed)
    codes = np.column_stack([rng.integers(0, 2 + j % 3, n) for j in range(m)])
    codes[rng.choice(n, 3, replace=False), 1] = 4
    codes[rng.choice(n, 1 + seed % 2, replace=False), m - 1] = -1
    return codes


def exact_ones(codes: Int) -> Bool:
    """Groupings that hide nobody."""
    least = [np.unique(own, return_counts=True)[1].min() for own in codes.T]
    return np.array(least) >= SMALL


@pytest.mark.parametrize(("seed", "m"), list(product(range(4), (2, 3, 4))))
def test_no_sums_over_levels_tell_of_few(seed: int, m: int) -> None:
    """Levels of those left are large, and no combination of groupings is a sum over few."""
    codes = people(seed, m)
    kept = common_units(codes, exact_ones(codes), np.arange(len(codes)), smallest=SMALL)
    assert 0 < (~kept).sum() < 130
    for own in codes[kept].T:
        assert np.unique(own, return_counts=True)[1].min() >= SMALL
    assert not told_apart(codes[kept], smallest=SMALL).any()


@pytest.mark.parametrize(("seed", "m"), list(product(range(4), (2, 3, 4))))
def test_no_difference_to_exact_tables_tells_of_few(seed: int, m: int) -> None:
    """Of levels of groupings that hide nobody none loses 1 to 10, nor do two groupings together."""
    codes = people(seed, m)
    exact = exact_ones(codes)
    kept = common_units(codes, exact, np.arange(len(codes)), smallest=SMALL)
    lost = codes[~kept][:, exact]
    for own in lost.T:
        assert np.unique(own, return_counts=True)[1].min() >= SMALL
    assert not told_apart(lost, smallest=SMALL).any()


def test_nobody_is_left_out_where_nothing_is_hidden() -> None:
    """Two groupings with large cells keep everybody."""
    codes = np.column_stack([np.arange(200) % 2, np.arange(200) // 100])
    assert common_units(codes, np.ones(2, dtype=bool), np.arange(200), smallest=SMALL).all()


def test_one_person_apart_is_left_out_beside_ten_others() -> None:
    """Ancestry beside *European* that differs in one: that person and companions are in no map."""
    ancestry, european = np.repeat([0, 1], [60, 61]), np.repeat([0, 1], [61, 60])
    codes = np.column_stack([ancestry, european])
    kept = common_units(codes, np.array([True, False]), np.arange(121), smallest=SMALL)
    assert not kept[60]
    assert (~kept).sum() == SMALL
    assert (~kept[ancestry == 1]).sum() == SMALL


def test_who_is_left_out_follows_the_rank() -> None:
    """Of alike people those of the first places go."""
    codes = np.column_stack([np.zeros(60, dtype=np.int64), np.repeat([0, 1], [59, 1])])
    rank = np.roll(np.arange(60), 30)
    kept = common_units(codes, np.array([True, False]), rank, smallest=SMALL)
    assert set(np.flatnonzero(~kept).tolist()) == {59, *range(30, 40)}
