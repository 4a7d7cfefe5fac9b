"""Who has the tables of two groupings cannot solve for 1 to 10 people; what is told is right."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from evenlight.arrays import Float
from evenlight.auditing import audit
from evenlight.codec import plain, restore
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.probed import Predictions
from evenlight.measures.compare import compare
from evenlight.measures.comparison import Comparison
from evenlight.measures.intersect import intersect
from evenlight.measures.mixed import mixed
from evenlight.measures.perform import perform
from evenlight.measures.prepare import setting
from evenlight.measures.rely import rely
from evenlight.measures.testing import Testing
from evenlight.plan import Plan
from evenlight.record import Audit
from evenlight.stats.disclosure import told_step
from tests.measures.test_hidden_compared import QUICK, RECORDS, explained, people

NAMES = ["a", "b", "c", "d"]
SIZE = np.array([1.0, 0.5, 0.3, 0.1])


def cohort(few: int, each: tuple[int, int] = (90, 70), *, seed: int = 7) -> Cohort:
    """EUR, AFR and a few AMR, and beside ancestry the column *white*, which hides nobody."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(["EUR", "AFR", "AMR"], [*each, few])
    table = pd.DataFrame(
        {"ancestry": labels, "white": np.where(labels == "EUR", "yes", "no")},
        index=[f"p{i:03d}" for i in range(len(labels))],
    )
    x = rng.normal(size=(len(labels), 4))
    return Cohort(x, table, NAMES, groups=["ancestry", "white"], unit="row")


def parts(of: Cohort) -> Attributions:
    """What a linear score is made of."""
    phi = of.dense() * SIZE
    return Attributions.from_arrays(
        phi, rows=of.rows.tolist(), features=NAMES, output=phi.sum(axis=1), base=0.0
    )


def signed(found: Comparison) -> tuple[Float, Float, float]:
    """AFR less EUR of each feature, its standard errors, and the SD(f) that they are in."""
    at, (c, turned) = found.view("signed"), contrast(found)
    return turned * found.effect[at, c], found.se[at, c], found.views[at].unit


def contrast(found: Comparison) -> tuple[int, int]:
    """Where AFR and EUR are compared, and the sign of AFR less EUR."""
    if ("AFR", "EUR") in found.contrasts:
        return found.contrasts.index(("AFR", "EUR")), 1
    return found.contrasts.index(("EUR", "AFR")), -1


def solved(by_ancestry: Comparison, by_white: Comparison, n: tuple[int, int, int]) -> Float:
    """The mean of the hidden people, as the mean of *yes* and the difference beside it have it."""
    yes, no = (by_white.mean[by_white.levels.index(level)] for level in ("yes", "no"))
    effect, _, unit = signed(by_ancestry)
    solved_: Float = ((n[1] + n[2]) * no - n[1] * (yes + effect * unit)) / n[2]
    return solved_


@pytest.mark.parametrize("few", [1, 3, 10])
def test_a_grouping_that_shares_a_level_does_not_tell_the_hidden(few: int) -> None:
    """Ancestry and white: the hidden people's mean stays open, though every count is known."""
    of = cohort(few)
    made = parts(of)
    hides, other = (compare(made, of, by=name, testing=QUICK) for name in ("ancestry", "white"))
    phi = of.dense() * SIZE
    sides = ("yes", phi[:90]), ("no", phi[90:])
    for level, own in sides:  # nothing is hidden by white: its means are exact
        np.testing.assert_allclose(other.mean[other.levels.index(level)], own.mean(axis=0), 1e-6)
    effect, se, unit = signed(hides)
    assert (hides.rounded, other.rounded) == (True, False)
    exact = (phi[90:160].mean(axis=0) - phi[:90].mean(axis=0)) / within(phi, 90, 160)
    step = told_step(np.sqrt(phi[:90].var(0) / 90 + phi[90:160].var(0) / 70), np.array(70))
    assert whole_steps(effect, se)
    assert (np.abs(effect - exact) <= grid(effect, se) / 2 + 1e-12).all()
    reach = 70 * step / few
    assert (reach > (0.8 if few < 10 else 0.4) * phi.std(axis=0)).all()
    wrong = np.abs(solved(hides, other, (90, 70, few)) - phi[160:].mean(axis=0))
    assert (wrong > 1e-3 * phi.std(axis=0)).all()
    assert wrong.max() > 0.1 * phi.std(axis=0).max() / few
    assert unit != within(phi, 90, 160)


def within(phi: Float, a: int, b: int) -> float:
    """SD(f) within the first a people and the others up to b."""
    f = phi.sum(axis=1)
    return float(np.sqrt((a * f[:a].var() + (b - a) * f[a:b].var()) / b))


