"""Strata of few people: left out, counted, and no answer where too little stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pytest

from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.groups import Axes
from evenlight.measures.associate import associate
from evenlight.measures.associations import Association

NAMES = ("level", "noise")
Cells = Sequence[tuple[str, Mapping[str, int]]]


def placed(cells: Cells) -> Cohort:
    """People by site and group; `level` is one SD higher in each further group."""
    rng = np.random.default_rng(0)
    sites = [site for site, counts in cells for n in counts.values() for _ in range(n)]
    groups = [g for _, counts in cells for g, n in counts.items() for _ in range(n)]
    n = len(sites)
    table = pd.DataFrame(
        {"race": groups, "site": sites, "y": np.arange(n) % 2},
        index=[f"p{i:04d}" for i in range(n)],
    )
    step = np.array(["ABC".index(g) for g in groups], dtype=float)
    x = rng.normal(size=(n, 2)) + np.outer(step, [1.0, 0.0])
    return Cohort(x, table, NAMES, outcome="y", unit="row", strata=["site"])


def asked(cells: Cells) -> Association:
    """Association with race, of features and of both as one set."""
    both = FeatureSets.from_lists({"both": NAMES}, NAMES)
    return associate(placed(cells), by="race", sets=both)


TINY = [(f"tiny{i}", {"A": 3, "B": 1}) for i in range(6)]
"""Sites of three A and one B each: no stratum holds two of both."""


def test_tiny_strata_are_left_out_and_counted() -> None:
    """With two large sites beside six tiny ones the answer is that of the large ones alone."""
    large = [("s", {"A": 60, "B": 60}), ("t", {"A": 60, "B": 60})]
    alone, found = asked(large), asked([*large, *TINY])
    assert alone.dropped.tolist() == [0, 0, 0]
    assert found.dropped.tolist() == [0, 0, 12]
    assert found.strata.tolist() == alone.strata.tolist()
    assert found.n.tolist() == [264, 264, 240]
    np.testing.assert_allclose(found.share[2], alone.share[2])
    told = "12 strata were left out, 24 units: too few of two groups are there."
    assert told in found.population[2]


def test_where_tiny_strata_hold_most_people_nothing_can_be_told() -> None:
    """A group that keeps fewer than 20 people in strata with both has no numbers, but a reason."""
    found = asked([("s", {"A": 60, "B": 14}), *TINY])
    assert found.reason[0, 0] == found.reason[1, 0] == ""
    assert np.isnan([found.share[2], found.p[2], found.information[2]]).all()
    assert found.sets is not None
    assert np.isnan(found.sets.value[2, 0])
    assert "units in B are in a stratum with two or more of them" in found.reason[2, 0]
    assert found.population[2] == ""


def test_a_quarter_of_each_group_is_needed() -> None:
    """Of 200 people of A 40 in strata with B are no answer for A, however many they are."""
    apart = ("own", {"A": 160})
    found = asked([("s", {"A": 40, "B": 80}), apart])
    assert "40 of 200 units in A" in found.reason[2, 0]
    assert asked([("s", {"A": 60, "B": 80}), apart]).reason[2, 0] == ""


def test_a_third_group_without_overlap_leaves_alone() -> None:
    """C is at a site of its own: A and B are compared as if C was not there, and C is named."""
    both = [("s", {"A": 60, "B": 60}), ("t", {"A": 60, "B": 60})]
    two, three = asked(both), asked([*both, ("u", {"C": 60, "A": 1})])
    assert three.strata[2] == two.strata[2]
    np.testing.assert_allclose(three.share[2], two.share[2])
    assert "Not among them: fewer than 11 of 60 units in C" in three.population[2]
    assert three.share[0, 0] > two.share[0, 0]


def test_a_small_group_in_full_strata_is_asked() -> None:
    """Sixteen people are few, but no stratum is dropped: they are told, as in a comparison."""
    found = asked([("s", {"A": 60, "B": 16})])
    assert (found.reason == "").all()
    assert found.n.tolist() == [76, 76, 76]


@pytest.mark.parametrize("lost", [2, 8])
def test_few_people_left_out_are_not_counted(lost: int) -> None:
    """The people who enter, and the sentence, tell of 1 to 10 left out no more than that."""
    found = asked([("s", {"A": 100, "B": 100}), ("own", {"A": lost})])
    assert found.n[0] - found.n[2] == 10
    assert "fewer than 11 units" in found.population[2]


@pytest.mark.parametrize(("large", "told"), [(200, True), (18, False)])
def test_axes_in_tiny_strata_are_left_out(large: int, told: bool) -> None:
    """Strata without room for the axes are counted; with little left nothing can be told."""
    cohort = placed([("s", {"A": large}), *((f"tiny{i}", {"A": 2}) for i in range(40))])
    axes = Axes("age", cohort.dense()[:, :1] + 1.0, cohort.rows)
    found = associate(cohort, by=axes)
    assert found.dropped.tolist()[:2] == [0, 0]
    assert found.dropped[2] >= 40
    assert (found.reason[2, 0] == "") == told
    assert np.isfinite(found.share[2, 0]) == told
