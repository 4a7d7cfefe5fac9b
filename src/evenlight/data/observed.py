"""The table of observations of an annotated matrix, as a cohort's people: plain labels and numbers.

Categories become their labels, pandas' nullable types become numpy's; codes that mean *unknown*
become missing, in the columns that have a role.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from evenlight.data.groups import MISSING
from evenlight.data.missing_codes import shown_count
from evenlight.data.repeats import cells_doubt, repeated_unit, unit_doubt
from evenlight.errors import CohortError, EvenlightWarning

CODES = (-9.0, -99.0, -999.0, 999.0, 9999.0)
"""Numbers that stand for *unknown* where they lie far outside of all others."""

FAR = 5.0
"""A high code is this many times the largest other value, or more."""


def plain_people(obs: pd.DataFrame) -> pd.DataFrame:
    """A copy with text ids, labels in place of categories, and numpy's types.

    >>> obs = pd.DataFrame({"sex": pd.Categorical(["f", None]), "age": pd.array([50, None])})
    >>> made = plain_people(obs)
    >>> made["sex"].tolist(), made["age"].tolist(), made.index.tolist()
    (['f', None], [50.0, nan], ['0', '1'])
    """
    columns = {str(name): _plain(obs.iloc[:, j]) for j, name in enumerate(obs.columns)}
    if len(columns) < obs.shape[1]:
        raise CohortError("two columns of one name; rename one of them")
    return pd.DataFrame(columns, index=obs.index.astype(str))


def _plain(column: pd.Series) -> np.ndarray:
    kind = column.dtype
    if isinstance(kind, pd.CategoricalDtype):
        return _plain(column.astype(kind.categories.dtype if _numeric(kind) else object))
    if pd.api.types.is_bool_dtype(kind):
        if column.isna().any():
            return column.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
        return column.to_numpy(dtype=np.bool_)
    if pd.api.types.is_numeric_dtype(kind):
        return column.to_numpy(dtype=np.float64) if _nullable(kind) else column.to_numpy()
    if pd.api.types.is_datetime64_any_dtype(kind):
        return column.to_numpy()
    values = np.empty(len(column), dtype=object)
    values[:] = [None if pd.isna(v) else v for v in column.tolist()]
    return values


def _numeric(kind: pd.CategoricalDtype) -> bool:
    """Whether the labels are numbers, which a missing one then joins as NaN."""
    return pd.api.types.is_float_dtype(kind.categories.dtype)


def _nullable(kind: object) -> bool:
    return isinstance(kind, pd.api.extensions.ExtensionDtype)


def without_codes(people: pd.DataFrame, columns: Iterable[str]) -> tuple[pd.DataFrame, list[str]]:
    """People with codes for *unknown* as missing in some columns, and a note for each of these.

    Text is held against the list of `evenlight.data.groups`; -9, -99, -999 where all other numbers
    are at least 0, 999 and 9999 where they are at least five times the largest other.

    >>> people = pd.DataFrame({"case": [0, 1, -9], "site": ["s", "unknown", "t"]})
    >>> made, notes = without_codes(people, ["case", "site"])
    >>> made["case"].tolist(), made["site"].tolist(), notes[0]
    ([0.0, 1.0, nan], ['s', None, 't'], 'case: fewer than 11 values that mean unknown (-9) are \
missing.')
    """
    notes, fresh = [], {}
    for name in dict.fromkeys(columns):
        if name not in people.columns:
            continue
        coded = _coded(people[name])
        if coded.any():
            codes = sorted({_told(v) for v in people[name][coded]})
            notes.append(
                f"{name}: {shown_count(int(coded.sum()))} values that mean unknown "
                f"({', '.join(codes)}) are missing."
            )
            fresh[name] = people[name].astype(_wide(people[name])).mask(coded, _gap(people[name]))
    return people.assign(**fresh), notes


def _coded(column: pd.Series) -> pd.Series:
    if pd.api.types.is_bool_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
        return pd.Series(False, index=column.index)
    if not pd.api.types.is_numeric_dtype(column):
        bare = column.map(lambda v: str(v).strip().casefold() in MISSING, na_action="ignore")
        return bare.eq(True) & column.notna()
    known = column.astype(np.float64)
    others = known[known.notna() & ~known.isin(CODES)]
    low, high = others.min(), others.max()
    below = known.isin([c for c in CODES if c < 0]) & bool(low >= 0)
    above = known.isin([c for c in CODES if c > 0 and c >= FAR * high]) & bool(high >= 0)
    return below | above


def _told(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float | np.number) else repr(value)


def _wide(column: pd.Series) -> type:
    return np.float64 if pd.api.types.is_numeric_dtype(column) else object


def _gap(column: pd.Series) -> Any:
    return float("nan") if pd.api.types.is_numeric_dtype(column) else None


def need_unit(people: pd.DataFrame, unit: str | None, asked: Iterable[object]) -> None:
    """Raise CohortError where observations look like several of one person, and no unit is named.

    `asked` are roles: columns of people, or groupings. Warns where rows may be cells all the same,
    and where several units are of one person.
    """
    asked = list(asked)
    why = None if unit else repeated_unit(people, people.index, asked)
    if why:
        raise CohortError(f'obs: {why}, or unit="row" if each row is a person of its own')
    doubt = unit_doubt(people, unit) if unit else cells_doubt(people, asked)
    if doubt:
        warnings.warn(doubt, EvenlightWarning, stacklevel=3)


def warn_of_torn_strata(people: pd.DataFrame, unit: str, strata: Iterable[str]) -> None:
    """Warn where a stratum differs between the rows of one unit.

    Reliance and support take such a unit to be of the stratum in which most of its rows lie, its
    shares of the others taken off by a slope each (`data.units.unit_strata`): of cell types these
    may be more than the donors allow.
    """
    for name in strata:
        if unit not in people.columns or name not in people.columns:
            continue
        each = people.groupby(unit, observed=True)[name].nunique(dropna=True)
        torn = int((each > 1).sum())
        if torn:
            warnings.warn(
                f"stratum {name!r} differs between rows of one {unit} in {shown_count(torn)} of "
                f"{len(each):,}: each counts by its shares of it, with a slope for each stratum. "
                "Of cell types, make one row a donor with "
                f"evenlight.modalities.cells.pseudobulk(attributions, cohort, by={name!r}), or ask "
                "for each type by itself",
                EvenlightWarning,
                stacklevel=4,
            )
