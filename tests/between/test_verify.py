"""An audit's folder as it was written, and what is found where it was changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evenlight import reports
from evenlight.api import run
from evenlight.differing.sketches import FOLDER
from evenlight.errors import GateFailed, InputError
from evenlight.verifying import Verified, verify
from tests.between_world import audited

PLAN = """
[model]
table = "formula.csv"
[cohort]
table = "people.csv"
id = "id"
features = ["age", "dose"]
outcome = "y"
unit = "row"
groups = ["site"]
[explain]
repeats = 0
[measure]
further = false
[[question]]
measure = "performance"
grouping = "site"
"""


def states(made: Verified) -> dict[str, str]:
    """The state of each check."""
    return {check.what: check.state for check in made.checks}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An audit's folder without the page."""
    return audited().save(tmp_path / "audit")


def test_what_was_written_holds(folder: Path) -> None:
    """Record, digests, gate, tables and page are what the record makes."""
    page = reports.write(audited(), folder)
    made = verify(folder)
    assert made.exit_code == 0, made.text()
    assert states(made)["report.html"] == "holds"
    assert states(made)["run again"] == "not asked"
    page.write_text(page.read_text(encoding="utf-8") + " ", encoding="utf-8")
    assert states(verify(folder))["report.html"] == "fails"


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("gate.json", '"exit_code": 0', '"exit_code": 1'),
        ("tables/people.csv", "site", "town"),
        ("audit.json", '"plan_fixed":false', '"plan_fixed": false'),
    ],
)
def test_a_changed_file_is_found(folder: Path, name: str, old: str, new: str) -> None:
    """One changed word in any file fails, by its name."""
    path = folder / name
    text = path.read_text(encoding="utf-8")
    if old not in text:
        old, new = text[40:44], "####"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    made = verify(folder)
    assert states(made)[name] == "fails"
    with pytest.raises(GateFailed, match=Path(name).name):
        made.raise_for_status()


def test_a_gate_that_was_taken_away_fails(folder: Path) -> None:
    """gate.json is never optional; a table is."""
    (folder / "gate.json").unlink()
    (folder / "tables" / "people.csv").unlink()
    found = states(verify(folder))
    assert found["gate.json"] == "fails"
    assert found["tables/people.csv"] == "not there"


def test_a_plan_with_another_digest_is_found(folder: Path) -> None:
    """The plan inside the record is held against its digest."""
    path = folder / "audit.json"
    data = json.loads(path.read_text())
    data["plan"]["policy"]["margins"]["brier"] = 0.5
    path.write_text(json.dumps(data, sort_keys=True, separators=(",", ":")) + "\n")
    assert states(verify(folder))["plan digest"] == "fails"


def test_a_statement_is_held_against_its_files(folder: Path) -> None:
    """A digest of attestation.json that is not that of the file fails; no path is followed."""
    subjects = [{"name": n, "digest": {"sha256": "0" * 64}} for n in ("audit.json", "../x")]
    (folder / "attestation.json").write_text(json.dumps({"subject": subjects}))
    found = states(verify(folder))
    assert found["attestation.json: audit.json"] == "fails"
    assert "attestation.json: ../x" not in found
    (folder / "attestation.json").write_text("[]")
    assert states(verify(folder))["attestation.json"] == "fails"


def test_the_run_again_gives_the_same_record(tmp_path: Path) -> None:
    """A plan with its data is run again: the same record; other data, another one."""
    rows = ["id,age,dose,site,y"]
    rows += [f"P{i},{i % 7},{i % 5},{'ab'[i % 2]},{i % 7 + i % 11}" for i in range(120)]
    (tmp_path / "people.csv").write_text("\n".join(rows))
    (tmp_path / "formula.csv").write_text("term,weight\nintercept,0\nage,1\ndose,0.5\n")
    plan = tmp_path / "plan.toml"
    plan.write_text(PLAN)
    made = run(plan, tmp_path / "out")
    assert (tmp_path / FOLDER / f"{made.cohort.digest[:32]}.npz").is_file()
    assert states(verify(tmp_path / "out", plan=plan))["run again"] == "holds"
    (tmp_path / "people.csv").write_text("\n".join([*rows, "P999,1,1,a,3"]))
    other = verify(tmp_path / "out", plan=plan)
    assert states(other)["run again"] == "fails"
    assert "cohort" in other.checks[-1].told


def test_no_audit_is_an_error(tmp_path: Path) -> None:
    """A folder without a record is said so."""
    with pytest.raises(InputError, match=r"no audit\.json"):
        verify(tmp_path)
