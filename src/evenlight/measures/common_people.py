"""The people whose maps are told: the same by every grouping that a cohort declares.

A map holds as many numbers as an image has positions. Rounded numbers would hide a person at each
position and tell that person's mean over a region, since errors of rounding average out there. So
nobody of a hidden part of any grouping is in any map, and as many others are left out beside them
that what any two tables differ by is of 11 people or more (`stats.common_units`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evenlight.arrays import Bool, Int
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.data.units import unit_codes
from evenlight.measures.groupings_beside import apart_told
from evenlight.small_groups import least_shown
from evenlight.stats.common_units import common_units


def common_people(cohort: Cohort, groups: Groups, kept: Bool) -> Int:
    """The rows (m,) of those whose maps are told by the cohort's groupings and by `groups`.

    `kept` (n,) are rows with attributions; the others stay, to be counted. Beside a grouping that
    the cohort does not declare more people are left out: declare all that will be asked.
    """
    code = np.unique(cohort.units[kept], return_inverse=True)[1].astype(np.int64)
    declared = [g for g in cohort.groups if g.name != groups.name]
    same = [g for g in cohort.groups if g.name == groups.name]
    new = not same or not np.array_equal(same[0].codes, groups.codes)
    told = _common(cohort, cohort.groups, code, kept)
    if new:
        held = np.flatnonzero(told)
        at = np.flatnonzero(kept)[told[code]]
        again = np.unique(cohort.units[at], return_inverse=True)[1].astype(np.int64)
        some = np.zeros(cohort.n, dtype=bool)
        some[at] = True
        own = _common(cohort, [*declared, groups], again, some)
        told[held[~own]] = False
    return np.setdiff1d(np.arange(cohort.n), np.flatnonzero(kept)[~told[code]])


def _common(cohort: Cohort, groupings: Sequence[Groups], code: Int, kept: Bool) -> Bool:
    """Units (u,) of the kept rows that every grouping may tell of."""
    many = int(code.max(initial=-1)) + 1
    if not groupings or not many:
        return np.ones(many, dtype=bool)
    codes = np.column_stack([unit_codes(g.codes[kept], code) for g in groupings])
    exact = np.array([_exact(cohort, g, own) for g, own in zip(groupings, codes.T, strict=True)])
    return common_units(codes, exact, _rank(cohort, code, kept), smallest=least_shown())


def _exact(cohort: Cohort, groups: Groups, codes: Int) -> bool:
    """Whether other tables tell sums over these groups exactly."""
    sizes = np.bincount(codes + 1)
    hides = bool(((sizes > 0) & (sizes < least_shown())).any())
    return not hides and not apart_told(cohort, groups)


def _rank(cohort: Cohort, code: Int, kept: Bool) -> Int:
    """Places of units (u,), drawn once and for all by the order of ids."""
    place = np.empty(cohort.n, dtype=np.int64)
    place[cohort.order] = np.arange(cohort.n)
    first = np.full(int(code.max()) + 1, cohort.n)
    np.minimum.at(first, code, place[kept])
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.random.default_rng(0).permutation(len(first))
    return rank
