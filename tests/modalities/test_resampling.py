"""Grids turned and resampled, against nibabel, nilearn and a slow literal version."""

from __future__ import annotations

from itertools import permutations, product
from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenlight.arrays import Float, Values
from evenlight.data.space import Space
from evenlight.errors import CohortError, FeatureError
from evenlight.modalities.resampling import (
    covered,
    orientation_of,
    resampled,
    spacing_of,
    turn,
    turned,
)
from tests.scan_files import affine_of, nibabel

ALL = [
    "".join(pair[way] for pair, way in zip(order, ways, strict=True))
    for order in permutations(("LR", "PA", "IS"))
    for ways in product((0, 1), repeat=3)
]


def space_of(shape: tuple[int, ...], affine: Float) -> Space:
    """A space of an affine."""
    return Space(shape, spacing_of(affine), "mm", affine, orientation_of(affine))


def random_affine(rng: np.random.Generator, most: float) -> Float:
    """Axes in any order and direction, rotated by up to `most` radians about each axis."""
    turns = np.eye(3)
    for axis in range(3):
        c, s = np.cos(a := rng.uniform(-most, most)), np.sin(a)
        one = np.eye(3)
        i, j = [k for k in range(3) if k != axis]
        one[i, i], one[i, j], one[j, i], one[j, j] = c, -s, s, c
        turns = turns @ one
    made = np.eye(4)
    steps = rng.uniform(0.5, 3.0, 3) * rng.choice([-1, 1], 3)
    made[:3, :3] = turns[:, rng.permutation(3)] * steps
    made[:3, 3] = rng.normal(size=3) * 20
    return made


def slow(x: Values, own: Float, to: Space) -> Values:
    """Each position of `to`: its coordinates, where these lie in x, and the eight around it."""
    assert to.affine is not None
    out = np.zeros(to.shape)
    for at in np.ndindex(*to.shape):
        world = to.affine @ np.array([*at, 1.0])
        place = np.linalg.solve(own, world)[:3].round(9)
        if (place < 0).any() or (place > np.array(x.shape) - 1).any():
            continue
        low = [min(floor(p), n - 2) for p, n in zip(place, x.shape, strict=True)]
        for corner in product((0, 1), repeat=3):
            weight = 1.0
            for p, b, c in zip(place, low, corner, strict=True):
                weight *= (p - b) if c else 1 - (p - b)
            i, j, k = (b + c for b, c in zip(low, corner, strict=True))
            out[at] += weight * x[i, j, k]
    return out


@given(st.integers(0, 2**32 - 1))
def test_directions_are_those_of_nibabel(seed: int) -> None:
    """Axes in any order, rotated up to 0.3 radians, have the letters that nibabel gives them."""
    affine = random_affine(np.random.default_rng(seed), 0.3)
    assert orientation_of(affine) == "".join(nibabel.aff2axcodes(affine))


@pytest.mark.parametrize("wanted", ALL)
def test_turning_is_that_of_nibabel(wanted: str) -> None:
    """Values and affine after turning are those of nibabel's as_reoriented, to the bit."""
    rng = np.random.default_rng(1)
    affine, values = random_affine(rng, 0.2), rng.normal(size=(2, 3, 4))
    image = nibabel.Nifti1Image(values, affine)
    moves = nibabel.orientations.ornt_transform(
        nibabel.io_orientation(affine), nibabel.orientations.axcodes2ornt(tuple(wanted))
    )
    want = image.as_reoriented(moves)
    space, way = turned(space_of(values.shape, affine), wanted)
    assert space.affine is not None
    np.testing.assert_array_equal(turn(values[None], way)[0], want.get_fdata())
    np.testing.assert_allclose(space.affine, want.affine, atol=1e-12)
    assert space.orientation == wanted == orientation_of(space.affine)
    np.testing.assert_allclose(space.spacing, spacing_of(space.affine))


