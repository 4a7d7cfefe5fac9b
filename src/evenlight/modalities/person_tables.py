"""Tables that other programs write of people: white space between cells, ids matched strictly."""

from __future__ import annotations

import csv
from os import PathLike
from pathlib import Path

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Int, Text
from evenlight.data.cohort import Cohort
from evenlight.errors import CohortError

IDS = ("IID", "FID_IID")
"""How a person of a file is named: by id, or by family and id."""


def read_cells(path: str | PathLike[str]) -> pd.DataFrame:
    """The cells of a file as text (lines, columns), comments that begin with ## left out.

    Raises CohortError where there is no file, no line, or lines differ in length.
    """
    own = Path(path)
    if not own.is_file():
        raise CohortError(f"there is no file {own.name!r}")
    with own.open(encoding="utf-8-sig") as lines:
        skip = 0
        for line in lines:
            if not line.startswith("##"):
                break
            skip += 1
    try:
        table = pd.read_csv(
            own, sep=r"\s+", header=None, skiprows=skip, dtype=str, keep_default_na=False,
            quoting=csv.QUOTE_NONE, encoding="utf-8-sig",
        )  # fmt: skip
    except pd.errors.EmptyDataError:
        raise CohortError(f"{own.name} has no lines") from None
    except pd.errors.ParserError as error:
        raise CohortError(f"{own.name} has lines of differing length: {error}") from None
    short = table.isna().any(axis=1)
    if short.any():
        raise CohortError(
            f"{own.name}: {int(short.sum())} of {len(table)} lines have fewer cells than the first "
            f"or longest one, first line {int(short.to_numpy().argmax()) + 1 + skip}"
        )
    return table


def numbers_of(cells: pd.DataFrame, where: str) -> Float:
    """Cells (n, q) as finite numbers; CohortError counts those that are none."""
    made: Float = cells.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=np.float64)
    bad = ~np.isfinite(made)
    if bad.any():
        i, j = np.argwhere(bad)[0]
        raise CohortError(
            f"{where}: {int(bad.sum())} of {bad.size} cells are no numbers, first "
            f"{cells.iat[i, j]!r} at person {int(i)}, column {int(j)} of its values"
        )
    return made


def ids_of(table: pd.DataFrame, id: str, where: str) -> Text:
    """The ids (n,) of a table with IID, and FID where it has families; each once."""
    if id not in IDS:
        raise CohortError(f"id={id!r}; wanted one of {', '.join(IDS)}")
    lost = [name for name in id.split("_") if name not in table]
    if lost:
        raise CohortError(
            f'{where} has no column {lost[0]}; say id="IID" where people have one name'
        )
    named = table["IID"] if id == "IID" else table["FID"] + "_" + table["IID"]
    twice = int(named.duplicated().sum())
    if twice:
        hint = (
            ' (id="FID_IID" if families have their own)' if id == "IID" and "FID" in table else ""
        )
        raise CohortError(
            f"{where}: {twice} of {len(named)} ids occur more than once, first at position "
            f"{int(named.duplicated().to_numpy().argmax())}; give each person one line{hint}"
        )
    return np.asarray(named.astype(str), dtype=np.str_)


def placed(have: Text, cohort: Cohort, where: str) -> Int:
    """The position in `have` of the person of each row (n,): by row id, else by unit.

    People of the file who are not in the cohort are passed over; a row that is not in the file is a
    CohortError, which counts both ways of naming and tells no id.
    """
    place = {name: i for i, name in enumerate(have.tolist())}
    found: list[Int] = []
    for names in _names(cohort).values():
        at = np.array([place.get(n, -1) for n in names], dtype=np.int64)
        if (at >= 0).all():
            return at
        found.append(at)
    told = " and ".join(
        f"{int((at >= 0).sum())} of {cohort.n} rows by {how}"
        for how, at in zip(_names(cohort), found, strict=True)
    )
    first = int((found[0] < 0).argmax())
    raise CohortError(
        f"{where} holds {told}, first missing at position {first}; every row needs its person: "
        'take the rows that it has (cohort.take), or say id="FID_IID" if that is how rows are named'
    )


def _names(cohort: Cohort) -> dict[str, list[str]]:
    """The names by which a row's person may be found."""
    names = {"row id": cohort.rows.tolist()}
    if cohort.unit not in (None, "row"):
        names[f"unit {cohort.unit!r}"] = cohort.people[cohort.unit].astype(str).tolist()
    return names
