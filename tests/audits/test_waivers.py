"""Waivers: who may keep a difference from failing the gate, for how long, and what stays."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evenlight import reports
from evenlight.auditing import audit
from evenlight.data.coefficients import CoefficientTable
from evenlight.data.cohort import Cohort
from evenlight.errors import GateFailed, InputError, PlanError
from evenlight.findings import Finding, Gate, Waiver
from evenlight.gates import gate, strictly, unfounded
from evenlight.judge import hold_id, judge
from evenlight.plan import Plan
from evenlight.policy import Policy, Question
from evenlight.record import Audit
from evenlight.results import Measures, Result
from evenlight.waivers import checked_waivers, read_waivers

ONE = """
[[waiver]]
id = "E-0a1b2c3d4e"
reason = "Known; the next version is trained on both sites."
person = "A. Reader, safety board"
until = 2027-03-31
"""
UNTIL = "2999-12-31"


def worlds(shift: float) -> tuple[CoefficientTable, Cohort]:
    """A linear model of a and b; the error of group B is larger by `shift`."""
    rng = np.random.default_rng(0)
    race = np.where(np.arange(300) % 2 == 0, "A", "B")
    x = rng.normal(size=(300, 2))
    y = x.sum(axis=1) + rng.normal(size=300) + np.where(race == "B", shift, 0.0)
    cohort = Cohort(
        x, pd.DataFrame({"race": race, "y": y}), ["a", "b"], outcome="y", groups=["race"],
        unit="row",
    )  # fmt: skip
    return CoefficientTable("sum", 0.0, {"a": 1.0, "b": 1.0}, unit="points"), cohort


def asked(**policy: Any) -> Plan:
    """One question, which blocks: performance by race."""
    question = {"measure": "performance", "grouping": "race", "blocks": True}
    return Plan.from_data({"question": [question], "policy": policy})


@pytest.fixture(scope="module")
def failing() -> Audit:
    """An audit that fails for one difference."""
    return audit(*worlds(5.0), plan=asked())


def blocking(found: Audit) -> list[Finding]:
    """What fails the gate of an audit."""
    return [finding for finding in found.findings if finding.severity == "block"]


def waiver(id: str, until: str = UNTIL) -> Waiver:
    """A waiver of a finding."""
    return Waiver(id, "Known and accepted.", "A. Reader", until)


def test_a_file_gives_waivers_and_none_is_none(tmp_path: Any) -> None:
    """A waiver has id, reason, person and a last day, on which it still holds."""
    path = tmp_path / "waivers.toml"
    assert read_waivers(path, on="2026-11-22") == ()
    path.write_text(ONE)
    (made,) = read_waivers(path, on="2027-03-31")
    assert (made.id, made.person, made.until) == (
        "E-0a1b2c3d4e", "A. Reader, safety board", "2027-03-31",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("2027-03-31", "2026-11-21", "ended on 2026-11-21 .today is 2026-11-22."),
        ("reason", "reasn", "unknown key 'reasn'; did you mean 'reason'"),
        ('person = "A. Reader, safety board"', "", "has no person; a waiver has id, reason"),
        ('"A. Reader, safety board"', '" "', "person is a text in quotes that says something"),
        ("2027-03-31", '"2027-03-31"', "until is a day without quotes"),
        ("2027-03-31", "2027-03-31T10:00:00", "until is a day without quotes"),
        ("[[waiver]]", "[waiver]", "with two brackets"),
        ("[[waiver]]", "[[waver]]", "unknown key 'waver'; did you mean 'waiver'"),
        ('"Known; the next', f'"{"x" * 1001}', "characters; at most 1000"),
    ],
)
def test_a_waiver_that_is_not_whole_stops(old: str, new: str, told: str) -> None:
    """What is missing, misspelt, too long or past its day is an error of the plan (exit 2)."""
    with pytest.raises(PlanError, match=told):
        checked_waivers(tomllib.loads(ONE.replace(old, new)), on="2026-11-22")


def test_the_same_id_twice_stops() -> None:
    """Two waivers of one finding are one too many."""
    with pytest.raises(PlanError, match="'E-0a1b2c3d4e' is waived twice"):
        checked_waivers(tomllib.loads(ONE + ONE), on="2026-11-22")


def test_a_waived_difference_does_not_fail_the_gate(failing: Audit) -> None:
    """The gate is waived, the finding and its severity stay, the answer stays different."""
    assert failing.gate().word == "failed"
    given = [waiver(f.id) for f in blocking(failing)]
    made = audit(*worlds(5.0), plan=asked(), waivers=given)
    assert (made.gate().word, made.gate().exit_code) == ("waived", 0)
    made.gate().raise_for_status()
    assert "until 2999-12-31. Answered different" in made.gate().reason
    assert made.answers == failing.answers
    assert [f.id for f in made.findings] == [f.id for f in failing.findings]
    (kept,) = made.gate().waivers
    assert kept.needed
    assert kept.waives == blocking(failing)[0].sentence
    assert Audit.from_json(made.to_json()).to_json() == made.to_json()


def test_what_is_waived_is_on_the_page_and_in_the_gate(failing: Audit) -> None:
    """Reason, person and last day, and what is waived, for a person and for a program."""
    given = [waiver(f.id) for f in blocking(failing)]
    made = audit(*worlds(5.0), plan=asked(), waivers=given)
    page = reports.build(made)
    for text in ("Gate: waived", "Known and accepted.", "A. Reader", UNTIL, given[0].id):
        assert text in page
    (told,) = made.gate_data()["waivers"]
    assert (told["id"], told["until"], told["needed"]) == (given[0].id, UNTIL, True)
    assert made.gate_data()["blocking"][0]["id"] == given[0].id
    assert "Waived" not in reports.build(failing)


def test_a_waiver_of_what_is_not_different_any_more_is_kept_and_not_needed() -> None:
    """A model that was mended does not stop for its old waiver; the page says that it can go."""
    one = blocking(audit(*worlds(5.0), plan=asked()))[0].id
    made = audit(*worlds(0.0), plan=asked(), waivers=[waiver(one)])
    assert made.gate().word != "waived"
    assert made.gate().exit_code in (0, 3)
    assert [w.needed for w in made.gate().waivers] == [False]
    assert "Nothing would fail the gate without this waiver." in reports.build(made)


def test_an_unknown_id_has_no_verdict_and_stops_with_2(failing: Audit) -> None:
    """Nothing that was computed is lost, but no gate opens for a waiver of nothing."""
    made = audit(*worlds(5.0), plan=asked(), waivers=[waiver("E-nothing")])
    assert (made.gate().word, made.gate().exit_code) == ("no verdict", 2)
    assert "waives 'E-nothing', and nothing measured has that id" in made.gate().reason
    with pytest.raises(InputError, match="E-nothing"):
        made.gate().raise_for_status()
    with pytest.raises(GateFailed):
        failing.gate().raise_for_status()


def test_a_whole_question_cannot_be_waived(failing: Audit) -> None:
    """A waiver covers one difference, not those that nobody has seen yet; the error lists them."""
    answer = failing.answers[0]
    made = audit(*worlds(5.0), plan=asked(), waivers=[waiver(answer.id)])
    assert made.gate().exit_code == 2
    assert f"waives the question {answer.id}" in made.gate().reason
    assert answer.findings[0] in made.gate().reason


def results_of(*verdicts: str) -> list[Result]:
    """Results of use, one a feature."""
    return [
        Result(
            "use", "race", ("B", "A"), f"f{i}", "use|nothing|margin", verdict, 1.0, 0.5, 1.5,  # type: ignore[arg-type]
            100.0, "SD", 0.1, reason="no overlap" if verdict == "not_estimable" else "",
        )
        for i, verdict in enumerate(verdicts)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("verdicts", "waive", "word", "code"),
    [
        (("different",), (0,), "waived", 0),
        (("different", "similar"), (0,), "waived", 0),
        (("different", "different"), (0,), "failed", 1),
        (("different", "different"), (0, 1), "waived", 0),
        (("different", "cannot_tell"), (0,), "no verdict", 3),
        (("different", "not_estimable"), (0,), "no verdict", 3),
        (("cannot_tell",), (0,), "no verdict", 3),
        (("not_estimable",), (0,), "no verdict", 3),
        (("similar",), (0,), "passed", 0),
        (("different",), (), "failed", 1),
    ],
)
def test_a_waiver_takes_one_difference_and_no_missing_evidence(
    verdicts: tuple[str, ...],
    waive: tuple[int, ...],
    word: str,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What stands behind a waived difference decides; what cannot be told never passes."""
    own = results_of(*verdicts)
    monkeypatch.setattr("evenlight.judge.results", lambda measures: own)
    questions = [Question(measure="use", grouping="race", blocks=True)]
    first = judge(Measures(target="risk"), questions, Policy())[0]
    ids = {finding.subject: finding.id for finding in first}
    given = [waiver(ids[f"f{i}"]) for i in waive]
    _, answers, made = judge(Measures(target="risk"), questions, Policy(), given)
    assert (made.word, made.exit_code) == (word, code)
    assert len(made.waivers) == len(given)
    assert unfounded(made, answers, Policy()) == ""
    for milder in ("passed", "not gated", "waived"):
        forged = Gate(milder, 0, "")
        follows = milder == word and word != "waived"
        assert (unfounded(forged, answers, Policy()) == "") == follows


