"""Codes that stand for *missing* in a table x itself, found column by column: -9 is no dosage.

What one column holds beside a code decides, and what other columns of its kind hold: an age beside
genotypes, or a component that has both signs, changes nothing for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from evenlight.arrays import Bool, Int, Values
from evenlight.data.column_ends import Ends
from evenlight.data.rows import Rows, is_sparse
from evenlight.errors import CohortError

CODES = (-9.0, -99.0, -999.0, -9999.0)
"""Numbers below 0 by which files say that a value is missing."""

ABSENT = -1.0
"""What sgkit and scikit-allel write of a missing genotype."""

NINE = 9.0
"""What EIGENSTRAT writes of one."""

DOSAGES = (0.0, 1.0, 2.0)

MORE = 10
"""Columns that end at 2 are so many times those of counts or more among dosages."""

APART = 0.5
"""A code below other negative numbers lies this many times their range away from them, or more."""


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """Which columns (k, p) hold each of k codes for missing values."""

    codes: tuple[float, ...]
    columns: Bool

    def at(self, x: Values, columns: Int) -> Bool:
        """Which values of some columns of x (n, q) are missing by code."""
        made = np.zeros(x.shape, dtype=bool)
        for code, own in zip(self.codes, self.columns[:, columns], strict=True):
            made[:, own] |= x[:, own] == code
        return made

    @property
    def held(self) -> Int:
        """The columns that hold any."""
        return np.flatnonzero(self.columns.any(axis=0))


def suspects(ends: Ends) -> Int:
    """Columns whose smallest or largest value may be a code, by the ends of all p columns."""
    below = np.isin(ends.low, CODES) | ((ends.low == ABSENT) & np.isin(ends.high, (*DOSAGES, NINE)))
    nine = ends.high == NINE
    return np.flatnonzero(below | (nine & _is_code(ends, nine, _counts(ends))))


def coded(ends: Ends, others: Ends, plain: Bool) -> Coded:
    """Which of p columns hold which codes.

    Parameters
    ----------
    ends
        of all values of each column.
    others
        of the values that are none of `CODES`; NaN in columns that were not looked at.
    plain
        (p,) whether a column holds nothing but 0, 1, 2 and codes.

    -9, -99, -999 and -9999 are codes where all other numbers of the column are 0 or more; of whole
    numbers that are no dosages, only if no other column holds whole numbers below 0. -1 is one
    beside 0, 1 and 2, if some such column holds -1 and 2, or more hold 2 than -1, and none holds
    -2; 9 is one beside them, if more columns hold it so than hold other counts, or columns that end
    at 2 are ten times as many as those.
    """
    minus = np.isin(ends.low, CODES) & ~(others.low < 0)
    minus &= plain | ~others.whole | ~_signed(ends, others).any()
    absent = plain & (ends.low == ABSENT)
    both = (absent & (others.high >= 2)).any() or _two(ends).sum() > absent.sum()
    absent &= both and not ((ends.low == -2) & (ends.high <= 2)).any()
    nine = plain & (ends.high == NINE) & (minus | absent | (ends.low >= 0))
    nine &= _is_code(ends, nine, _counts(ends) | ((ends.high == NINE) & ~plain))
    return Coded((*CODES, ABSENT, NINE), np.array([*[minus] * len(CODES), absent, nine]))


def doubtful(ends: Ends, others: Ends, found: Coded) -> Int:
    """Columns where a value may be a code or a number like others below 0.

    Those of other negative numbers, the code far below them, and those of whole numbers from 0 on
    beside columns of whole numbers of both signs.
    """
    width = others.high - others.low
    gap = others.low - ends.low
    far = (others.low >= 0) | ((width > 0) & (gap >= APART * width))
    return np.flatnonzero(np.isin(ends.low, CODES) & far & ~found.columns.any(axis=0))


def blanked(x: Any, found: Coded, spoken: str) -> Any:
    """The same values with NaN for codes, which are missing.

    Raises CohortError, which names the codes as `spoken`, for values that are not in memory.

    >>> found = Coded((-9.0,), np.array([[False, True]]))
    >>> blanked(np.array([[-9.0, -9.0]]), found, "-9").tolist()
    [[-9.0, nan]]
    """
    if isinstance(x, Rows):
        raise CohortError(
            f"x, which is not in memory, holds {spoken} for missing; write NaN in its place "
            'where the values are kept, or say missing="keep" if they are values to the model'
        )
    if is_sparse(x):
        made = x.astype(np.float64)
        for code, own in zip(found.codes, found.columns, strict=True):
            made.data[(made.data == code) & own[made.indices]] = np.nan
        return made
    at = found.held
    made = x.astype(x.dtype if x.dtype.kind == "f" else np.float64)
    made[:, at] = np.where(found.at(made[:, at], at), np.nan, made[:, at])
    return made


def in_words(codes: list[float]) -> str:
    """The codes in words.

    >>> in_words([-9.0, -99.0])
    '-9 and -99'
    """
    return " and ".join(f"{code:g}" for code in codes)


def _counts(ends: Ends) -> Bool:
    """Columns (p,) that begin at 0, 1 or 2 and end at another whole number above: counts."""
    whole = ends.high == np.rint(ends.high)
    more = whole & (ends.high > 2) & (ends.high != NINE)
    counts: Bool = np.isin(ends.low, DOSAGES) & more
    return counts


def _two(ends: Ends) -> Bool:
    """Columns (p,) that begin at 0, 1 or 2 and end at 2."""
    two: Bool = np.isin(ends.low, DOSAGES) & (ends.high == 2)
    return two


def _is_code(ends: Ends, nine: Bool, counts: Bool) -> bool:
    """Whether 9 is a code in the columns of `nine`, by those that are counts."""
    few = MORE * counts.sum() < _two(ends).sum()
    return bool(nine.sum() > counts.sum() or few)


def _signed(ends: Ends, others: Ends) -> Bool:
    """Columns (p,) that seem to hold whole numbers of both signs, but a -1 for a missing one."""
    low = np.where(np.isfinite(others.low), others.low, ends.low)
    absent = (low == ABSENT) & (ends.high <= 2)
    signed: Bool = (low < 0) & (low == np.rint(low)) & ~np.isin(low, CODES) & ~absent
    return signed
