"""A model that is worse in every group alike: no difference shows it, the gate of a diff does."""

from __future__ import annotations

from functools import partial
from math import nan
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from evenlight.differing import Difference, Regression, diff, read_regression
from evenlight.differing.levels import WORSE, Held, Level, judged_levels
from evenlight.differing.record import Judged
from evenlight.differing.regression import judged
from evenlight.measures.judging import MARGINS
from evenlight.purging import purge
from evenlight.stats.changing import change_in_value, spent, widened
from tests.between_world import audited
from tests.command_line import begun, data, evenlight

quarter = partial(diff, other_people=True, other_background=True)
"""Against an audit of other people."""


def one(
    before: float, after: float, half: float, *, metric: str = "auroc", n: float = 500.0
) -> Level:
    """A metric of one group in both audits, held to 0.05."""
    ends = [(v, v - half, v + half) for v in (before, after)]
    return Level(("g", "a", metric), ends[0], ends[1], 0.05, (n, n), "")


def verdict(level: Level, *, people: str = "others", alike: float | None = None) -> Judged:
    """What is said of one level at the whole of 5 %."""
    known = {} if alike is None else {level.key: alike}
    return judged_levels([level], Held(0.05, people, False, known))[level.key]


@pytest.mark.parametrize(
    ("level", "word", "failing"),
    [
        (one(0.80, 0.60, 0.03), "different", True),
        (one(0.60, 0.80, 0.03), "different", False),
        (one(0.80, 0.80, 0.02), "similar", False),
        (one(0.80, 0.78, 0.05), "cannot_tell", False),
        (one(0.80, nan, nan), "not_estimable", False),
        (one(0.10, 0.30, 0.03, metric="brier"), "different", True),
        (one(0.30, 0.10, 0.03, metric="mae"), "different", False),
        (one(1.00, 1.50, 0.05, metric="calibration_slope"), "different", True),
        (one(1.00, 0.50, 0.05, metric="calibration_slope"), "different", True),
        (one(0.50, 1.00, 0.05, metric="calibration_slope"), "different", False),
        (one(0.80, 0.80, 0.02, n=12.0), "cannot_tell", False),
    ],
)
def test_each_verdict_from_two_intervals(level: Level, word: str, failing: bool) -> None:
    """Worse is down, up, or away from 1, as the metric has it; 20 units are wanted for similar."""
    made = verdict(level)
    assert (made.verdict, made.failing) == (word, failing)


def test_every_metric_that_has_a_margin_has_a_worse_side() -> None:
    """None that is judged between groups is left out within them."""
    assert set(WORSE) == {*MARGINS, "mae"}


def test_the_same_people_are_paired_where_it_is_known_how_alike_both_are() -> None:
    """Alike estimates shrink the interval, unknown dependence widens it beyond other people's."""
    level = one(0.80, 0.78, 0.03)
    wide = {
        "paired": verdict(level, people="the same", alike=0.95),
        "others": verdict(level),
        "any": verdict(level, people="the same"),
    }
    assert [made.paired for made in wide.values()] == list(wide)
    spans = [made.high - made.low for made in wide.values()]
    assert spans == sorted(spans)
    assert spans[0] < spans[1] / 3


def test_worse_in_all_groups_alike_fails() -> None:
    """Errors grow by 20 % in both sites: no difference grew, and the gate fails all the same."""
    made = quarter(audited(2000), audited(2000, 1, weight=0.3))
    assert not [c for c in made.changes if c.primary and c.status in ("worse", "new", "moved")]
    assert made.verdict.exit_code == 1
    assert "It is shown to have become worse." in made.verdict.reason
    failing = {(v.subject, v.part) for v in made.values if v.judged and v.judged.failing}
    assert failing == {("mae", "overall"), ("mae", "a"), ("mae", "b")}
    assert Difference.from_json(made.to_json()).to_json() == made.to_json()


def test_as_good_as_before_passes() -> None:
    """Other people and the same model: nothing is shown worse, and many people can tell so."""
    made = quarter(audited(8000), audited(8000, 1))
    own = [v.judged for v in made.values if v.judged]
    assert [one.verdict for one in own] == ["similar"] * 3
    assert made.verdict.exit_code == 0
    assert made.verdict.reason.endswith(
        "Within groups none of 3 metrics is worse by more than its margin."
    )


