"""What gets a slope of its own in the remainder: columns of a table, or summaries of regions.

A region of an image (or a window of a signal) is summed up by the mean and the standard deviation
of its positions, and by what the model makes of it, its attribution. Mean and SD say what a region
holds whether or not the model has learned it; the attribution stands for shapes and textures, which
neither tells, and a slope of its own undoes that a penalised network learned too little of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.measures.prepare import Setting
from evenlight.measures.reliance import Reliance

LACKING = "not_supported_within_groups"
"""Subjects that are shown to have no support get no slope."""

EACH = 3
"""Summaries of a region: mean, SD, attribution."""


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """Columns of x, or positions of each region with its place among the subjects."""

    columns: tuple[int, ...] = ()
    regions: tuple[Int, ...] = ()
    subjects: tuple[int, ...] = ()
    reason: str = ""

    @property
    def many(self) -> int:
        """How many slopes these are."""
        return len(self.columns) + EACH * len(self.regions)

    @property
    def told(self) -> str:
        """What they are, in words."""
        if not self.regions:
            return f"{len(self.columns)} features"
        return f"{EACH} summaries of each of {len(self.regions)} regions"


def chosen(cohort: Cohort, lean: Reliance, sets: FeatureSets | None) -> Chosen:
    """What gets slopes, or the reason why nothing can."""
    kept = tuple(j for j, word in enumerate(lean.support.tolist()) if word != LACKING)
    if cohort.x.ndim != 2:
        return _regions(cohort, lean, sets, kept)
    own = sets if sets is not None else cohort.features.variables()
    place = cohort.features.place
    if own.names != lean.subjects or not all(str(name) in place for name in own.features):
        return Chosen(reason="the subjects are no sets of columns of x")
    columns = {place[name] for j in kept for name in own.members(own.names[j])}
    return Chosen(columns=tuple(sorted(columns)))


def _regions(
    cohort: Cohort, lean: Reliance, sets: FeatureSets | None, kept: tuple[int, ...]
) -> Chosen:
    if sets is None:
        return Chosen(reason="images have slopes by region; pass the regions as sets=")
    fits = sets.fits(cohort.features.names, tuple(cohort.x.shape[1:]))
    if not fits or sets.names != lean.subjects:
        return Chosen(reason="the subjects are no regions of x")
    regions = tuple(np.array(sets.columns(sets.names[j]), dtype=np.int64) for j in kept)
    return Chosen(regions=regions, subjects=kept)


def own_values(there: Setting, asked: Chosen, made: Attributions | None) -> Float:
    """The values of units (u, q) that get slopes; `made` are attributions of images by region."""
    if not asked.regions:
        return there.per_unit(there.cohort.columns(asked.columns))
    held = region_summaries(there.cohort, asked.regions)
    if made is not None:
        held = np.column_stack([held, made.values[:, asked.subjects].astype(np.float64)])
    return there.per_unit(held)


def region_summaries(cohort: Cohort, regions: tuple[Int, ...]) -> Float:
    """Means and standard deviations of the positions of each of m regions in rows, (n, 2 m).

    >>> import pandas as pd
    >>> people = pd.DataFrame(index=["a", "b"])
    >>> cohort = Cohort(np.array([[[0.0, 2.0], [5.0, 5.0]], [[1.0, 1.0], [0.0, 4.0]]]), people)
    >>> region_summaries(cohort, (np.array([0, 1]), np.array([2, 3]))).tolist()
    [[1.0, 5.0, 1.0, 0.0], [1.0, 2.0, 0.0, 2.0]]
    """
    out = np.empty((cohort.n, 2, len(regions)))
    for part, x in cohort.blocks():
        flat = x.reshape(len(x), -1)
        for i, positions in enumerate(regions):
            own = flat[:, positions]
            out[part, 0, i], out[part, 1, i] = own.mean(axis=1), own.std(axis=1)
    return out.reshape(cohort.n, -1)
