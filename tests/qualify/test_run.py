"""The run: resumable, the same in parallel, and able to fail."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evenlight.errors import InputError, UnknownName
from evenlight.qualify import harness, profiles, run
from evenlight.qualify.drawn import Asked
from evenlight.qualify.lines import Line, append, read
from evenlight.qualify.musts import (
    Must,
    against_yardstick,
    check,
    musts,
    of_images,
    of_reliance,
)
from evenlight.qualify.rates import Rate, Row, rates_of
from evenlight.qualify.table import markdown, states, text
from evenlight.qualify.told import Told, score

CASE = "cells in donors"


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(profiles.PROFILES, "short", profiles.Runs(3, 1, 199))


def test_a_run_cut_off_midway_is_taken_up(tmp_path: Path) -> None:
    """What was there is kept, half a line is left out, the whole is as if never cut."""
    whole = run.qualify("short", tmp_path / "whole", cases=[CASE])
    lines = (tmp_path / "whole" / run.LINES).read_bytes().splitlines(keepends=True)
    cut = tmp_path / "cut"
    cut.mkdir()
    (cut / run.LINES).write_bytes(lines[0] + lines[1][:40])
    said: list[str] = []
    again = run.qualify("short", cut, cases=[CASE], progress=said.append)
    assert said[0] == "2 repetitions to go"
    assert [line.found for line in again.lines] == [line.found for line in whole.lines]
    assert run.qualify("short", cut, cases=[CASE]).lines == again.lines


def test_a_repetition_that_failed_is_told_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One error ends no run, is said, and makes the exit code 1 until it is mended."""

    def broken(rng: np.random.Generator) -> None:
        raise RuntimeError("no such luck")

    with monkeypatch.context() as patch:
        patch.setattr(harness, "CASES", {CASE: broken})
        made = run.qualify("short", tmp_path, cases=[CASE])
    assert made.exit_code == 1
    assert f"{CASE}: 3 repetitions failed: RuntimeError: no such luck" in made.text()
    assert not any(one.error for one in run.qualify("short", tmp_path, cases=[CASE]).lines)


@pytest.mark.slow
def test_processes_give_the_same_lines(tmp_path: Path) -> None:
    """Two processes write what one writes, in the same order."""
    for jobs in (1, 2):
        run.qualify("short", tmp_path / str(jobs), cases=[CASE, "null"], jobs=jobs)
    one, two = (read(tmp_path / str(jobs) / run.LINES) for jobs in (1, 2))
    assert list(one) == list(two)
    assert [line.found for line in one.values()] == [line.found for line in two.values()]


def test_unknown_names_are_refused(tmp_path: Path) -> None:
    """An unknown profile or case names those that exist."""
    with pytest.raises(InputError, match="short, full"):
        run.qualify("middling", tmp_path)  # type: ignore[arg-type]
    with pytest.raises(UnknownName, match="unequal spread"):
        run.qualify("short", tmp_path, cases=["nil"])


def test_of_two_lines_the_later_counts(tmp_path: Path) -> None:
    """A failed repetition is replaced by the one that came after it."""
    path = tmp_path / "lines.jsonl"
    bad, good = Line("null", 0, 9, "c", {}, "broken"), Line("null", 0, 9, "c", {"q": {"m": {}}})
    append(path, [bad, good])
    assert read(path) == {("null", 0): good}


def test_every_must_names_a_case_that_exists() -> None:
    """No requirement is void because of a name; each is stated once."""
    every = [*musts(), *against_yardstick(), *of_reliance(), *of_images()]
    assert {must.case for must in every} <= set(harness.EVERY)
    assert len(set(every)) == len(every)
    assert {must.item for must in every} >= {"1", "2", "3", "4", "5", "7"}


