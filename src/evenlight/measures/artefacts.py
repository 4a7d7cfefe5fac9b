"""What lies in images beside the body: burned-in marks, borders, intensity, flips, the view."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Int, Text
from evenlight.data import align
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features
from evenlight.errors import CohortError, GroupError
from evenlight.measures.check import shaped
from evenlight.small_groups import least_shown
from evenlight.stats.folds import dealt
from evenlight.stats.image_facts import ALONE, grey, mirrored, thumbnail, unlike
from evenlight.stats.two_sample import fold_kernel

BESIDE = ("unlike", "mirror")
"""Detectors that hold each image against the mean image of all people."""
FOLDS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Artefacts:
    """Detectors' numbers, `values` (n, q), one row an image and one column a detector (`names`).

    Individual data: `to_frame` and `joined` are kept with the patients' data.
    """

    rows: Text
    names: tuple[str, ...]
    values: Float

    def __post_init__(self) -> None:
        shaped(self, (len(self.rows), len(self.names)), "values")

    def to_frame(self) -> pd.DataFrame:
        """One line an image, one column a detector."""
        return pd.DataFrame(self.values, index=pd.Index(self.rows), columns=list(self.names))

    def joined(self, cohort: Cohort) -> Cohort:
        """The cohort with the detectors as columns of people: covariates, strata, groups.

        Raises CohortError where people have such a column already.
        """
        known = [name for name in self.names if name in cohort.people.columns]
        if known:
            raise CohortError(f"people have a column {known[0]!r} already; rename it")
        table = self._at(cohort)
        people = pd.concat([cohort.people, table.set_axis(cohort.people.index)], axis=1)
        return cohort.altered(people=people)

    def as_cohort(self, cohort: Cohort) -> Cohort:
        """The same people with the detectors in the place of x, to ask what these tell.

        `associate(found.as_cohort(cohort), by="site")` says which artefacts tell the site, given
        nothing and given the outcome.
        """
        table = self._at(cohort)
        return cohort.altered(x=table.to_numpy(), features=Features(self.names))

    def _at(self, cohort: Cohort) -> pd.DataFrame:
        index = align.match(self.rows, cohort.rows, what="artefacts")
        return self.to_frame().iloc[index]

    def __repr__(self) -> str:
        return f"Artefacts of {len(self.rows)} images: {', '.join(self.names)}"


def artefacts(
    cohort: Cohort, *, view: str | None = None, rng: np.random.Generator | int = 0
) -> Artefacts:
    """Simple detectors of what a model can read in place of the body (`stats.image_facts`).

    stamp, dark stamp
        how far something narrow stands out in a corner: letters, lead markers, blacked-out names.
    writing
        the share of the outer frame that stands out in narrow strokes.
    border
        the share of positions in outer lines that hold nothing: padding, collimation.
    mean, spread, clipped
        grey values of the whole image, and the share at either end of its range.
    sharpness
        fine detail over the image's own range: another resolution, another reconstruction.
    unlike, mirror
        one less the correlation with the mean image (above 1: inverted grey values), and how much
        better an image fits the mean image turned left to right (above 0: perhaps flipped). The
        axis is the one that its space says (L or R), of flat images without a word on it the
        last; of volumes without one there is no *mirror*.
    *view* like LEVEL
        with `view`, a column of people: how much the image looks like each level of it, by a
        discriminant of thumbnails that was learned from other units (cross-fitted); of rows whose
        view is unknown as well.

    Raises CohortError for a table, and GroupError for a view of fewer than two levels with 11
    units.
    """
    if cohort.x.ndim < 3:
        raise CohortError("artefacts are looked for in images (n, c, *space); x is a table")
    mean = _mean(cohort)
    across = _across(cohort)
    beside = BESIDE if across is not None else BESIDE[:1]
    made: dict[str, Float] = {name: np.empty(cohort.n) for name in (*ALONE, *beside)}
    thumbs = []
    for part, rows in cohort.blocks():
        image = _grey(rows, cohort)
        for name, detector in ALONE.items():
            made[name][part] = detector(image)
        made["unlike"][part] = unlike(image, mean)
        if across is not None:
            made["mirror"][part] = mirrored(image, mean, across)
        thumbs.append(thumbnail(image) if view is not None else np.empty((len(image), 0)))
    if view is not None:
        made |= _views(cohort, view, np.concatenate(thumbs), np.random.default_rng(rng))
    return Artefacts(cohort.rows, tuple(made), np.column_stack(list(made.values())))


def _across(cohort: Cohort) -> int | None:
    """The axis of space that goes from left to right; None where nothing says which."""
    space = cohort.features.space
    letters = "" if space is None else space.orientation.upper()
    known = [axis for axis, letter in enumerate(letters) if letter in "LR"]
    if known:
        return known[0] - len(letters)
    return -1 if _grey(cohort.dense(np.arange(1)), cohort).ndim == 3 else None


def _grey(x: Float, cohort: Cohort) -> Float:
    """Rows as (m, *space)."""
    space = cohort.features.space
    channels = x.ndim - 1 > len(space.shape) if space is not None else x.ndim > 3
    return grey(x) if channels else x


def _mean(cohort: Cohort) -> Float:
    """The mean image (*space), each unit counted once."""
    weight = 1 / np.bincount(cohort.units)[cohort.units]
    total: Float | float = 0.0
    for part, x in cohort.blocks():
        total = total + np.tensordot(weight[part], _grey(x, cohort), axes=1)
    mean: Float = np.asarray(total) / cohort.u
    return mean


def _views(cohort: Cohort, view: str, thumbs: Float, rng: np.random.Generator) -> dict[str, Float]:
    """How much each row looks like each level of a column, from other units' rows."""
    labels = cohort.people.get(view)
    if labels is None:
        raise GroupError(f"no column {view!r} among people; name that of the view")
    known = labels.notna().to_numpy()
    levels, codes = np.unique(labels[known].astype(str), return_inverse=True)
    units = [len(np.unique(cohort.units[known][codes == k])) for k in range(len(levels))]
    least = least_shown()
    if len(levels) < 2 or min(units) < least:
        told = {str(a): b if b >= least else "fewer" for a, b in zip(levels, units, strict=True)}
        raise GroupError(f"{view}: {told} units; two or more levels of {least} are needed")
    target = np.zeros((cohort.n, len(levels)))
    target[np.flatnonzero(known), codes] = 1.0
    scores = crossfitted(thumbs, target, known, cohort.units, rng=rng)
    return {f"{view} like {level}": scores[:, k] for k, level in enumerate(levels)}


def crossfitted(
    x: Float, target: Float, known: np.ndarray, units: Int, *, rng: np.random.Generator
) -> Float:
    """Scores (n, k) of rows x (n, q) by a shrunken discriminant of known rows of other units.

    `target` (n, k) are indicators of the levels. Scores are centred, of SD 1.
    """
    fold = dealt(np.zeros(int(units.max()) + 1, dtype=np.int64), count=FOLDS, rng=rng)[units]
    out = np.zeros(target.shape)
    for f in np.unique(fold):
        seen = np.flatnonzero((fold != f) & known)
        middle = x[seen].mean(axis=0)
        kernel = fold_kernel(x - middle, np.flatnonzero(fold == f), seen)
        share = target[seen].sum(axis=0)
        aim = np.zeros(target.shape)
        aim[seen] = target[seen] / np.maximum(share, 1) - 1 / len(seen)
        out[kernel.held] = kernel.left @ (kernel.right @ aim)
    spread = out.std(axis=0)
    scores: Float = (out - out.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return scores
