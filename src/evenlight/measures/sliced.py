"""Columns of a cohort as levels, for slices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Int
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.errors import CohortError
from evenlight.measures.prepare import own_states, own_values

FEW = 6
"""A column of at most as many distinct numbers is taken by its numbers, else in thirds."""

MANY = 50
"""Levels of a column beyond which it is no attribute but a name."""

THIRDS = ("low third", "middle third", "high third")


def levels_of(
    cohort: Cohort, over: Sequence[str | Groups]
) -> tuple[Int, tuple[tuple[str, ...], ...]]:
    """The level of each row in each of c columns (n, c), -1 unknown, and what levels are called.

    Raises CohortError for an unknown column, one with more than 50 labels, or the outcome.
    """
    made = [_levels(cohort, item) for item in over]
    codes = np.column_stack([codes for codes, _ in made])
    return codes, tuple(names for _, names in made)


def _levels(cohort: Cohort, item: str | Groups) -> tuple[Int, tuple[str, ...]]:
    if isinstance(item, Groups):
        made = cohort.grouping(item)
        return made.codes, tuple(f"{made.name}: {level}" for level in made.levels)
    if item == cohort.outcome:
        raise CohortError(f"{item!r} is the outcome: slices by it are not known when predicting")
    declared = next((g for g in cohort.groups if g.name == item), None)
    if declared is not None:
        return declared.codes, tuple(f"{item}: {level}" for level in declared.levels)
    if item in cohort.people.columns:
        return _column(item, cohort.people[item])
    states = own_states(cohort, item)
    if states is not None:
        return states[0], tuple(f"{item}: {state}" for state in states[1])
    values = own_values(cohort, item)
    if values is None:
        raise CohortError(f"no column {item!r} in people, nor in a table x; name one that is there")
    return _numbers(item, values)


def _column(name: str, column: pd.Series) -> tuple[Int, tuple[str, ...]]:
    if pd.api.types.is_numeric_dtype(column) and column.nunique() > FEW:
        return _numbers(name, column.to_numpy(dtype=np.float64, na_value=np.nan))
    made = Groups.from_labels(name, column, by_position=True)
    if len(made.levels) > MANY:
        raise CohortError(
            f"{name!r} has {len(made.levels)} labels; at most {MANY} are an attribute to slice by"
        )
    return made.codes, tuple(f"{name}: {level}" for level in made.levels)


def _numbers(name: str, values: Float) -> tuple[Int, tuple[str, ...]]:
    """Numbers by what they are, where they are few, else in thirds."""
    known = np.isfinite(values)
    few = np.unique(values[known])
    if len(few) <= FEW:
        codes = np.where(known, np.searchsorted(few, np.where(known, values, few[0])), -1)
        return codes.astype(np.int64), tuple(f"{name} = {value:g}" for value in few)
    edges = np.quantile(values[known], [1 / 3, 2 / 3])
    codes = np.where(known, np.searchsorted(edges, values, side="left"), -1)
    return codes.astype(np.int64), tuple(f"{name}: {third}" for third in THIRDS)
