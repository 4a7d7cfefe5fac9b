"""Units that enter a comparison, as they may be told beside the sizes of their groups."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evenlight.arrays import Int
from evenlight.data.units import unit_codes
from evenlight.measures.prepare import Setting
from evenlight.small_groups import least_shown
from evenlight.stats.disclosure import left_counts


def everybody(here: Setting) -> Int:
    """Units of each level (k,) in the whole cohort: what the page tells of the people."""
    codes = unit_codes(here.groups.codes, here.cohort.units)
    return np.bincount(codes[codes >= 0], minlength=len(here.groups.levels))


def told_left(
    here: Setting, levels: Sequence[str], left: Sequence[int], *totals: Sequence[int]
) -> Int:
    """Units left (l,) of some levels, so that no loss of 1 to 10 follows from a size of theirs.

    `totals` are other counts of the same levels that are told, the nearest first. Where the
    grouping hides a count the caller rounds as well (`stats.disclosure.shown_counts`).
    """
    at = [here.groups.levels.index(level) for level in levels]
    known = [np.array(total, dtype=np.int64) for total in (*totals, here.sizes[at])]
    return left_counts(
        np.array(left, dtype=np.int64), *known, everybody(here)[at], smallest=least_shown()
    )
