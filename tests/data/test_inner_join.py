"""What is said of people whom an inner join left out tells of no small group."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter

import numpy as np
import pandas as pd
import pytest

from evenlight.data import align
from evenlight.data.intake import inner_note
from evenlight.small_groups import least_shown
from evenlight.stats.disclosure import ROUND_TO, suppressed_counts


def people(**columns: Sequence[object]) -> pd.DataFrame:
    """A table whose rows are p0, p1, ..."""
    made = pd.DataFrame(columns)
    return made.set_axis([f"p{i}" for i in range(len(made))], axis=0)


def note(table: pd.DataFrame, lost: int, *groups: str) -> str:
    """The note where the first `lost` people are not among the rows of x."""
    rows = align.ids(table.index[lost:])
    return inner_note(rows, table, np.arange(len(rows)), groups)


def test_a_hidden_count_follows_from_no_total() -> None:
    """With a hidden group all counts of people are to 5, those of another grouping too."""
    table = people(
        ancestry=["EUR"] * 19 + ["AFR"] * 12 + ["EAS"] * 5 + ["EUR"] * 40,
        sex=["female"] * 19 + ["male"] * 57,
    )
    assert note(table, 36, "ancestry", "sex") == (
        "Inner join: 0 rows of x and 35 of people left out; ancestry: EUR 20, AFR 10, "
        "EAS fewer than 11; sex: female 20, male 15 (people to the nearest 5)."
    )
    assert note(table, 36, "sex") == (
        "Inner join: 0 rows of x and 36 of people left out; sex: female 19, male 17."
    )


@pytest.mark.parametrize("lost", [11, 12, 13, 17, 18, 403, 1204])
def test_counts_beside_a_hidden_one_are_told_as_tables_tell_them(lost: int) -> None:
    """The note and `stats.disclosure`, which knows no people, round and hide alike."""
    table = people(site=["a"] * lost + ["b"] * 3 + ["a"] * 20)
    shown, hidden, rounded = suppressed_counts(np.array([lost, 3]), smallest=least_shown())
    assert rounded
    assert hidden[1]
    said = note(table, lost + 3, "site")
    assert f"site: a {int(shown[0]):,}, b fewer than {least_shown()} " in said
    assert f"nearest {ROUND_TO})" in said


def test_people_of_no_known_group_are_a_hidden_count_too() -> None:
    """A few without a label make the others coarse, and are told as fewer than 11."""
    table = people(sex=["f"] * 13 + [None] * 4 + ["m"] * 40)
    assert note(table, 17, "sex") == (
        "Inner join: 0 rows of x and 15 of people left out; sex: f 15, unknown fewer than 11 "
        "(people to the nearest 5)."
    )


def test_a_total_below_eleven_is_hidden() -> None:
    """Four people are told as fewer than 11, with groups and without, as the flow tells them."""
    table = people(sex=["f"] * 30)
    assert note(table, 4, "sex") == (
        "Inner join: 0 rows of x and fewer than 11 of people left out; sex: f fewer than 11."
    )
    assert note(table, 4) == "Inner join: 0 rows of x and fewer than 11 of people left out."


def test_levels_that_lost_nobody_are_not_told() -> None:
    """A category without people left out, and a join that lost nobody, say nothing of groups."""
    table = people(sex=["f"] * 30 + ["m"] * 30)
    table["sex"] = table["sex"].astype("category")
    assert note(table, 20, "sex").endswith("20 of people left out; sex: f 20.")
    assert note(table, 0, "sex").endswith("0 of people left out.")


def test_many_people_are_joined_in_linear_time() -> None:
    """Twenty thousand people take no more than a second."""
    table = people(sex=["f"] * 20_000)
    start = perf_counter()
    note(table, 10_000, "sex")
    assert perf_counter() - start < 1
