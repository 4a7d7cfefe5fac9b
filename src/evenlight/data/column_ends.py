"""The smallest and the largest finite value of each column, gathered block by block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from evenlight.arrays import Bool, Float, Values


@dataclass(frozen=True, slots=True, eq=False)
class Ends:
    """`low`, `high` (p,), NaN where a column holds no number; `whole` (p,) if all are whole.

    Blocks of rows widen it in place.

    >>> ends = Ends.none(2)
    >>> ends.widen(np.array([[1.0, np.nan], [2.5, np.inf]]))
    >>> ends.low.tolist(), ends.high.tolist(), ends.whole.tolist()
    ([1.0, nan], [2.5, nan], [False, True])
    """

    low: Float
    high: Float
    whole: Bool

    @classmethod
    def none(cls, p: int) -> Ends:
        """Of p columns of which nothing was seen."""
        return cls(np.full(p, np.nan), np.full(p, np.nan), np.ones(p, dtype=bool))

    def widen(self, x: Values, *, whole: bool = True) -> None:
        """Take in more rows (m, p); `whole=False` does not ask whether numbers are whole."""
        if not len(x):
            return
        low, high = np.fmin.reduce(x, axis=0), np.fmax.reduce(x, axis=0)
        if not (np.isfinite(low) & np.isfinite(high)).all():
            known = np.where(np.isfinite(x), x, np.nan)
            low, high = np.fmin.reduce(known, axis=0), np.fmax.reduce(known, axis=0)
        np.fmin(self.low, low, out=self.low)
        np.fmax(self.high, high, out=self.high)
        if whole:
            self.whole[:] &= (~np.isfinite(x) | (x == np.rint(x))).all(axis=0)

    def widen_held(self, x: Any, entries: Bool) -> None:
        """Take in some of the entries that a CSR x holds; an absent one is 0."""
        at, values = x.indices[entries], x.data[entries].astype(np.float64)
        values, at = values[np.isfinite(values)], at[np.isfinite(values)]
        np.fmin.at(self.low, at, values)
        np.fmax.at(self.high, at, values)
        self.whole[at[values != np.rint(values)]] = False

    def widen_zero(self, columns: Bool) -> None:
        """Take in a 0 in some columns (p,)."""
        np.fmin(self.low, 0.0, out=self.low, where=columns)
        np.fmax(self.high, 0.0, out=self.high, where=columns)
