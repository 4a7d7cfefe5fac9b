"""Proportions of ancestry that ADMIXTURE made: .Q, whose lines are those of a fam."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Text
from evenlight.data.cohort import Cohort
from evenlight.data.groups import SHARES_TO, Axes
from evenlight.errors import CohortError
from evenlight.modalities.person_tables import ids_of, numbers_of, placed, read_cells
from evenlight.modalities.plink_tables import read_samples

Ids = str | PathLike[str] | pd.DataFrame | Sequence[str]


def read_admixture(
    path: str | PathLike[str],
    *,
    ids: Ids | None = None,
    cohort: Cohort | None = None,
    names: Sequence[str] = (),
    name: str = "admixture",
    id: str = "IID",
) -> Axes:
    """Proportions (n, k) of a .Q as `Axes` that are shares, for everybody or for a cohort's rows.

    A .Q names nobody: its lines are those of the .fam that ADMIXTURE read, so `ids` must be that
    .fam (or .psam), a table with IID, or the ids in the same order; it is never matched by the
    position of a cohort's rows. With `cohort` rows are joined by id (or by unit), else the axes
    have the file's ids. `names` (k,) name the components, which have no order of their own: by
    default admixture.1, admixture.2, ...

    Raises CohortError where lines and ids differ in number, a row is not among them, or a line does
    not add up to 1 within 0.001.
    """
    own = Path(path)
    if ids is None:
        raise CohortError(
            f"{own.name} names nobody; pass ids= the .fam (or .psam) that ADMIXTURE read, or the "
            "ids of its lines in their order"
        )
    cells = read_cells(own)
    values = numbers_of(cells, own.name)
    have = _ids(ids, id)
    if len(have) != len(values):
        raise CohortError(
            f"{own.name} has {len(values)} lines and ids= {len(have)} people; hand over the fam "
            "that ADMIXTURE read, in its order"
        )
    _shares(values, own.name)
    if names and len(names) != values.shape[1]:
        raise CohortError(f"{own.name} has {values.shape[1]} components, names= {len(names)}")
    rows = have
    if cohort is not None:
        at = placed(have, cohort, "the fam of " + own.name)
        values, rows = values[at], cohort.rows
    return Axes(name, values, rows, tuple(names), composition="shares")


def _ids(ids: Ids, id: str) -> Text:
    """The ids (n,) of the lines, in their order."""
    if isinstance(ids, pd.DataFrame):
        where, table = "the table of ids", ids
        if "IID" not in table:
            raise CohortError("the table of ids has no column IID; rename the one that holds them")
    elif isinstance(ids, (str, PathLike)):
        where, table = Path(ids).name, _samples(Path(ids))
    else:
        where, table = "ids", pd.DataFrame({"IID": [str(i) for i in ids]})
    return ids_of(table.astype({c: str for c in ("FID", "IID") if c in table}), id, where)


def _samples(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise CohortError(f"there is no file of ids {path.name!r}")
    return read_samples(path)


def _shares(values: Float, where: str) -> None:
    """Raise CohortError where a line is no proportions."""
    if values.shape[1] < 2:
        raise CohortError(f"{where} has one component; proportions need two or more")
    off = (values < 0).any(axis=1) | (np.abs(values.sum(axis=1) - 1) > SHARES_TO)
    if off.any():
        raise CohortError(
            f"{where}: {int(off.sum())} of {len(off)} lines are no proportions that add up to 1 "
            f"(within {SHARES_TO}), first line {int(off.argmax()) + 1}; is it a .Q, and not a .P?"
        )
