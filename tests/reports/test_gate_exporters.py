"""The gate for pipelines: JUnit, annotations of GitHub and GitLab, and a summary."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenlight.findings import Answer, Gate, Part, Waiver
from evenlight.measures.words import Verdict
from evenlight.record import Audit
from evenlight.reports.exporters.github import MOST, github
from evenlight.reports.exporters.gitlab import gitlab
from evenlight.reports.exporters.junit import junit
from evenlight.reports.exporters.noted import State, largest, notes, state
from tests.made_audit import audit

HERE = Path()
FAILED = Gate("failed", 1, "Answered different, and set to block.")
WAIVER = Waiver("E-1", "Known.", "A. Reader", "2027-01-31", "It differs by 1.", needed=True)
HOSTILE = "x\n::error::y\r::warning title=a,b:c::%0A</failure>]]>|`<img src=x onerror=a>\x00\ud800"


def answer(verdict: Verdict, *, blocks: bool = True, findings: tuple[str, ...] = ()) -> Answer:
    """An answer of one part."""
    known = verdict != "not_estimable"
    part = Part(
        "B / A", "mae", verdict, 2.0 if known else None, 1.0 if known else None,
        3.0 if known else None, "mg", 0.5, 240, None, "", "" if known else "too few",
    )  # fmt: skip
    asked = "Does the model work equally well by race?"
    return Answer("E-q", "performance", "race", asked, verdict, blocks, "", (part,), findings)


def with_answer(one: Answer, gate: Gate = FAILED, **policy: str) -> Audit:
    """The made audit with one question and a gate."""
    plan = {"policy": policy}
    return replace(audit(), answers=(one,), verdict=gate, plan=plan)


def suite(made: Audit) -> ElementTree.Element:
    """The report of tests, read by a parser."""
    return ElementTree.fromstring(junit(made, HERE)["gate.junit.xml"])


def printed(made: Audit) -> list[str]:
    """The lines that GitHub reads."""
    return github(made, HERE)["gate.github.txt"].splitlines()


@pytest.mark.parametrize(
    ("one", "gate", "policy", "wanted"),
    [
        (answer("similar"), Gate("passed", 0, ""), "report", "passes"),
        (answer("similar", blocks=False), Gate("not gated", 0, ""), "report", "open"),
        (answer("different", findings=("E-1",)), FAILED, "report", "stops"),
        (answer("different", blocks=False), Gate("not gated", 0, ""), "report", "different"),
        (answer("different", findings=("E-1",)), Gate("waived", 0, "", (WAIVER,)), "report",
         "waived"),
        (answer("different", findings=("E-1", "E-2")), Gate("failed", 1, "", (WAIVER,)), "report",
         "stops"),
        (answer("cannot_tell"), Gate("no verdict", 3, ""), "report", "untold"),
        (answer("cannot_tell", blocks=False), Gate("not gated", 0, ""), "report", "open"),
        (answer("cannot_tell", blocks=False), Gate("no verdict", 3, ""), "stop", "untold"),
        (answer("not_estimable", blocks=False), Gate("no verdict", 3, ""), "report", "untold"),
    ],
)  # fmt: skip
def test_only_similar_is_green(one: Answer, gate: Gate, policy: str, wanted: State) -> None:
    """A test passes where a question that blocks is answered similar; all else is named."""
    made = with_answer(one, gate, inconclusive=policy)
    assert state(made, one) == wanted
    case = suite(made).findall(".//testcase")[1]
    kinds = {"stops": "failure", "untold": "error", "passes": "system-out"}
    assert [child.tag for child in case] == [kinds.get(wanted, "skipped")]


@pytest.mark.parametrize(
    ("word", "code", "tag"),
    [
        ("passed", 0, "system-out"),
        ("not gated", 0, "skipped"),
        ("waived", 0, "skipped"),
        ("failed", 1, "failure"),
        ("no verdict", 2, "error"),
        ("no verdict", 3, "error"),
    ],
)
def test_the_gate_is_a_test_of_its_own(word: str, code: int, tag: str) -> None:
    """A suite is red where the exit code is not 0, whatever the single answers are."""
    made = with_answer(answer("similar"), Gate(word, code, "Why."))
    first = suite(made).findall(".//testcase")[0]
    assert [child.tag for child in first] == [tag]
    top = suite(made)
    red = int(top.get("failures", "")) + int(top.get("errors", ""))
    assert (red > 0) == (code != 0)


def test_counts_are_those_of_the_cases() -> None:
    """Tests, failures, errors and skipped in the head are what stands below."""
    top = suite(audit())
    assert int(top.get("tests", "")) == len(top.findall(".//testcase")) == 4
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(top.get(name, "")) == len(top.findall(f".//{tag}"))


@pytest.mark.parametrize("gate", [FAILED, Gate("waived", 0, HOSTILE, (WAIVER,))])
def test_hostile_names_stay_text(gate: Gate) -> None:
    """No name ends a command, an element, a row or a line."""
    part = replace(answer("different").parts[0], contrast=HOSTILE, subject=HOSTILE)
    waiver = replace(WAIVER, person=HOSTILE, reason=HOSTILE, waives=HOSTILE)
    one = replace(answer("different"), question=HOSTILE, parts=(part,))
    made = with_answer(one, replace(gate, waivers=(waiver,), reason=HOSTILE))
    made = replace(made, model=replace(made.model, name=HOSTILE))
    assert len(suite(made).findall(".//testcase")) == 2
    lines = printed(made)
    assert all(re.match(r"::(error|warning|notice) title=[^,:]*::", line) for line in lines)
    text = github(made, HERE)["gate.summary.md"]
    assert "<img" not in text.replace("\\<img", "")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {5}
    json.loads(gitlab(made, HERE)["gate.codequality.json"])


@given(st.text(st.characters(), max_size=40))
def test_any_text_is_one_annotation_and_one_test(text: str) -> None:
    """Whatever a question says, each form stays whole."""
    made = with_answer(replace(answer("different", findings=("E-1",)), question=text))
    assert len(suite(made).findall(".//testcase")) == 2
    assert len(printed(made)) == len([n for n in notes(made) if n.state != "open"])


def test_github_shows_ten_of_a_level() -> None:
    """Beyond ten of a level, which GitHub does not show, the tenth counts the rest."""
    finding = replace(audit().findings[0], primary=False, severity="act")
    many = [replace(finding, id=f"E-{i}") for i in range(25)]
    made = replace(audit(), findings=type(audit().findings)(tuple(many)), answers=())
    lines = [line for line in printed(made) if line.startswith("::warning")]
    assert len(lines) == MOST
    assert "16 more" in lines[-1]


def test_gitlab_knows_findings_by_their_ids() -> None:
    """Every issue has the five fields of the format; a fingerprint is there once."""
    issues = json.loads(gitlab(audit(), HERE)["gate.codequality.json"])
    assert issues
    for issue in issues:
        assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["severity"] in ("info", "minor", "major", "critical", "blocker")
    prints = [issue["fingerprint"] for issue in issues]
    assert len(set(prints)) == len(prints)


def test_gitlab_tells_audits_of_one_pipeline_apart() -> None:
    """Plan file, folder, model and title are in the fingerprint; numbers are not."""

    def told(made: Audit, folder: str = "audit") -> list[tuple[str, str]]:
        issues = json.loads(gitlab(made, Path(folder))["gate.codequality.json"])
        return [(issue["fingerprint"], issue["location"]["path"]) for issue in issues]

    base = replace(audit(), provenance={"command": "evenlight run audit.toml"})
    others = (
        replace(base, provenance={"command": "evenlight run second.toml"}),
        replace(base, model=replace(base.model, name="another")),
        replace(base, plan={**base.plan, "report": {"title": "Another"}}),
    )
    first = told(base)
    assert first
    assert told(base, "elsewhere/audit") == first
    assert {path for _, path in first} == {"audit.toml"}
    assert {path for _, path in told(others[0])} == {"second.toml"}
    for found in (*map(told, others), told(base, "audit-b")):
        assert not {one for one, _ in first} & {one for one, _ in found}
    again = replace(base, answers=tuple(replace(a, parts=()) for a in base.answers))
    assert [one for one, _ in told(again)] == [one for one, _ in first]


def test_the_summary_shows_interval_n_and_waivers() -> None:
    """No verdict without its interval and n; a waiver with person, reason and last day."""
    one = answer("different", findings=("E-1",))
    text = github(with_answer(one, Gate("waived", 0, "It would fail.", (WAIVER,))), HERE)[
        "gate.summary.md"
    ]
    assert "## evenlight: gate waived" in text
    assert "+2.0 \\[1.0, 3.0\\] mg, n = 240 | waived |" in text
    assert "| 2027-01-31 | A. Reader | Known. | E-1: It differs by 1. |" in text
    assert largest(replace(one, parts=())) == "no part was recorded"
    nothing = github(replace(audit(), answers=()), HERE)["gate.summary.md"]
    assert "No primary question was asked." in nothing
