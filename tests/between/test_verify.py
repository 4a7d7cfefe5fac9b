"""An audit's folder as it was written, and what is found where it was changed."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import replace
from pathlib import Path

import pytest

from evenlight import reports
from evenlight.api import run
from evenlight.differing.sketches import FOLDER
from evenlight.errors import GateFailed, InputError
from evenlight.findings import Gate
from evenlight.reports.exporters import FORMATS, export
from evenlight.standing import standing
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
    assert "tables/people.csv" not in found


def test_a_plan_with_another_digest_is_found(folder: Path) -> None:
    """The plan inside the record is held against its digest."""
    path = folder / "audit.json"
    data = json.loads(path.read_text())
    data["plan"]["policy"]["margins"]["brier"] = 0.5
    path.write_text(json.dumps(data, sort_keys=True, separators=(",", ":")) + "\n")
    assert states(verify(folder))["plan digest"] == "fails"


def test_a_statement_is_held_against_its_files(folder: Path) -> None:
    """A digest of attestation.json that is not that of the file fails; no path is followed."""
    export(audited(), folder, ["statement"])
    path = folder / "attestation.json"
    found = states(verify(folder))
    assert set(states(verify(folder)).values()) <= {"holds", "not asked"}, found
    made = json.loads(path.read_text(encoding="utf-8"))
    made["subject"][0]["digest"]["sha256"] = "0" * 64
    made["subject"].append({"name": "../x", "digest": {"sha256": "0" * 64}})
    path.write_text(json.dumps(made))
    found = states(verify(folder))
    assert found["attestation.json: audit.json"] == "fails"
    assert found["attestation.json: files"] == "fails"
    assert "attestation.json: ../x" not in found
    path.write_text("[]")
    assert states(verify(folder))["attestation.json"] == "fails"


@pytest.mark.parametrize("signed", [False, True])
def test_what_a_statement_says_is_held_against_the_record(folder: Path, *, signed: bool) -> None:
    """Another verdict or other people in a statement fail, in a signed envelope as well."""
    export(audited(), folder, ["statement"], sign="cat" if signed else None)
    assert verify(folder).exit_code == 0, verify(folder).text()
    path = folder / "attestation.json"
    outer = json.loads(path.read_text(encoding="utf-8"))
    made = json.loads(b64decode(outer["payload"])) if signed else outer
    made["predicate"]["verdict"] = "waived"
    made["subject"][-1]["digest"]["sha256"] = "1" * 64
    if signed:
        made = outer | {"payload": b64encode(json.dumps(made).encode()).decode()}
    path.write_text(json.dumps(made))
    found = states(verify(folder))
    assert found["attestation.json"] == "fails"
    assert found["attestation.json: plan"] == "fails"
    assert found.get("attestation.json: signature", "") == ("not checked" if signed else "")


def test_every_file_that_the_record_makes_is_checked(folder: Path) -> None:
    """A changed word in any export, figure or annex fails; what nobody knows is not vouched for."""
    reports.write(audited(), folder)
    forms = [name for name in FORMATS if name not in ("statement", "ro-crate")]
    export(audited(), folder, forms)
    (folder / "mine.txt").write_text("of the user")
    before = states(verify(folder))
    assert before.pop("mine.txt") == "not checked"
    assert set(before.values()) == {"holds", "not asked"}, before
    names = [name for name in before if (folder / name).is_file()]
    assert {"gate.junit.xml", "methods.md", "summary.html", "figures/F1.svg"} <= set(names)
    for name in names:
        if name != "audit.json":
            (folder / name).write_bytes((folder / name).read_bytes() + b" ")
    after = states(verify(folder))
    assert {after[name] for name in names if name != "audit.json"} == {"fails"}


def test_a_crate_is_held_against_the_files_that_it_lists(folder: Path) -> None:
    """A file that changed after the crate fails; one that was written after it does not."""
    export(audited(), folder, ["methods", "ro-crate"])
    export(audited(), folder, ["summary"])
    assert states(verify(folder))["ro-crate-metadata.json"] == "holds"
    (folder / "methods.md").write_text("Nothing.")
    assert states(verify(folder))["ro-crate-metadata.json"] == "fails"


def test_a_link_among_the_files_fails(folder: Path, tmp_path: Path) -> None:
    """A table that is a link to elsewhere is no file of an audit."""
    own = folder / "tables" / "people.csv"
    (tmp_path / "elsewhere.csv").write_bytes(own.read_bytes())
    own.unlink()
    own.symlink_to(tmp_path / "elsewhere.csv")
    assert states(verify(folder))["tables/people.csv"] == "fails"


def test_a_verdict_that_does_not_follow_from_its_answers_fails(folder: Path) -> None:
    """A record whose verdict was made a pass by hand is no pass, for `verify` and for the gate."""
    audit = audited()
    asked = tuple(replace(a, verdict="cannot_tell", blocks=True) for a in audit.answers)
    forged = replace(audit, answers=asked, verdict=Gate("passed", 0, "All is well."))
    forged.save(folder)
    assert states(verify(folder))["verdict"] == "fails"
    assert standing(folder).exit_code == 3
    assert "does not follow" in standing(folder).reason


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
