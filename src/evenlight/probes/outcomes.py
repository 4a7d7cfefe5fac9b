"""The strata given which people of two groups are compared: outcome, and declared strata."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.data.cohort import Cohort
from evenlight.data.followed import followed
from evenlight.data.groups import Groups
from evenlight.data.outcome import Survival
from evenlight.data.strata import strata_without
from evenlight.stats.cells import joint
from evenlight.stats.effects import unit_means
from evenlight.stats.strata import outcome_bins, survival_bins, unit_categories
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
    group = np.full(u, -1, dtype=np.int64)
    np.maximum.at(group, unit, groups.codes)
    nuisance = np.full(u, -1, dtype=np.int64)
    back = cohort.order[::-1]
    nuisance[unit[back]] = strata_without(cohort, groups.name)[back]
    strata = ["strata"] if set(cohort.strata) - {groups.name} else []
    if cohort.outcome_kind is None:
        y, codes, held = np.full(u, np.nan), nuisance, strata or ["nothing"]
        bins = np.zeros(u, dtype=np.int64)
    else:
        y, bins = _bins(cohort, group)
        codes, held = joint([bins, nuisance]), ["outcome", *strata]
    words = " and ".join(held)
    return Given(group[unit], codes[unit], nuisance[unit], bins[unit], y[unit], words)


def _bins(cohort: Cohort, group: Int) -> tuple[Float, Int]:
    """The outcome that is cut (u,), and its bins (u,)."""
    if cohort.outcome_kind in ("binary", "categorical"):
        categories = unit_categories(cohort.y, cohort.units)
        bins, _ = outcome_bins(categories, group, kind="categorical")
        return np.full(cohort.u, np.nan), bins
    if not isinstance(cohort.outcome, Survival):
        y = unit_means(cohort.y, cohort.units, cohort.order)
        return y, outcome_bins(y, group, kind="continuous")[0]
    time, event = followed(cohort)
    each = residuals(time, event, cohort.units, cohort.order)
    y, seen = (unit_means(rows, cohort.units, cohort.order) for rows in (each, event))
    return y, survival_bins(y, seen, group)[0]
