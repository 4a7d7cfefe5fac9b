"""Four places that hold an outcome hold it alike: one function cuts it for all of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Int
from evenlight.data.cohort import Cohort
from evenlight.data.outcome import Survival
from evenlight.measures.conditions import held
from evenlight.measures.prepare import setting
from evenlight.measures.stratified import strata_given
from evenlight.probes.erase import held_rows
from evenlight.probes.outcomes import given_outcome


def people(outcome: str | Survival, rows: int) -> Cohort:
    """1,600 people of two groups, each in `rows` rows that are alike; some outcomes are unknown."""
    rng = np.random.default_rng(0)
    n = 1600
    group = rng.integers(0, 2, n)
    dose = rng.normal(size=n) + 0.5 * group
    dose[:9] = np.nan
    table = pd.DataFrame(
        {
            "who": [f"p{i:04d}" for i in range(n)],
            "race": np.array(["A", "B"])[group],
            "ill": np.where(np.isnan(dose), np.nan, dose > 0.4),
            "grade": pd.Series(np.digitize(dose, [0, 1]).astype(str)).mask(np.isnan(dose)),
            "dose": dose,
            "time": rng.exponential(np.exp(-np.nan_to_num(dose))),
            "event": (rng.random(n) < 0.7).astype(float),
        }
    )
    long = pd.concat([table.set_index(f"{k}" + table["who"]) for k in range(rows)])
    return Cohort(np.zeros((len(long), 1)), long, outcome=outcome, unit="who", groups=["race"])


def pieces(cohort: Cohort) -> dict[str, Int]:
    """The piece of each row as each of the four has it; of a reliance on the units that enter."""
    groups, here = cohort.grouping("race"), setting(cohort, "race")
    strata = strata_given(here, "outcome")
    whole = np.full(cohort.u, -1, dtype=np.int64)
    whole[strata.keep] = strata.piece
    return {
        "conditions.held": held(here, "outcome").piece,
        "erase.held_rows": held_rows(cohort, groups, None).piece,
        "given_outcome": given_outcome(cohort, groups).piece,
        "strata_given": whole[here.unit],
    }


@pytest.mark.parametrize(
    ("outcome", "rows"),
    [
        ("ill", 1),
        ("ill", 3),
        ("grade", 1),
        ("grade", 3),
        ("dose", 1),
        (Survival("time", "event"), 1),
    ],
)
def test_all_four_hold_an_outcome_alike(outcome: str | Survival, rows: int) -> None:
    """Classes, numbers and survival times are cut into the same pieces; classes of rows as well."""
    cohort = people(outcome, rows)
    found = pieces(cohort)
    assert len(np.unique(found["given_outcome"])) > 2
    for name, piece in found.items():
        enter = piece >= 0 if name == "strata_given" else np.ones(cohort.n, dtype=bool)
        assert enter.mean() > 0.9
        np.testing.assert_array_equal(piece[enter], found["given_outcome"][enter], err_msg=name)


@pytest.mark.parametrize("outcome", ["dose", Survival("time", "event")])
def test_what_varies_inside_a_bin_is_the_same_number(outcome: str | Survival) -> None:
    """Its slope is taken off by the same number: the dose, or the martingale residual."""
    cohort = people(outcome, 1)
    groups, here = cohort.grouping("race"), setting(cohort, "race")
    y = given_outcome(cohort, groups).y
    strata = strata_given(here, "outcome")
    for other in (held(here, "outcome").y, held_rows(cohort, groups, None).y):
        assert other is not None
        np.testing.assert_allclose(other, y)
    np.testing.assert_allclose(strata.y, y[np.argsort(here.unit)][strata.keep])
