"""How far each unit of a cohort is from training, a block of units at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.data.cohort import Cohort
from evenlight.data.training import TrainingSummary
from evenlight.errors import EvenlightError
from evenlight.small_groups import least_shown
from evenlight.stats.mean_shift import Pairs

ENTRIES = 8_000_000
"""Numbers of a block, at most, but for the rows of one unit."""

OFF = 0.1
"""Rows this many SD of training outside of all of its directions lie there not by rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class FarUnits:
    """Of u units the mean `squares` (u,) of their rows a direction, and pairs of each level.

    Of f fields `own` (u,) and `along` (f, u) as in `Pairs`, `totals` a field (levels,);
    `outside` is the share of units with rows where training does not vary, to 5 %, and 0 where
    these are fewer than 11.
    """

    squares: Float
    own: Float
    along: Float
    totals: tuple[Float, ...]
    outside: float

    def pairs(self, field: int, level: int, at: Bool) -> Pairs:
        """Those of one level of a field, of the units `at` (u,)."""
        return Pairs(float(self.totals[field][level]), self.own[at], self.along[field, at])


def far_units(
    cohort: Cohort, summary: TrainingSummary, fields: Sequence[tuple[Int, int]]
) -> FarUnits:
    """Of the units of a cohort, whose level is `codes` (u,) in each field, with its levels' number.

    Two passes over the rows: sums of each level, then each unit along them.
    """
    places, width = summary.places(cohort), len(summary.principal.variances)
    width += len(places) if summary.principal.rest > 0 else 0
    squares, own, outside = np.zeros(cohort.u), np.zeros(cohort.u), np.zeros(cohort.u)
    sums = [np.zeros((levels, width)) for _, levels in fields]
    for unit, means, square, off in _blocks(cohort, summary, places):
        squares[unit], own[unit], outside[unit] = square, (means**2).sum(axis=1), off
        for (codes, _), whole in zip(fields, sums, strict=True):
            known = codes[unit] >= 0
            np.add.at(whole, codes[unit][known], means[known])
    along = np.zeros((len(fields), cohort.u))
    for unit, means, _, _ in _blocks(cohort, summary, places):
        for i, ((codes, _), whole) in enumerate(zip(fields, sums, strict=True)):
            along[i, unit] = (means * whole[codes[unit]]).sum(axis=1)
    totals = tuple((whole**2).sum(axis=1) for whole in sums)
    many = outside.sum() >= least_shown()
    share = round(20 * float(outside.mean())) / 20 if many else 0.0
    return FarUnits(squares, own, along, totals, share)


def _blocks(
    cohort: Cohort, summary: TrainingSummary, places: Sequence[int]
) -> Iterator[tuple[Int, Float, Float, Bool]]:
    """Units (b,), the means of their rows' scores, of their squares, and if any lies outside.

    By unit and by id, so that no sum depends on the order of rows.
    """
    order = cohort.order[np.argsort(cohort.units[cohort.order], kind="stable")]
    starts = np.r_[0, np.cumsum(np.bincount(cohort.units, minlength=cohort.u))]
    most = max(1, ENTRIES // max(2 * int(cohort.x.shape[1]), 1))
    first = 0
    while first < cohort.u:
        last = int(np.searchsorted(starts, starts[first] + most, side="right")) - 1
        last = max(last, first + 1)
        rows = order[starts[first] : starts[last]]
        back = np.argsort(np.argsort(rows, kind="stable"), kind="stable")
        x = cohort.dense(np.sort(rows))[back][:, places]
        means, square, off = _scored(x, summary)
        at, size = starts[first:last] - starts[first], np.diff(starts[first : last + 1])
        yield (
            np.arange(first, last),
            np.add.reduceat(means, at, axis=0) / size[:, None],
            np.add.reduceat(square, at) / size,
            np.logical_or.reduceat(off, at),
        )
        first = last


def _scored(x: Float, summary: TrainingSummary) -> tuple[Float, Float, Bool]:
    """Scores (m, k or k + p) of rows x (m, p), squares a direction, and which lie outside."""
    own = summary.principal
    z = own.apart(x)
    if not np.isfinite(z).all():
        raise EvenlightError("features have missing values")
    score = own.scores(z)
    if own.rest > 0:
        score = np.hstack([score, own.beyond(z) / np.sqrt(own.rest)])
    off = np.zeros(len(x), dtype=np.bool_)
    if own.rest == 0 and len(own.variances) < int((own.weight > 0).sum()):
        off = (own.beyond(z) ** 2).sum(axis=1) > OFF**2
    return score, (score**2).sum(axis=1) / own.free, off
