"""Nobody can solve for a group of 1 to 10 people: attacks on the records of performance."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from evenlight.arrays import Int
from evenlight.codec import plain
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.data.probed import Predictions
from evenlight.measures.conforming import Conformal
from evenlight.measures.hidden_people import without_hidden
from evenlight.measures.people import compose
from evenlight.measures.perform import Judging, perform
from evenlight.measures.performance import Performance
from evenlight.measures.prepare import setting
from evenlight.measures.uncertain import uncertain
from evenlight.measures.uncertainty import Uncertainty

Record = Performance | Uncertainty
ONE = {"a": 140, "b": 60, "c": 6}
TWO = {"a": 140, "b": 60, "c": 6, "": 3}
"""People of each group; c, and those of unknown group, are too few to be shown."""


def people(sizes: dict[str, int], *, seed: int = 0, others: int = 0, event: bool = True) -> Cohort:
    """A cohort with an outcome; `others` redraws outcome, prediction and sex of small groups."""
    rng = np.random.default_rng(seed)
    n = sum(sizes.values())
    race = np.repeat(list(sizes), list(sizes.values()))
    said, noise = rng.normal(size=n), rng.normal(size=n)
    sex = np.where(rng.random(n) < 0.5, "f", "m")
    small = np.isin(race, ["c", ""])
    if others:
        again = np.random.default_rng(100 + others)
        said[small], noise[small] = 3 * again.normal(size=(2, small.sum()))
        sex[small] = again.choice(["f", "m"], small.sum())
    y = (noise + said > 0).astype(float) if event else 10 + said + noise
    table = pd.DataFrame(
        {"race": race, "sex": sex, "y": y, "said": said}, index=[f"p{i:04d}" for i in range(n)]
    )
    return Cohort(np.zeros((n, 1)), table, outcome="y", unit="row")


def foretold(cohort: Cohort) -> Predictions:
    """The prediction that the table holds."""
    said = cohort.people["said"].to_numpy()
    if cohort.outcome_kind == "binary":
        return Predictions(cohort.rows, said, expit(said), "y", "logit")
    return Predictions(cohort.rows, 10 + said, 10 + said, "y", "identity", unit="mg")


def by(cohort: Cohort, name: str) -> Groups:
    """The grouping, where "" is unknown."""
    labels = cohort.people[name]
    return Groups.from_labels(name, labels.replace("", None))


def told(cohort: Cohort, name: str = "race") -> tuple[Performance, Uncertainty]:
    """Both records of this grouping."""
    groups, said = by(cohort, name), foretold(cohort)
    judging = Judging(threshold=0.5 if cohort.outcome_kind == "binary" else None)
    return (
        perform(said, cohort, by=groups, judging=judging),
        uncertain(said, cohort, by=groups, how=Conformal(levels=(0.8, 0.9))),
    )


def everything(record: Record) -> str:
    """All that a reader is given: JSON, tables and the line, but for the digest of the cohort."""
    made = {k: v for k, v in plain(record).items() if k != "cohort_digest"}
    tables = [record.to_frame(), record.differences_frame()]
    if isinstance(record, Uncertainty):
        tables.append(record.held_frame())
    return "\n".join([str(made), *(t.to_csv() for t in tables), repr(record)])


@pytest.mark.parametrize("event", [True, False])
@pytest.mark.parametrize("sizes", [ONE, TWO])
def test_a_record_is_the_same_whatever_hidden_people_are_like(
    sizes: dict[str, int], event: bool
) -> None:
    """One or two hidden parts: their outcomes and predictions move no number, word or table."""
    first = [everything(record) for record in told(people(sizes, event=event))]
    for others in (1, 2):
        again = told(people(sizes, event=event, others=others))
        assert [everything(record) for record in again] == first


STEPS = [d * 10.0**k for k in range(1, -7, -1) for d in (5, 2, 1)]


def grid(record: Record, part: int, measure: int) -> float:
    """The step to which a part's value and limits are told, as a reader can see."""
    told = [float(getattr(record, end)[part, measure]) for end in ("value", "low", "high")]
    fits = [s for s in STEPS if all(abs(v / s - round(v / s)) < 1e-6 for v in told)]
    return fits[0] if fits else 0.0


def solved(
    record: Record, measure: int, total: tuple[float, int], shown: Sequence[int]
) -> dict[int, tuple[float, float]]:
    """Between which values the mean of 1 to 10 hidden people lies, for each number of them.

    An attacker has the exact mean and number of everybody, and shown parts, whose counts and values
    may be what they are told as, or any that are rounded to it.
    """
    n, value = record.n[list(shown)], record.value[list(shown), measure]
    half = np.array([grid(record, r, measure) / 2 for r in shown])
    found: dict[int, tuple[float, float]] = {}
    for moved in product(range(-2, 3), repeat=len(shown)):
        many = n + moved
        left = int(total[1] - many.sum())
        if not 1 <= left <= 10:
            continue
        middle, open_ = total[0] * total[1] - many @ value, many @ half
        ends = found.get(left, (np.inf, -np.inf))
        found[left] = min(ends[0], (middle - open_) / left), max(ends[1], (middle + open_) / left)
    return found


