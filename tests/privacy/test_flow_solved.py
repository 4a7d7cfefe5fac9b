"""An attacker takes the flow of people, from assessed to compared, and subtracts."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evenlight.data.cohort import Cohort
from evenlight.data.gone import NO_PERSON, NO_VALUES, NOT_FINITE, OTHER_SPLIT
from evenlight.explainers.explain import explain
from evenlight.measures.compare import compare
from evenlight.measures.comparison import Comparison
from evenlight.measures.testing import Testing

ASSESSED = 300


def joined(
    *, extra: int = 0, absent: int = 0, other: int = 0, gaps: int = 0, **options: Any
) -> Cohort:
    """A cohort of 300 people of whom some left at each step of an inner join."""
    rng = np.random.default_rng(0)
    names = [f"p{i:03d}" for i in range(ASSESSED)]
    people = pd.DataFrame(
        {
            "race": rng.choice(["A", "B"], ASSESSED),
            "donor": [f"d{i:03d}" for i in range(ASSESSED)],
            "part": np.where(np.arange(ASSESSED) < ASSESSED - other, "test", "train"),
        },
        index=names,
    )
    values = pd.DataFrame(rng.normal(size=(ASSESSED, 2)), columns=["a", "b"], index=names)
    values.iloc[:gaps, 1] = np.nan
    values = values.iloc[: ASSESSED - absent] if absent else values
    more = pd.DataFrame(0.5, columns=["a", "b"], index=[f"q{i}" for i in range(extra)])
    given = {"unit": "row", "groups": ["race"], "missing": "drop", "join": "inner"} | options
    return Cohort(pd.concat([values, more]), people, split=("part", "test"), **given)


def told(cohort: Cohort) -> list[int]:
    """Every number of the notes, of the flow, and of the card."""
    said = re.sub(r"fewer than 11", "", " ".join(cohort.notes))
    numbers = [int(n.replace(",", "")) for n in re.findall(r"\d[\d,]*", said)]
    return [*numbers, *(one.left for one in cohort.flow if one.left), cohort.n, cohort.u]


@pytest.mark.parametrize("step", ["extra", "absent", "other", "gaps"])
@pytest.mark.parametrize("groups", [[], ["race"]])
def test_a_step_that_is_hidden_is_in_no_difference(step: str, groups: list[str]) -> None:
    """Four rows left at one step: no number is four, nor are two of them four apart."""
    cohort = joined(**{step: 4}, groups=groups)
    assert [one.left for one in cohort.flow] == [None]
    numbers = told(cohort)
    assert 4 not in numbers
    apart = {abs(a - b) for a in numbers for b in numbers}
    assert not apart & {4, 8}


def test_steps_that_many_left_at_are_counted() -> None:
    """Each of four steps, as it was."""
    cohort = joined(extra=12, absent=20, other=40, gaps=15)
    steps = {one.why: one.left for one in cohort.flow}
    assert steps == {NO_PERSON: 12, NO_VALUES: 20, OTHER_SPLIT: 20, NOT_FINITE: 15}


@pytest.mark.parametrize("step", ["other", "gaps"])
def test_many_rows_of_one_person_are_too_few(step: str) -> None:
    """Forty rows of one donor left: how many rows that donor had is not told."""
    cohort = joined(**{step: 40})
    assert [one.left for one in cohort.flow] == [40]
    names = cohort.people.index
    rows = [f"p{i:03d}" for i in (range(260, 300) if step == "other" else range(40))]
    table = pd.DataFrame(
        {"donor": [f"d{i:03d}" for i in range(ASSESSED)], "part": "test"},
        index=[f"p{i:03d}" for i in range(ASSESSED)],
    )
    table.loc[rows, "donor"] = "one"
    table.loc[rows, "part"] = "train" if step == "other" else "test"
    values = pd.DataFrame(np.ones((ASSESSED, 1)), columns=["a"], index=table.index)
    values["a"] = np.arange(ASSESSED, dtype=float)
    if step == "gaps":
        values.loc[rows, "a"] = np.nan
    made = Cohort(values, table, unit="donor", split=("part", "test"), missing="drop")
    assert [one.left for one in made.flow] == [None]
    assert not any("40" in note for note in made.notes)
    assert len(names) == len(made.people) == ASSESSED - 40


def nested(lost: int) -> Comparison:
    """Twenty of B are at a site of their own; `lost` more have nobody of A with their outcome."""
    rng = np.random.default_rng(1)
    n = 240
    race = np.repeat(["A", "B"], n // 2)
    site, y = np.full(n, "shared", dtype=object), np.tile([0, 1], n // 2)
    site[-20:] = "own"
    site[n // 2 - 30 : n // 2], y[n // 2 - 30 : n // 2] = "odd", 0
    at = slice(n // 2, n // 2 + 30)
    site[at], y[at] = "odd", 0
    y[n // 2 : n // 2 + lost] = 1
    people = pd.DataFrame(
        {"race": race, "site": site.astype(str), "y": y}, index=[f"p{i:03d}" for i in range(n)]
    )
    x = rng.normal(size=(n, 2))
    cohort = Cohort(
        x, people, ["a", "b"], outcome="y", unit="row", groups=["race"], strata=["site"]
    )
    made = explain(lambda rows: rows[:, 0] + rows[:, 1], cohort, background=0 * x[:20])
    return compare(made, cohort, by="race", testing=Testing(draws=199), rng=0)


@pytest.mark.parametrize("lost", [3, 9])
def test_who_is_lost_to_one_condition_more_is_told_as_ten(lost: int) -> None:
    """T19: given the outcome a few of B have no partner more; the two counts are ten apart."""
    made = nested(lost)
    at = {view.given: v for v, view in enumerate(made.views)}
    held = next(given for given in at if given.startswith("outcome"))
    side = made.contrasts[0].index("B")
    plain, given = (made.n[at[name], 0, side] for name in ("nothing", held))
    assert plain == 100
    assert given == 90


def test_nobody_or_many_more_are_told_as_they_are() -> None:
    """Without a further loss both counts are alike; eleven more are told."""
    for lost in (0, 11):
        made = nested(lost)
        side = made.contrasts[0].index("B")
        assert {float(n) for n in made.n[:, 0, side]} == {100.0, 100.0 - lost}


def test_contrasts_with_two_groups_do_not_tell_whom_one_of_them_meets() -> None:
    """A against B and A against C: four of A meet C alone, at a site, and the counts are alike."""
    rng = np.random.default_rng(2)
    site = np.full(360, "shared", dtype=object)
    site[:4], site[-20:], site[4:24] = "a and c", "a and c", "a alone"
    people = pd.DataFrame(
        {"race": np.repeat(["A", "B", "C"], [120, 120, 120]), "site": site.astype(str)},
        index=[f"p{i:03d}" for i in range(360)],
    )
    x = rng.normal(size=(360, 1))
    cohort = Cohort(x, people, ["a"], unit="row", groups=["race"], strata=["site"])
    made = compare(
        explain(lambda rows: rows[:, 0], cohort, background=0 * x[:20]), cohort, by="race",
        testing=Testing(draws=199), rng=0,
    )  # fmt: skip
    own = [
        float(made.n[0, c, pair.index("A")]) for c, pair in enumerate(made.contrasts) if "A" in pair
    ]
    assert own == [96.0, 96.0]  # a hundred against C
