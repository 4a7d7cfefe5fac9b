"""How much each unit counts: once, or by the sampling weight that the cohort declares."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evenlight.arrays import Bool, Float, Int
from evenlight.data.cohort import Cohort
from evenlight.errors import CohortError
from evenlight.measures.prepare import Setting
from evenlight.stats.intervals import unit_weights


def sampling(here: Setting) -> Float:
    """The sampling weight of each unit (u,), of mean 1; 1 where none is declared."""
    return unit_sampling(here.cohort, here.kept, here.unit)


def unit_sampling(cohort: Cohort, kept: Bool | Int, unit: Int) -> Float:
    """The same for the `unit` (m,) of the kept rows.

    Raises CohortError where a weight is missing, not above 0, or differs inside a unit.
    """
    units, name = int(unit.max(initial=-1)) + 1, cohort.weights
    if name is None:
        return np.ones(units)
    column = pd.to_numeric(cohort.people[name], errors="coerce")
    weight = column.to_numpy(dtype=np.float64)[kept]
    bad = ~(weight > 0) | np.isinf(weight)
    if bad.any():
        raise CohortError(
            f"weights {name!r}: {int(bad.sum())} of {len(weight)} rows have none above 0; "
            "correct them, or leave these people out"
        )
    low, high = np.full(units, np.inf), np.zeros(units)
    np.minimum.at(low, unit, weight)
    np.maximum.at(high, unit, weight)
    torn = int((high > low * (1 + 1e-9)).sum())
    if torn:
        raise CohortError(
            f"weights {name!r}: {torn} of {units} units have more than one weight; a unit has one"
        )
    out: Float = low / low.mean()
    return out


def row_weights(here: Setting, *, draws: int, rng: np.random.Generator) -> Float:
    """First row: every unit as it is sampled; then bootstrap draws, (1 + draws, rows).

    The rows of a unit share its weight.
    """
    share = sampling(here)[here.unit] / np.bincount(here.unit)[here.unit]
    again = unit_weights(here.unit_group, draws=draws, rng=rng)
    out = np.vstack([np.ones(len(here.unit_group)), again])[:, here.unit]
    out *= share
    return out
