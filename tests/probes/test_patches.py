"""Regions of images taken from others, filled from their border, or blurred."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import gaussian_filter

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.errors import FeatureError, ModelError, UnknownName
from evenlight.measures.levers import levers
from evenlight.probes.patches import filling, patches

SHAPE = (2, 8, 8)
LABELS = np.zeros((8, 8), dtype=int)
LABELS[1:4, 1:4], LABELS[5:7, 5:7] = 1, 2
REGIONS = FeatureSets.from_label_map(LABELS, {0: "rest", 1: "corner", 2: "lesion"}, shape=SHAPE)


def only(*names: str) -> FeatureSets:
    """Some of the regions."""
    at = [REGIONS.names.index(name) for name in names]
    return FeatureSets(names, REGIONS.features, REGIONS.membership[at])


def cohort(n: int = 200, seed: int = 0) -> Cohort:
    """A mark in the corner follows the group, a lesion the outcome."""
    rng = np.random.default_rng(seed)
    g, y = rng.integers(0, 2, n), rng.integers(0, 2, n)
    x = rng.normal(size=(n, *SHAPE)) * 0.3
    x[:, :, 1:4, 1:4] += g[:, None, None, None]
    x[:, :, 5:7, 5:7] += y[:, None, None, None]
    people = pd.DataFrame({"anc": np.array(["A", "B"])[g], "y": y})
    people.index = pd.Index([f"r{i:03d}" for i in rng.permutation(n)])
    return Cohort(x, people, groups=["anc"], outcome="y")


def model(x: Float) -> Float:
    """Sums of both regions, and a little of the rest."""
    corner, lesion = x[:, :, 1:4, 1:4].sum((1, 2, 3)), x[:, :, 5:7, 5:7].sum((1, 2, 3))
    said: Float = 0.1 * corner + 0.3 * lesion + 0.02 * x.sum((1, 2, 3))
    return said


def test_donor_patches_carry_the_gap_of_the_marked_region() -> None:
    """The corner's swap closes the whole gap given the outcome, the lesion's none of it."""
    people = cohort()
    made = patches(model, people, by="anc", sets=only("corner", "lesion"))
    found = levers(made, people, by="anc").closing
    assert found.closure_low[0] < 1 < found.closure_high[0]
    assert found.closure_low[0] > 0.8
    assert found.closure_low[1] < 0 < found.closure_high[1]


def test_donor_patches_are_copied_whole() -> None:
    """With the sum of the corner as the model, each row gets somebody else's sum."""
    people = cohort()
    made = patches(
        lambda x: x[:, :, 1:4, 1:4].sum((1, 2, 3)), people, by="anc", sets=only("corner")
    )
    g = people.groups[0].codes
    for side in (0, 1):
        others = np.sort(made.before[g != side])
        near = np.abs(made.after[0, 0, g == side][:, None] - others).min(axis=1)
        assert near.max() < 1e-9


def test_filling_equals_repeated_averaging() -> None:
    """The smoothest filling is where averaging over neighbours comes to rest."""
    rng = np.random.default_rng(1)
    image = rng.normal(size=(1, 8, 8))
    inside = np.zeros((1, 8, 8), dtype=bool)
    inside[0, 0:4, 2:5] = inside[0, 6, 6] = True
    columns = np.flatnonzero(inside)
    border, weight = filling((1, 8, 8), columns)
    slow = image.copy()
    for _ in range(3000):
        padded = np.pad(slow[0], 1)
        there = np.pad(np.ones((8, 8)), 1)
        near, count = (
            np.sum([np.roll(v, s, a) for s in (1, -1) for a in (0, 1)], axis=0)[1:-1, 1:-1]
            for v in (padded, there)
        )
        slow[0][inside[0]] = (near / count)[inside[0]]
    np.testing.assert_allclose(image.ravel()[border] @ weight.T, slow.ravel()[columns], atol=1e-9)
    np.testing.assert_allclose(weight.sum(axis=1), 1.0)


def test_filling_never_mixes_channels_and_keeps_planes() -> None:
    """Each channel is filled from itself, and a plane is its own filling."""
    rows, cols = np.mgrid[0:8, 0:8]
    plane = np.stack([rows + 2.0 * cols, 5.0 - rows])
    columns = np.array(REGIONS.columns("lesion"))
    border, weight = filling(SHAPE, columns)
    np.testing.assert_allclose(plane.ravel()[border] @ weight.T, plane.ravel()[columns], atol=1e-12)


def test_inpainting_and_blur_take_the_mark_away() -> None:
    """The corner's gap goes when it is filled from its border, and shrinks when blurred."""
    people = cohort()
    gaps = {}
    for how in ("inpaint", "blur"):
        made = patches(model, people, by="anc", sets=only("corner"), how=how)
        found = levers(made, people, by="anc").closing
        gaps[how] = float(found.closure[0])
        assert made.kind == how
    assert gaps["inpaint"] == pytest.approx(1.0, abs=0.1)
    assert 0.1 < gaps["blur"] < 0.9


def test_blur_equals_scipys_inside_the_region_alone() -> None:
    """Outside of the region the image is as it was."""
    people = cohort(30)
    made = patches(model, people, by="anc", sets=only("lesion"), how="blur")
    x = people.dense()
    soft = gaussian_filter(x, (0, 0, 1.0, 1.0))
    slow = x.copy()
    slow[:, :, 5:7, 5:7] = soft[:, :, 5:7, 5:7]
    np.testing.assert_allclose(made.after[0, 0], model(slow))


def test_what_cannot_be_changed_is_refused() -> None:
    """Tables, unknown ways, other maps, and a region without a border."""
    people = cohort(30)
    with pytest.raises(UnknownName, match="no way 'erase'"):
        patches(model, people, by="anc", sets=REGIONS, how="erase")  # type: ignore[arg-type]
    whole = FeatureSets.from_label_map(np.zeros((8, 8), dtype=int), shape=SHAPE)
    with pytest.raises(FeatureError, match="128 of 128 positions of a region have no border"):
        patches(model, people, by="anc", sets=whole, how="inpaint")
    other = FeatureSets.from_label_map(np.zeros((4, 4), dtype=int))
    with pytest.raises(FeatureError, match="16 features that are not the 128"):
        patches(model, people, by="anc", sets=other)
    table = Cohort(np.zeros((30, 2)), people.people, groups=["anc"])
    with pytest.raises(ModelError, match="columns go to swap"):
        patches(model, table, by="anc", sets=other)
