"""Tables of people against the headers of their images."""

from __future__ import annotations

import pandas as pd
import pytest

from evenlight.errors import CohortError
from evenlight.modalities.header_people import contradictions


def facts(**columns: object) -> pd.DataFrame:
    """What headers say."""
    return pd.DataFrame(columns)


def test_a_table_that_fits_says_nothing() -> None:
    """Other words for the same sex, a birthday between, ages of 90 and over, and gaps all fit."""
    table = pd.DataFrame(
        {
            "sex": ["female", "M", "f", None, "other"],
            "age": [61, 44, 97, 30, None],
            "view": ["AP", "pa", "AP", "lateral", "PA"],
        }
    )
    told = facts(
        sex=["F", "M", None, "M", "F"],
        age=[60.0, 45.0, 90.0, float("nan"), 12.0],
        view=["AP", "PA", "", "AP", None],
    )
    assert contradictions(table, told) == []


def test_contradictions_are_counted_and_nobody_is_named() -> None:
    """Rows whose sex, age or view is another one are counted as a page counts."""
    table = pd.DataFrame({"sex": ["f"] * 30, "age": [50] * 30, "view": ["AP"] * 30})
    told = facts(sex=["F"] * 18 + ["M"] * 12, age=[50.0] * 27 + [20.0] * 3, view=["PA"] * 30)
    sex, age, view = contradictions(table, told)
    assert "sex of the table is not that of the image header in 12 of 30" in sex
    assert "age" in age
    assert "3 of 30" not in age
    assert "30 of 30" in view


def test_sex_the_other_way_round_is_refused() -> None:
    """A table that has all sexes reversed is an error, unless there are too few rows to say."""
    told = facts(sex=["F", "M"] * 10)
    with pytest.raises(CohortError, match="other way round"):
        contradictions(pd.DataFrame({"sex": ["m", "f"] * 10}), told)
    few = contradictions(pd.DataFrame({"sex": ["m", "f"]}), facts(sex=["F", "M"]))
    assert len(few) == 1


def test_one_person_under_two_ids_is_told() -> None:
    """A patient of the headers in two units, and a unit of two patients, are counted."""
    table = pd.DataFrame({"person": ["a", "b", "c", "c", "d"]})
    notes = contradictions(table, facts(patient=[0, 0, 1, 2, -1]), unit="person")
    assert len(notes) == 2
    assert "patients by their image headers are in several units (person)" in notes[0]
    assert "units (person) are several patients" in notes[1]
    assert contradictions(table, facts(patient=[0, 1, 2, 2, 3]), unit="person") == []
    assert contradictions(table, facts(patient=[0] * 5), unit="person") == []
