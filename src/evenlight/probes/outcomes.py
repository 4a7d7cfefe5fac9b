"""The strata given which people of two groups are compared: outcome, and declared strata."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Int
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.data.outcome import Survival
from evenlight.data.strata import strata_without
from evenlight.stats.cells import joint
from evenlight.stats.effects import unit_means
from evenlight.stats.strata import outcome_bins, survival_bins, unit_categories
from evenlight.stats.survival import martingale


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
    values = _residual(cohort) if isinstance(cohort.outcome, Survival) else cohort.y
    y = unit_means(values, cohort.units, cohort.order)
    if not isinstance(cohort.outcome, Survival):
        return y, outcome_bins(y, group, kind="continuous")[0]
    event = unit_means(_followed(cohort)[1], cohort.units, cohort.order)
    return y, survival_bins(y, event, group)[0]


def _followed(cohort: Cohort) -> tuple[Float, Float]:
    """Time and event (n,), NaN where either is unknown."""
    assert isinstance(cohort.outcome, Survival)
    table = cohort.people[[cohort.outcome.time, cohort.outcome.event]]
    numbers = table.apply(pd.to_numeric, errors="coerce")
    time, event = numbers.to_numpy(dtype=np.float64, na_value=np.nan).T
    return time, event


def _residual(cohort: Cohort) -> Float:
    """Martingale residuals (n,) of the Nelson-Aalen null model, NaN where time is unknown."""
    time, event = _followed(cohort)
    known = np.isfinite(time) & np.isfinite(event)
    weight = 1 / np.bincount(cohort.units)[cohort.units]
    rows = cohort.order[known[cohort.order]]
    out = np.full(cohort.n, np.nan)
    out[rows] = martingale(time[rows], event[rows], weight[rows])
    return out
