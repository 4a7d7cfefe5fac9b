"""What is said of small groups, of numbers taken for groups, and of rounding."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.errors import EvenlightWarning, GroupError
from evenlight.measures.associate import associate
from evenlight.measures.graded import _still
from evenlight.measures.prepare import setting
from evenlight.measures.rely import rely
from evenlight.measures.stratified import unaskable
from tests.given import made_of


def cohort_of(sizes: tuple[int, ...], **given: object) -> Cohort:
    """Groups A, B, ... of these sizes, with an outcome, an age and three features."""
    rng = np.random.default_rng(0)
    n = sum(sizes)
    people = pd.DataFrame(
        {
            "group": np.repeat([chr(65 + i) for i in range(len(sizes))], sizes),
            "y": rng.integers(0, 2, n),
            "age": rng.normal(60, 10, n),
        },
        index=[f"p{i:04d}" for i in range(n)],
    )
    own = {"outcome": "y", "unit": "row", **given}
    return Cohort(rng.normal(size=(n, 3)), people, ["a", "b", "c"], **own)  # type: ignore[arg-type]


def test_large_groups_that_never_meet_lack_overlap() -> None:
    """An outcome that is the group leaves no stratum with both, whatever their size."""
    cohort = cohort_of((200, 100))
    people = cohort.people.assign(y=(cohort.people["group"] == "A").astype(int))
    apart = Cohort(cohort.dense(), people, ["a", "b", "c"], outcome="y", unit="row")
    why = unaskable(apart, by="group", given="outcome")
    assert why == "no stratum holds two or more units of two groups"


@pytest.mark.parametrize("given", ["nothing", "outcome"])
def test_a_group_of_five_is_told_as_too_small_and_not_as_a_lack_of_overlap(given: str) -> None:
    """The size is asked before the strata, and the small group is named."""
    why = unaskable(cohort_of((200, 5)), by="group", given=given)
    assert why == "fewer than 11 units in B; two groups of 11 or more are needed"
    assert unaskable(cohort_of((200, 40, 5)), by="group", given="nothing") == ""


def test_every_verb_says_the_same_of_a_group_of_five() -> None:
    """Reliance and association both give the size as the reason."""
    cohort = cohort_of((200, 5))
    made = made_of(cohort, cohort.dense())
    lean = rely(made, cohort, by="group")
    assert set(lean.total_reason) == {
        "fewer than 11 units in B; two groups of 11 or more are needed"
    }
    told = associate(cohort, by="group").to_frame()
    assert told["reason"].str.contains("fewer than").all()


def test_a_number_taken_for_a_grouping_is_told_with_the_remedy() -> None:
    """Each age a level of its own is an error that names axes; with two larger levels it warns."""
    cohort = cohort_of((200, 100))
    with pytest.raises(GroupError, match=r"age has 300 levels, and no two .* Axes\("):
        setting(cohort, "age")
    setting(cohort, "group")
    labels = ["A"] * 20 + ["B"] * 20 + [f"day {i}" for i in range(260)]
    days = Groups.from_labels("day", pd.Series(labels, index=cohort.rows))
    with pytest.warns(EvenlightWarning, match=r"day has 262 levels, 260 of them .* Axes\("):
        setting(cohort, days)


def test_numbers_that_differ_by_rounding_only_do_not_differ() -> None:
    """Rows that are equal but for the last bits have one value, others keep theirs."""
    rng = np.random.default_rng(1)
    near = 0.115 + 1e-16 * rng.integers(0, 4, 50)
    far = 0.115 + 1e-6 * rng.integers(0, 4, 50)
    made = _still(np.column_stack([near, far, np.zeros(50)]))
    assert np.ptp(made[:, 0]) == 0
    np.testing.assert_array_equal(made[:, 1], far)
    assert (made[:, 2] == 0).all()
