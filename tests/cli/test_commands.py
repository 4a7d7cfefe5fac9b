"""Each command on a real audit: what it prints, what it writes, and its JSON."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from evenlight.codec import plain
from evenlight.doctor import _optional, doctor
from evenlight.errors import InputError
from evenlight.journal.crew import PATIENCE
from evenlight.journal.effort import Effort
from evenlight.qualify.lines import Line
from evenlight.qualify.run import Qualified
from evenlight.record import Audit
from evenlight.reports.exporters import FORMATS
from tests.command_line import PLAN, begun, data, evenlight


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that was audited once."""
    folder = begun(tmp_path_factory.mktemp("project"))
    told = data("run", "audit.toml", folder=folder)
    assert told["page"] == "audit/report.html"
    return folder


@pytest.fixture
def looks(project: Path) -> Iterator[Path]:
    """The ledger of the project, put back after."""
    path = project / "ledger.jsonl"
    before = path.read_bytes()
    yield path
    path.write_bytes(before)


def test_run_prints_the_gate_as_json(project: Path) -> None:
    """What gate.json holds, with warnings and places, and nothing else on stdout."""
    told = data("run", "audit.toml", "--out", "again", folder=project)
    held = json.loads((project / "again" / "gate.json").read_text())
    assert {name: told[name] for name in held} == held
    assert (told["folder"], told["page"]) == ("again", "again/report.html")
    assert told["warnings"] == list(Audit.load(project / "again").warnings)


def test_check_prints_its_lines_as_json(project: Path) -> None:
    """The same lines, each with what it is about; the digest is that of the audit."""
    told = data("check", "audit.toml", folder=project)
    lines = evenlight("check", "audit.toml", folder=project).stdout.splitlines()
    assert [one["text"] for one in told["lines"]] == [line.split(maxsplit=1)[1] for line in lines]
    assert told["plan"] == Audit.load(project / "audit").plan_digest


def test_compare_and_rely_measure_what_the_audit_measures(project: Path) -> None:
    """The verbs alone give the numbers of the audit, to the last bit; and have no gate."""
    found = Audit.load(project / "audit")
    compared = data("compare", "audit.toml", "--by", "race", folder=project)
    relied = data("rely", "audit.toml", folder=project)
    assert compared["comparisons"] == json.loads(json.dumps(plain(found.comparisons)))
    assert relied["reliances"] == json.loads(json.dumps(plain(found.reliances)))
    said = evenlight("compare", "audit.toml", folder=project)
    assert said.returncode == 0
    assert said.stdout.startswith("by race: ")
    assert "one verb alone has no gate" in said.stderr


def test_compare_says_what_differs(tmp_path: Path) -> None:
    """A feature that only one group is scored by is named in a sentence; the code stays 0."""
    folder = begun(tmp_path)
    table = pd.read_csv(folder / "people.csv")
    table.loc[table["race"] == "B", "a"] += 2
    table.to_csv(folder / "people.csv", index=False)
    done = evenlight("compare", "audit.toml", "--out", "a.csv", "--top", "1", folder=folder)
    lines = done.stdout.splitlines()
    assert done.returncode == 0
    assert " different" in lines[0]
    assert "a" in lines[1].split()
    assert lines[2].startswith("and ")
    assert "different" in set(pd.read_csv(folder / "a.csv")["verdict"])


def test_a_look_by_one_verb_enters_the_ledger(project: Path, looks: Path) -> None:
    """A plan that is changed after `compare` is told by the next audit."""
    before = len(looks.read_text().splitlines())
    (project / "other.toml").write_text(PLAN + "[policy.margins]\nattribution = 0.3\n")
    assert evenlight("compare", "other.toml", folder=project).returncode == 0
    assert len(looks.read_text().splitlines()) == before + 1
    told = data("run", "audit.toml", "--out", "third", folder=project)
    assert any("the plan was changed after an earlier run" in one for one in told["warnings"])


def test_what_cannot_be_asked_stops_before_any_compute(project: Path) -> None:
    """An unknown grouping, a folder where a file should be, rows where something is."""
    for words, said in (
        (("compare", "audit.toml", "--by", "rase"), "did you mean 'race'?"),
        (("rely", "audit.toml", "--out", "audit"), "'audit' is a folder"),
        (("explain", "audit.toml", "--rows", "audit"), "'audit' exists"),
    ):
        done = evenlight(*words, folder=project)
        assert (done.returncode, said in done.stderr) == (2, True), done.stderr
        assert "explaining" not in done.stderr


