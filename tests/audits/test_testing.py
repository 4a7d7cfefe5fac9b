"""The pytest plugin: an audit as a test, with its evidence where it fails."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from evenlight.errors import PlanError
from evenlight.findings import Gate, Waiver
from evenlight.testing import assert_audit
from tests.judged import judged
from tests.made_audit import audit

PASSED = Gate("passed", 0, "No question that blocks was answered different.")
FAILED = Gate("failed", 1, "Answered different, and set to block.")
WAIVER = Waiver("E-1", "Known.", "A. Reader", "2999-01-31", needed=True)

PLAN = """
[model]
table = "score.csv"
link = "identity"
[cohort]
table = "people.csv"
id = "id"
features = ["a", "b"]
outcome = "y"
unit = "row"
groups = ["race"]
[[question]]
measure = "performance"
grouping = "race"
blocks = true
"""

TESTS = """
from pathlib import Path
from evenlight.testing import assert_audit

def test_it_passes(evenlight_run):
    assert_audit(evenlight_run("audit.toml"))

def test_it_fails(evenlight_run):
    assert_audit(evenlight_run("audit.toml"), passed=False)

def test_once(evenlight_run):
    folder = evenlight_run("audit.toml")
    assert folder is evenlight_run("audit.toml")
    assert (folder / "report.html").is_file()
"""


@pytest.mark.parametrize(
    ("gate", "passes", "fails"),
    [
        (PASSED, True, False),
        (Gate("waived", 0, "It would fail.", (WAIVER,)), True, False),
        (FAILED, False, True),
        (Gate("not gated", 0, "Nothing blocks."), False, False),
        (Gate("no verdict", 3, "Cannot tell."), False, False),
        (Gate("no verdict", 2, "waivers.toml"), False, False),
    ],
)
def test_only_a_pass_passes(gate: Gate, passes: bool, fails: bool, tmp_path: Path) -> None:
    """Neither missing evidence nor a gate that nothing can fail passes, in memory or from files."""
    made = judged(gate)
    for given in (made, made.save(tmp_path / "audit"), tmp_path / "audit" / "audit.json"):
        for passed, right in ((True, passes), (False, fails)):
            if right:
                assert_audit(given, passed=passed)
            else:
                with pytest.raises(AssertionError, match=f"gate {gate.word}"):
                    assert_audit(given, passed=passed)


def test_a_failure_shows_the_evidence(tmp_path: Path) -> None:
    """Every question with its verdict, interval and n, what waives it, and where the page is."""
    gate = replace(FAILED, waivers=(WAIVER,))
    answers = (replace(audit().answers[0], blocks=True, findings=("E-7",)), *audit().answers[1:])
    folder = replace(audit(), verdict=gate, answers=answers).save(tmp_path / "audit")
    with pytest.raises(AssertionError) as error:
        assert_audit(folder)
    said = str(error.value)
    for part in (
        "on 4811 units of iwpc has not passed: gate failed, exit code 1",
        "different              Does the model work equally well by race? (blocks)",
        "+5.5 [4.5, 6.3] mg a week, n = 1,950",
        "findings: E-7",
        "waived until 2999-01-31 by A. Reader: E-1",
        f"page: {folder / 'report.html'}",
    ):
        assert part in said


def test_a_waiver_that_has_ended_is_an_error() -> None:
    """An audit that passed by a waiver passes no more when the waiver has ended."""
    old = replace(WAIVER, until="2020-01-31")
    made = replace(audit(), verdict=Gate("waived", 0, "It would fail.", (old,)))
    with pytest.raises(PlanError, match="ended on 2020-01-31"):
        assert_audit(made)


def test_the_fixture_runs_a_plan_once(tmp_path: Path) -> None:
    """In a project of its own, pytest runs the plan and shows why the audit did not pass."""
    rows = [f"p{i},{'AB'[i % 2]},{i % 7},{i % 5},{i % 7 + i % 5 + i % 3 + i % 2 * 9}\n"
            for i in range(240)]  # fmt: skip
    (tmp_path / "people.csv").write_text("id,race,a,b,y\n" + "".join(rows))
    (tmp_path / "score.csv").write_text("term,weight\nintercept,1\na,1\nb,1\n")
    (tmp_path / "audit.toml").write_text(PLAN)
    (tmp_path / "test_model.py").write_text(TESTS)
    plugin = ["-p", "no:evenlight", "-p", "evenlight.testing", "-p", "no:cacheprovider"]
    shown = ["-q", "-rA", "--tb=short", "-W", "error::pytest.PytestWarning"]
    shown += [f"--rootdir={tmp_path}"]
    command = [sys.executable, "-m", "pytest", *plugin, *shown]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "1 failed, 2 passed" in done.stdout, done.stdout + done.stderr
    assert "has not passed: gate failed, exit code 1" in done.stdout
    assert "Is the mean absolute error similar by race? (blocks)" in done.stdout
    assert "evenlight/testing.py" not in done.stdout


def test_the_plugin_is_light(root: Path) -> None:
    """Pytest loads it in every project, so it brings neither arrays nor pytest by itself."""
    code = (
        "import sys, evenlight.testing; "
        "print([m for m in ('numpy', 'pandas', 'torch', 'pytest') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
