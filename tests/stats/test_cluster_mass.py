"""Cluster mass against a slow literal twin, nilearn, laws, and its error rate."""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from evenlight.arrays import Bool, Float
from evenlight.errors import InputError
from evenlight.stats.balanced import heaviness
from evenlight.stats.cells import cells, design
from evenlight.stats.cluster_mass import (
    TAIL,
    Clusters,
    Grid,
    Null,
    NullMaps,
    clusters,
    height_of,
    null_maps_of,
    null_parts,
    together,
)
from evenlight.stats.enumeration import all_labels
from evenlight.stats.permutation import (
    at_least_normal,
    difference,
    null_statistics,
    permuted_labels,
)


def fields(rng: np.random.Generator, n: int, shape: tuple[int, ...], sd: float = 1.5) -> Float:
    """Smooth random maps (n, *shape) of variance about 1."""
    made = ndimage.gaussian_filter(rng.normal(size=(n, *shape)), (0.0, *(sd,) * len(shape)))
    return np.asarray(made / made.std())


def slow_mass(z: Float, height: float) -> Float:
    """Masses of all clusters of a map (*s), largest first: label, then add up, sign by sign."""
    out = []
    for side in (1, -1):
        label, many = ndimage.label(side * z > height)
        out += [float((np.abs(z[label == k]) - height).sum()) for k in range(1, many + 1)]
    return np.sort(np.array(out))[::-1]


def slow_null(z: Float, mask: Bool, height: float) -> tuple[Float, Float]:
    """The largest mass and |Z| of draws (draws, p), every null sorted whole and balanced."""
    raised = at_least_normal(z)
    k = int(np.ceil(TAIL * len(z)))
    scale = np.array([heaviness(np.sort(column)[-k:], len(z)) for column in raised.T])
    made = np.copysign(raised / scale, z)
    mass = np.zeros(len(z))
    for d, row in enumerate(made):
        wide = np.zeros(mask.shape)
        wide[mask] = row
        mass[d] = slow_mass(wide, height).max(initial=0.0)
    return mass, np.abs(made).max(axis=1)


def null_maps(
    null: Null, grid: Grid, *, height: float, draws: int, exact: bool = False
) -> NullMaps:
    """The nulls of all columns, made in two parts."""
    p = int(grid.mask.sum())
    half = p // 2
    parts = null_parts(lambda some: null(_moved(some, half)), p - half, half,
                       height=height, draws=draws, exact=exact)  # fmt: skip
    parts += null_parts(null, half, 0, height=height, draws=draws, exact=exact)
    return null_maps_of(parts, grid, height=height, exact=exact)


def _moved(some: slice, by: int) -> slice:
    return slice(some.start + by, some.stop + by)


@pytest.mark.parametrize("shape", [(17,), (7, 9), (5, 6, 4)])
def test_clusters_are_those_of_labelling(shape: tuple[int, ...]) -> None:
    """Masses agree with labels of positive and negative parts, inside any mask."""
    rng = np.random.default_rng(3)
    mask = rng.random(shape) < 0.85
    z = 2 * fields(rng, 1, shape, 1.0)[0]
    found = clusters(z[mask], Grid(mask), 1.0)
    np.testing.assert_allclose(found.mass, slow_mass(np.where(mask, z, 0.0), 1.0))
    for k in range(1, len(found.mass) + 1):
        own = z[mask][found.label == k]
        assert len({*np.sign(own)}) == 1
        assert np.isclose((np.abs(own) - 1.0).sum(), found.mass[k - 1])


def test_no_row_touches_the_next() -> None:
    """The last position of a row is no neighbour of the first of the next."""
    z = np.zeros((3, 4))
    z[0, 3], z[1, 0] = 5.0, 5.0
    assert len(clusters(z.ravel(), Grid(np.ones(z.shape, dtype=bool)), 3.0).mass) == 2


def test_nothing_beyond_the_height_is_no_cluster() -> None:
    """An empty map gives no mass, and a null without any has mass 0."""
    grid = Grid(np.ones((3, 3), dtype=bool))
    assert clusters(np.zeros(9), grid, 3.0).mass.size == 0
    made = null_maps(lambda some: np.zeros((9, 50))[some], grid, height=3.0, draws=50)
    assert made.mass.max() == 0
    assert made.p_mass(np.array([0.1])).tolist() == [1 / 51]


