"""Who is kept together where people are divided: the rows of a unit, and the units of a family."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Int
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups


def kept_together(cohort: Cohort, families: str | Groups | None = None) -> Int:
    """The code (n,), from 0, of whom each row belongs to: its family, or its unit where none.

    `families` is a column of people or Groups, as `ev.relatives(...).families` gives them; a unit
    whose family is unknown is one of its own. Codes stand in the sorted order of names, so that
    nothing that is dealt out by them depends on the order of rows. A head that has learned from a
    sister knows something of her brother: whoever is related stands in one fold.

    >>> import pandas as pd
    >>> people = pd.DataFrame({"kin": ["x", None, "x"]}, index=["a", "b", "c"])
    >>> cohort = Cohort(np.zeros((3, 1)), people, unit="row")
    >>> kept_together(cohort).tolist(), kept_together(cohort, "kin").tolist()
    ([0, 1, 2], [0, 1, 0])

    Raises CohortError for a column that is not there, GroupError where a unit has two families.
    """
    if families is None:
        return cohort.units
    code = cohort.grouping(families).codes
    own = np.where(code >= 0, code, int(code.max(initial=-1)) + 1 + cohort.units)
    made: Int = np.unique(own, return_inverse=True)[1].astype(np.int64)
    return made