@pytest.mark.parametrize("seed", range(5))
def test_the_mean_of_everybody_less_shown_groups_does_not_solve_for_the_hidden(seed: int) -> None:
    """From an exact mean by sex and what is told by race: an SD is open, and whole shares are."""
    cohort = people(ONE, seed=seed)
    performed, sure = told(cohort)
    y, p = cohort.y, expit(cohort.people["said"].to_numpy())
    loss, small = (y - p) ** 2, (cohort.people["race"] == "c").to_numpy()
    exact_ = perform(foretold(cohort), cohort, by="sex")
    brier = exact_.metric("brier")
    assert exact_.value[0, brier] == pytest.approx(loss.mean(), abs=1e-12)
    total = float(exact_.value[0, brier]), len(y)
    open_ = solved(performed, performed.metric("brier"), total, [1, 2])
    low, high = open_[6]
    assert low <= loss[small].mean() <= high
    assert min(b - a for a, b in open_.values()) > loss.std()
    by_sex = uncertain(foretold(cohort), cohort, by="sex", how=Conformal(levels=(0.8, 0.9)))
    at = sure.measure("coverage", level=0.8)
    open_ = solved(sure, at, (float(by_sex.value[0, at]), len(y)), [1, 2])
    assert all(b - a > 0.5 for a, b in open_.values())


def exact(value: float, most: int) -> Fraction | None:
    """The fraction with a denominator up to `most` that a number is, if it is one."""
    near = Fraction(value).limit_denominator(most)
    return near if abs(float(near) - value) < 1e-12 and near.denominator > 1 else None


def test_no_told_share_gives_its_count_away() -> None:
    """Fractions read out of told shares have no denominator that is a group's number of people."""
    cohort = people(ONE)
    for record in told(cohort):
        for value in record.value[np.isfinite(record.value)]:
            found = exact(float(value), 200)
            assert found is None or found.denominator in DECIMAL, value


DECIMAL = {2**i * 5**j for i in range(9) for j in range(9)}
"""Denominators that every number told in decimals may have."""


def crossed(cohort: Cohort) -> Groups:
    """Race by sex, as one grouping."""
    table = cohort.people
    return Groups.from_labels("race x sex", table["race"] + " " + table["sex"])


def test_a_hidden_cell_is_not_solved_for_from_its_margins() -> None:
    """Race in strata of sex: the exact mean of a race less its shown cell leaves 5 people open."""
    cohort = people({"a": 140, "b": 60})
    at_b = np.flatnonzero((cohort.people["race"] == "b").to_numpy())
    cohort.people.loc[cohort.rows[at_b], "sex"] = ["f"] * 5 + ["m"] * 55
    cohort = Cohort(np.zeros((200, 1)), cohort.people, outcome="y", unit="row")
    said = foretold(cohort)
    margins = perform(said, cohort, by="race")
    cells = perform(said, cohort, by=crossed(cohort))
    brier = margins.metric("brier")
    whole, part = margins.parts.index("b"), cells.parts.index("b m")
    assert cells.reason[cells.parts.index("b f"), brier] == "suppressed (<11)"
    assert margins.reason[whole, brier] == ""
    loss = (cohort.y - said.response) ** 2
    assert margins.value[whole, brier] == pytest.approx(loss[at_b].mean(), abs=1e-12)
    open_ = solved(cells, brier, (float(margins.value[whole, brier]), 60), [part])
    assert open_[5][0] <= loss[at_b[:5]].mean() <= open_[5][1]
    assert all(b - a > 0.4 * loss.std() for a, b in open_.values())


def events(sizes: dict[str, tuple[int, int]]) -> Cohort:
    """Groups with a given number of people and events."""
    rng = np.random.default_rng(0)
    race = np.repeat(list(sizes), [n for n, _ in sizes.values()])
    y = np.concatenate([np.arange(n) < e for n, e in sizes.values()]).astype(float)
    table = pd.DataFrame(
        {"race": race, "y": y, "said": rng.normal(size=len(y)) + y},
        index=[f"p{i:04d}" for i in range(len(y))],
    )
    return Cohort(np.zeros((len(y), 1)), table, outcome="y", unit="row")


