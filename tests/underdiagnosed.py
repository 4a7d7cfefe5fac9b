"""A world in which some of the ill of one group are recorded as well."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort

NAMES = ["sign", "noise"]


def underdiagnosed(
    n: int = 2000, *, missed: float, sign: float, levels: str = "AB"
) -> tuple[Cohort, Attributions]:
    """A model that sees the disease as it is; in B a share `missed` of the ill is recorded as well.

    The sign of disease is `sign` SD higher in the ill, whatever is recorded of them; `levels` name
    the groups, all of one size. The second feature is noise.
    """
    rng = np.random.default_rng(0)
    race = np.array(list(levels))[np.arange(n) % len(levels)]
    ill = rng.random(n) < 0.5
    seen = ill & ~((race == "B") & (rng.random(n) < missed))
    people = pd.DataFrame(
        {"race": race, "y": seen.astype(int)}, index=[f"p{i:05d}" for i in range(n)]
    )
    x = np.column_stack([rng.normal(size=n) + sign * ill, rng.normal(size=n)])
    cohort = Cohort(x, people, NAMES, outcome="y", groups=["race"], unit="row")
    values = x - x.mean(axis=0)
    made = Attributions.from_arrays(
        values, rows=cohort.rows.tolist(), features=NAMES, output=values.sum(axis=1), base=0.0
    )
    return cohort, made
