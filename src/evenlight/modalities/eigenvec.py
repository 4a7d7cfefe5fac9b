"""Principal components that PLINK made: .eigenvec, and .eigenval beside it."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

import numpy as np
import pandas as pd

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Axes
from evenlight.data.handed import need_cohort
from evenlight.errors import CohortError
from evenlight.modalities.person_tables import ids_of, numbers_of, placed, read_cells

KEYS = ("FID", "IID", "SID")


def read_eigenvec(
    path: str | PathLike[str],
    cohort: Cohort | None = None,
    *,
    count: int | None = None,
    name: str = "pcs",
    eigenvalues: str | PathLike[str] | None = None,
    id: str = "IID",
) -> Axes:
    """Components of a .eigenvec as `Axes` (n, count) of a cohort's rows, joined by id.

    Without a cohort of everybody in the file, under the file's ids, for `Cohort(..., axes=[...])`.

    PLINK 2 writes a header (`#FID IID PC1 ...` or `#IID PC1 ...`), PLINK 1.9 none (family, id,
    components). A row is found by its id, or else by the cohort's unit; people of the file who are
    not in the cohort are passed over. `count` keeps the first components. With `eigenvalues` (a
    .eigenval, one a line) component k is multiplied by the root of eigenvalue k, as distances
    between people ask for; slopes per SD are the same either way.

    Raises CohortError where a row is not in the file, an id occurs twice, a cell is no number, or
    the file has fewer than `count` components or eigenvalues.
    """
    own = Path(path)
    table = _table(read_cells(own), own.name)
    parts = [str(c) for c in table if c not in KEYS]
    many = len(parts) if count is None else count
    if not 1 <= many <= len(parts):
        raise CohortError(f"count={count}; {own.name} has {len(parts)} components")
    have = ids_of(table, id, own.name)
    at, rows = np.arange(len(have)), have
    if cohort is not None:
        need_cohort(cohort, "read_eigenvec(path, cohort)")
        at, rows = placed(have, cohort, own.name), cohort.rows
    values = numbers_of(table[parts[:many]], own.name)
    if eigenvalues is not None:
        values = values * np.sqrt(_eigenvalues(Path(eigenvalues), many))
    return Axes(name, values[at], rows, tuple(parts[:many]))


def _table(cells: pd.DataFrame, where: str) -> pd.DataFrame:
    """Cells under the names of their columns."""
    head = [str(c).lstrip("#") for c in cells.iloc[0]]
    if head[0] in ("FID", "IID"):
        if "IID" not in head or len(set(head)) < len(head):
            raise CohortError(f"{where}: the header {head[:4]} has no IID, or a name twice")
        return cells.iloc[1:].set_axis(head, axis=1).reset_index(drop=True)
    if cells.shape[1] < 3:
        raise CohortError(
            f"{where} has {cells.shape[1]} columns and no header; wanted family, id and components "
            "(PLINK 1.9), or a header that begins with #FID or #IID (PLINK 2)"
        )
    return cells.set_axis(
        ["FID", "IID", *(f"PC{j + 1}" for j in range(cells.shape[1] - 2))], axis=1
    )


def _eigenvalues(path: Path, many: int) -> Float:
    """The first eigenvalues (many,), positive and falling."""
    cells = read_cells(path)
    values = numbers_of(cells.iloc[:, :1], path.name).ravel()
    if cells.shape[1] != 1 or len(values) < many:
        raise CohortError(
            f"{path.name} has {len(values)} lines of {cells.shape[1]} cells; wanted one eigenvalue "
            f"a line, {many} or more"
        )
    if (values[:many] <= 0).any() or (np.diff(values) > 1e-6 * values[0]).any():
        raise CohortError(f"{path.name}: eigenvalues are positive and fall from line to line")
    return values[:many]
