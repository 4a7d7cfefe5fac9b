"""Kinship that PLINK 2 or KING found: tables of pairs, and lists of who was kept."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

import numpy as np
import pandas as pd

from evenlight.arrays import Bool, Float, Int, Text
from evenlight.data.cohort import Cohort
from evenlight.data.family_groups import family_groups
from evenlight.data.groups import Groups
from evenlight.errors import CohortError
from evenlight.modalities.person_tables import ids_of, numbers_of, read_cells
from evenlight.stats.kinship import DEGREES, Pairs, families_of


def read_kinship(
    path: str | PathLike[str], cohort: Cohort, *, degree: str = "second", id: str = "IID"
) -> Groups:
    """Families of a .kin0 (PLINK 2 --make-king-table, or KING), as `families=` takes them.

    Whoever is joined by a chain of pairs related to `degree` (same, first, second, third) or nearer
    is one family, people of the table who are not in the cohort among the links: two siblings stay
    one where their parent is not here. Who has no relative is unknown. A row is found by its id, or
    else by the cohort's unit. PLINK leaves out the pairs below --king-table-filter: a filter above
    the degree's kinship (first 0.177, second 0.0884, third 0.0442) hides relatives that this
    cannot know of.

    Raises CohortError where columns are missing, a kinship is no number or above 0.5, or nobody of
    the table is in the cohort.
    """
    if degree not in DEGREES:
        raise CohortError(f"degree is {degree!r}; known: {', '.join(DEGREES)}")
    own = Path(path)
    table, kinship = _pairs(own, id)
    near = kinship > DEGREES[degree]
    ids = np.unique(table[:, :2])
    units = _known(ids, cohort, own.name)
    first, second = (np.searchsorted(ids, table[near, k]).astype(np.int64) for k in (0, 1))
    one = kinship[near]
    chain = families_of(Pairs(first, second, one, np.zeros(len(one))), len(ids))
    family = np.arange(len(ids), len(ids) + cohort.u, dtype=np.int64)
    family[units[units >= 0]] = chain[units >= 0]
    return family_groups(cohort, np.unique(family, return_inverse=True)[1].astype(np.int64))


def read_king_cutoff(path: str | PathLike[str], cohort: Cohort, *, id: str = "IID") -> Bool:
    """Which rows (n,) PLINK 2's --king-cutoff kept, of a .king.cutoff.in.id or .out.id.

    `cohort.take(mask)` leaves people of whom no two are related. The list of those who were taken
    out (.out.id) tells no families: hand a .kin0 to `read_kinship` for those.

    Raises CohortError for a file of another name, and where nobody would be left.
    """
    own = Path(path)
    if not own.name.endswith((".in.id", ".out.id")):
        raise CohortError(f"{own.name}: wanted a .king.cutoff.in.id or .king.cutoff.out.id")
    cells = read_cells(own) if own.is_file() and own.stat().st_size else pd.DataFrame()
    if not own.is_file():
        raise CohortError(f"there is no file {own.name!r}")
    listed = np.zeros(0, dtype=np.str_)
    if len(cells):
        head = [str(c).lstrip("#") for c in cells.iloc[0]]
        named = head if "IID" in head else (["FID", "IID"] if len(head) == 2 else ["IID"])
        listed = ids_of(cells.iloc[int("IID" in head) :].set_axis(named, axis=1), id, own.name)
    at = _known(listed, cohort, own.name) if len(listed) else np.zeros(0, dtype=np.int64)
    there = np.isin(cohort.units, at[at >= 0])
    kept: Bool = there if own.name.endswith(".in.id") else ~there
    if not kept.any():
        raise CohortError(f"{own.name} leaves nobody of the {cohort.n} rows")
    return kept


def _pairs(path: Path, id: str) -> tuple[Text, Float]:
    """The ids (m, 2) of each pair, and their kinship (m,)."""
    cells = read_cells(path)
    head = [str(c).lstrip("#").upper() for c in cells.iloc[0]]
    renamed = {"ID1": "IID1", "ID2": "IID2"}
    table = cells.iloc[1:].set_axis([renamed.get(h, h) for h in head], axis=1)
    sides = [[f"{part}{k}" for part in id.split("_")] for k in (1, 2)]
    lost = [c for c in (*sides[0], *sides[1], "KINSHIP") if c not in table]
    if lost:
        hint = "; a list of ids tells no families: see read_king_cutoff" if len(head) < 3 else ""
        raise CohortError(f"{path.name} has no column {', '.join(lost)}; wanted a .kin0{hint}")
    named = [["_".join(cell) for cell in table[side].to_numpy().tolist()] for side in sides]
    kinship = numbers_of(table[["KINSHIP"]], path.name).ravel()
    if (kinship > 0.5 + 1e-6).any():
        raise CohortError(
            f"{path.name}: {int((kinship > 0.5).sum())} kinships are above 0.5; wanted kinship, "
            "not relatedness (twice as much)"
        )
    return np.array(named, dtype=np.str_).reshape(2, -1).T, kinship


def _known(ids: Text, cohort: Cohort, where: str) -> Int:
    """The unit of each id (m,), -1 for who is not in the cohort: by row id, else by unit."""
    found = {row: int(u) for row, u in zip(cohort.rows.tolist(), cohort.units, strict=True)}
    if not any(i in found for i in ids.tolist()) and cohort.unit not in (None, "row"):
        names = cohort.people[cohort.unit].astype(str).tolist()
        found = {name: int(u) for name, u in zip(names, cohort.units, strict=True)}
    at = np.array([found.get(i, -1) for i in ids.tolist()], dtype=np.int64)
    if not (at >= 0).any():
        raise CohortError(
            f"nobody of {where} is in the cohort ({len(ids)} ids, {cohort.n} rows); say "
            'id="FID_IID" if that is how rows are named'
        )
    return at
