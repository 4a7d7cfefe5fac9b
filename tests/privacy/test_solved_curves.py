"""An attacker solves decision curves and utilities for the people between two thresholds.

Unknown are the people of each race, sex and outcome whose risk lies between two neighbouring
thresholds. A net benefit is a linear sum of them, a utility another one; with both told exactly two
equations at each threshold leave nothing open. What is told to a step lies within half of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from evenlight.arrays import Bool, Float
from evenlight.data.cohort import Cohort
from evenlight.data.probed import Predictions
from evenlight.measures.decide import decide
from evenlight.measures.decisions import Decisions
from evenlight.measures.judging import Judging
from evenlight.stats.disclosure import told_step

THRESHOLD = 0.3
SIZES = {"A": 400, "B": 150}


@dataclass(frozen=True)
class World:
    """People, what was told of them by race and by sex, and the cells of an attacker."""

    table: pd.DataFrame
    told: tuple[Decisions, ...]

    @property
    def cells(self) -> list[tuple[str, str, int, int]]:
        """Race, sex, outcome and band of the risk."""
        bands = range(len(self.told[0].thresholds) + 1)
        return list(product(SIZES, ("f", "m"), (0, 1), bands))

    def counts(self) -> Float:
        """How many people each cell has."""
        band = np.searchsorted(self.told[0].thresholds, self.table["risk"], side="right")
        own = zip(self.table["race"], self.table["sex"], self.table["y"], band, strict=True)
        place = {cell: i for i, cell in enumerate(self.cells)}
        return np.bincount([place[one] for one in own], minlength=len(place)).astype(float)


@pytest.fixture(scope="module")
def world() -> World:
    """Five hundred and fifty people of two races and sexes, with risks and outcomes."""
    rng = np.random.default_rng(0)
    race = np.repeat(list(SIZES), list(SIZES.values()))
    risk = 1 / (1 + np.exp(-(rng.normal(size=len(race)) - 0.4)))
    table = pd.DataFrame(
        {
            "race": race,
            "sex": rng.choice(["f", "m"], len(race)),
            "y": (rng.random(len(race)) < risk).astype(int),
            "risk": risk,
        },
        index=[f"p{i:03d}" for i in range(len(race))],
    )
    x = risk[:, None]
    cohort = Cohort(x, table, ["r"], outcome="y", unit="row", groups=["race", "sex"])
    said = Predictions(cohort.rows, np.log(risk / (1 - risk)), risk, "y", "logit")
    made = (decide(said, cohort, by=g, judging=Judging(threshold=THRESHOLD)) for g in cohort.groups)
    return World(table, tuple(made))


def gains(world: World, part: str, threshold: float, odds: float) -> Float:
    """What each cell adds to the benefit of a part at a threshold, a person."""
    t = world.told[0].thresholds
    first = int(np.searchsorted(t, threshold)) + 1
    rows = [
        (1.0 if y else -odds) * (band >= first) * (part in ("overall", race, sex))
        for race, sex, y, band in world.cells
    ]
    return np.array(rows)


def bounds(world: World, *, exact: bool) -> Iterator[tuple[Float, float, float]]:
    """Linear bounds on the cells: sizes and events by level, and every benefit that is told."""
    true = world.counts()
    for level, y in product(("A", "B", "f", "m"), (0, 1)):
        own = np.array([level in cell[:2] and cell[2] == y for cell in world.cells], dtype=float)
        yield own, float(own @ true), float(own @ true)
    for made in world.told:
        for r, part in enumerate(made.parts):
            n = int((world.table[made.grouping] == part).sum()) or len(world.table)
            for j, t in enumerate(made.thresholds):
                for told, odds in (
                    (made.net_benefit[r, j], t / (1 - t)),
                    (made.utility[r, j], THRESHOLD / (1 - THRESHOLD)),
                ):
                    gain = gains(world, part, t, odds)
                    if np.isfinite(told):
                        half = 0.0 if exact else step(odds, n) / 2
                        value = float(gain @ true / n if exact else told)
                        yield gain, n * (value - half) - 1e-7, n * (value + half) + 1e-7


def step(odds: float, n: int) -> float:
    """The step that everybody who read the source knows."""
    spread = np.array([0.5 * max(1.0, odds) / np.sqrt(n)])
    return float(told_step(spread, np.array([n]))[0])


def solved(world: World, cells: Bool, *, exact: bool) -> tuple[float, float]:
    """The least and the most people that some cells can hold."""
    rows, low, high = zip(*bounds(world, exact=exact), strict=True)
    a, b = np.vstack([*rows, *(-np.array(rows))]), np.array([*high, *(-np.array(low))])
    goal = cells.astype(float)
    ends = [linprog(sign * goal, A_ub=a, b_ub=b, bounds=(0, None)) for sign in (1.0, -1.0)]
    assert all(end.success for end in ends)
    return float(ends[0].fun or 0.0), -float(ends[1].fun or 0.0)


def few(world: World) -> list[Bool]:
    """Cells of a race, an outcome and a band that hold 1 to 10 people, where points are shown."""
    true, found = world.counts(), []
    made = world.told[0]
    for r, race in enumerate(made.parts[1:3], start=1):
        shown = np.isfinite(made.net_benefit[r])
        for y, band in product((0, 1), range(2, len(made.thresholds), 4)):
            own = np.array([(c[0], c[2], c[3]) == (race, y, band) for c in world.cells])
            if shown[band - 1 : band + 1].all() and 0 < true[own].sum() <= 10:
                found.append(own)
    return found


def test_curves_say_that_they_are_told_to_steps(world: World) -> None:
    """Neighbouring thresholds would tell of few people of a race and an outcome."""
    assert all(made.rounded for made in world.told)
    assert world.told[0].curves_frame()["rounded"].all()
    assert np.isfinite(world.told[0].net_benefit).sum() > 60
    assert np.isfinite(world.told[0].utility).sum() > 20


def test_bounds_hold_of_the_people(world: World) -> None:
    """The attacker is right: the true counts fulfil every bound."""
    true = world.counts()
    for gain, low, high in bounds(world, exact=False):
        assert low - 1e-6 <= gain @ true <= high + 1e-6


def test_exact_curves_would_be_solved_for(world: World) -> None:
    """Two sums at each of two thresholds tell how many of an outcome lie between them."""
    own = [solved(world, cells, exact=True) for cells in few(world)[:4]]
    assert sum(high - low < 1e-3 for low, high in own) >= 2


def test_no_few_people_between_thresholds_can_be_solved_for(world: World) -> None:
    """Each number of them is open by four or more."""
    asked = few(world)
    assert len(asked) >= 6
    for cells in asked:
        low, high = solved(world, cells, exact=False)
        assert high - low >= 4 - 1e-6


def test_many_people_between_thresholds_are_told_as_they_are() -> None:
    """Where no two neighbours hold 1 to 10 of an outcome between them the curve is exact."""
    score = np.repeat(np.linspace(0.1, 0.8, 5), 400)
    y = (np.arange(2000) % 400 < 400 * score).astype(int)
    people = pd.DataFrame(
        {"g": np.where(np.arange(2000) % 2, "a", "b"), "y": y},
        index=[f"p{i:04d}" for i in range(2000)],
    )
    cohort = Cohort(score[:, None], people, ["r"], outcome="y", unit="row", groups=["g"])
    said = Predictions(cohort.rows, np.log(score / (1 - score)), score, "y", "logit")
    made = decide(said, cohort, by="g", judging=Judging(threshold=THRESHOLD))
    assert not made.rounded
    called = score >= made.thresholds[20]
    odds = made.thresholds[20] / (1 - made.thresholds[20])
    exact = (called * (y - (1 - y) * odds)).mean()
    assert made.net_benefit[0, 20] == pytest.approx(exact)
