"""Exit codes, one table for the program; and gate.json, which no failed run leaves passing."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path

import pytest

from evenlight import errors
from evenlight.cli import main
from evenlight.errors import EvenlightError, GateFailed, NoVerdict, PlanError, Refused
from evenlight.findings import Gate, Waiver
from evenlight.record import Audit
from evenlight.standing import standing, unjudged
from evenlight.testing import assert_audit
from tests.judged import judged

PLAN = '[model]\nbuiltin = "warfarin.clinical"\n[cohort]\nbuiltin = "warfarin"\n'
PASSED = Gate("passed", 0, "No question that blocks was answered different.")
WAIVER = Waiver("E-1", "Known.", "A. Reader", "2999-01-31", needed=True)

WAITS = """
import sys, time
import evenlight.api as api
def audit(*given, **named):
    print("under way", flush=True)
    time.sleep(120)
api.audit = audit
sys.argv = ["evenlight", "run", "audit.toml"]
from evenlight.cli import main
main()
"""


def made(gate: Gate) -> Audit:
    """A made audit with a gate."""
    return judged(gate)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a plan and the audit of an earlier run, which passed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "audit.toml").write_text(PLAN)
    made(PASSED).save(tmp_path / "audit")
    return tmp_path


def code(*words: str) -> tuple[int, str]:
    """The exit code of the command line in this folder, and what it says."""
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said), redirect_stderr(said):
        patch.setattr(sys, "argv", ["evenlight", *words])
        try:
            main()
        except SystemExit as left:
            return int(left.code or 0), said.getvalue()
    return 0, said.getvalue()


def told(project: Path) -> int:
    """The exit code in gate.json."""
    return int(json.loads((project / "audit" / "gate.json").read_text())["exit_code"])


@pytest.mark.parametrize(
    ("gate", "wanted"),
    [
        (PASSED, 0),
        (Gate("not gated", 0, "Nothing blocks."), 0),
        (Gate("waived", 0, "It would fail.", (WAIVER,)), 0),
        (Gate("failed", 1, "Different."), 1),
        (Gate("no verdict", 2, "waivers.toml waives nothing."), 2),
        (Gate("no verdict", 3, "Cannot tell."), 3),
    ],
)
def test_each_gate_has_its_code(gate: Gate, wanted: int, project: Path) -> None:
    """The code of `gate` and that in gate.json are the gate's; only 0 raises nothing."""
    made(gate).save(project / "audit")
    assert code("gate", "audit")[0] == wanted == told(project)
    if wanted:
        with pytest.raises(EvenlightError) as error:
            gate.raise_for_status()
        assert error.value.exit_code == wanted
    else:
        gate.raise_for_status()


