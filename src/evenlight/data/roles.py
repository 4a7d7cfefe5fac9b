"""Groups and axes lined up with the rows of a cohort."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from evenlight.arrays import Int, Text
from evenlight.data import align
from evenlight.data.groups import Axes, Groups
from evenlight.errors import GroupError


def grouping(by: str | Groups, people: pd.DataFrame, rows: Text) -> Groups:
    """A column of people, or a Groups matched by id (by position where it has no ids)."""
    made = Groups.from_labels(by, people[by]) if isinstance(by, str) else by
    if made.rows is not None:
        return made.take(align.match(made.rows, rows, what=f"labels of {made.name!r}"))
    if len(made.codes) != len(rows):
        raise GroupError(f"{made.name}: {len(made.codes)} labels for {len(rows)} rows")
    return Groups(made.name, made.levels, made.codes, made.source, made.reference, rows)


def axes_at(axes: Axes, rows: Text, index: Int) -> Axes:
    """The axes of the rows at `index`, matched by id where they have ids."""
    if axes.rows is not None:
        return axes.take(align.match(axes.rows, rows, what=axes.name)[index])
    if len(axes.values) != len(rows):
        raise GroupError(f"{axes.name}: values for {len(axes.values)} of {len(rows)} rows")
    return axes.take(index)


def crossed(people: pd.DataFrame, columns: Sequence[str]) -> Int:
    """The cross of some columns (n,): codes in sorted order, -1 where one is unknown.

    >>> crossed(pd.DataFrame({"site": ["t", "s", None], "batch": [1, 2, 1]}), ["site", "batch"])
    array([ 1,  0, -1])
    """
    if not columns:
        return np.zeros(len(people), dtype=np.int64)
    known = people[list(columns)].notna().all(axis=1).to_numpy()
    labels = [people[c].astype(str).to_numpy(dtype=np.str_) for c in columns]
    joint = np.array(["\x1f".join(cells) for cells in zip(*labels, strict=True)])
    codes = np.full(len(people), -1, dtype=np.int64)
    codes[known] = np.unique(joint[known], return_inverse=True)[1]
    return codes


def constant_in_unit(groups: Groups, units: Int) -> None:
    """Raise GroupError where a unit has rows in more than one group."""
    known = groups.known
    pairs = np.unique(np.column_stack([units[known], groups.codes[known]]), axis=0)
    people, counts = np.unique(pairs[:, 0], return_counts=True)
    torn = int((counts > 1).sum())
    if torn:
        raise GroupError(
            f"{groups.name}: {torn} of {len(people)} units are in more than one group; "
            "a unit has one label: correct the labels, set the doubtful ones to missing, or, where "
            f"it varies from row to row by nature, name it in strata=[{groups.name!r}] instead; of "
            "regions of images ask regions_within"
        )


def no_grouping(by: object) -> str:
    """Why `by` cannot divide people into groups."""
    if isinstance(by, Axes):
        return (
            f"by is the axes {by.name!r}, which are never cut into groups; compare, axes_omnibus "
            "and perform_along take axes"
        )
    return (
        f"by is a {type(by).__name__}; name a column of people, or build "
        "Groups.from_labels(name, Series indexed by row id)"
    )
