"""Why the features of a cohort are not those of a model, and what makes them so."""

from __future__ import annotations

from collections.abc import Sequence

from evenlight.data.cohort import Cohort
from evenlight.data.name_diff import NameDiff, name_diff


def other_features(wanted: Sequence[str], cohort: Cohort) -> str:
    """The difference in words, and a remedy that fits it.

    >>> import numpy as np, pandas as pd
    >>> people = pd.DataFrame({"sex": ["f", "m"]}, index=["a", "b"])
    >>> cohort = Cohort(np.eye(2), people, ["TP53", "MYC"])
    >>> print(other_features(["MYC", "TP53"], cohort))
    the same names in another order (column 0 is 'MYC', here 'TP53'): evenlight.ordered(cohort, \
names) puts them in the model's order (in a plan: reorder `features`); columns are never matched \
by position
    """
    apart = name_diff(wanted, cohort.features.names)
    return f"{apart.sentence()}: {_remedy(apart, cohort)}; columns are never matched by position"


def _remedy(apart: NameDiff, cohort: Cohort) -> str:
    if not apart.missing:
        more = ', extra="drop"' if apart.extra else ""
        plan = "" if apart.extra else " (in a plan: reorder `features`)"
        return f"evenlight.ordered(cohort, names{more}) puts them in the model's order{plan}"
    column = _column(apart.missing, cohort)
    if column:
        return (
            f"column {column!r} of the features holds them: say features={column!r} where the "
            "cohort is made (tl.explain, Cohort.from_anndata), or "
            f"evenlight.renamed(cohort, cohort.features.table[{column!r}].to_dict())"
        )
    if apart.hints:
        return "the names must be brought together first"
    return (
        "the model cannot be asked without these features: take them into the cohort, or audit a "
        "model that was trained without them"
    )


def _column(missing: Sequence[str], cohort: Cohort) -> str:
    """The column of the feature table that holds all names that are missing, "" if none does."""
    table = cohort.features.table
    if table is None:
        return ""
    for name in table.columns:
        if set(missing) <= set(table[name].dropna().astype(str)):
            return str(name)
    return ""
