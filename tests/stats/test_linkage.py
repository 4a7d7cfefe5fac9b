"""Linkage: r squared, pruning and blocks, equal to loops and to another library."""

from __future__ import annotations

import numpy as np
import pytest

from evenlight.arrays import Bool, Float, Int
from evenlight.errors import InputError
from evenlight.stats.linkage import (
    Places,
    apart_from_groups,
    by_order,
    linked_blocks,
    squared_correlations,
    unlinked,
)
from tests.genotyped import drifted, linked, with_gaps


def slow_r2(x: Float, i: int, j: int) -> float:
    """Squared correlation over the people known at both sites."""
    both = np.isfinite(x[:, i]) & np.isfinite(x[:, j])
    return float(np.corrcoef(x[both, i], x[both, j])[0, 1] ** 2)


def near(places: Places, i: int, j: int) -> bool:
    """Whether two sites may be linked."""
    same = places.chromosome[i] == places.chromosome[j]
    return bool(same and abs(places.position[i] - places.position[j]) <= places.reach)


def slow_unlinked(x: Float, places: Places, cut: float) -> Bool:
    """A site stays unless it is linked to one before it that stayed."""
    kept: list[int] = []
    for j in range(x.shape[1]):
        if not any(near(places, i, j) and slow_r2(x, i, j) > cut for i in kept):
            kept.append(j)
    return np.isin(np.arange(x.shape[1]), kept)


def slow_blocks(x: Float, places: Places, cut: float) -> Int:
    """A border stands where no linked pair lies across it."""
    p = x.shape[1]
    out = [0]
    for border in range(1, p):
        across = (
            near(places, i, j) and slow_r2(x, i, j) > cut
            for i in range(border)
            for j in range(border, p)
        )
        out.append(out[-1] + int(not any(across)))
    return np.array(out)


def sites(seed: int, gaps: float = 0.0) -> tuple[Float, Places]:
    """40 people at 60 sites of two chromosomes."""
    rng = np.random.default_rng(seed)
    x = linked(40, 12, size=5, rng=rng)
    position = np.sort(rng.integers(0, 3000, 60))
    position[35:] -= position[35]
    return with_gaps(x, gaps, rng), Places(np.repeat([3, 1], [35, 25]), position, 400)


@pytest.mark.parametrize("gaps", [0.0, 0.1])
def test_pruning_and_blocks_equal_the_loops(gaps: float) -> None:
    """The kept sites and the blocks are those of two plain loops."""
    for seed in range(3):
        x, places = sites(seed, gaps)
        for cut in (0.1, 0.4):
            np.testing.assert_array_equal(
                unlinked(x, places, cut=cut), slow_unlinked(x, places, cut)
            )
            np.testing.assert_array_equal(
                linked_blocks(x, places, cut=cut), slow_blocks(x, places, cut)
            )


def test_correlations_over_people_known_at_both() -> None:
    """A gap takes a person out of the pairs of that site only."""
    x, _ = sites(7, 0.2)
    found = squared_correlations(x[:, :4], x[:, 2:9])
    slow = [[slow_r2(x, i, j) for j in range(2, 9)] for i in range(4)]
    np.testing.assert_allclose(found, slow)


def test_runs_of_many_sites_are_cut_without_a_seam() -> None:
    """More sites than are looked up at once are pruned as by one look, and as scikit-allel does."""
    allel = pytest.importorskip("allel")
    rng = np.random.default_rng(8)
    x = linked(60, 260, size=5, rng=rng)
    found = unlinked(x, by_order(1300, reach=1299), cut=0.3)
    theirs = allel.locate_unlinked(x.T.astype("i1"), size=1300, step=1300, threshold=0.3)
    np.testing.assert_array_equal(found, theirs)
    again = unlinked(x[:, 300:900], by_order(600, reach=20), cut=0.3)
    np.testing.assert_array_equal(again, slow_unlinked(x[:, 300:900], by_order(600, reach=20), 0.3))


def test_linkage_reaches_as_far_as_it_is_said_to() -> None:
    """Two copies at the reach are linked, one base further they are not, nor on two chromosomes."""
    x = linked(50, 1, size=1, rng=np.random.default_rng(12)).repeat(2, axis=1)
    cases = (([5, 105], [1, 1], 1), ([5, 106], [1, 1], 2), ([5, 5], [1, 2], 2))
    for position, chromosome, kept in cases:
        places = Places(np.array(chromosome), np.array(position), 100)
        assert unlinked(x, places).sum() == kept


def test_blocks_that_were_planted_are_found() -> None:
    """Each run of copies is one block, and no two blocks hold a linked pair."""
    x = linked(800, 10, size=6, rng=np.random.default_rng(9))
    found = linked_blocks(x, by_order(60))
    np.testing.assert_array_equal(found, np.repeat(np.arange(10), 6))


def test_ancestry_is_no_linkage_within_groups() -> None:
    """Unlinked sites of drifted populations correlate, and within the groups they do not."""
    rng = np.random.default_rng(10)
    x, codes, _ = drifted((300, 300), 60, fst=0.5, rng=rng)
    assert not unlinked(x, by_order(60), cut=0.1).all()
    assert unlinked(apart_from_groups(x, codes), by_order(60), cut=0.1).all()


def test_a_site_that_does_not_vary_stays_out() -> None:
    """It tells nothing about anybody, and is linked to nothing."""
    x = linked(30, 3, size=1, rng=np.random.default_rng(11))
    x[:, 1] = 2.0
    assert unlinked(x, by_order(3), cut=0.99).tolist() == [True, False, True]
    assert linked_blocks(x, by_order(3), cut=0.9).tolist() == [0, 1, 2]


def test_places_out_of_order_are_refused() -> None:
    """Sites must be sorted, one run a chromosome; the message says so."""
    with pytest.raises(InputError, match="fall within a chromosome"):
        Places(np.array([1, 1]), np.array([5, 3]), 10)
    with pytest.raises(InputError, match="two runs"):
        Places(np.array([1, 2, 1]), np.array([1, 1, 2]), 10)
    with pytest.raises(InputError, match="3 places for 2 sites"):
        unlinked(np.zeros((4, 2)), by_order(3))
    with pytest.raises(InputError, match="between 0 and 1"):
        linked_blocks(np.zeros((4, 2)), by_order(2), cut=1.2)
