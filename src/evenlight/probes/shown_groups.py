"""Groupings as a probe may read them: nobody of a level of 1 to 10 units is in any group."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from evenlight.arrays import Bool
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.data.units import one_each, unit_codes
from evenlight.small_groups import least_shown
from evenlight.stats.disclosure import shown_in_each, shown_units


def shown_only(groups: Groups, cohort: Cohort) -> Groups:
    """The same where a level of 1 to 10 units is unknown: nobody of it enters."""
    shown = shown_units(unit_codes(groups.codes, cohort.units), smallest=least_shown())
    return replace(groups, codes=np.where(shown[cohort.units], groups.codes, -1))


def shown_rows(cohort: Cohort, groupings: tuple[Groups, ...]) -> Bool:
    """Rows (n,) of units that no grouping hides; one that varies inside a unit hides nobody."""
    held = [g.codes for g in groupings if one_each(g.codes, cohort.units)]
    if not held:
        return np.ones(cohort.n, dtype=bool)
    codes = np.column_stack([unit_codes(own, cohort.units) for own in held])
    return np.asarray(shown_in_each(codes, smallest=least_shown())[cohort.units])


def hides(groups: Groups, cohort: Cohort) -> bool:
    """Whether a level, or the unknown, has 1 to 10 units."""
    sizes = np.bincount(unit_codes(groups.codes, cohort.units) + 1)
    return bool(((sizes > 0) & (sizes < least_shown())).any())
