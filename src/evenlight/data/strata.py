"""The strata of a cohort with a column left out, and a column that is held beside them."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Int
from evenlight.data import roles
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups


def strata_without(cohort: Cohort, name: str) -> Int:
    """The cross of the declared strata (n,) but `name`, -1 where one is unknown.

    >>> import pandas as pd
    >>> people = pd.DataFrame({"site": ["s", "t"], "batch": ["1", "1"]}, index=["a", "b"])
    >>> cohort = Cohort(np.eye(2), people, strata=["site", "batch"])
    >>> strata_without(cohort, "site").tolist(), strata_without(cohort, "age").tolist()
    ([0, 0], [0, 1])
    """
    if name not in cohort.strata:
        return cohort.stratum
    return roles.crossed(cohort.people, [c for c in cohort.strata if c != name])


def held_beside(cohort: Cohort, by: str | Groups) -> tuple[Groups, bool]:
    """The levels of `by`, which may vary between the rows of a unit, and whether they do not.

    >>> import pandas as pd
    >>> people = pd.DataFrame({"who": ["u", "u"], "view": ["AP", "PA"]}, index=["a", "b"])
    >>> made, constant = held_beside(Cohort(np.eye(2), people, unit="who"), "view")
    >>> made.levels, constant
    (('AP', 'PA'), False)
    """
    declared = next((g for g in cohort.groups if g.name == by), None)
    if declared is not None or (isinstance(by, str) and by not in cohort.people.columns):
        return cohort.grouping(by), True
    made = roles.grouping(by, cohort.people, cohort.rows)
    known = made.known
    pairs = np.unique(np.column_stack([cohort.units[known], made.codes[known]]), axis=0)
    return made, len(np.unique(pairs[:, 0])) == len(pairs)
