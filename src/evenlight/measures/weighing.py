"""How much each unit counts: once, or by the sampling weight that the cohort declares.

One rule for every measure: a weight is a number of 0 or more, one a unit; a unit of weight 0 does
not enter.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from evenlight.arrays import Bool, Float, Int
from evenlight.data.cohort import Cohort
from evenlight.errors import CohortError
from evenlight.measures.prepare import Setting
from evenlight.stats.intervals import unit_weights


def sampling_weights(here: Setting) -> Float | None:
    """The sampling weight of each unit (u,), None where the cohort declares none.

    Raises CohortError where one is missing, negative, or differs between the rows of a unit.
    """
    return _declared(here.cohort, here.kept, here.unit, len(here.unit_group))


def sampling(here: Setting) -> Float:
    """The sampling weight of each unit (u,), of mean 1; 1 where none is declared."""
    return unit_sampling(here.cohort, here.kept, here.unit)


def unit_sampling(cohort: Cohort, kept: Bool | Int, unit: Int) -> Float:
    """The same for the `unit` (m,) of the kept rows."""
    units = int(unit.max(initial=-1)) + 1
    weight = _declared(cohort, kept, unit, units)
    return np.ones(units) if weight is None else weight / weight.mean()


def weighted(cohort: Cohort) -> Bool:
    """Which rows (n,) enter: all but those of sampling weight 0."""
    if cohort.weights is None:
        return np.ones(cohort.n, dtype=bool)
    entering: Bool = _numbers(cohort, cohort.weights) != 0
    return entering


def row_weights(here: Setting, *, draws: int, rng: np.random.Generator) -> Float:
    """First row: every unit as it is sampled; then bootstrap draws, (1 + draws, rows).

    The rows of a unit share its weight.
    """
    share = sampling(here)[here.unit] / np.bincount(here.unit)[here.unit]
    again = unit_weights(here.unit_group, draws=draws, rng=rng)
    out = np.vstack([np.ones(len(here.unit_group)), again])[:, here.unit]
    out *= share
    return out


def _declared(cohort: Cohort, kept: Bool | Int, unit: Int, units: int) -> Float | None:
    """The weight of each unit (units,) of the kept rows as it is declared."""
    name = cohort.weights
    if name is None:
        return None
    rows = _numbers(cohort, name)[kept]
    wrong = int((~np.isfinite(rows) | (rows < 0)).sum())
    if wrong:
        raise CohortError(
            f"weights {name!r}: {wrong} of {len(rows)} rows hold no number of 0 or more; give "
            "each a sampling weight, 0 for none"
        )
    least, most = np.full(units, np.inf), np.zeros(units)
    np.minimum.at(least, unit, rows)
    np.maximum.at(most, unit, rows)
    torn = int((most - least > 1e-9 * most).sum())
    if torn:
        raise CohortError(
            f"weights {name!r}: {torn} of {units} units have rows of different weight; a sampling "
            "weight says how many people a unit stands for, so it is one a unit"
        )
    if not most.max(initial=0.0) > 0:
        raise CohortError(f"weights {name!r}: all are 0; at least one unit must count")
    return most


def _numbers(cohort: Cohort, name: str) -> Float:
    """The declared weight of each row (n,), NaN where it is no number."""
    column = pd.to_numeric(cohort.people[name], errors="coerce")
    return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
