"""A cohort with exactly the features that are wanted, in their order: by name, never by a guess."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from evenlight.arrays import Int
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features
from evenlight.data.name_diff import name_diff
from evenlight.data.picked import pick
from evenlight.data.unique_names import unique
from evenlight.errors import FeatureError


def ordered(
    cohort: Cohort,
    names: Sequence[str],
    *,
    extra: Literal["error", "drop"] = "error",
    by_position: bool = False,
) -> Cohort:
    """The same cohort with the features `names` (q,), in that order, matched by exact name.

    Parameters
    ----------
    names
        the features that a model was trained on, in its order; of images the channels.
    extra
        "drop" leaves out columns that are not among them, with a note.
    by_position
        the columns are these features already, under other names: as many as there are, in this
        order, on the word of the caller, which a note repeats.

    Raises
    ------
    FeatureError
        with the difference, where a name is missing, or extra and not to be dropped.

    >>> import pandas as pd
    >>> people = pd.DataFrame({"sex": ["f", "m"]}, index=["a", "b"])
    >>> cohort = Cohort(np.array([[1.0, 2.0], [3.0, 4.0]]), people, ["TP53", "MYC"])
    >>> ordered(cohort, ["MYC", "TP53"]).x.tolist()
    [[2.0, 1.0], [4.0, 3.0]]
    """
    wanted = tuple(names)
    unique(wanted, "feature")
    if cohort.x.ndim != 2 and cohort.features.space is None:
        raise FeatureError(
            f"rows of x have shape {cohort.x.shape[1:]}; only columns, and channels of images with "
            "a space (read_images), have an order"
        )
    if by_position:
        return _named(cohort, wanted)
    apart = name_diff(wanted, cohort.features.names)
    if apart.missing or (apart.extra and extra == "error"):
        remedy = "" if apart.missing else '; say extra="drop" to leave them out'
        raise FeatureError(
            f"the cohort has other features than the {len(wanted)} that are wanted: "
            f"{apart.sentence()}{remedy}"
        )
    at = np.array([cohort.features.place[name] for name in wanted], dtype=np.int64)
    left = f"{len(apart.extra)} of {len(cohort.features)} features were left out; the others stand"
    notes = (f"{left} in the order that was asked for.",) if apart.extra else ()
    made = columns_of(cohort.features, at, wanted)
    return cohort.altered(x=pick(cohort.x, at), features=made, notes=(*cohort.notes, *notes))


def columns_of(features: Features, at: Int, names: Sequence[str]) -> Features:
    """Features `at` (q,) under `names`, with their rows of the table and their one-hot variables.

    Raises FeatureError where a one-hot variable would lose or rename one of its columns.
    """
    new = {features.names[j]: name for j, name in zip(at.tolist(), names, strict=True)}
    kept = []
    for coded in features.indicators:
        stay = [new.get(column) == column for column in coded.columns]
        if any(stay) and not all(stay):
            lost = next(c for c, here in zip(coded.columns, stay, strict=True) if not here)
            raise FeatureError(
                f"{coded.variable!r} is coded by {len(stay)} columns and {lost!r} would be left "
                "out or renamed; keep all of them, or none"
            )
        kept += [coded] if all(stay) else []
    table = features.table
    if table is not None:
        table = table.iloc[at].set_axis(list(names), axis=0)
    return Features(tuple(names), table, tuple(kept), features.space)


def _named(cohort: Cohort, names: tuple[str, ...]) -> Cohort:
    """The same columns under other names, on the word of the caller."""
    have = cohort.features
    if len(names) != len(have):
        raise FeatureError(
            f"by_position=True names {len(have)} columns with {len(names)} names; as many are "
            "wanted as there are columns"
        )
    if have.indicators:
        raise FeatureError(
            "one-hot variables cannot be renamed by position; name columns where they are made"
        )
    other = sum(a != b for a, b in zip(names, have.names, strict=True))
    note = (
        f"{other} of {len(names)} features got other names by position, on the word of whoever "
        "asked for it: nothing was matched."
    )
    table = None if have.table is None else have.table.set_axis(list(names), axis=0)
    made = replace(have, names=names, table=table)
    return cohort.altered(features=made, notes=(*cohort.notes, *((note,) if other else ())))
