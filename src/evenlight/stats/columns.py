"""Cells of one row each, whose columns become float64 only while they are looked at.

24,000 variants of 2,504 people, as they are and as sizes, take 1 GB in float64; as the float32 that
they were recorded in, once, they take a quarter of that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from evenlight.arrays import Bool, Float, Int, Values


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Values (m, v p) that answer `[rows, columns]` as an array of float64 would.

    `base` (n, p) holds rows `rows` (m,), None: all. Its columns come v times, as `sized` says: as
    they are, or their absolute values.

    >>> made = Columns(np.array([[1.0, -2.0], [-3.0, 4.0]]), (False, True))
    >>> made.shape, made[:, [0, 3]].tolist(), made.at(np.array([1]))[:, 2:].tolist()
    ((2, 4), [[1.0, 2.0], [-3.0, 4.0]], [[3.0, 4.0]])
    """

    base: Values
    sized: tuple[bool, ...]
    rows: Int | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """(m, v p)."""
        m = len(self.base) if self.rows is None else len(self.rows)
        return m, len(self.sized) * int(self.base.shape[1])

    def at(self, some: Int | Bool) -> Columns:
        """Some of the rows, not copied."""
        rows = np.arange(len(self.base)) if self.rows is None else self.rows
        return Columns(self.base, self.sized, rows[some])

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> Float:
        rows, columns = key if isinstance(key, tuple) else (key, slice(None))
        m, wide = self.shape
        at = np.arange(m)[np.ravel(rows) if not isinstance(rows, slice) else rows]
        chosen = np.arange(wide)[np.ravel(columns) if not isinstance(columns, slice) else columns]
        view, place = np.divmod(chosen, max(1, int(self.base.shape[1])))
        held = at if self.rows is None else self.rows[at]
        out = self.base[held[:, None], place].astype(np.float64)
        own = np.array(self.sized, dtype=bool)[view]
        out[:, own] = np.abs(out[:, own])
        return out

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Values:
        """All of them at once."""
        out = self[:, :]
        return out if dtype is None else out.astype(dtype, copy=False)
