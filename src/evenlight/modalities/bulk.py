"""Which cells make up which row of a pseudobulk, with what weight, and what is known of the row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from evenlight.arrays import Bool, Float, Int, Text
from evenlight.data import rows as reading
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Axes, Groups
from evenlight.data.library_size import LIBRARY_SIZE
from evenlight.errors import CohortError
from evenlight.small_groups import least_shown

COMMON = 0.8
"""Share of the donors that must have a cell type for it to be standardised over."""


@dataclass(frozen=True, slots=True, eq=False)
class Bulk:
    """m rows of n cells: `row` (n,) of each cell, -1 none, its `weight` (n,), and `names` (m,)."""

    row: Int
    weight: Float
    names: Text
    notes: tuple[str, ...]

    def __post_init__(self) -> None:
        if not len(self.names):
            raise CohortError(
                "no donor has enough cells; lower least=, or leave by= to take all cell types "
                "together"
            )

    @property
    def cells(self) -> Int:
        """How many cells each row has, (m,)."""
        return np.bincount(self.row[self.row >= 0], minlength=len(self.names)).astype(np.int64)

    def added(self, x: Any, order: Int) -> Float:
        """The weighted sum of the rows of x (n, p), in `order` (n,) where they are in memory."""
        p = int(np.prod(x.shape[1:], dtype=np.int64))
        if 8 * len(self.names) * p > reading.DENSE_BUDGET:
            raise CohortError(
                f"{len(self.names)} rows of {p:,} features take more than "
                f"{reading.DENSE_BUDGET / 2**30:.1f} GiB; choose features first"
            )
        total: Float = np.zeros((len(self.names), p))
        for at, part in _parts(x, order, p):
            total += self._weights(at) @ np.asarray(part, dtype=np.float64)
        return total

    def _weights(self, at: Int) -> sparse.csr_array:
        """Weights (m, len(at)) of some cells."""
        mine = self.row[at] >= 0
        where = self.row[at][mine], np.flatnonzero(mine)
        shape = len(self.names), len(at)
        return sparse.csr_array((self.weight[at][mine], where), shape=shape)


def _parts(x: Any, order: Int, p: int) -> Iterator[tuple[Int, Any]]:
    if isinstance(x, np.ndarray) or reading.is_sparse(x):
        each = max(1, reading.BLOCK // (8 * max(1, p)))
        for start in range(0, len(order), each):
            at = order[start : start + each]
            yield at, reading.dense(x, at)
        return
    for part, rows in reading.blocks(x):
        yield np.arange(part.start, part.stop, dtype=np.int64), rows


def each_type(cohort: Cohort, kept: Bool, by: str | None, *, least: int, sums: bool) -> Bulk:
    """One row a donor, or a donor and a type: weights are 1 / cells, or 1 where they are added."""
    types, levels = _types(cohort, by)
    pair, counts = _pairs(cohort, kept, types, len(levels))
    enough = np.flatnonzero(counts.ravel() >= max(1, least))
    place = np.full(counts.size + 1, -1, dtype=np.int64)
    place[enough] = np.arange(len(enough))
    row = place[pair]
    size = np.maximum(counts.ravel(), 1)
    weight = np.ones(cohort.n) if sums else np.append(1.0 / size, 0.0)[pair]
    people = _names(cohort)[enough // len(levels)]
    ends = np.char.add("|", np.array(levels, dtype=np.str_))[enough % len(levels)] if by else ""
    few = int(((counts > 0) & (counts < least)).sum())
    return Bulk(row, weight, np.char.add(people, ends), _left(cohort, row, few, by, least))


def standard(cohort: Cohort, kept: Bool, by: str, *, least: int) -> Bulk:
    """One row a donor, in which each cell type weighs the same for everyone."""
    types, levels = _types(cohort, by)
    pair, counts = _pairs(cohort, kept, types, len(levels))
    donors = counts.sum(axis=1) > 0
    common = (counts[donors] >= least).mean(axis=0) >= COMMON
    whole = np.flatnonzero((counts[:, common] >= least).all(axis=1) & common.any())
    share = counts[whole][:, common] / np.maximum(counts[whole][:, common].sum(axis=1)[:, None], 1)
    each = np.zeros(len(levels))
    each[common] = share.mean(axis=0) if len(whole) else 0.0
    place = np.full(len(counts) + 1, -1, dtype=np.int64)
    place[whole] = np.arange(len(whole))
    used = (pair < counts.size) & np.append(common, False)[types]
    row = np.where(used, place[cohort.units], -1)
    weight = np.append(each / np.maximum(counts, 1), 0.0)[pair]
    told = tuple(
        f"{level} {s:.1%}".replace("%", " %") for level, s in zip(levels, each, strict=True) if s
    )
    few = int(donors.sum()) - len(whole)
    notes = (*_left(cohort, row, few, None, least), f"{by} is weighed alike: {', '.join(told)}.")
    return Bulk(row, weight, _names(cohort)[whole], notes)


def _types(cohort: Cohort, by: str | None) -> tuple[Int, tuple[str, ...]]:
    """The type of each cell (n,), -1 unknown, and the names of the types."""
    if by is None:
        return np.zeros(cohort.n, dtype=np.int64), ("",)
    if by not in cohort.people.columns:
        raise CohortError(f"by: people has no column {by!r}")
    found = Groups.from_labels(by, cohort.people[by])
    if not found.levels:
        raise CohortError(f"by: no row has a known {by}")
    return found.codes, found.levels


def _pairs(cohort: Cohort, kept: Bool, types: Int, k: int) -> tuple[Int, Int]:
    """Each cell's donor and type as one code (n,), u * k where it is left out; cells (u, k)."""
    if cohort.unit in (None, "row"):
        raise CohortError(
            "every row is a person of its own; name the column of the donor with unit="
        )
    none = cohort.u * k
    pair = np.where(kept & (types >= 0), cohort.units * k + types, none)
    return pair, np.bincount(pair, minlength=none + 1)[:none].reshape(cohort.u, k)


