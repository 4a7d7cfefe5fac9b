"""Whether a grouping, beside those that a cohort declares before it, gives few people away."""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

import numpy as np

from evenlight.arrays import Int
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.data.units import unit_codes
from evenlight.small_groups import least_shown
from evenlight.stats.differencing import told_apart

_DECLARED: WeakKeyDictionary[Cohort, dict[str, bool]] = WeakKeyDictionary()
"""Of each cohort that was asked, its groupings by name."""


def apart_told(cohort: Cohort, groups: Groups) -> bool:
    """Whether exact sums over `groups` and the groupings declared before tell of 1 to 10 people.

    Ancestry beside *European* that differ in one person do (`stats.differencing`): the later one is
    then told to steps, as a table with a hidden part is. A grouping that hides a part is told to
    steps by itself, and enters no sum; one that is not declared comes after all others.
    """
    if cohort not in _DECLARED:
        _DECLARED[cohort] = dict(_apart(cohort, cohort.groups))
    declared = {g.name: g for g in cohort.groups}
    if groups.name in declared and np.array_equal(declared[groups.name].codes, groups.codes):
        return _DECLARED[cohort][groups.name]
    return _apart(cohort, [*(g for g in cohort.groups if g.name != groups.name), groups])[-1][1]


def sums_apart(cohort: Cohort, rows: Int, parts: Int) -> bool:
    """Whether sums over `parts` tell of 1 to 10 people, beside the groupings of a cohort.

    `parts` (m, s) are codes of the rows (m,) in s divisions of theirs, as slices are.
    """
    exact = [
        g.codes[rows]
        for g in cohort.groups
        if not (_hides(unit_codes(g.codes, cohort.units)) or apart_told(cohort, g))
    ]
    each = np.unique(np.column_stack([cohort.units[rows], *exact, parts]), axis=0)[:, 1:]
    return bool(told_apart(each, smallest=least_shown())[len(exact) :].any())


def _apart(cohort: Cohort, groupings: Sequence[Groups]) -> list[tuple[str, bool]]:
    """Each grouping, and whether it is told to steps for those before it."""
    codes = [unit_codes(g.codes, cohort.units) for g in groupings]
    exact = [not _hides(own) for own in codes]
    asked = [own for own, whole in zip(codes, exact, strict=True) if whole]
    if len(asked) < 2:
        return [(g.name, False) for g in groupings]
    found = iter(told_apart(np.column_stack(asked), smallest=least_shown()).tolist())
    return [(g.name, whole and next(found)) for g, whole in zip(groupings, exact, strict=True)]


def _hides(own: Int) -> bool:
    """Whether a level, or the unknown, has 1 to 10 units."""
    sizes = np.bincount(own + 1)
    return bool(((sizes > 0) & (sizes < least_shown())).any())
