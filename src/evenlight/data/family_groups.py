"""Families as groups of rows."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Int
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups


def family_groups(cohort: Cohort, family: Int) -> Groups:
    """Families of two units or more as groups of rows; who has no relative is unknown.

    `family` (u,) numbers the family of each unit.
    """
    many = np.flatnonzero(np.bincount(family) > 1)
    code = np.full(int(family.max()) + 1, -1, dtype=np.int64)
    code[many] = np.arange(len(many))
    levels = tuple(f"family {i + 1}" for i in range(len(many)))
    return Groups("family", levels, code[family][cohort.units], "genetic", rows=cohort.rows)
