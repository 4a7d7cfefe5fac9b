"""Superpixels of a cohort's mean image: regions where no atlas is at hand, blind to groups."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Float, Int, Values
from evenlight.data.cohort import Cohort
from evenlight.data.feature_sets import FeatureSets
from evenlight.data.groups import SMALLEST_GROUP
from evenlight.data.space import shared_space
from evenlight.errors import FeatureError
from evenlight.stats.superpixels import superpixel_labels

ROWS = 64
"""Rows that are added up together."""


def superpixels(of: Cohort | Values, n: int, *, compact: float = 1.0) -> FeatureSets:
    """About `n` connected regions of one size each, alike inside (SLIC; Achanta et al. 2012).

    Parameters
    ----------
    of
        a cohort of images in a shared space: its mean image, in which every person counts once and
        the levels of the first grouping count alike, so that the regions are no more those of a
        larger group; or one image (c, *space), channels first.
    n
        regions that are wanted; as many as a grid over the image has are made.
    compact
        how much places weigh beside values: larger gives rounder regions.

    Names are "superpixel 1", "superpixel 2", ...; all channels of a place belong to its region.

    Raises CohortError for images whose positions do not mean the same place in every row, and
    FeatureError for what is no image, or another number of regions than it can hold.

    >>> image = np.kron([[0.0, 5.0]], np.ones((4, 4)))[None]
    >>> superpixels(image, 2)
    FeatureSets: 2 sets (region) of 32 features: superpixel 1, superpixel 2
    """
    spacing: tuple[float, ...] = ()
    if isinstance(of, Cohort):
        space = shared_space(of.features.space, what="superpixels of a mean image")
        spacing = space.spacing if np.isfinite(space.spacing).all() else ()
        image = balanced_mean(of)
    else:
        image = np.asarray(of, dtype=np.float64)
    if image.ndim not in (3, 4) or not np.isfinite(image).all():
        raise FeatureError(
            f"an image of shape {image.shape}; wanted (c, h, w) or (c, d, h, w), channels first "
            "(image[None] of one channel), of finite values"
        )
    most = int(np.prod(image.shape[1:]))
    if not isinstance(n, int | np.integer) or not 2 <= n <= most or not compact > 0:
        raise FeatureError(
            f"n={n!r}, compact={compact!r}; wanted 2 to {most} regions, and compact above 0"
        )
    labels = superpixel_labels(image, int(n), compact=compact, spacing=spacing)
    names = {int(k): f"superpixel {k + 1}" for k in np.unique(labels)}
    return FeatureSets.from_label_map(labels, names, shape=image.shape)


def balanced_mean(cohort: Cohort) -> Float:
    """The mean image (c, *space): each unit once, each level of the first grouping alike.

    Levels with fewer than 11 units, and people of no known level, are left out; without a grouping,
    or where no level has so many, everybody counts.
    """
    weight = _weights(cohort)
    total = np.zeros(cohort.x.shape[1:])
    for start in range(0, cohort.n, ROWS):
        rows = cohort.order[start : start + ROWS]
        total += np.tensordot(weight[rows], cohort.dense(rows), axes=1)
    return total


def _weights(cohort: Cohort) -> Float:
    """The weight of each row (n,), together 1."""
    units, size = np.unique(cohort.units, return_inverse=True)[1], np.bincount
    once: Float = 1 / size(units)[units]
    out = np.zeros(cohort.n)
    if cohort.groups:
        codes: Int = cohort.groups[0].codes
        for code in np.unique(codes[codes >= 0]):
            own = codes == code
            if len(np.unique(cohort.units[own])) >= SMALLEST_GROUP:
                out[own] = once[own] / once[own].sum()
    if not out.any():
        out = once
    made: Float = out / out.sum()
    return made
