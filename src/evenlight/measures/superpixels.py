"""Superpixels of a cohort's mean image: regions where no atlas is at hand, blind to groups."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from evenlight.arrays import Float, Int, Values
from evenlight.data.cohort import Cohort
from evenlight.data.feature_sets import FeatureSets
from evenlight.data.space import shared_space
from evenlight.errors import FeatureError
from evenlight.small_groups import least_shown
from evenlight.stats.disclosure import ROUND_TO
from evenlight.stats.drawn_in import winsor_mean
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
    or where no level has so many, everybody counts. At each position the ten lowest and the ten
    highest units of a level (of fewer than 31 a third) count as the next one does: what so few
    people have there, as a name that is burned in, is not in it (`stats.drawn_in`).
    """
    return balanced_spread(cohort)[0]


def balanced_spread(cohort: Cohort) -> tuple[Float, float]:
    """The mean image, and the largest change of it that ten units one SD away would make."""
    parts = _parts(cohort)
    total, reach = np.zeros(int(np.prod(cohort.x.shape[1:]))), 0.0
    for rows in parts:
        n = len(np.unique(cohort.units[rows]))
        mean, sd = winsor_mean(_unit_means(cohort, rows), n)
        total += mean / len(parts)
        reach = max(reach, 2 * ROUND_TO * float(sd.max(initial=0.0)) / n)
    return total.reshape(cohort.x.shape[1:]), reach / len(parts)


def _parts(cohort: Cohort) -> list[Int]:
    """The rows of each level that enters, in the order of row ids."""
    codes: Int = cohort.groups[0].codes if cohort.groups else np.zeros(0, dtype=np.int64)
    owned = [np.flatnonzero(codes == code) for code in np.unique(codes[codes >= 0])]
    many = [rows for rows in owned if len(np.unique(cohort.units[rows])) >= least_shown()]
    return [cohort.order[np.isin(cohort.order, rows)] for rows in many] or [cohort.order]


def _unit_means(cohort: Cohort, rows: Int) -> Iterator[Float]:
    """The mean images (m, p) of the units of some rows, some whole units at a time."""
    _, first, unit = np.unique(cohort.units[rows], return_index=True, return_inverse=True)
    rows = rows[np.argsort(first[unit], kind="stable")]
    code = np.sort(first[unit])
    ends = np.append(np.flatnonzero(np.diff(code)) + 1, len(rows))
    start = 0
    while start < len(rows):
        stop = int(ends[np.searchsorted(ends, min(start + ROWS, len(rows)))])
        own = np.unique(code[start:stop], return_index=True)[1]
        x = cohort.dense(rows[start:stop]).reshape(stop - start, -1)
        yield np.add.reduceat(x, own, axis=0) / np.diff(np.append(own, stop - start))[:, None]
        start = stop