def test_against_itself_nothing_moved() -> None:
    """The same record: every metric moved by 0, and nothing is listed."""
    made = diff(audited(), audited())
    assert {(v.judged.worse, v.judged.high) for v in made.values if v.judged} == {(0.0, 0.0)}
    assert not list(made.listed())


def test_an_interval_too_wide_is_reported_or_stops_as_the_policy_says() -> None:
    """What may be worse by more than the margin passes with a word on it, or has no verdict."""
    level = verdict(one(0.80, 0.78, 0.05))
    asked = quarter(audited(8000), audited(8000, 1)).changes
    told = judged(asked, Regression(), [level])
    assert told.exit_code == 0
    assert "of 1 it cannot be told whether they are worse by more than the margin" in told.reason
    stopped = judged(asked, Regression(inconclusive="stop"), [level])
    assert (stopped.exit_code, stopped.reason) == (3, level.sentence)
    gone = judged(asked, Regression(), [verdict(one(0.80, nan, nan))])
    assert gone.exit_code == 3
    assert "told before and not now" in gone.reason


def test_the_policy_can_leave_groups_alone(tmp_path: Path) -> None:
    """With performance = false no metric of a group is judged, and questions have all of alpha."""
    path = tmp_path / "regression.toml"
    path.write_text("performance = false\n")
    assert not read_regression(path).performance
    pair = audited(2000), audited(2000, 1, weight=0.3)
    made = quarter(*pair, policy=path)
    assert not [v for v in made.values if v.judged]
    assert "Within groups" not in made.verdict.reason
    alphas = [next(c.alpha for c in d.changes if c.primary) for d in (made, quarter(*pair))]
    assert alphas[0] == pytest.approx(alphas[1] * 3 / 2)  # two families of questions, then three


def test_two_runs_of_the_same_people_are_paired(tmp_path: Path) -> None:
    """A small loss that intervals of any dependence cannot show is shown between two runs."""
    folder = begun(tmp_path)
    evenlight("run", "audit.toml", "--out", "spring", folder=folder)
    (folder / "score.csv").write_text("term,weight\nintercept,0\na,0.6\nb,1\n")
    evenlight("run", "audit.toml", "--out", "summer", folder=folder)
    found = evenlight("diff", "spring", "summer", folder=folder)
    assert found.returncode == 1
    assert "overall: before" in found.stdout
    told = data("diff", "spring", "summer", folder=folder)
    own = [v["judged"] for v in told["values"] if v["judged"]]
    assert {one["paired"] for one in own} == {"paired"}
    for kept in (folder / ".people").glob("*-*.npz"):
        kept.unlink()
    loose = data("diff", "spring", "summer", folder=folder)
    assert {v["judged"]["paired"] for v in loose["values"] if v["judged"]} == {"any"}
    assert loose["verdict"]["exit_code"] != 1


def test_purging_takes_the_draws_of_its_people(tmp_path: Path) -> None:
    """What pairs two runs is data of people, and goes with their sketches."""
    folder = begun(tmp_path)
    evenlight("run", "audit.toml", "--out", "a", folder=folder)
    assert len(list((folder / ".people").glob("*.npz"))) == 2
    assert purge(folder / "a")
    assert not list(folder.glob(".people/*"))


@pytest.mark.parametrize("alike", [None, 0.0, 0.9])
def test_ten_looks_at_ten_metrics_that_stay_rarely_claim_a_change(alike: float | None) -> None:
    """Over ten looks, a change in any of ten metrics is claimed in 5 % of series at most."""
    rng, (runs, looks, many) = np.random.default_rng(7), (2000, 10, 10)
    z, share = stats.norm.isf(0.025), 0.0 if alike is None else alike
    base = rng.normal(size=(runs, many))
    claimed = np.zeros(runs, dtype=bool)
    for k in range(1, looks + 1):
        own = rng.normal(size=(runs, many))
        again = share * base + np.sqrt(1 - share**2) * own
        each = 0.05 * spent(k) / many / (2 if alike is None else 1)
        ends = [(v, v - z, v + z) for v in (base, again)]
        grow = widened(np.full(1, 0.05), np.full(1, each), np.full(1, 1e6))
        _, low, high = change_in_value(ends[0], ends[1], (grow, grow), alike=alike)
        claimed |= ((low > 0) | (high < 0)).any(axis=1)
    assert claimed.mean() <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs)
