"""Superpixels: connected, of about one size, along the edges of an image, blind to groups."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, label
from scipy.stats.mstats import winsorize

from evenlight.arrays import Float, Int
from evenlight.cohorts.phantom import phantom
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.data.space import Space
from evenlight.errors import CohortError, FeatureError
from evenlight.measures.superpixels import balanced_mean, superpixels
from evenlight.stats.superpixels import superpixel_labels


def slow(image: Float, count: int, compact: float) -> Int:
    """SLIC before connection, position by position, in plain loops over an image (c, h, w)."""
    c, h, w = image.shape
    step = (h * w / count) ** 0.5
    k, m = round(h / step), round(w / step)
    seeds = [((i + 0.5) * h / k - 0.5, (j + 0.5) * w / m - 0.5) for i in range(k) for j in range(m)]
    values = image / image.reshape(c, -1).std(axis=1)[:, None, None]
    centres = [(y, x, values[:, round(y), round(x)].copy()) for y, x in seeds]
    labels = np.zeros((h, w), dtype=int)
    for _ in range(10):
        for y, x in np.ndindex(h, w):
            away = [
                ((values[:, y, x] - v) ** 2).mean()
                + compact**2 * ((y - cy) ** 2 + (x - cx) ** 2) / step**2
                if max(abs(y - cy), abs(x - cx)) <= 2 * step + 1
                else np.inf
                for cy, cx, v in centres
            ]
            labels[y, x] = int(np.argmin(away))
        for i in range(len(centres)):
            own = np.argwhere(labels == i)
            if len(own):
                centres[i] = (*own.mean(axis=0), values[:, *own.T].mean(axis=1))
    return labels


def test_superpixels_are_those_of_a_literal_loop() -> None:
    """Where the loop's parts are connected they are the same parts, in two channels."""
    noise = np.random.default_rng(3).normal(size=(2, 18, 18))
    image = gaussian_filter(noise, (0, 3, 3))
    wanted = slow(image, 9, 1.5)
    found = superpixel_labels(image, 9, compact=1.5)
    assert (found == wanted).mean() > 0.97
    pieces = [label(wanted == i)[1] for i in np.unique(wanted)]
    whole = np.isin(wanted, [i for i, k in enumerate(pieces) if k == 1])
    assert whole.mean() > 0.5


@pytest.mark.parametrize(("shape", "count"), [((1, 40, 33), 30), ((2, 12, 14, 16), 27)])
def test_every_superpixel_is_one_piece(shape: tuple[int, ...], count: int) -> None:
    """In noise, where k-means scatters its parts; about as many as were wanted; the same again."""
    image = np.random.default_rng(0).normal(size=shape)
    labels = superpixel_labels(image, count)
    assert all(label(labels == i)[1] == 1 for i in np.unique(labels))
    assert 0.7 * count <= labels.max() + 1 <= 1.4 * count
    assert np.array_equal(labels, superpixel_labels(image, count))
    assert np.array_equal(labels, superpixel_labels(5 + 3 * image, count))


def test_an_edge_in_the_image_is_an_edge_of_superpixels() -> None:
    """No superpixel holds positions of both sides of a strong edge that no grid follows."""
    y, x = np.mgrid[:30, :30]
    image = np.where(y + 0.6 * x > 22.3, 1.0, 0.0)[None] * 3
    labels = superpixel_labels(image, 16, compact=0.3)
    mixed = [len(np.unique(image[0][labels == i])) for i in np.unique(labels)]
    assert max(mixed) == 1


def test_steps_are_of_one_length_in_space() -> None:
    """Of voxels four times as deep as they are wide, four times fewer make one side of a part."""
    image = np.zeros((1, 8, 32, 32))
    labels = superpixel_labels(image, 8, spacing=(4.0, 1.0, 1.0))
    assert labels.max() + 1 == 8
    assert all(len(np.unique(np.argwhere(labels == i)[:, 0])) == 4 for i in range(8))


def winsor(units: Float) -> Float:
    """Winsor's mean of 31 units or more, ten at each end, by scipy."""
    share = 10.5 / len(units)
    made: Float = np.asarray(winsorize(units, limits=(share, share), axis=0)).mean(axis=0)
    return made


def test_superpixels_of_a_cohort_are_of_the_balanced_mean_and_of_no_order() -> None:
    """A group that is doubled, or rows that stand otherwise, change no region."""
    made = phantom(120)
    cohort, code = made.cohort, made.cohort.groups[0].codes
    by_hand = np.mean([winsor(cohort.dense(np.flatnonzero(code == k))) for k in (0, 1)], axis=0)
    np.testing.assert_allclose(balanced_mean(cohort), by_hand, atol=1e-12)
    fewer = cohort.take(np.sort(np.r_[np.flatnonzero(code == 0)[:40], np.flatnonzero(code == 1)]))
    half = np.mean(
        [winsor(fewer.dense(np.flatnonzero(fewer.groups[0].codes == k))) for k in (0, 1)],
        axis=0,
    )
    np.testing.assert_allclose(balanced_mean(fewer), half, atol=1e-12)
    sets = superpixels(cohort, 25)
    mixed = cohort.take(np.random.default_rng(0).permutation(cohort.n))
    assert np.array_equal(sets.owners(), superpixels(mixed, 25).owners())
    assert sets.fits(cohort.features.names, (1, 32, 32))


def test_groups_that_are_too_small_or_unknown_are_left_out_of_the_mean() -> None:
    """Ten people of a level, and people of none, have no weight; several rows count as one unit."""
    made = phantom(90, images=2).cohort
    person = made.units
    names = np.array(["a", "b"] * 45)[person].astype(object)
    names[person < 10] = "c"
    names[person == 89] = None
    groups = Groups.from_labels("group", names.tolist(), by_position=True)
    cohort = made.altered(groups=(groups,))
    x = cohort.dense()
    each = [
        np.array([x[person == u].mean(axis=0) for u in np.unique(person[names == k])]) for k in "ab"
    ]
    wanted = np.mean([winsor(units) for units in each], axis=0)
    np.testing.assert_allclose(balanced_mean(cohort), wanted, atol=1e-12)


def test_images_without_a_shared_space_have_no_mean() -> None:
    """An error that names the remedy, before any image is read; and what is no image is refused."""
    people = phantom(30).cohort
    apart = Cohort(people.dense(), people.people, ["intensity"], groups=["group"], unit="person")
    with pytest.raises(CohortError, match="superpixels of a mean image needs images"):
        superpixels(apart, 9)
    assert Space((4, 4)).shared == ""
    for image, n in ((np.zeros((4, 4)), 4), (np.zeros((1, 4, 4)), 17), (np.zeros((1, 4, 4)), 1)):
        with pytest.raises(FeatureError, match="wanted"):
            superpixels(image, n)
