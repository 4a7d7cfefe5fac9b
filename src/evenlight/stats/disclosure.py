"""What may be shown: nothing below the smallest group, and nothing that gives it away.

Where a table has a hidden cell, its other counts are rounded to 5, so that no sum solves for it. A
count of who is left of a total that is told elsewhere hides how few were lost (`left_counts`).
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from evenlight.arrays import Float, Int, Text

ROUND_TO = 5

Counts = TypeVar("Counts", Float, Int)


def shown_counts(counts: Counts, *, rounded: bool) -> Counts:
    """Counts as they are, or to 5 where a cell of their table is hidden."""
    if not rounded:
        return counts
    return (ROUND_TO * np.round(counts / ROUND_TO)).astype(counts.dtype)


def told_counts(counts: Counts, *, rounded: bool, smallest: int) -> Counts:
    """Counts as they may be shown, and 0 for any that is smaller than `smallest`.

    >>> told_counts(np.array([403, 8]), rounded=True, smallest=11).tolist()
    [405, 0]
    """
    shown = shown_counts(counts, rounded=rounded)
    return np.where(counts < smallest, 0, shown).astype(counts.dtype)


def left_counts(left: Counts, *totals: Counts, smallest: int) -> Counts:
    """How many are left of each of `totals`, nearest first, a loss of 1 to 10 told as one of 10.

    The difference to a total, which is told elsewhere, then says no more than "fewer than 11". Of a
    total below 21 eleven are told as left, and of twelve all of them: eleven would tell of one.

    >>> left_counts(np.array([240, 243, 200, 14]), np.array([243, 243, 243, 15]), smallest=11)
    array([233, 243, 200,  11])
    """
    told = left
    for total in totals:
        lost = total - told
        few = (lost > 0) & (lost < smallest)
        coarse = np.where(total > smallest + 1, np.maximum(total - smallest + 1, smallest), total)
        told = np.where(few, coarse, told).astype(left.dtype)
    return told


def suppressed_counts(counts: Int, *, smallest: int) -> tuple[Float, Text, bool]:
    """Counts as they may be shown (NaN where hidden), the reason, and whether they were rounded.

    >>> suppressed_counts(np.array([2774, 2035, 2]), smallest=11)
    (array([2775., 2035.,   nan]), array(['', '', 'suppressed (<11)'], dtype='<U16'), True)
    """
    hidden = (counts > 0) & (counts < smallest)
    shown = counts.astype(float)
    if hidden.any():
        shown = ROUND_TO * np.round(shown / ROUND_TO)
    shown[hidden] = np.nan
    text = f"suppressed (<{smallest})"
    return shown, np.where(hidden, text, ""), bool(hidden.any())