@pytest.mark.parametrize("spread", [1.0, 4.0])
def test_the_null_is_that_of_the_literal_twin(spread: float) -> None:
    """Tails alone, column by column, give the masses and maxima of sorting everything."""
    rng = np.random.default_rng(5)
    mask = np.ones((6, 7), dtype=bool)
    mask[0, :3] = False
    values = fields(rng, 40, mask.shape)[:, mask]
    member = np.arange(40) < 12
    values[member] *= spread
    plan = design(cells(values, np.arange(40), np.zeros(40, dtype=np.int64)), member)
    z = null_statistics(values, plan, permuted_labels(plan, draws=400, rng=rng))
    height = height_of(0.01)
    made = null_maps(lambda some: z.T[some], Grid(mask), height=height, draws=400)
    mass, peak = slow_null(z, mask, height)
    np.testing.assert_allclose(made.mass, mass, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(made.peak, np.maximum(peak, made.peak.min()), rtol=1e-6)


def test_masses_are_those_of_nilearn() -> None:
    """The largest mass of a volume agrees with nilearn's, on both sides of 0."""
    measures: Any = import_module("nilearn.mass_univariate._utils")
    faces = ndimage.generate_binary_structure(3, 1)
    rng = np.random.default_rng(8)
    for z in 2 * fields(rng, 10, (6, 7, 5)):
        theirs = measures.calculate_cluster_measures(z[..., None], 1.5, faces, True)[1][0]
        ours = clusters(z.ravel(), Grid(np.ones(z.shape, dtype=bool)), 1.5).mass
        assert np.isclose(ours.max(initial=0.0), theirs)


def test_p_is_that_of_nilearn() -> None:
    """With equal spread and halves, p of the largest cluster agrees within the error of draws."""
    theirs: Any = import_module("nilearn.mass_univariate")
    images: Any = import_module("nilearn.maskers")
    nifti: Any = import_module("nibabel")
    rng, shape, n = np.random.default_rng(1), (6, 6, 5), 60
    values, member = fields(rng, n, shape), np.arange(n) < 30
    values[member, 2:4, 2:4, 2:4] += 0.45
    flat = values.reshape(n, -1)
    mask = nifti.Nifti1Image(np.ones(shape, dtype=np.int8), np.eye(4))
    masker = images.NiftiMasker(mask, standardize=None).fit()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own images are of 64-bit integers, of which it warns
        found = theirs.permuted_ols(
            member.astype(float)[:, None], flat, n_perm=1000, random_state=0, masker=masker,
            threshold=0.01, output_type="dict", two_sided_test=True, verbose=0,
        )  # fmt: skip
    plan = design(cells(flat, np.arange(n), np.zeros(n, dtype=np.int64)), member)
    z = null_statistics(flat, plan, permuted_labels(plan, draws=1000, rng=rng)).T
    grid, height = Grid(np.ones(shape, dtype=bool)), height_of(0.01)
    made = null_maps(lambda some: z[some], grid, height=height, draws=1000)
    seen = clusters(difference(flat, plan).statistic / made.scale, grid, height)
    p = 10.0 ** -np.asarray(found["logp_max_mass"]).max()
    own = float(made.p_mass(seen.mass)[0])
    assert 0.05 < p < 0.3
    assert abs(own - p) < 4 * np.sqrt(2 * p * (1 - p) / 1000) + 0.01


@given(st.integers(0, 2**32 - 1))
def test_turning_or_mirroring_a_map_changes_no_mass(seed: int) -> None:
    """Masses do not depend on the order of axes, nor on which group is the level."""
    z = 2 * fields(np.random.default_rng(seed), 1, (5, 6), 1.0)[0]
    own = clusters(z.ravel(), Grid(np.ones((5, 6), dtype=bool)), 1.0).mass
    for other in (z.T, z[::-1], -z):
        grid = Grid(np.ones(other.shape, dtype=bool))
        np.testing.assert_allclose(clusters(other.ravel(), grid, 1.0).mass, own)


def test_all_arrangements_give_an_exact_p() -> None:
    """Where every arrangement is listed p is its share, the observed one among them."""
    rng = np.random.default_rng(2)
    values, member = fields(rng, 10, (5, 5)).reshape(10, -1), np.arange(10) < 4
    values[member] += 2.0
    plan = design(cells(values, np.arange(10), np.zeros(10, dtype=np.int64)), member)
    every = all_labels(plan)
    assert every is not None
    z = null_statistics(values, plan, every)
    grid = Grid(np.ones((5, 5), dtype=bool))
    made = null_maps(lambda some: z.T[some], grid, height=2.0, draws=len(every), exact=True)
    seen = clusters(difference(values, plan).statistic, grid, 2.0)
    p = made.p_mass(seen.mass)[0]
    assert p == (made.mass >= seen.mass[0] * (1 - 1e-9)).mean()
    assert p >= 1 / len(every)


def test_several_maps_are_one_family() -> None:
    """Draw by draw the larger mass counts, so no p is smaller than alone."""
    rng = np.random.default_rng(0)
    maps = [NullMaps(rng.random(99), rng.random(99), np.ones(4)) for _ in range(2)]
    both, at = together(maps), np.array([0.2, 0.9])
    assert (both.p_mass(at) >= maps[0].p_mass(at)).all()
    assert (both.p_peak(at) >= maps[1].p_peak(at)).all()


def test_the_order_of_arrangements_changes_nothing() -> None:
    """A list of all arrangements counts as a whole beside drawn labels, in whatever order it is."""
    rng = np.random.default_rng(4)
    ones = np.ones(4)
    drawn = NullMaps(np.zeros(500), np.zeros(500), ones)
    mass, peak = np.sort(rng.exponential(size=3025)), rng.random(3025)
    for many in (3025, 150):
        listed = [
            NullMaps(mass[:many][order], peak[:many][order], ones, exact=True)
            for order in (np.arange(many), np.arange(many)[::-1], rng.permutation(many))
        ]
        made = [together([drawn, one]) for one in listed]
        for other in made[1:]:
            np.testing.assert_array_equal(other.mass, made[0].mass)
            np.testing.assert_array_equal(other.peak, made[0].peak)
        assert len(made[0].mass) == 500
        for share in (0.05, 0.3):
            at = np.quantile(mass[:many], 1 - share)
            assert made[0].p_mass(np.array([at]))[0] == pytest.approx(share, abs=0.012)


@pytest.mark.parametrize("forming", [0.0, 0.2, 1e-9])
def test_a_height_that_makes_no_clusters_is_an_error(forming: float) -> None:
    """A p at which clusters are formed is a small one."""
    with pytest.raises(InputError, match="clusters are formed"):
        height_of(forming)


def any_cluster(rng: np.random.Generator, shift: float = 0.0) -> tuple[bool, Clusters]:
    """Whether 45 + 45 people of three sites with own shifts show any cluster at 5 %."""
    n, shape = 90, (12, 12)
    site = np.arange(n) % 3
    member = rng.random(n) < np.array([0.3, 0.5, 0.7])[site]
    values = fields(rng, n, shape) + 2 * fields(rng, 3, shape)[site]
    values[np.ix_(member, np.arange(4, 8), np.arange(4, 8))] += shift
    flat = values.reshape(n, -1)
    plan = design(cells(flat, np.arange(n), site), member)
    grid, height = Grid(np.ones(shape, dtype=bool)), height_of(0.01)
    z = null_statistics(flat, plan, permuted_labels(plan, draws=199, rng=rng)).T
    made = null_maps(lambda some: z[some], grid, height=height, draws=199)
    seen = clusters(difference(flat, plan).statistic / made.scale, grid, height)
    return bool((made.p_mass(seen.mass) <= 0.05).any()), seen


def test_false_clusters_stay_near_five_percent() -> None:
    """Sites that differ, and hold the groups unequally, make no cluster within sites."""
    rng = np.random.default_rng(21)
    rate = np.mean([any_cluster(rng)[0] for _ in range(120)])
    assert rate <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 120)


def test_a_planted_patch_is_found_where_it_is() -> None:
    """The largest cluster lies in the patch that was shifted."""
    rng = np.random.default_rng(22)
    found, seen = any_cluster(rng, shift=1.5)
    inside = np.zeros((12, 12), dtype=bool)
    inside[4:8, 4:8] = True
    assert found
    assert inside.ravel()[seen.label == 1].mean() > 0.6
