"""Groups of people with unlike numbers of rows are compared by as many rows of each."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.measures.compare import compare
from evenlight.measures.prepare import setting
from evenlight.measures.testing import Testing
from evenlight.measures.unlike_rows import thinned

FEATURES = 24


def world(one: tuple[int, int], other: tuple[int, int], seed: int) -> tuple[Attributions, Cohort]:
    """Units of two groups with so many rows each; skewed attributions that differ in nothing."""
    rng = np.random.default_rng(seed)
    each = np.repeat([one[1], other[1]], [one[0], other[0]])
    unit = np.repeat(np.arange(len(each)), each)
    own = 0.3 * rng.normal(size=(len(each), FEATURES))
    x = own[unit] + rng.normal(size=(len(unit), FEATURES))
    rows = [f"r{i}" for i in range(len(unit))]
    names = [f"f{j}" for j in range(FEATURES)]
    people = pd.DataFrame(
        {"g": np.where(unit < one[0], "a", "b"), "unit": [f"u{u}" for u in unit]}, index=rows
    )
    cohort = Cohort(pd.DataFrame(x, rows, names), people, groups=["g"], unit="unit")
    values = np.maximum(x - 0.5, 0)
    made = Attributions.from_arrays(
        values, rows=rows, features=names, output=values.sum(axis=1), base=0.0
    )
    return made, cohort


def test_skewed_attributions_of_unlike_numbers_of_rows_hold_their_level() -> None:
    """One row a unit against eight: at most 3 of 20 null runs have a flag; 9 had with all rows."""
    asked = Testing(draws=600, own_value=False)
    runs = [compare(*world((25, 1), (120, 8), seed), by="g", testing=asked) for seed in range(20)]
    flagged = [bool(np.nanmin(one.p_maxt[0]) <= 0.05) for one in runs]
    assert sum(flagged) <= 3
    told = str(runs[0].population[0, 0])
    assert told == (
        "Of each unit as many rows enter as units of the group with the fewest have (1)."
    )


def test_every_unit_keeps_as_many_rows_as_those_with_the_fewest() -> None:
    """Three a unit where one group has three and the other nine; no unit is lost."""
    _, cohort = world((15, 3), (20, 9), 0)
    here = setting(cohort, cohort.groups[0])
    own, told = thinned(here)
    assert np.bincount(own.unit).tolist() == [3] * 35
    assert "(3)" in told


@pytest.mark.parametrize(("one", "other"), [(4, 4), (10, 13), (100, 1000)])
def test_rows_stay_where_they_are_as_many_or_plenty(one: int, other: int) -> None:
    """Numbers that are alike, and means of many rows, need no thinning."""
    _, cohort = world((12, one), (12, other), 0)
    here = setting(cohort, cohort.groups[0])
    own, told = thinned(here)
    assert (len(own.unit), told) == (len(here.unit), "")