def _names(cohort: Cohort) -> Text:
    """The id of each unit (u,)."""
    return np.unique(cohort.people[cohort.unit].astype(str).to_numpy(dtype=np.str_))


def _left(cohort: Cohort, row: Int, few: int, by: str | None, least: int) -> tuple[str, ...]:
    out = int((row < 0).sum())
    if not out:
        return ()
    who = f"{cohort.unit} and {by}" if by else str(cohort.unit)
    many = f"{few:,}" if few >= least_shown() or not few else f"fewer than {least_shown()}"
    return (
        f"Pseudobulk: {out:,} of {cohort.n:,} cells were left out, with {many} of {who} that had "
        f"fewer than {least} cells.",
    )


def known_of(cohort: Cohort, bulk: Bulk, by: str | None) -> tuple[pd.DataFrame, dict[str, Any]]:
    """What is known of each row (m,), and the roles of its columns, as Cohort takes them.

    A column that differs within a row is averaged (library size is added up); text is dropped.
    """
    at = cohort.order[bulk.row[cohort.order] >= 0]
    cells, row = cohort.people.iloc[at], bulk.row[at]
    columns: dict[str, Any] = {}
    for name in cells.columns:
        each = cells[name].groupby(row)
        differs = bool((each.nunique() > 1).any())
        if name == LIBRARY_SIZE:
            columns[name] = each.sum()
        elif not differs:
            columns[name] = each.first()
        elif _averaged(cohort, name, by):
            columns[name] = cells[name].astype(np.float64).groupby(row).mean()
    people = pd.DataFrame(columns).set_axis(bulk.names)
    return people, _roles(cohort, bulk, at, row, by)


def _averaged(cohort: Cohort, name: str, by: str | None) -> bool:
    """Whether a column that differs within rows is averaged; CohortError where that is nonsense."""
    whole = (name == cohort.outcome and cohort.outcome_kind != "continuous") or (
        name in cohort.strata and name != by
    )
    if whole:
        raise CohortError(
            f"{name!r} differs between the cells of one row; pseudobulk needs one value for each, "
            "so leave it out of the roles, or name it in by="
        )
    return bool(pd.api.types.is_numeric_dtype(cohort.people[name]))


def _roles(cohort: Cohort, bulk: Bulk, at: Int, row: Int, by: str | None) -> dict[str, Any]:
    first = at[np.unique(row, return_index=True)[1]]
    axes = [
        Axes(a.name, pd.DataFrame(a.values[at]).groupby(row).mean().to_numpy(), bulk.names,
             a.names, a.composition)
        for a in cohort.axes
    ]  # fmt: skip
    groups = [
        Groups(g.name, g.levels, g.codes[first], g.source, g.reference, bulk.names)
        for g in cohort.groups
    ]
    kept: dict[str, Any] = {
        name: getattr(cohort, name)
        for name in ("outcome", "outcome_kind", "unit", "weights", "rater", "prediction")
    }
    strata: Sequence[str] = [s for s in cohort.strata if s != by]
    covariates = [c for c in cohort.covariates if c != by]
    missing = "keep" if cohort.gaps else "error"
    return kept | {
        "axes": axes, "groups": groups, "strata": strata, "covariates": covariates,
        "missing": missing,
    }  # fmt: skip