def grid(values: Float, se: Float) -> Float:
    """The widest step, of 1, 2, 5, up to half a standard error above it, of which values are."""
    steps = [d * 10.0**k for k in range(1, -8, -1) for d in (5, 2, 1)]
    fits = [
        next(s for s in steps if abs(v / s - round(v / s)) < 1e-6 and s < 4 * e)
        for v, e in zip(values.tolist(), se.tolist(), strict=True)
    ]
    return np.array(fits)


def whole_steps(values: Float, se: Float) -> bool:
    """Whether values are whole numbers of steps of a twentieth of their error or wider."""
    return bool((grid(values, se) > se / 5).all())


def test_nor_does_the_spread_of_a_difference() -> None:
    """N SD^2 of the hidden, from told standard errors, is open by an SD^2 of one person or more."""
    of = cohort(1)
    hides = compare(parts(of), of, by="ancestry", testing=QUICK)
    phi = of.dense() * SIZE
    _, se, unit = signed(hides)
    exact = np.sqrt(phi[:90].var(0, ddof=1) / 90 + phi[90:160].var(0, ddof=1) / 70)
    told = se * within(phi, 90, 160)
    assert ((told >= exact * (1 - 1e-6)) & (told < 1.15 * exact)).all()
    step = told_step(se / np.sqrt(140), np.full(4, 70))
    np.testing.assert_allclose(se / step, np.round(se / step), atol=1e-6)
    assert (70**2 * ((se + step) ** 2 - se**2) * unit**2 > phi.var(axis=0)).all()


def test_p_tells_its_statistic_no_finer_than_a_fifth() -> None:
    """P is 1, 2 or 5 in some place, upwards: z of two such neighbours differ by 0.2 or more."""
    of = cohort(3)
    found = compare(parts(of), of, by="ancestry", testing=QUICK)
    rungs = [d * 10.0**k for k in range(-4, 0) for d in (1, 2, 5)] + [1.0]
    for name in ("p", "p_maxt", "q"):
        told = getattr(found, name)
        assert np.isin(np.round(told[np.isfinite(told)], 9), np.round(rungs, 9)).all()
    z = [float(stats.norm.isf(p / 2)) for p in rungs]
    assert min(a - b for a, b in pairwise(z)) > 0.17


TABLES: dict[str, Callable[[Cohort], object]] = {
    **{name: make for name, make in RECORDS.items() if name != "worst gap"},
    "mixed": lambda c: mixed(explained(c), c, by="g"),
    "intersection": lambda c: intersect(explained(c), c, by=["g", "sex"], testing=QUICK),
}
CONSTANT = {"by allele": (".mean",)}
"""A subject's part in people of one state is one number: it is told as it is, in the told SD(f)."""


@pytest.mark.parametrize("name", TABLES)
def test_no_number_beside_a_hidden_part_has_more_than_three_digits(name: str) -> None:
    """Whatever a record tells of shown groups, it is told to a step."""
    of = people(3, rows=2 if name == "mixed" else 1)
    exact = [
        (where, value)
        for where, value in numbers(TABLES[name](of))
        if len(f"{abs(value):.9g}".split("e")[0].replace(".", "").strip("0")) > 3
        and where not in CONSTANT.get(name, ())
    ]
    assert not exact


def numbers(record: object, where: str = "") -> Iterator[tuple[str, float]]:
    """Every finite number that is no whole one."""
    if is_dataclass(record):
        for f in fields(record):
            yield from numbers(getattr(record, f.name), f"{where}.{f.name}")
    elif isinstance(record, np.ndarray):
        if record.dtype.kind == "f":
            yield from ((where, float(v)) for v in record[np.isfinite(record)].ravel())
    elif isinstance(record, float) and np.isfinite(record):
        yield where, record
    elif isinstance(record, tuple | list):
        for part in record:
            yield from numbers(part, where)


def test_a_hidden_person_moves_no_verdict_and_no_effect_by_more_than_a_step() -> None:
    """22 and 22, with and without one of a third group: effects by the exact SD(f), to a step."""
    with_one = cohort(1, (22, 22))
    without = with_one.take(np.arange(44))
    found, alone = (
        compare(parts(c), c, by="ancestry", testing=Testing(draws=1999, margin=0.2))
        for c in (with_one, without)
    )
    at, there = contrast(found)[0], contrast(alone)[0]
    effect, true = found.effect[:, at], alone.effect[:, there]
    step = told_step(alone.se[:, there], np.array(22))
    low, high = alone.low[:, there], alone.high[:, there]
    assert (np.abs(effect - true) <= step / 2 + 1e-9).all()
    assert (found.low[:, at] <= low + 0.05 * step).all()  # other draws of the same null
    assert (found.high[:, at] >= high - 0.05 * step).all()
    assert (found.low[:, at] >= low - 1.05 * step).all()
    assert (found.verdict[:, at] == alone.verdict[:, there]).all()
    assert alone.views[0].unit == pytest.approx(found.views[0].unit, rel=0.15)


