"""Fault 14: codes of missing values in columns of people are recognised, and told."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evenlight.data.cohort import Cohort
from evenlight.data.missing_codes import told_missing

N = 60
IDS = [f"p{i:02d}" for i in range(N)]


def people(**columns: object) -> pd.DataFrame:
    """Sixty people."""
    return pd.DataFrame(columns, index=IDS)


def test_14_labels_that_mean_unknown_are_told() -> None:
    """Fault 14: -9, NA, 999, "" and unknown belong to no group; how many is said, few are not."""
    labels = (
        ["A"] * 20 + ["B"] * 20 + ["NA"] * 12 + ["unknown", "-9", "999", " na ", ""] + [-9.0] * 3
    )
    made = Cohort(np.eye(N), people(race=labels), groups=["race"])
    assert made.groups[0].levels == ("A", "B")
    assert int((made.groups[0].codes < 0).sum()) == 20
    told = next(note for note in made.notes if note.startswith("race:"))
    assert "'NA' 12" in told
    assert "'-9' fewer than 11" in told
    assert "'unknown' fewer than 11" in told
    assert "belong to no group" in told


@pytest.mark.parametrize("code", [-9.0, -99.0, 999.0, 9999.0])
def test_14_a_number_that_stands_apart_is_told(code: float) -> None:
    """Fault 14: in an outcome or covariate it is a value until somebody says it is not."""
    bmi = np.r_[np.linspace(18, 40, N - 12), np.full(12, code)]
    made = Cohort(np.eye(N), people(bmi=bmi), outcome="bmi")
    assert any(f"bmi: {code:g} looks like a code for missing (12 rows)" in n for n in made.notes)


def test_14_numbers_in_their_range_are_no_codes() -> None:
    """A temperature of -9, an age of 99 and a price of 999 stay what they are, unsaid."""
    table = people(
        temperature=np.r_[np.linspace(-30, 30, N - 1), -9.0],
        age=np.r_[np.linspace(20, 98, N - 1), 99.0],
        price=np.r_[np.linspace(10, 990, N - 1), 999.0],
    )
    assert told_missing(table, [], list(table.columns)) == []


def test_14_a_stratum_that_is_called_unknown_is_told() -> None:
    """It is a level like any other, and the remedy is said."""
    made = Cohort(np.eye(N), people(site=["s"] * 30 + ["unknown"] * 30), strata=["site"])
    assert any("site: 'unknown' looks like a code for missing (30 rows)" in n for n in made.notes)


def test_columns_without_codes_say_nothing() -> None:
    """Plain labels, booleans and empty columns."""
    table = people(sex=["f", "m"] * 30, smoker=[True, False] * 30, empty=[np.nan] * N)
    assert told_missing(table, ["sex"], ["smoker", "empty", "absent"]) == []
