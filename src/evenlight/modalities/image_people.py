"""The table of people beside images, and whether several images look like those of one person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd

from evenlight.data.nearest import hint
from evenlight.data.repeats import repeated_unit
from evenlight.errors import CohortError
from evenlight.modalities.image_found import Found
from evenlight.modalities.text_tables import text_table

CODES = ("patient", "device")
"""Facts that number things, -1 where one is unknown."""

PERSON_FOLDERS = 10
"""So many folders or more, of several files each, may be those of people."""


def table_of(
    people: pd.DataFrame | str | PathLike[str] | None, id: str | None, file: str | None
) -> pd.DataFrame | None:
    """The table of people indexed by row id; that of a CSV by its column `id`, else `file`.

    Raises CohortError where there is no table, or no column that names its rows.
    """
    if people is None:
        return None
    if isinstance(people, pd.DataFrame):
        return people if id is None else _indexed(people, id)
    path = Path(people)
    if not path.is_file():
        raise CohortError(f"there is no table of people {path.name!r}")
    if id is None and file is None:
        raise CohortError("name the column of row ids of the table of people with id=")
    named: dict[Hashable, type[str]] = {name: str for name in (id, file) if name is not None}
    table = text_table(path, named)
    return _indexed(table, str(id if id is not None else file))


def _indexed(table: pd.DataFrame, id: str) -> pd.DataFrame:
    return table.set_axis(pd.Index(column_of(table, id, "id"), dtype=object), axis=0)


def with_facts(table: pd.DataFrame, facts: pd.DataFrame) -> pd.DataFrame:
    """The table with what the files tell of each row (n), where that is anything.

    A column that people have of their own stands; a code below 0 and "" are unknown.

    >>> table = pd.DataFrame({"view": ["AP", "PA"]}, index=["a", "b"])
    >>> with_facts(table, pd.DataFrame({"view": ["", ""], "patient": [0, -1]}))["patient"].tolist()
    [0.0, nan]
    """
    made = facts.set_axis(table.index, axis=0).drop(columns=list(set(facts) & set(table)))
    for name in made.columns:
        own = made[name]
        known = own >= 0 if name in CODES else own.notna() & (own.astype(str) != "")
        if known.any():
            made[name] = own if known.all() else own.where(known)
        else:
            made = made.drop(columns=name)
    return pd.concat([table, made], axis=1)


def column_of(table: pd.DataFrame, name: str, role: str) -> list[str]:
    """A column of a table as text. Raises CohortError where it is not there or has gaps."""
    if name not in table.columns:
        raise CohortError(
            f"{role}={name!r}: the table of people has no such column"
            f"{hint(name, [str(c) for c in table.columns])}"
        )
    gaps = int(table[name].isna().sum())
    if gaps:
        raise CohortError(f"{role}={name!r} is missing in {gaps} of {len(table)} rows")
    return [str(v) for v in table[name]]


def alone(found: Found, table: pd.DataFrame | None, roles: Mapping[str, Any]) -> None:
    """Raise CohortError where files look like several of a person, and no unit is named."""
    if roles.get("unit") is not None:
        return
    people = pd.DataFrame(index=range(len(found.files))) if table is None else table
    stems = [f.name.partition(".")[0] for f in found.files]
    why = repeated_unit(people, stems, [*roles.get("groups", ()), roles.get("outcome")])
    folders = Counter(f.parent for f in found.files)
    if why is None and PERSON_FOLDERS <= len(folders) < len(found.files):
        why = (
            f"{len(found.files)} files lie in {len(folders)} folders, as where each person has "
            "one; pass unit= with the column that names the person"
        )
    if why is not None:
        raise CohortError(f'{why}, or unit="row" if each image is of another person')
