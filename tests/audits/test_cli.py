"""The command line: what it prints, what it writes, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file

from tests.command_line import PLAN, begun, evenlight, process


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a plan, a formula and a table of 240 people."""
    return begun(tmp_path)


def test_run_writes_everything_and_exits_as_the_gate(project: Path) -> None:
    """Record, page, gate and ledger; results on stdout, progress on stderr."""
    done = process("run", "audit.toml", folder=project)
    gate = json.loads((project / "audit" / "gate.json").read_text())
    assert done.returncode == gate["exit_code"], done.stderr
    assert done.stdout.count("?") >= 3
    assert "explaining" in done.stderr
    assert "explaining" not in done.stdout
    for name in ("audit.json", "audit.schema.json", "report.html", "tables/features.csv"):
        assert (project / "audit" / name).is_file(), name
    assert len((project / "ledger.jsonl").read_text().splitlines()) == 1
    assert evenlight("gate", "audit", folder=project).returncode == gate["exit_code"]


def test_report_makes_the_same_page_from_the_record_alone(project: Path) -> None:
    """The page is a view of audit.json."""
    evenlight("run", "audit.toml", folder=project)
    page = project / "audit" / "report.html"
    before = page.read_bytes()
    page.unlink()
    done = evenlight("report", "audit", folder=project)
    assert done.returncode == 0, done.stderr
    assert page.read_bytes() == before


def test_a_question_that_blocks_fails_the_gate(project: Path) -> None:
    """Exit 1 for a difference in performance that was set to block."""
    people = pd.read_csv(project / "people.csv")
    people.loc[people["race"] == "B", "y"] += 8
    people.to_csv(project / "people.csv", index=False)
    question = '[[question]]\nmeasure = "performance"\ngrouping = "race"\nblocks = true\n'
    (project / "audit.toml").write_text(PLAN + question)
    assert evenlight("run", "audit.toml", folder=project).returncode == 1


def test_check_says_what_can_be_asked(project: Path) -> None:
    """Digest, people, groups and contrasts, before any compute."""
    done = evenlight("check", "audit.toml", folder=project)
    assert done.returncode == 0, done.stderr
    assert "240 rows, 240 units, 2 features" in done.stdout
    assert "groups   race: A 120, B 120, unknown 0; known for 100 %" in done.stdout
    assert "contrast B against A: can be asked" in done.stdout
    assert not (project / "audit").exists()


def test_the_digest_of_check_fixes_the_plan(project: Path) -> None:
    """The digest that check prints is the one that run takes."""
    printed = evenlight("check", "audit.toml", folder=project).stdout
    digest = printed.split()[1]
    done = evenlight("run", "audit.toml", "--plan-digest", digest, folder=project)
    assert done.returncode in (0, 3), done.stderr
    assert json.loads((project / "audit" / "audit.json").read_text())["plan_fixed"] is True
    wrong = evenlight("run", "audit.toml", "--plan-digest", "0" * 64, folder=project)
    assert (wrong.returncode, "the plan has changed since" in wrong.stderr) == (2, True)


@pytest.mark.parametrize(
    ("old", "new", "code", "message"),
    [
        ('unit = "row"', 'untie = "row"', 2, "unknown key 'cohort.untie'; did you mean 'unit'"),
        ('outcome = "y"', 'outcome = "yy"', 2, "people has no column 'yy'; did you mean 'y'?"),
        (
            'features = ["a", "b"]',
            'features = ["a"]',
            2,
            "1 of its 2 terms are not among the features, first ['b']",
        ),
        ('table = "people.csv"', 'table = "../people.csv"', 2, "leads out of the plan's folder"),
        ('table = "people.csv"', 'table = "/etc/passwd"', 2, "leads out of the plan's folder"),
        (
            'order = ["A", "B"]',
            'order = ["A", "C"]',
            2,
            "label 'B' is not among the declared levels",
        ),
        ('table = "score.csv"', 'weights = "net.safetensors"\nbuilder = "os:getcwd"', 4, "import"),
    ],
)
def test_wrong_input_is_named_and_nothing_is_written(
    project: Path, old: str, new: str, code: int, message: str
) -> None:
    """One line on stderr with the item and the remedy; no traceback; no folder."""
    save_file({"weight": np.ones(1, dtype=np.float32)}, project / "net.safetensors")
    (project / "audit.toml").write_text(PLAN.replace(old, new))
    done = evenlight("run", "audit.toml", folder=project)
    assert done.returncode == code, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (project / "audit").exists()


def test_usage_is_exit_2(tmp_path: Path) -> None:
    """An unknown command, a missing audit, a missing plan."""
    assert process("audit", folder=tmp_path).returncode == 2
    assert evenlight("gate", "nowhere", folder=tmp_path).returncode == 2
    assert evenlight("run", "nowhere.toml", folder=tmp_path).returncode == 2
    broken = tmp_path / "audit.json"
    broken.write_text("{}")
    done = evenlight("gate", "audit.json", folder=tmp_path)
    assert (done.returncode, "schema is None" in done.stderr) == (2, True)


def test_a_plan_changed_after_a_look_is_told(project: Path) -> None:
    """The second plan's page says that there was a first."""
    evenlight("run", "audit.toml", folder=project)
    (project / "audit.toml").write_text(PLAN + "[policy.margins]\nattribution = 0.3\n")
    evenlight("run", "audit.toml", folder=project)
    warnings = json.loads((project / "audit" / "audit.json").read_text())["warnings"]
    assert any("the plan was changed after an earlier run" in w for w in warnings)
    assert "plan changed after an earlier run" in (project / "audit" / "report.html").read_text()


def test_a_place_that_cannot_be_written_is_named_before_any_compute(project: Path) -> None:
    """A file where the folder should be: exit 2, and nothing was computed."""
    (project / "taken").write_text("")
    done = evenlight("run", "audit.toml", "-o", "taken", folder=project)
    assert (done.returncode, "explaining" in done.stderr) == (2, False)
    assert "nothing can be written to 'taken'" in done.stderr


def test_check_opens_the_model(project: Path) -> None:
    """A formula with a term that the cohort lacks is found before the run."""
    (project / "score.csv").write_text("term,weight\nzzz,1\n")
    done = evenlight("check", "audit.toml", folder=project)
    assert (done.returncode, "zzz" in done.stderr) == (2, True)
