"""An outcome that is held fixed: classes as they are, numbers and survival times in bins.

One rule for whoever compares groups given the outcome, over rows or over units: reliance, probes
of what a layer tells, erasure, and the interventions on features.
"""

from __future__ import annotations

from dataclasses import dataclass

from evenlight.arrays import Float, Int
from evenlight.stats.strata import outcome_bins, survival_bins

CLASSES = ("binary", "categorical")
"""Outcomes that are held as they are; all others are cut into bins."""


@dataclass(frozen=True, slots=True, eq=False)
class HeldOutcome:
    """An outcome of n rows, or of n units, as it is held.

    `piece` (n,) is the class or the bin of each, -1 where it is unknown or not shared by groups;
    `bins` how many bins were cut, 0 of classes; `y` (n,) a number that varies inside its bins, so
    that its slope there is taken off (`strata.within_adjusted`), None of classes.
    """

    piece: Int
    bins: int
    y: Float | None


def held_outcome(
    y: Float, group: Int, *, kind: str, event: Float | None = None, bins: int | None = None
) -> HeldOutcome:
    """Hold y (n,) among groups (n,), -1 unknown: codes of classes, numbers, martingale residuals.

    `event` (n,) says of residuals whether the event was seen, which are then cut by
    `strata.survival_bins`; numbers by `strata.outcome_bins`, into `bins`, or as many as groups can
    fill.

    >>> import numpy as np
    >>> y, group = np.array([0.0, 1.0, 1.0, np.nan]), np.array([0, 1, 0, 1])
    >>> held_outcome(y, group, kind="binary").piece.tolist()
    [0, 1, 1, -1]
    >>> cut = held_outcome(y, group, kind="continuous", bins=2)
    >>> cut.piece.tolist(), cut.bins
    ([0, 1, 1, -1], 2)
    """
    if kind in CLASSES:
        return HeldOutcome(*outcome_bins(y, group, kind=kind), None)
    if event is None:
        return HeldOutcome(*outcome_bins(y, group, kind="continuous", bins=bins), y)
    return HeldOutcome(*survival_bins(y, event, group, bins=bins), y)
