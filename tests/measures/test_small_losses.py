"""How few people of a group were dropped cannot be read from the counts of levers and leakage."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from evenlight.data.cohort import Cohort
from evenlight.measures.leak import leak
from evenlight.measures.lever import Levers
from evenlight.measures.levers import levers
from evenlight.measures.people import compose
from evenlight.probes.shuffle import shuffle
from evenlight.probes.swap import swap
from tests.lever_world import NAMES, SETS, cohort, model


@cache
def alone(lost: int, unknown: int = 0) -> Cohort:
    """400 people, `lost` of B at a site of their own, and `unknown` of A without an outcome."""
    people = cohort(400)
    table = people.people.assign(site="shared", y=people.people["y"].astype(float))
    b, a = (table.index[table["anc"] == level] for level in "BA")
    table.loc[b[:lost], "site"] = "own"
    table.loc[a[:unknown], "y"] = np.nan
    x = people.columns(range(4))
    return Cohort(x, table, NAMES, groups=["anc"], outcome="y", strata=["site"], unit="row")


@cache
def moved(lost: int, unknown: int = 0) -> Levers:
    """Its levers."""
    people = alone(lost, unknown)
    return levers(
        [v(model, people, by="anc", sets=SETS) for v in (swap, shuffle)], people, by="anc"
    )


def size(people: Cohort, level: str) -> float:
    """How many people of a level the page tells of."""
    made = compose(people, by="anc")
    return float(made.count[made.parts.index(level)])


@pytest.mark.parametrize("lost", [1, 4, 10])
def test_a_small_loss_is_told_as_ten(lost: int) -> None:
    """Of a group that lost 1 to 10 people to strata every table of the levers tells one count."""
    people, made = alone(lost), moved(lost)
    frame = made.closing.to_frame()
    assert set(size(people, "B") - frame.n_level) == {10.0}
    assert set(size(people, "A") - frame.n_reference) == {0.0}
    table = made.table.to_frame()
    swapped = table[table.kind == "swap"]
    assert set(size(people, "B") - swapped[swapped.part == "B"].n) == {10.0}
    assert set(swapped[swapped.part == "overall"].n) == {people.u - 10.0}


def test_a_large_loss_and_none_are_told_as_they_are() -> None:
    """Eleven who were dropped are told, and so is nobody."""
    for lost in (0, 11):
        n = moved(lost).closing.n_level
        assert set(size(alone(lost), "B") - n) == {float(lost)}


def test_few_unknown_outcomes_are_not_told_either() -> None:
    """Three people without an outcome are told as ten, within groups and in the gap."""
    people, made = alone(0, 3), moved(0, 3)
    assert set(size(people, "A") - made.closing.n_reference) == {10.0}
    assert set(people.u - made.signal.n) == {10.0}
    table = made.table.to_frame()
    assert set(size(people, "A") - table[table.part == "A"].n) == {10.0}


@pytest.mark.parametrize("lost", [2, 9])
def test_leakage_tells_no_small_loss(lost: int) -> None:
    """Units that enter a probe are as those of a lever."""
    people = alone(lost)
    found = leak("values", people, by="anc", draws=100)
    assert found.n[0, 0].tolist() == [size(people, "B") - 10, size(people, "A")]
