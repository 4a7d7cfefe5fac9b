"""The strata given which people of two groups are compared: outcome, and declared strata."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.data.cohort import Cohort
from evenlight.data.followed import followed
from evenlight.data.groups import Groups
from evenlight.data.strata import strata_without
from evenlight.data.units import compositions, unit_codes
from evenlight.stats.cells import joint
from evenlight.stats.effects import unit_means
from evenlight.stats.held import CLASSES, HeldOutcome, held_outcome
from evenlight.stats.strata import unit_categories
from evenlight.stats.survival import residuals


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """What is held, over n rows; the same for all rows of a unit.

    `group` (n,) codes, -1 unknown; `stratum` (n,) the cross of the outcome and the declared strata,
    -1 unknown; `nuisance` (n,) the declared strata alone, `piece` (n,) the outcome alone; `y` (n,)
    an outcome that was cut into bins, all NaN for categories; `words` what is held.
    """

    group: Int
    stratum: Int
    nuisance: Int
    piece: Int
    y: Float
    words: str


def given_outcome(cohort: Cohort, groups: Groups) -> Given:
    """Strata of categories as they are, and of numbers by quantile bins as `rely` cuts them.

    A survival outcome is cut by the martingale residual of the null model. Without an outcome only
    the declared strata are held; one that is the grouping itself is no stratum.
    """
    unit, u = cohort.units, cohort.u
    group = unit_codes(groups.codes, unit)
    nuisance = compositions(strata_without(cohort, groups.name), unit)
    strata = ["strata"] if set(cohort.strata) - {groups.name} else []
    if cohort.outcome_kind is None:
        own, codes, held = HeldOutcome(np.zeros(u, dtype=np.int64), 0, None), nuisance, strata
    else:
        y, event = unit_outcomes(cohort)
        own = held_outcome(y, group, kind=cohort.outcome_kind, event=event)
        codes, held = joint([own.piece, nuisance]), ["outcome", *strata]
    left = np.full(u, np.nan) if own.y is None else own.y
    words = " and ".join(held or ["nothing"])
    return Given(group[unit], codes[unit], nuisance[unit], own.piece[unit], left[unit], words)


def unit_outcomes(cohort: Cohort) -> tuple[Float, Float | None]:
    """The outcome of units (u,) as a number, and of survival whether the event was seen (u,).

    A class as its code, one more where rows differ; a number as the mean of its rows, and so the
    martingale residual of a survival time and its event, which may lie between 0 and 1.
    """
    unit, order = cohort.units, cohort.order
    if cohort.outcome_kind in CLASSES:
        return unit_categories(cohort.y, unit), None
    if cohort.outcome_kind != "survival":
        return unit_means(cohort.y, unit, order), None
    time, event = followed(cohort)
    each = residuals(time, event, unit, order)
    return unit_means(each, unit, order), unit_means(event, unit, order)
