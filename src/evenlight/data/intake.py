"""From what people hand over to what a cohort holds; each problem is named before any work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from evenlight.arrays import Bool, Int, Text, Values
from evenlight.data import align
from evenlight.data.features import Features
from evenlight.data.gene_names import mangled, mangled_words
from evenlight.data.groups import Axes, Groups
from evenlight.data.missing_codes import shown_count
from evenlight.data.name_diff import name_diff
from evenlight.data.nearest import hint
from evenlight.data.number_cells import no_levels
from evenlight.data.outcome import Survival
from evenlight.data.rows import Held, Rows, is_sparse
from evenlight.data.shown import LONGEST_NAME, overlong, short
from evenlight.data.sources import lazy, plain
from evenlight.errors import CohortError, FeatureError
from evenlight.small_groups import least_shown

CODED = "code categories as indicator columns (ev.read_table does)"

ROUND_TO = 5
"""Counts beside a hidden one are told to this (as `stats.disclosure` does, a floor above)."""


def people_table(people: object) -> pd.DataFrame:
    """`people` itself, if it is a DataFrame with unique text ids as index."""
    if not isinstance(people, pd.DataFrame):
        raise CohortError(
            f"people is a {type(people).__name__}; pass a DataFrame indexed by row id"
        )
    return people


def rows_of(x: object, people: pd.DataFrame) -> tuple[Text, Held, tuple[str, ...] | None]:
    """Row ids (n,), values (n, *s) and column names of x; a bare x takes the ids of people."""
    if isinstance(x, pd.DataFrame):
        text = x.columns[[not pd.api.types.is_numeric_dtype(d) for d in x.dtypes]]
        if len(text):
            raise CohortError(
                f"{len(text)} columns of x are not numbers; the first, {short(text[0])!r}, "
                f"{no_levels(x[text[0]], few=0, nearly=0.5) or 'holds text'}; {CODED}"
            )
        return align.ids(x.index), x.to_numpy(dtype=np.float64), tuple(map(str, x.columns))
    if hasattr(x, "obs") and hasattr(x, "var_names"):
        raise CohortError(
            f"x is a {type(x).__name__}; call Cohort.from_anndata(x, ...), which takes its matrix, "
            "people and names"
        )
    values = _values(x)
    if values.shape[0] != len(people):
        raise CohortError(f"x has {values.shape[0]} rows and people has {len(people)}")
    return align.ids(people.index), values, None


def _values(x: Any) -> Held:
    """An array, CSR, or rows that are read when they are asked for."""
    if isinstance(x, Rows):
        return x
    if is_sparse(x):
        held: Held = sparse.csr_array(x)
        return held
    return Rows(x) if lazy(x) else _numbers(x)


def _numbers(x: object) -> Values:
    masked = np.ma.isMaskedArray(x)
    array = np.ma.filled(np.ma.asarray(x, dtype=np.float64), np.nan) if masked else plain(x)
    if array.ndim < 2:
        raise CohortError(f"x has shape {array.shape}; wanted (rows, features)")
    if array.dtype.kind not in "fiub":
        raise CohortError(
            f"x has dtype {array.dtype}; wanted numbers (float, integer or boolean): "
            "convert it with astype(float)"
        )
    kept = array.dtype.newbyteorder("=") if array.dtype.kind == "f" else np.dtype(np.float64)
    return array.astype(kept, copy=False)


def listed(names: Any) -> Any:
    """One name alone as a list of one; anything else as it is.

    >>> listed("sex"), listed(["sex", "age"])
    (('sex',), ['sex', 'age'])
    """
    return (names,) if isinstance(names, str) else names


def named(
    groups: Any, strata: Any, covariates: Any, *, outcome: object
) -> tuple[Sequence[str | Groups], Sequence[str], Sequence[str]]:
    """Groups, strata and covariates as lists, where one column alone may stand as its name.

    Raises CohortError where a role is given as values in place of the name of a column.
    """
    groups, strata, covariates = (listed(one) for one in (groups, strata, covariates))
    if outcome is not None and not isinstance(outcome, str | Survival):
        raise CohortError(
            f"outcome is a {type(outcome).__name__}; name a column of people, or Survival(...)"
        )
    for role, names in {"groups": groups, "strata": strata, "covariates": covariates}.items():
        if not isinstance(names, list | tuple):
            raise CohortError(f"{role} is a {type(names).__name__}; wanted a list of columns")
        for one in names:
            if not isinstance(one, str | Groups):
                hint = ", or build Groups.from_labels" if role == "groups" else ""
                raise CohortError(
                    f"{role} holds a {type(one).__name__}; name a column of people{hint}"
                )
    return groups, strata, covariates


def need_columns(people: pd.DataFrame, columns: Sequence[str]) -> None:
    """Raise CohortError for the first column that people lacks, with the nearest name.

    Also for one with a label, or an id of a unit, that is far too long; it is told by its position.
    """
    have = [str(c) for c in people.columns]
    for column in columns:
        if column not in have:
            raise CohortError(f"people has no column {column!r}{hint(str(column), have)}")
        held = people[column].to_numpy().ravel() if column in people else np.zeros(0)
        at = overlong(held) if held.dtype == object else None
        if at is not None:
            raise CohortError(
                f"column {short(column)!r} of people holds a text of {len(held[at]):,} characters, "
                f"at position {at}; at most {LONGEST_NAME:,}: give short labels and ids"
            )


NO_SPLIT = (
    "No split was declared: held-out data were not shown, so the model may have been trained on "
    "these people."
)
"""Said of a cohort without a split, as long as nobody shows the training people beside it."""


BY_POSITION = (
    "Rows of x came without ids, and row i was taken to be row i of people; a DataFrame is matched "
    "by id."
)


def told_features(
    features: Sequence[str] | Features | None,
    named: tuple[str, ...] | None,
    values: Held,
    notes: list[str],
    rows: Text,
) -> Features:
    """The same as `feature_names`; a note names those that a spreadsheet made of gene symbols.

    Another says of bare values that they were matched by position with people who have ids; who
    hands over `Features` has read values and people together.
    """
    made = feature_names(features, named, values)
    bare = named is None and not isinstance(features, Features)
    if bare and not np.array_equal(rows, np.arange(len(rows)).astype(np.str_)):
        notes.append(BY_POSITION)
    dates = mangled(made.names)
    notes += [f"Features: {mangled_words(dates)}"] if dates else []
    return made


def feature_names(
    features: Sequence[str] | Features | None, named: tuple[str, ...] | None, values: Held
) -> Features:
    """The features, checked against the columns of x (exact names and order if both have names)."""
    p = int(values.shape[1])
    if features is None:
        if p == 0:
            raise FeatureError("there are no features; x needs at least one column")
        return Features(named or tuple(f"x{j}" for j in range(p)))
    made = features if isinstance(features, Features) else Features(tuple(features))
    if values.ndim == 2 and len(made) != p:
        raise FeatureError(f"{len(made)} feature names for {p} columns of x")
    if made.space is not None and tuple(values.shape[2:]) != made.space.shape:
        raise FeatureError(
            f"rows of x have shape {tuple(values.shape[1:])} and their space {made.space.shape}; "
            "wanted (channels, *space)"
        )
    if named is not None and named != made.names:
        raise FeatureError(
            "the columns of x differ from the feature names: "
            f"{name_diff(made.names, named).sentence()}; where the names are right, reorder x with "
            "x[list(names)]"
        )
    return made


def same_length(n: int, x: Held, groups: Sequence[Groups], axes: Sequence[Axes]) -> None:
    """Raise CohortError where x, a grouping or axes do not have the n rows of people."""
    have = {"x": x.shape[0]} | {g.name: len(g.codes) for g in groups}
    for name, rows in (have | {a.name: len(a.values) for a in axes}).items():
        if rows != n:
            raise CohortError(
                f"{name} has {rows} rows and the cohort has {n}; give one for each row of it, "
                "or take the rows first with cohort.take"
            )


def split_rows(
    people: pd.DataFrame, split: tuple[str, str] | None, notes: list[str], *, unit: str | None
) -> Bool:
    """Mask (n,) of the rows at the audited level; without a split, a note says so."""
    if split is None:
        notes.append(NO_SPLIT)
        return np.ones(len(people), dtype=bool)
    column, level = split
    chosen: Bool = (people[column].astype(str) == str(level)).to_numpy(dtype=bool)
    if not chosen.any():
        raise CohortError(
            f"split: no row has {column} = {level!r}; levels are "
            f"{sorted(people[column].astype(str).unique())[:8]}"
        )
    notes.append(f"Audited: the rows with {column} = {level}.")  # counts: `data.gone`
    notes += both_sides(people, unit, chosen)
    return chosen


def unit_names(people: pd.DataFrame, unit: str | None) -> Text | None:
    """The unit of each row (n,), None where each is its own."""
    own = None if unit in (None, "row") else people[unit]
    return None if own is None else own.astype(str).to_numpy(dtype=np.str_)


def both_sides(people: pd.DataFrame, unit: str | None, chosen: Bool) -> list[str]:
    """A note where units of the audited rows have rows on the other side of the split too.

    >>> people = pd.DataFrame({"donor": ["a", "a", "b", "c"]})
    >>> both_sides(people, "donor", np.array([True, False, True, False]))[0][:47]
    'Fewer than 11 of the audited units (donor) have'
    """
    if unit in (None, "row") or unit not in people.columns or chosen.all():
        return []
    names = people[unit].astype(str).to_numpy()
    both = len(np.intersect1d(names[chosen], names[~chosen]))
    if not both:
        return []
    many = f"{both:,}" if both >= least_shown() else f"Fewer than {least_shown()}"
    return [
        f"{many} of the audited units ({unit}) have rows on the other side of the split as well: "
        "to a model that was trained on those, they are not held out."
    ]


def inner_note(rows: Text, people: pd.DataFrame, keep: Int, groups: Sequence[str | Groups]) -> str:
    """What an inner join lost, in all and per group; a hidden count is in no sum of what is told.

    Where 1 to 10 people of a group are left out, or of no known group, all counts of people are to
    the nearest 5. A number below 11 is hidden, of rows as of people.

    >>> people = pd.DataFrame({"site": ["a"] * 14 + ["b"] * 3}, index=[str(i) for i in range(17)])
    >>> inner_note(np.array(["x"]), people, np.array([], dtype=int), ["site"])
    'Inner join: fewer than 11 rows of x and 15 of people left out; site: a 15, b fewer than 11 \
(people to the nearest 5).'
    """
    lost = people[~np.isin(align.ids(people.index), rows[keep])]
    tables = {by: _tally(lost[by]) for by in groups if isinstance(by, str) and by in people.columns}
    coarse = any(0 < n < least_shown() for counts in tables.values() for n in counts.values())
    told = "; ".join(
        f"{by}: " + ", ".join(f"{level} {_told(n, coarse)}" for level, n in counts.items())
        for by, counts in tables.items()
        if counts
    )
    all_told = (
        f"{_told(len(rows) - len(keep), False)} rows of x and {_told(len(lost), coarse)} of people"
    )
    near = f" (people to the nearest {ROUND_TO})" if coarse and len(lost) >= least_shown() else ""
    return f"Inner join: {all_told} left out{'; ' + told if told else ''}{near}."


def _tally(labels: pd.Series) -> dict[str, int]:
    """How many people have each label, most first, and how many have none."""
    counts = {str(label): int(n) for label, n in labels.value_counts().items() if n}
    unknown = int(labels.isna().sum())
    return counts | ({"unknown": unknown} if unknown else {})


def _told(n: int, coarse: bool) -> str:
    """A count of people left out as it may be told."""
    if coarse and n >= least_shown():
        return f"{ROUND_TO * round(n / ROUND_TO):,}"
    return shown_count(n) if n else "0"