def test_turning_back_gives_what_there_was() -> None:
    """Turning to any orientation and back changes no value and no coordinate."""
    rng = np.random.default_rng(2)
    own = space_of((3, 4, 5), affine_of((1.0, 2.0, 3.0), (-1, 1, 1)))
    x = rng.normal(size=(1, 3, 4, 5))
    for wanted in ALL:
        there, way = turned(own, wanted)
        back, home = turned(there, own.orientation)
        np.testing.assert_array_equal(turn(turn(x, way), home), x)
        assert own.same(back) == ""


@pytest.mark.parametrize("seed", range(4))
def test_values_between_positions_are_trilinear(seed: int) -> None:
    """Resampled values are those of the literal sum over the eight positions around."""
    rng = np.random.default_rng(seed)
    x, own = rng.normal(size=(6, 5, 7)), random_affine(rng, 0.2)
    to = own.copy()
    to[:3, :3] = to[:3, :3] @ np.diag([1.3, 0.7, 1.1])
    to[:3, 3] += own[:3, :3] @ [0.4, -0.2, 0.3]
    grid = space_of((4, 6, 5), to)
    made = resampled(x[None], space_of(x.shape, own), grid)[0]
    np.testing.assert_allclose(made, slow(x, own, grid), atol=1e-6)


def test_resampling_is_that_of_nilearn() -> None:
    """Another grid at another angle gives what nilearn's resample_img gives."""
    image = pytest.importorskip("nilearn.image")
    rng = np.random.default_rng(3)
    x, own = rng.normal(size=(12, 10, 11)), random_affine(rng, 0.2)
    to = own.copy()
    to[:3, :3] = to[:3, :3] @ np.diag([1.7, 1.2, 0.8])
    # On the border itself nilearn loses positions to the last bit.
    to[:3, 3] += own[:3, :3] @ [0.3, 0.2, 0.1]
    shape = (7, 8, 13)
    want = image.resample_img(
        nibabel.Nifti1Image(x, own), to, shape, interpolation="linear", copy_header=True,
        force_resample=True,
    )  # fmt: skip
    made = resampled(x[None], space_of(x.shape, own), space_of(shape, to))[0]
    np.testing.assert_allclose(made, want.get_fdata(), atol=1e-5)


def test_labels_stay_labels() -> None:
    """The nearest label is taken: no number comes that was not there, and the kind stays."""
    labels = np.random.default_rng(4).choice([0, 3, 1001], size=(1, 6, 6, 6)).astype(np.int32)
    own, to = affine_of((2.0, 2.0, 2.0)), affine_of((0.9, 1.1, 3.0))
    made = resampled(labels, space_of((6, 6, 6), own), space_of((9, 9, 4), to), order=0)
    assert made.dtype == np.int32
    assert set(np.unique(made)) <= {0, 3, 1001}


def test_its_own_grid_changes_nothing() -> None:
    """Resampling to the grid that an image has gives the image, borders included."""
    x = np.random.default_rng(5).normal(size=(1, 5, 6, 7)).astype(np.float32)
    own = space_of((5, 6, 7), random_affine(np.random.default_rng(6), 0.3))
    np.testing.assert_array_equal(resampled(x, own, own), x)


def test_how_much_of_a_grid_is_reached() -> None:
    """An image over the lower half of a grid reaches half of it; one elsewhere none."""
    to = space_of((10, 10, 10), np.eye(4))
    far = np.eye(4)
    far[0, 3] = 500.0
    assert covered(space_of((10, 10, 5), np.eye(4)), to) == 0.5
    assert covered(space_of((10, 10, 10), far), to) == 0.0


def test_what_is_no_orientation_is_named() -> None:
    """Letters that do not name three directions, and images without any, are errors."""
    own = space_of((2, 2, 2), np.eye(4))
    with pytest.raises(CohortError, match="wanted three letters"):
        turned(own, "RAR")
    with pytest.raises(CohortError, match="'X' is no direction"):
        turned(own, "RAX")
    with pytest.raises(FeatureError, match="directions are unknown"):
        turned(Space((2, 2, 2)), "RAS")
