"""Rows that are too large to be held in float64: read by block, added up to cells and units.

What a comparison asks of rows are sums: over the cells of unit and stratum, and over units. They
are taken in one pass, so that memory grows with units and features, and not with rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from scipy.sparse import csr_array

from evenlight.arrays import Bool, Float, Int, Values
from evenlight.data import rows as reading
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.sources import lazy
from evenlight.errors import AttributionError
from evenlight.measures.prepare import Setting, as_variables, subjects_of, too_large
from evenlight.stats.cells import Cells
from evenlight.stats.columns import Columns
from evenlight.stats.effects import unit_means

LARGE = 2**27
"""Bytes that rows may take in float64 before they are read by block, from memory or from disk."""


PASS = 2**28
"""Bytes of the columns that are kept from one pass over rows on disk."""


@dataclass(frozen=True, slots=True, eq=False)
class Streamed:
    """Kept rows (n kept, v p) of `values` (n, p), which stay where they are.

    The columns come v times, as `sized` says: as they are, or their absolute values. Rows in memory
    are read in `order`, so that no sum depends on theirs; those on disk as they lie there.
    """

    values: Any
    kept: Bool
    order: Int
    sized: tuple[bool, ...] = (False,)

    @property
    def shape(self) -> tuple[int, int]:
        """(n kept, v p)."""
        return int(self.kept.sum()), len(self.sized) * int(self.values.shape[1])

    def __abs__(self) -> Streamed:
        return replace(self, sized=(True,) * len(self.sized))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Values:
        """All of them at once. Raises AttributionError where they would take more than 4 GB."""
        n, p = self.shape
        if n * p * 8 > reading.DENSE_BUDGET:
            raise AttributionError(too_large(n, p))
        place, out = np.cumsum(self.kept) - 1, np.empty((n, p))
        for at, part in self.blocks():
            out[place[at]] = part
        return out if dtype is None else out.astype(dtype, copy=False)

    def blocks(self) -> Iterator[tuple[Int, Float]]:
        """Positions (m,) among all rows, and their columns (m, v p) in float64, some at a time."""
        for at, part in parts(self.values, self.order):
            own = np.asarray(part[self.kept[at]], dtype=np.float64)
            yield at[self.kept[at]], np.hstack([np.abs(own) if s else own for s in self.sized])

    def columns(self, some: slice) -> Float:
        """Some columns of `values`, (n kept, k), as they are."""
        if isinstance(self.values, reading.Rows):
            chosen = range(int(self.values.shape[1]))[some]
            return reading.columns(self.values, chosen)[self.kept]
        return np.asarray(self.values[:, some], dtype=np.float64)[self.kept]

    def cells(self, unit: Int, stratum: Int) -> Cells:
        """Means over the rows of each unit in each stratum (n kept,), -1 left out, in one pass.

        Where each has one row there are no means to make, and `values` are `Columns`.
        """
        keys = unit * (int(stratum.max(initial=0)) + 1) + stratum
        own, code = np.unique(keys[stratum >= 0], return_inverse=True)
        cell = np.full(len(self.kept), -1, dtype=np.int64)
        cell[np.flatnonzero(self.kept)[stratum >= 0]] = code
        first = np.unique(code, return_index=True)[1]
        unit, stratum = unit[stratum >= 0][first], stratum[stratum >= 0][first]
        if len(own) == len(code):
            return Cells(unit, stratum, cast(Float, self._each(cell, len(own))))
        sums = np.zeros((len(own), self.shape[1]))
        for at, part in self.blocks():
            there = cell[at] >= 0
            held, inside = np.unique(cell[at][there], return_inverse=True)
            sums[held] += _adding(inside, len(held)) @ part[there]
        sums /= np.bincount(code, minlength=len(own))[:, None]
        return Cells(unit, stratum, sums)

    def _each(self, cell: Int, many: int) -> Columns:
        """Rows as the cells (n,) that they are, -1 none."""
        kind = np.float32 if self.values.dtype == np.float32 else np.float64
        base = np.empty((many, int(self.values.shape[1])), dtype=kind)
        for at, part in parts(self.values, self.order):
            there = cell[at] >= 0
            base[cell[at][there]] = part[there]
        return Columns(base, self.sized)


def rows_of(made: Attributions, here: Setting) -> Float | Streamed:
    """Attributions (n kept, p) in float64, or to be read by block where that would be large."""
    if by_block(made.values):
        return Streamed(made.values, here.kept, here.cohort.order)
    return made.values.reshape(made.n, -1).astype(np.float64)[here.kept]


def by_block(values: Any) -> bool:
    """Whether rows (n, p) are to be read by block: those on disk, and those that are large."""
    return lazy(values) or large(values)


def large(values: Any) -> bool:
    """Whether rows (n, p) would take much memory in float64."""
    return values.ndim == 2 and 8 * int(np.prod(values.shape)) > LARGE


def subjects(attributions: Attributions, cohort: Cohort) -> tuple[Attributions, str]:
    """`as_variables`, but large attributions that lie on disk are left there."""
    made, kind = subjects_of(attributions, cohort)
    return (made, kind) if large(made.values) else as_variables(made, cohort)


def sizes(rows: Float | Streamed) -> Float | Streamed:
    """Their absolute values."""
    return abs(rows) if isinstance(rows, Streamed) else np.abs(rows)


def beside(views: Sequence[Float | Streamed]) -> Float | Streamed:
    """The columns of several views (n kept, p) of the same rows."""
    alike = [
        v
        for v in views
        if isinstance(v, Streamed) and v.values is getattr(views[0], "values", None)
    ]
    if len(alike) == len(views):
        return replace(alike[0], sized=sum((v.sized for v in alike), ()))
    return np.hstack([np.asarray(v) for v in views])


def per_unit(values: Float | Streamed, here: Setting) -> Float:
    """Means of kept rows (n kept, p) over those of each unit, (u, p)."""
    return np.asarray(units_of(values, here), dtype=np.float64)


def units_of(values: Float | Streamed, here: Setting) -> Float:
    """The same, as `Columns` where they can be."""
    if isinstance(values, Streamed):
        return values.cells(here.unit, np.zeros(len(here.unit), dtype=np.int64)).values
    return unit_means(values, here.unit, here.order)


def values_of_units(here: Setting, columns: Int) -> Float:
    """Means of some columns of x over the kept rows of each unit, (u, k)."""
    x, n, k = here.cohort.x, here.cohort.n, len(columns)
    if 8 * n * k <= LARGE:
        return here.per_unit(here.cohort.columns(columns.tolist()))
    sums = np.zeros((int(here.unit.max(initial=-1)) + 1, k))
    place = np.cumsum(here.kept) - 1
    for at, part in parts(x, here.cohort.order):
        at, rows = at[here.kept[at]], part[here.kept[at]][:, columns]
        held, inside = np.unique(here.unit[place[at]], return_inverse=True)
        sums[held] += _adding(inside, len(held)) @ rows.astype(np.float64)
    return sums / np.bincount(here.unit)[:, None]


def ever_used(made: Attributions) -> Bool:
    """Which features (p,) have an attribution other than 0 in any row."""
    if not by_block(made.values):
        applied: Bool = np.abs(made.values.reshape(made.n, -1)).max(axis=0) > 0
        return applied
    found = np.zeros(int(made.values.shape[1]), dtype=bool)
    for _, part in reading.blocks(made.values):
        found |= (part != 0).any(axis=0)
    return found


def bands(rows: Float | Streamed) -> list[slice]:
    """All columns of rows (n kept, p) in parts: one where they are in memory."""
    n, p = rows.shape
    if not isinstance(rows, Streamed):
        return [slice(0, p)]
    each = max(1, PASS // (8 * n))
    return [slice(start, min(start + each, p)) for start in range(0, p, each)]


def columns_of(made: Attributions, here: Setting, some: Bool) -> Float:
    """Some columns (p,) of attributions, (n kept, k) in float64."""
    if not by_block(made.values):
        return made.values[here.kept][:, some].astype(np.float64)
    return reading.columns(made.values, np.flatnonzero(some).tolist())[here.kept]


def parts(values: Any, order: Int) -> Iterator[tuple[Int, Values]]:
    """Positions (m,) and rows (m, p), some at a time: in `order`, on disk as they lie there."""
    if lazy(values):
        for part, rows in reading.blocks(values):
            yield np.arange(part.start, part.stop), rows
        return
    each = max(1, reading.BLOCK // (8 * max(1, int(values.shape[1]))))
    for start in range(0, len(order), each):
        at = order[start : start + each]
        rows = values[at]
        yield at, rows.toarray() if reading.is_sparse(rows) else rows


def _adding(place: Int, many: int) -> csr_array:
    """What adds rows (m,) up to their places (many, m)."""
    m = len(place)
    return csr_array((np.ones(m), (place, np.arange(m))), shape=(many, m))
