"""An outcome that nobody differs in, that differs inside a unit, or is named in the wrong order."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from evenlight.data.cohort import Cohort
from evenlight.data.intake import BY_POSITION
from evenlight.data.outcome import Survival
from evenlight.errors import CohortError, EvenlightWarning

DONORS, CELLS = 30, 40
DONOR = np.repeat(np.arange(DONORS), CELLS)
N = len(DONOR)
X = np.random.default_rng(0).normal(size=(N, 2))


def cells(outcome: object, **roles: object) -> Cohort:
    """Cells of donors, with an outcome."""
    people = pd.DataFrame(
        {
            "donor": [f"d{i}" for i in DONOR],
            "sex": np.where(DONOR % 2, "f", "m"),
            "y": outcome,
            "no": [None] * N,
        },
        index=[f"c{i}" for i in range(N)],
    )
    return Cohort(X, people, outcome="y", unit="donor", **{"groups": ["sex"], **roles})  # type: ignore[arg-type]


def test_one_cell_of_another_outcome_is_warned_of() -> None:
    """Of 1,200 cells one has the other outcome: it is likely wrong, and a note stays."""
    y = (DONOR % 3 == 0).astype(int)
    y[5] = 1 - y[5]
    with pytest.warns(
        EvenlightWarning, match=r"same in all rows of each unit.*but for fewer than 11"
    ):
        made = cells(y)
    assert any("differs between the rows of fewer than 11 of 30 units" in n for n in made.notes)


def test_an_outcome_of_each_visit_is_noted_and_no_mistake() -> None:
    """Where many units, or many rows of a unit, differ, the outcome is of the row."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = cells(np.arange(N) % 2)
        y = (DONOR % 3 == 0).astype(int)
        y[: CELLS // 2] = 1 - y[: CELLS // 2]
        half = cells(y)
        same = cells(DONOR % 2)
    assert any("differs between the rows of 30 of 30 units (donor)" in n for n in made.notes)
    assert any("differs between the rows" in n for n in half.notes)
    assert not any("differs between the rows" in n for n in same.notes)


def test_a_constant_outcome_and_groups_of_one_level_are_noted() -> None:
    """Nothing can be asked of them, which the cohort says when it is made."""
    made = cells(np.zeros(N), groups=["no"])
    assert any(n.startswith("Outcome y is 0 in all rows") for n in made.notes)
    assert any(n.startswith("Grouping no: no row has a known group") for n in made.notes)
    women = cells(DONOR % 3 == 0, split=("sex", "f"))
    assert any("all rows of known group are in 'f'" in n for n in women.notes)
    assert not any(n.startswith("Outcome") for n in women.notes)


def test_survival_in_the_other_order_is_told_when_the_cohort_is_made() -> None:
    """Time and event are swapped in other libraries; the error gives the right call."""
    people = pd.DataFrame({"t": [3.0, 2.5, 8.0, 0.0], "e": [0, 1, 1, 0], "w": list("abab")})
    with pytest.raises(CohortError, match=r'names the event first.*say Survival\("t", "e"\)'):
        Cohort(np.eye(4), people, outcome=Survival("e", "t"), unit="row")
    with pytest.raises(CohortError, match="outcome 'w' holds text"):
        Cohort(np.eye(4), people, outcome=Survival("t", "w"), unit="row")
    for wrong, told in (({"t": -people["t"]}, "times are below 0"), ({"e": 2}, "neither 0 nor 1")):
        with pytest.raises(CohortError, match=told):
            Cohort(np.eye(4), people.assign(**wrong), outcome=Survival("t", "e"), unit="row")
    made = Cohort(np.eye(4), people, outcome=Survival("t", "e"), unit="row")
    assert made.outcome_kind == "survival"
    none = Cohort(np.eye(4), people.assign(e=0), outcome=Survival("t", "e"), unit="row")
    assert any(n.startswith("Outcome e is 0 in all rows") for n in none.notes)


def test_values_without_ids_are_said_to_be_matched_by_position() -> None:
    """An array beside people who have ids is a guess that is told; a DataFrame is none."""
    people = pd.DataFrame({"sex": list("fmfm")}, index=["p3", "p1", "p0", "p2"])
    x = pd.DataFrame(np.eye(4), index=["p0", "p1", "p2", "p3"])
    assert BY_POSITION in Cohort(x.to_numpy(), people, ["a", "b", "c", "d"], unit="row").notes
    assert BY_POSITION not in Cohort(x, people, unit="row").notes
    assert BY_POSITION not in Cohort(np.eye(4), people.reset_index(drop=True), unit="row").notes