def test_strictness_stands_above_waivers() -> None:
    """A gate that is waived still needs inputs that are certain, and keeps its waivers."""
    made = strictly(
        Gate("waived", 0, "", (waiver("E-1"),)), Policy(strict=True), {"features": "No names."}
    )
    assert (made.word, made.exit_code, len(made.waivers)) == ("no verdict", 3, 1)


def test_a_stricter_gate_follows_from_answers_that_would_pass(failing: Audit) -> None:
    """No verdict follows where the policy is strict, or waivers name nothing; else it does not."""
    own = [replace(a, verdict="similar", parts=()) for a in failing.answers]
    stopped, strict = Gate("no verdict", 3, ""), Policy(strict=True)
    assert unfounded(stopped, own, strict) == ""
    assert unfounded(stopped, own, Policy())
    assert unfounded(Gate("no verdict", 2, "", (waiver("E-1"),)), own, Policy()) == ""
    assert unfounded(Gate("failed", 1, ""), own, strict)


def test_the_gate_is_made_of_the_record(failing: Audit) -> None:
    """The gate of the record's answers is the gate of the run, where nothing is waived."""
    assert gate(failing.answers, Policy()) == failing.gate()


def test_a_waiver_of_a_finding_of_forks_is_known_and_not_needed(failing: Audit) -> None:
    """That an answer hangs on a choice fails no gate: its id is none that nothing measured has."""
    answer = failing.answers[0]
    target = next(iter(failing.findings)).target
    one = hold_id(answer, target)
    made = audit(*worlds(5.0), plan=asked(), waivers=[waiver(one)])
    assert (made.gate().word, made.gate().exit_code) == ("failed", 1)
    (kept,) = made.gate().waivers
    assert not kept.needed
    assert kept.waives == f'Whether the answer to "{answer.question}" holds under other choices.'
    both = [waiver(one), *(waiver(f.id) for f in blocking(failing))]
    assert audit(*worlds(5.0), plan=asked(), waivers=both).gate().word == "waived"