@pytest.mark.parametrize(
    ("error", "wanted"),
    [
        (PlanError("wrong"), 2),
        (NoVerdict("stopped"), 3),
        (Refused("a pickle"), 4),
        (GateFailed("different"), 1),
        (RuntimeError("a fault"), 5),
        (MemoryError(), 5),
        (KeyboardInterrupt(), 3),
    ],
)
def test_a_run_that_does_not_end_has_its_code_and_no_pass(
    error: BaseException, wanted: int, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever ends a run, the pass of the run before does not stand any more."""

    def fails(*given: object, **named: object) -> Audit:
        raise error

    assert standing(project / "audit").exit_code == 0
    monkeypatch.setattr("evenlight.api.audit", fails)
    assert code("run", "audit.toml")[0] == wanted
    assert told(project) == wanted
    assert code("gate", "audit")[0] == wanted


def test_a_plan_that_is_wrong_leaves_no_pass(project: Path) -> None:
    """An error before any compute marks the folder as well; the old record stays readable."""
    (project / "audit.toml").write_text("[modle]\n")
    assert code("run", "audit.toml")[0] == 2
    assert told(project) == 2
    assert Audit.load(project / "audit").verdict.word == "passed"
    said = code("gate", "audit")
    assert said[0] == 2
    assert "unknown key 'modle'" in said[1]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--earlier", "nothere"), "there is no 'nothere'; give the folder of an audit"),
        (("--earlier", "."), "no audit.json in the folder"),
        (("--trust", "sha256:zz"), "trust 'sha256:zz'; wanted"),
    ],
)
def test_an_option_that_is_wrong_leaves_no_pass(
    options: tuple[str, ...], why: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An earlier audit that is not there, and trust of no form, end a run before any compute."""
    monkeypatch.setattr("evenlight.api.audit", None)
    found, said = code("run", "audit.toml", *options)
    assert (found, told(project)) == (2, 2)
    assert why in said
    gate = json.loads((project / "audit" / "gate.json").read_text())
    assert gate["verdict"] == "no verdict"


def test_usage_is_2_and_nothing_is_made(project: Path) -> None:
    """An unknown command, an unknown option, an audit that is not there."""
    for words in (("frobnicate",), ("run", "--frobnicate"), ("gate", "nowhere")):
        assert code(*words)[0] == 2, words
    assert not (project / "nowhere").exists()


def test_a_waiver_that_has_ended_stops_before_any_compute(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The day after its last day, `run` and `gate` both stop with 2."""
    (project / "waivers.toml").write_text(
        '[[waiver]]\nid = "E-1"\nreason = "Known."\nperson = "A."\nuntil = 2026-01-31\n'
    )
    monkeypatch.setattr("evenlight.clock._today", lambda: "2026-11-21")
    ended = code("run", "audit.toml")
    assert ended[0] == 2
    assert "'E-1' ended on 2026-01-31 (today is 2026-11-21)" in ended[1]
    (project / "waivers.toml").unlink()
    made(Gate("waived", 0, "It would fail.", (replace(WAIVER, until="2026-11-20"),))).save("audit")
    assert code("gate", "audit")[0] == 2


@pytest.mark.parametrize("epoch", ["", "1700000000", "1795219200"])
def test_no_settable_date_keeps_a_waiver_alive(
    epoch: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A waiver ends by the later of SOURCE_DATE_EPOCH (2023, 2026) and the machine's own clock."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
    day = "2024-01-01" if epoch != "1795219200" else "2026-11-20"
    monkeypatch.setattr("evenlight.clock._today", lambda: "2024-01-02")
    found = made(Gate("waived", 0, "It would fail.", (replace(WAIVER, until=day),)))
    found.save("audit")
    assert code("gate", "audit")[0] == 2
    with pytest.raises(PlanError, match=f"ended on {day}"):
        assert_audit(found)
    (project / "waivers.toml").write_text(
        f'[[waiver]]\nid = "E-1"\nreason = "Known."\nperson = "A."\nuntil = {day}\n'
    )
    ended = code("run", "audit.toml")
    assert (ended[0], f"ended on {day}" in ended[1]) == (2, True)


@pytest.mark.parametrize(
    ("sent", "codes"),
    [(signal.SIGINT, {3}), (signal.SIGTERM, {3, -signal.SIGTERM}), (signal.SIGKILL, {-9})],
)
def test_a_process_that_is_stopped_leaves_no_pass(
    sent: signal.Signals, codes: set[int], project: Path
) -> None:
    """Ctrl-C is 3; after a kill, which nothing can catch, gate.json has no verdict all the same."""
    command = [sys.executable, "-c", WAITS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as run:
        assert run.stdout is not None
        assert any(b"under way" in line for line in run.stdout)
        os.kill(run.pid, sent)
        run.communicate(timeout=60)
    assert run.returncode in codes
    assert told(project) == 3
    assert code("gate", "audit")[0] == 3


def test_each_error_has_a_code_of_the_table() -> None:
    """Nothing that evenlight raises on purpose ends with a code of its own."""
    own = [e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, Exception)]
    raised = [e for e in own if issubclass(e, EvenlightError)]
    assert len(raised) > 8
    assert {e.exit_code for e in raised} == {1, 2, 3, 4, 5}


def test_a_folder_of_two_runs_has_no_verdict(project: Path) -> None:
    """A gate.json beside the record of another run is no pass."""
    other = made(Gate("failed", 1, "Different."))
    (project / "audit" / "audit.json").write_text(other.to_json())
    assert standing(project / "audit").word == "no verdict"
    assert "not of one run" in standing(project / "audit" / "audit.json").reason
    (project / "audit" / "gate.json").write_text("[]")
    assert standing(project / "audit").exit_code == 3
    (project / "audit" / "gate.json").write_text("{")
    with pytest.raises(errors.InputError, match=r"gate\.json is not JSON"):
        standing(project / "audit")
    (project / "audit" / "gate.json").unlink()
    assert standing(project / "audit") == other.gate()


def test_a_mark_that_cannot_be_written_hides_no_error(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a full disk the error of the run is told; the mark of its start has no verdict already."""

    def full(path: Path, content: str) -> Path:
        raise OSError(28, "No space left on device")

    def run() -> None:
        with unjudged(project / "audit"):
            monkeypatch.setattr("evenlight.files.write", full)
            raise Refused("a pickle")

    with pytest.raises(Refused, match="a pickle"):
        run()
    assert told(project) == 3
