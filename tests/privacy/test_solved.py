"""An attacker takes every number that an audit wrote, and solves for the people who are hidden.

Unknown are the people in each cell of the cross of all groupings and the outcome, c >= 0, and the
sum of a feature's attributions in each. Every count and mean of every table is a linear bound on
them: a count to 5 lies within 2 of what is told, a mean to a step within half a step. A linear
program then gives the least and the most that a hidden cell can be.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from evenlight.arrays import Bool, Float
from evenlight.record import Audit
from tests.privacy.world import audited, people

GROUPINGS = ("race", "sex", "site")
HIDDEN = 6


@dataclass(frozen=True)
class Bound:
    """A sum over cells (mask) lies between two numbers; `told` says where that stands."""

    cells: Bool
    low: float
    high: float
    told: str


@dataclass(frozen=True)
class Known:
    """What an attacker knows: the cells of the cross of groupings, and bounds on their counts."""

    cells: tuple[tuple[str, ...], ...]
    bounds: tuple[Bound, ...]

    def at(self, grouping: str, level: str) -> Bool:
        """The cells of a level."""
        place = GROUPINGS.index(grouping)
        return np.array([cell[place] == level for cell in self.cells])

    def solved(self, cells: Bool) -> tuple[float, float]:
        """The least and the most people that some cells can hold."""
        rows = np.array([b.cells for b in self.bounds], dtype=float)
        a = np.vstack([rows, -rows])
        b = np.concatenate([[b.high for b in self.bounds], [-b.low for b in self.bounds]])
        ends = [
            linprog(sign * cells.astype(float), A_ub=a, b_ub=b, bounds=(0, None)).fun
            for sign in (1.0, -1.0)
        ]
        return float(ends[0] or 0.0), -float(ends[1] or 0.0)


@pytest.fixture(scope="module")
def world() -> tuple[pd.DataFrame, Audit]:
    """People of whom six are of a hidden race, with sex and site beside, and their audit."""
    x, table = people(hidden=HIDDEN, unknown=0)
    table["site"] = np.random.default_rng(5).choice(
        ["s1", "s2", "s3"], len(table), p=[0.5, 0.3, 0.2]
    )
    return table, audited(x, table, groups=GROUPINGS, plan={"policy": {"threshold": 0.5}})


@pytest.fixture(scope="module")
def known(world: tuple[pd.DataFrame, Audit]) -> Known:
    """Every count of people in every table that speaks of all of a level, or of crossed levels."""
    table, made = world
    cells = tuple(product(*(sorted(table[name].unique()) for name in GROUPINGS)))
    empty = Known(cells, ())
    return Known(cells, tuple(_bounds(made, empty)))


def _bounds(made: Audit, known: Known) -> Iterator[Bound]:
    """The total, tables of people, of performance, and of crossed groups."""
    every = np.ones(len(known.cells), dtype=bool)
    yield Bound(every, made.cohort.units, made.cohort.units, "the cohort's card")
    tables: dict[str, Any] = dict(made.tables())
    for row in tables["people"].itertuples():
        if row.part != "unknown":
            yield _count(known.at(row.grouping, row.part), row.units, row.grouping, "people")
    for name in ("performance", "quality"):
        own = tables[name]
        for row in own[own["metric"].isin(["auroc", "residual"])].itertuples():
            whole = row.part == "overall"
            if not whole:
                yield _count(known.at(row.grouping, row.part), row.n, row.grouping, name)
    crossed = tables["intersections"]
    for row in crossed.drop_duplicates(["race", "sex"]).itertuples():
        cells = known.at("race", row.race) & known.at("sex", row.sex)
        yield _count(cells, row.units, "race", "intersections")


def _count(cells: Bool, told: float, grouping: str, where: str) -> Bound:
    """A count as it is told: hidden, to 5 where its grouping hides one, or exact."""
    if np.isnan(told):
        return Bound(cells, 0, 10, where)
    slack = 2.0 if grouping == "race" else 0.0
    return Bound(cells, told - slack, told + slack, where)


def test_bounds_hold_of_the_people(world: tuple[pd.DataFrame, Audit], known: Known) -> None:
    """The attacker is right: true counts fulfil every bound, and there are many."""
    table, _ = world
    counts = table.groupby(list(GROUPINGS)).size()
    true = np.array([counts.get(cell, 0) for cell in known.cells])
    assert len(known.bounds) > 15
    for bound in known.bounds:
        assert bound.low <= true[bound.cells].sum() <= bound.high, bound.told


def test_no_hidden_count_can_be_solved_for(known: Known) -> None:
    """The hidden race may be 2 to 10 people, each of its cells one of five counts or more."""
    low, high = known.solved(known.at("race", "C"))
    assert low <= 2 + 1e-6
    assert high >= 10 - 1e-6
    for sex in ("f", "m"):
        low, high = known.solved(known.at("race", "C") & known.at("sex", sex))
        assert high - low >= 4 - 1e-6
    for site in ("s1", "s2", "s3"):
        low, high = known.solved(known.at("race", "C") & known.at("site", site))
        assert high - low > 5


def test_exact_counts_would_be_solved_for(known: Known) -> None:
    """The program finds the six where counts are told as they are."""
    exact = tuple(
        Bound(b.cells, (b.low + b.high) / 2, (b.low + b.high) / 2, b.told)
        for b in known.bounds
        if not (b.low == 0 and b.high == 10)
    )
    whole = tuple(b for b in exact if b.told in ("people", "the cohort's card"))
    low, high = Known(known.cells, whole).solved(known.at("race", "C"))
    assert high - low < 1e-6


@pytest.mark.parametrize("column", ["value", "low", "high"])
def test_no_mean_of_the_hidden_can_be_solved_for(
    world: tuple[pd.DataFrame, Audit], column: str
) -> None:
    """Brier: the exact sum over everybody, less what shown races can have, all counts known."""
    table, made = world
    own: Any = (
        made.tables()["performance"].query("metric == 'brier'").set_index(["grouping", "part"])
    )
    sizes = {g: table[g].value_counts() for g in GROUPINGS}
    whole = sum(own.loc[("sex", s), "value"] * sizes["sex"][s] for s in ("f", "m"))
    shown = [own.loc[("race", r), column] for r in ("A", "B")]
    half = [_half(value) for value in shown]
    room = sum(2 * h * sizes["race"][r] for h, r in zip(half, ("A", "B"), strict=True)) / HIDDEN
    middle = whole - sum(v * sizes["race"][r] for v, r in zip(shown, ("A", "B"), strict=True))
    assert np.isfinite(middle)
    assert room > 0.25  # a Brier score is 0 to 1, and its SD of one person about 0.2


def _half(told: float) -> float:
    """Half the smallest step that a number as told can have been rounded to."""
    digits = f"{told:.12f}".rstrip("0").partition(".")[2]
    return float(0.5 * 10.0 ** -len(digits))


def test_attributions_of_the_hidden_cannot_be_solved_for(
    world: tuple[pd.DataFrame, Audit],
) -> None:
    """Means by sex are exact; less those by race they leave the six open by their own spread."""
    table, made = world
    by = {c.grouping: c for c in made.comparisons}
    assert by["race"].rounded
    assert not by["sex"].rounded
    means = by["race"].mean[0] if by["race"].mean.ndim == 3 else by["race"].mean
    sizes = [int((table["race"] == r).sum()) for r in by["race"].levels]
    spread = _spread(by["sex"])
    open_by = np.array([
        sum(2 * _half(float(means[k, j])) * sizes[k] for k in (0, 1)) / HIDDEN
        for j in range(means.shape[1])
    ])  # fmt: skip
    assert (open_by > 0.4 * spread).all()


def _spread(record: object) -> Float:
    """The SD of one person's attributions, from the standard errors of the comparison by sex."""
    se = np.asarray(record.se[0, 0])  # type: ignore[attr-defined]
    n = np.asarray(record.n[0, 0])  # type: ignore[attr-defined]
    return np.asarray(se / np.sqrt((1 / n).sum()))
