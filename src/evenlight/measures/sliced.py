"""Columns of a cohort as levels, for slices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from evenlight.arrays import Bool, Float, Int
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.errors import CohortError
from evenlight.measures.prepare import own_states, own_values
from evenlight.small_groups import least_shown

FEW = 6
"""A column of at most as many distinct numbers is taken by its numbers, else in thirds."""

MANY = 50
"""Levels of a column beyond which it is no attribute but a name."""

THIRDS = ("low third", "middle third", "high third")


def shown_levels(
    cohort: Cohort, over: Sequence[str | Groups], among: Bool
) -> tuple[Bool, Int, tuple[tuple[str, ...], ...]]:
    """Which of the rows `among` (n,) stay, their levels (n, c), and what levels are called.

    The slices of a column tell, by their differences, the mean of whoever is in none of them. Its
    levels of 1 to 10 units, and the unknown, are taken together, and where they have fewer than 11
    units in all, these are left out of every slice, and of the rest beside it: whatever is searched
    and told is then the same whatever they are like. Raises CohortError as `levels_of`.
    """
    while True:
        levels, names = levels_of(cohort, over, among)
        gone = np.zeros(len(among), dtype=bool)
        for own in levels.T:
            own[_few(own, cohort.units, among)] = -1
            left = among & (own < 0)
            if 0 < len(np.unique(cohort.units[left])) < least_shown():
                gone |= left
        if not gone.any():
            return among, levels, names
        among = among & ~gone


def _few(codes: Int, units: Int, among: Bool) -> Bool:
    """Rows (n,) of levels that fewer than 11 units have."""
    pairs = np.unique(np.stack([codes[among] + 1, units[among]]), axis=1)
    many = np.bincount(pairs[0], minlength=int(codes.max(initial=-1)) + 2)
    return np.asarray(many[codes + 1] < least_shown())


def levels_of(
    cohort: Cohort, over: Sequence[str | Groups], among: Bool | None = None
) -> tuple[Int, tuple[tuple[str, ...], ...]]:
    """The level of each row in each of c columns (n, c), -1 unknown, and what levels are called.

    Numbers are cut by those of the rows `among` (n,), by default all; others have no level there.
    Raises CohortError for an unknown column, one with more than 50 labels, or the outcome.
    """
    among = np.ones(cohort.n, dtype=bool) if among is None else among
    made = [_levels(cohort, item, among) for item in over]
    codes = np.column_stack([np.where(among, codes, -1) for codes, _ in made])
    return codes, tuple(names for _, names in made)


def _levels(cohort: Cohort, item: str | Groups, among: Bool) -> tuple[Int, tuple[str, ...]]:
    if isinstance(item, Groups):
        made = cohort.grouping(item)
        return made.codes, tuple(f"{made.name}: {level}" for level in made.levels)
    if item == cohort.outcome:
        raise CohortError(f"{item!r} is the outcome: slices by it are not known when predicting")
    declared = next((g for g in cohort.groups if g.name == item), None)
    if declared is not None:
        return declared.codes, tuple(f"{item}: {level}" for level in declared.levels)
    if item in cohort.people.columns:
        return _column(item, cohort.people[item], among)
    states = own_states(cohort, item)
    if states is not None:
        return states[0], tuple(f"{item}: {state}" for state in states[1])
    values = own_values(cohort, item)
    if values is None:
        raise CohortError(f"no column {item!r} in people, nor in a table x; name one that is there")
    return _numbers(item, values, among)


def _column(name: str, column: pd.Series, among: Bool) -> tuple[Int, tuple[str, ...]]:
    if pd.api.types.is_numeric_dtype(column) and column[among].nunique() > FEW:
        return _numbers(name, column.to_numpy(dtype=np.float64, na_value=np.nan), among)
    made = Groups.from_labels(name, column, by_position=True)
    if len(made.levels) > MANY:
        raise CohortError(
            f"{name!r} has {len(made.levels)} labels; at most {MANY} are an attribute to slice by"
        )
    return made.codes, tuple(f"{name}: {level}" for level in made.levels)


def _numbers(name: str, values: Float, among: Bool) -> tuple[Int, tuple[str, ...]]:
    """Numbers by what they are, where they are few, else in thirds; -1 where not `among`."""
    known = np.isfinite(values) & among
    few = np.unique(values[known])
    if len(few) <= FEW:
        codes = np.full(len(values), -1, dtype=np.int64)
        codes[known] = np.searchsorted(few, values[known])
        return codes, tuple(f"{name} = {value:g}" for value in few)
    edges = np.quantile(values[known], [1 / 3, 2 / 3])
    codes = np.where(known, np.searchsorted(edges, values, side="left"), -1)
    return codes.astype(np.int64), tuple(f"{name}: {third}" for third in THIRDS)