@pytest.mark.parametrize(
    ("value", "state"), [(0.05, "holds"), (0.0, "holds"), (0.07, "watch"), (0.12, "fails")]
)
def test_what_must_hold_can_fail(value: float, state: str) -> None:
    """Within two Monte Carlo errors it holds; beyond what chance allows it fails."""
    rates = {"any": Rate(value, 0.008, 1000)}
    held = check([Row("null", "difference", "evenlight", rates)])
    at = Must("1", "null", "difference", "any", "at most", 0.05)
    assert next(one.state for one in held if one.must == at) == state
    assert sum(one.state == "not measured" for one in held) == len(held) - 1


def test_the_yardstick_is_no_yardstick_where_it_is_wrong() -> None:
    """Power below the regression's fails, unless the regression itself is false too often."""
    ours = Row("site, 6 true", "difference", "evenlight", {"power": Rate(0.5, 0.01, 1000)})
    for fdr, state in ((0.05, "fails"), (0.40, "holds")):
        rates = {"power": Rate(0.9, 0.01, 1000), "fdr": Rate(fdr, 0.01, 1000)}
        held = check([ours, Row("site, 6 true", "difference", "regression", rates)])
        own = [o for o in held if o.must.item == "yardstick" and o.must.case == "site, 6 true"]
        assert [one.state for one in own] == [state]


def test_scores_count_what_was_said() -> None:
    """False and true flags, intervals that all hold, and a false similar."""
    planted = np.array([True, False, False])
    asked = Asked("difference", planted, ~planted, np.array([1.0, 0.0, 0.0]), "value")
    told = Told(
        p=np.array([[0.5, 0.01, 0.2]]), flag=np.array([False, True, False]),
        listed=np.array([True, False, False]), low=np.array([-0.1, 0.1, -1.0]),
        high=np.array([0.1, 0.2, 1.0]), simultaneous=True,
        verdict=np.array(["similar", "different", "cannot_tell"]),
        mechanism=np.array(["none", "value", "unresolved"]), margin=0.2,
    )  # fmt: skip
    made = rates_of([score(told, asked, ("a", "b", "c"))] * 4)
    found = {name: rate.value for name, rate in made.items()}
    assert found["raw"] == 0.5
    assert found["any"] == 1.0
    assert found["fdr"] == 0.0
    assert found["power"] == 1.0
    assert found["flag_power"] == 0.0
    assert found["covered"] == 0.0
    assert found["similar_beyond"] == 1.0
    assert found["cannot_tell"] == pytest.approx(1 / 3)


def test_monte_carlo_errors_are_those_of_repetitions() -> None:
    """The error of a share of runs is the binomial one; of tests in runs, that of whole runs."""
    rng = np.random.default_rng(2)
    flags = rng.uniform(size=400) < 0.05
    scores = [
        {"nulls": 10.0, "tests_null": 10.0, "raw_null": 10.0 * f, "flag_null": 1.0 * f}
        for f in flags
    ]
    made = rates_of(scores)
    q = flags.mean()
    for name in ("raw", "any"):
        assert made[name].value == pytest.approx(q)
        assert made[name].error == pytest.approx(np.sqrt(q * (1 - q) / 400))


def test_the_page_holds_the_figures_of_the_lines(tmp_path: Path) -> None:
    """Tables are rendered from lines alone."""
    made = run.qualify("short", tmp_path, cases=[CASE])
    page = markdown(made.lines)
    assert f"| {CASE}: difference | " in page
    assert "Repetitions of a case: 3. Permutations: 199." in page
    assert sum(states(made.lines).values()) == len(
        [*musts(), *against_yardstick(), *of_reliance(), *of_images()]
    )


def test_one_case_is_not_drowned_by_those_that_were_not_run() -> None:
    """The terminal lists what must hold of the case asked, and counts the rest."""
    lines = [harness.line(CASE, seed, draws=99) for seed in range(2)]
    said = text(lines)
    assert "library size" not in said
    assert "nan" not in said
    assert "not measured" in said


def test_a_misspelt_case_names_the_nearest(tmp_path: Path) -> None:
    """Names of cases hold commas, so that each stands in quotes."""
    with pytest.raises(UnknownName, match=r"did you mean 'use difference'.*'site, 6 true'"):
        run.qualify("short", tmp_path, cases=["use diference"])