def near(few: int) -> Cohort:
    """Two groupings that hide nobody and differ in a few people."""
    of = cohort(0, (60, 61))
    table = of.people.assign(genetic=["EUR"] * (60 + few) + ["AFR"] * (61 - few))
    return Cohort(of.dense(), table, NAMES, groups=["ancestry", "genetic"], unit="row")


@pytest.mark.parametrize("few", [1, 10, 11])
def test_two_groupings_that_differ_in_few_people_are_not_both_exact(few: int) -> None:
    """Sums by ancestry less sums by genetic ancestry are one person's: the later is to steps."""
    of = near(few)
    made = parts(of)
    first, later = (compare(made, of, by=name, testing=QUICK) for name in ("ancestry", "genetic"))
    phi = np.asarray(made.values, dtype=np.float64)
    np.testing.assert_allclose(first.mean[first.levels.index("EUR")], phi[:60].mean(axis=0))
    exact = phi[: 60 + few].mean(axis=0)
    told = later.mean[later.levels.index("EUR")]
    assert np.allclose(told, exact) == (few == 11)
    assert setting(of, "genetic").rounded == (few < 11)
    assert setting(of, of.grouping("genetic")).rounded == (few < 11)
    assert not setting(of, "ancestry").rounded
    undeclared = of.altered(groups=of.groups[:1])
    assert setting(undeclared, "genetic").rounded == (few < 11)


def test_performance_and_reliance_of_such_groupings_are_to_steps_as_well() -> None:
    """Brier scores by ancestry less those by genetic ancestry do not leave one person's."""
    of = near(1)
    y = (np.random.default_rng(0).random(121) < 0.5).astype(float)
    of = Cohort(
        of.dense(), of.people.assign(y=y), NAMES, groups=["ancestry", "genetic"], unit="row",
        outcome="y",
    )  # fmt: skip
    f = of.dense() @ SIZE
    said = Predictions(of.rows, f, 1 / (1 + np.exp(-f)), "y", "logit")
    first, later = (perform(said, of, by=name) for name in ("ancestry", "genetic"))
    brier = first.metric("brier")
    at, there = (found.parts.index("EUR") for found in (first, later))
    loss = (y - said.response) ** 2
    assert first.value[at, brier] == pytest.approx(loss[:60].mean(), abs=1e-12)
    assert later.value[there, brier] == pytest.approx(loss[:61].mean(), abs=0.05)
    assert round(float(later.value[there, brier]), 3) == later.value[there, brier]
    assert (np.round(rely(parts(of), of, by="genetic", testing=QUICK).mass, 2) > 0).all()


ASKED = {
    "question": [{"measure": "attribution", "grouping": "ancestry"}],
    "explain": {"repeats": 0},
    "measure": {"further": False},
}


def test_a_whole_audit_by_two_groupings_leaves_the_hidden_person_open() -> None:
    """From audit.json, with all counts known, the one person of AMR is not solved for."""
    of = cohort(1)
    y = (np.random.default_rng(0).random(161) < 1 / (1 + np.exp(-of.dense() @ SIZE))).astype(float)
    of = Cohort(
        of.dense(), of.people.assign(y=y), NAMES, groups=["ancestry", "white"], unit="row",
        outcome="y",
    )  # fmt: skip
    made = audit(lambda x: x @ SIZE, of, plan=Plan.from_data(ASKED))
    saved = restore(Audit, json.loads(json.dumps(plain(made))))
    tables = {found.grouping: found for found in every(saved, Comparison)}
    assert set(tables) == {"ancestry", "white"}
    phi = of.dense() * SIZE
    white = tables["white"]
    phi += white.mean[white.levels.index("yes")] - phi[:90].mean(axis=0)  # their background
    np.testing.assert_allclose(white.mean[white.levels.index("no")], phi[90:].mean(axis=0), 1e-4)
    effect, se, _ = signed(tables["ancestry"])
    assert whole_steps(effect, se)
    wrong = np.abs(solved(tables["ancestry"], tables["white"], (90, 70, 1)) - phi[160])
    assert np.median(wrong / phi.std(axis=0)) > 0.3
    assert (wrong > 1e-3 * phi.std(axis=0)).all()


def every(record: object, kind: type) -> Iterator[Any]:
    """All records of one kind inside a record."""
    if isinstance(record, kind):
        yield record
    elif is_dataclass(record):
        for f in fields(record):
            yield from every(getattr(record, f.name), kind)
    elif isinstance(record, tuple | list):
        for part in record:
            yield from every(part, kind)