def test_few_events_of_a_shown_group_are_not_solved_for() -> None:
    """Three deaths of 40: overall, deaths and what is made of them are those of other groups."""
    cohort = events({"a": (200, 63), "b": (150, 44), "c": (40, 3)})
    said, judging = foretold(cohort), Judging(threshold=0.5)
    found = perform(said, cohort, by="race", judging=judging)
    assert found.n.tolist() == [390, 200, 150, 40]
    assert np.isnan(found.events[3])
    assert found.events[:3].tolist() == [105, 65, 45]  # of a and b alone, to 5
    rate = found.metric("sensitivity")
    hit = (said.response >= 0.5) & (cohort.y == 1)
    shares = [
        hit[cohort.people["race"].to_numpy() == g].sum() / n for g, n in (("a", 63), ("b", 44))
    ]
    assert found.reason[3, rate] == "fewer than 11 events or non-events"
    assert found.value[1, rate] == pytest.approx(round(shares[0] / 0.05) * 0.05)
    assert found.value[2, rate] == pytest.approx(round(shares[1] / 0.1) * 0.1)
    fewer = cohort.take(np.flatnonzero((cohort.people["race"] != "c").to_numpy()))
    alone = perform(foretold(fewer), fewer, by="race", judging=judging)
    step = 0.02
    assert found.value[0, rate] == pytest.approx(
        round(alone.value[0, rate] / step) * step, abs=0.03
    )
    brier = found.metric("brier")  # rests on everybody, and tells no count of deaths
    assert found.value[0, brier] == pytest.approx(((cohort.y - said.response) ** 2).mean())
    assert found.curve_n[np.isfinite(found.curve_n)].min() >= 50


def test_limits_hold_what_they_held_and_verdicts_are_of_what_is_told() -> None:
    """Told limits lie outside the exact ones by less than a step, and hold the told value."""
    cohort = people(ONE)
    plainly = cohort.take(np.flatnonzero((cohort.people["race"] != "c").to_numpy()))
    coarse, fine = (told(c)[0] for c in (cohort, plainly))
    both = [coarse.parts.index(g) for g in ("a", "b")], [fine.parts.index(g) for g in ("a", "b")]
    m = [coarse.metrics.index(name) for name in fine.metrics]
    low, high = coarse.low[both[0]][:, m], coarse.high[both[0]][:, m]
    assert (low <= fine.low[both[1]] + 1e-9).all()
    assert (high >= fine.high[both[1]] - 1e-9).all()
    assert (low <= coarse.value[both[0]][:, m]).all()
    assert (coarse.value[both[0]][:, m] <= high).all()
    c = coarse.contrasts.index(("b", "a"))
    assert (coarse.difference_low[c, m] <= fine.difference_low[0] + 1e-9).all()
    assert (coarse.difference_high[c, m] >= fine.difference_high[0] - 1e-9).all()
    margin = coarse.margin[m]
    inside = (coarse.difference_low[c, m] >= -margin) & (coarse.difference_high[c, m] <= margin)
    assert ((coarse.verdict[c, m] == "similar") == inside).all()


def test_units_not_rows_are_counted_and_nothing_is_lost_where_nobody_is_hidden() -> None:
    """Ten rows of one person are one person; a table without a small group is as it was."""
    cohort = people({"a": 140, "b": 60})
    here, hidden = without_hidden(setting(cohort, "race"))
    assert not hidden
    assert here.kept.all()
    record = told(cohort)[0]
    y, p = cohort.y, expit(cohort.people["said"].to_numpy())
    assert record.value[0, record.metric("brier")] == pytest.approx(
        ((y - p) ** 2).mean(), abs=1e-12
    )
    table = cohort.people.assign(who=[f"u{i}" for i in range(190)] + ["v"] * 10)
    table["race"] = ["a"] * 140 + ["b"] * 50 + ["c"] * 10
    nested = Cohort(np.zeros((200, 1)), table, outcome="y", unit="who")
    here, hidden = without_hidden(setting(nested, "race"))
    assert hidden == {"c": "suppressed (<11)"}
    assert here.kept.sum() == 190
    assert units(here.unit, here.order) == 190


def test_deaths_of_a_hidden_race_are_not_told_by_the_shares_of_the_sexes() -> None:
    """Shares by sex are exact, those by race to 2 to 5 deaths."""
    cohort = people(ONE)
    by_race, by_sex = compose(cohort, by="race"), compose(cohort, by="sex")
    sexes = [(cohort.people["sex"] == sex).to_numpy() for sex in by_sex.parts[:2]]
    np.testing.assert_allclose(by_sex.outcome[:2], [cohort.y[at].mean() for at in sexes])
    assert by_race.outcome_reason[2] == "suppressed (<11)"
    for told_, n, step in zip(by_race.outcome[:2], (140, 60), (0.02, 0.05), strict=True):
        assert told_ == pytest.approx(round(told_ / step) * step)
        assert 2 <= step * n <= 5
    assert by_race.outcome[0] == pytest.approx(cohort.y[:140].mean(), abs=0.0101)


def units(unit: Int, order: Int) -> int:
    """Number of units, each row once in the order."""
    assert sorted(order.tolist()) == list(range(len(unit)))
    return int(unit.max()) + 1


def test_where_every_group_is_small_nothing_is_shown() -> None:
    """Groups of 6 and 8: neither is shown, nor what they are together."""
    records = told(people({"a": 6, "b": 8}))
    for record in records:
        assert np.isnan(record.value).all()
        assert np.isnan(record.n).all()
        assert set(record.part_reason.tolist()) == {"suppressed (<11)"}