def test_explain_ranks_features_and_keeps_rows_only_where_asked(project: Path) -> None:
    """The table is told coarsely; rows go to a private folder, which `purge` deletes."""
    before = {path.name for path in project.iterdir()}
    told = data("explain", "audit.toml", folder=project)
    assert [one["feature"] for one in told["features"]] == ["b", "a"]
    assert {path.name for path in project.iterdir()} == before
    done = evenlight(
        "explain", "audit.toml", "-o", "f.csv", "--rows", "rows", "--top", "1", folder=project
    )
    assert done.stdout.splitlines()[-1].startswith("and 1 more")
    assert "other backgrounds" not in done.stderr, "only a comparison needs them"
    assert list(pd.read_csv(project / "f.csv")["feature"]) == ["b", "a"]
    for path in (project / "rows", *(project / "rows").rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path.name
    dry = evenlight("purge", "rows", "--dry-run", folder=project)
    assert (dry.stdout, (project / "rows").is_dir()) == ("would delete rows\n", True)
    assert data("purge", "rows", folder=project) == {"deleted": True, "paths": ["rows"]}
    assert not (project / "rows").exists()
    assert "nothing of single people" in evenlight("purge", "audit", folder=project).stdout


def test_report_writes_what_is_asked(project: Path) -> None:
    """The page with script, without it, and with its style beside it."""
    folder = project / "audit"
    page = (folder / "report.html").read_bytes()
    assert data("report", "audit", folder=project) == {"page": "audit/report.html"}
    assert (folder / "report.html").read_bytes() == page
    told = data("report", "audit", "--static", folder=project)
    assert "<script" not in (project / told["page"]).read_text()
    try:
        assert evenlight("report", "audit", "--assets", "linked", folder=project).returncode == 0
        assert (folder / "report.css").is_file()
    finally:
        evenlight("report", "audit", folder=project)


def test_paper_needs_a_chromium(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where none is installed `--pdf` is wrong use, with what else to do; the page is written."""
    monkeypatch.setattr("shutil.which", lambda name: None)
    done = evenlight("report", "audit", "--pdf", folder=project)
    assert (done.returncode, "no Chromium is installed" in done.stderr) == (2, True)


@pytest.mark.parametrize("form", FORMATS)
def test_each_form_is_exported(form: str, project: Path) -> None:
    """What is said to be written is there."""
    told = data("export", "audit/audit.json", form, folder=project)["written"]
    assert told or form == "frameworks"  # the plan names none
    assert all((project / path).is_file() for path in told)


def test_a_statement_that_is_not_asked_for_is_not_signed(project: Path) -> None:
    """`--sign` without the statement is wrong use."""
    done = evenlight("export", "audit", "junit", "--sign", "cat", folder=project)
    assert (done.returncode, "statement" in done.stderr) == (2, True)


def test_diff_says_what_changed_and_ends_as_its_gate(project: Path) -> None:
    """An audit against itself; JSON is that of diff.json, to the byte."""
    said = evenlight("diff", "audit", "audit", "--memory", "m", folder=project)
    assert (said.returncode, said.stdout.splitlines()[-1][:12]) == (0, "gate: passed")
    words = ("diff", "audit", "audit", "--memory", "m", "--out", "d", "--json")
    done = evenlight(*words, folder=project)
    assert done.stdout == (project / "d" / "diff.json").read_text()
    assert json.loads(done.stdout)["verdict"]["exit_code"] == done.returncode == 0


def test_a_diff_of_other_people_is_refused(project: Path, tmp_path: Path) -> None:
    """Exit 4 where the difference of two tables would be that of a few people."""
    found = Audit.load(project / "audit")
    replace(found, cohort=replace(found.cohort, digest="0" * 64)).save(tmp_path / "other")
    done = evenlight("diff", str(project / "audit"), "other", folder=tmp_path)
    assert (done.returncode, "--other-people" in done.stderr) == (4, True)


def test_a_diff_that_fails_ends_with_1(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The code is that of the difference, and its reason is the last line."""
    from evenlight.differing import diff
    from evenlight.differing.record import Outcome

    made = replace(
        diff(project / "audit", project / "audit", memory=tmp_path),
        verdict=Outcome("failed", 1, "Worse."),
    )
    monkeypatch.setattr("evenlight.differing.diff", lambda *given, **named: made)
    done = evenlight("diff", "audit", "audit", folder=project)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "gate: failed. Worse.")


def test_sites_are_pooled(project: Path, tmp_path: Path) -> None:
    """Two sites by their names; the same people twice are refused; JSON is that of pool.json."""
    found = Audit.load(project / "audit")
    other = replace(found, cohort=replace(found.cohort, digest="0" * 64))
    found.save(tmp_path / "boston")
    other.save(tmp_path / "leiden")
    said = evenlight("pool", "boston", "leiden", folder=tmp_path)
    assert said.stdout.splitlines()[-1].startswith("sites: boston, leiden; ")
    assert said.returncode == 0
    done = evenlight("pool", "boston", "leiden", "--json", "--out", "p", folder=tmp_path)
    assert done.stdout == (tmp_path / "p" / "pool.json").read_text()
    assert evenlight("pool", "boston", "boston", folder=tmp_path).returncode == 2
    assert evenlight("pool", "boston", folder=tmp_path).returncode == 2


def test_verify_finds_a_page_that_was_changed(project: Path, tmp_path: Path) -> None:
    """0 as it was written, 1 with one letter more; with its plan it is run again."""
    Audit.load(project / "audit").save(tmp_path / "audit")
    evenlight("report", "audit", folder=tmp_path)
    whole = evenlight("verify", "audit", folder=tmp_path)
    assert (whole.returncode, "fails" in whole.stdout) == (0, False), whole.stdout
    page = tmp_path / "audit" / "report.html"
    page.write_text(page.read_text() + " ")
    done = evenlight("verify", "audit", "--json", folder=tmp_path)
    assert (done.returncode, json.loads(done.stdout)["exit_code"]) == (1, 1)
    again = data("verify", "audit", "--plan", str(project / "audit.toml"), folder=tmp_path)
    assert {"what": "run again", "state": "holds", "told": "the same record"} in again["checks"]


def test_patience_reaches_the_processes_that_help(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--patience` is how long a helper may use no processor; ten minutes if not said."""
    given: list[Effort] = []

    def run(*words: object, effort: Effort, **named: object) -> Audit:
        given.append(effort)
        return Audit.load(project / "audit")

    monkeypatch.setattr("evenlight.api.run", run)
    for words in ((), ("--jobs", "2", "--patience", "30")):
        assert evenlight("run", "audit.toml", *words, folder=tmp_path).returncode == 0
    crews = [effort.crew(print, ()) for effort in given]
    assert crews[0] is None
    assert [effort.patience for effort in given] == [PATIENCE, 30.0]
    assert crews[1] is not None
    assert crews[1].patience == 30.0
    for wrong in ("0", "soon"):
        assert evenlight("run", "audit.toml", "--patience", wrong, folder=tmp_path).returncode == 2
    with pytest.raises(InputError, match=r"patience is -1\.0; wanted seconds, more than 0"):
        Effort(patience=-1.0)


def test_doctor_says_what_is_there(tmp_path: Path) -> None:
    """0 where everything needed is there; the same checks in JSON."""
    told = data("doctor", folder=tmp_path)
    done = evenlight("doctor", folder=tmp_path)
    bad = [one["what"] for one in told["checks"] if one["state"] == "fails"]
    assert (told["ready"], done.returncode) == (not bad, 2 if bad else 0)
    assert {"Python", "numpy", "device", "browser", "folder"} <= {c["what"] for c in told["checks"]}
    assert len(done.stdout.splitlines()) == len(told["checks"]) + 1


def test_doctor_names_what_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is not there fails; an extra that is lacking is absent, with its command."""
    (room,) = (one for one in doctor(tmp_path / "nowhere") if one.what == "folder")
    assert room.state == "fails"
    lines = ['zarr>=3; extra == "omics"', 'nothing-like-it; extra == "omics"', "numpy>=1.26",
             'mypy; extra == "dev"', 'numpy>=1 ; extra == "tables"']  # fmt: skip
    omics, tables = _optional(lines)
    assert (omics.state, omics.observed) == ("absent", "no nothing-like-it")
    assert omics.expected == "pip install 'evenlight[omics]' where needed"
    assert (tables.state, tables.observed) == ("holds", "numpy")
    monkeypatch.setattr("evenlight.doctor.ROOM", 1e12)
    assert evenlight("doctor", folder=tmp_path).returncode == 2


def test_the_demo_and_the_self_test_print_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the page is; the lines of what was measured, with the code and the folder."""

    def demo(out: Path, **named: object) -> Path:
        return out / "index.html"

    def qualify(profile: str, out: Path, **named: object) -> Qualified:
        return Qualified((Line("null", 0, 99, "abc", {}, "no such luck"),), out)

    monkeypatch.setattr("evenlight.demo.demo", demo)
    monkeypatch.setattr("evenlight.qualify.qualify", qualify)
    assert data("demo", "--out", "d", folder=tmp_path) == {"page": "d/index.html"}
    told = data("qualify", "--out", "q", folder=tmp_path)
    assert (told["exit_code"], told["folder"], len(told["lines"])) == (1, "q", 1)
    assert told["lines"][0]["error"] == "no such luck"
    assert evenlight("qualify", "--json", folder=tmp_path).returncode == 1
