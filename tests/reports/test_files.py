"""The report as files, and what importing it loads."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evenlight import reports
from evenlight.errors import InputError
from evenlight.files import write as put
from evenlight.ledger import enter
from evenlight.reports.exporters import FORMATS, export
from evenlight.reports.exporters.export import FOLDERS
from tests.between_world import audited
from tests.made_audit import audit

HEAVY = ("torch", "captum", "shap", "sklearn")


def test_write_puts_page_and_figures(tmp_path: Path) -> None:
    """report.html equals build, each figure of the page is a file with the same picture."""
    made = audit()
    page = reports.write(made, tmp_path / "out")
    assert page == tmp_path / "out" / "report.html"
    assert page.read_text("utf-8") == reports.build(made)
    figures = sorted((tmp_path / "out" / "figures").iterdir())
    assert [f.name for f in figures] == [
        f"F{k}.svg" for k in ("1", "12", "15", "2", "22", "3", "4", "5", "6", "8", "9")
    ]
    assert all(f.read_text("utf-8").strip() in page.read_text("utf-8") for f in figures)


def test_the_record_has_each_field_that_the_page_on_reports_names() -> None:
    """Whatever docs/report.md names in the place of a field of the design is in a record."""
    page = (Path(__file__).parents[2] / "docs/report.md").read_text("utf-8")
    table = page.partition("| design | in audit.json |")[2].partition("\n\n")[0]
    named = [re.findall(r"`([^`]+)`", line.split("|")[2]) for line in table.splitlines()[2:]]
    assert len(named) == 7
    assert all(named)
    record: Any = json.loads(audited().to_json())
    for place in (one for line in named for one in line):
        found = record
        for key in place.split("/"):
            found = found[int(key)] if isinstance(found, list) else found[key]


def test_only_the_owner_can_read(tmp_path: Path) -> None:
    """Folders are 0700, files 0600."""
    page = reports.write(audit(), tmp_path / "out")
    modes = {p: stat.S_IMODE(p.stat().st_mode) for p in (page, *page.parent.glob("figures/*"))}
    assert modes.pop(page.parent / "figures" / "F1.svg") == 0o600
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(page.parent.stat().st_mode) == 0o700


def test_a_folder_that_was_open_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An output folder of 0755 and its folders become 0700; the one somebody works in stays."""
    made, out = audit(), tmp_path / "out"
    for folder in (out, out / "tables", out / "figures", out / "spreadsheets"):
        folder.mkdir()
        folder.chmod(0o755)
    reports.write(made, made.save(out))
    export(made, out, ["spreadsheets"])
    for path in (out, *out.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path.name
    for place in (out, out / "tables"):
        out.chmod(0o755)
        monkeypatch.chdir(place)
        made.save(out)
        assert stat.S_IMODE(out.stat().st_mode) == 0o755
        assert stat.S_IMODE((out / "audit.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["tables", "figures", "frameworks", "spreadsheets"])
def test_nothing_is_written_through_a_link(name: str, tmp_path: Path) -> None:
    """A folder of the output that leads elsewhere is an error, before anything is written."""
    asked = audit()
    asked = replace(asked, plan={**asked.plan, "report": {"frameworks": ["tripod-ai"]}})
    elsewhere, out = tmp_path / "elsewhere", tmp_path / "out"
    asked.save(out)
    elsewhere.mkdir()
    for file in (out / "tables").iterdir():
        file.unlink()
    (out / "tables").rmdir()
    (out / name).symlink_to(elsewhere, target_is_directory=True)
    before = sorted(out.iterdir())
    verbs: dict[str, Callable[[], object]] = {
        "tables": lambda: export(asked, out, ["methods", "parquet"]),
        "spreadsheets": lambda: export(asked, out, ["methods", "spreadsheets"]),
        "frameworks": lambda: export(asked, out, ["methods", "frameworks"]),
        "figures": lambda: reports.write(asked, out),
    }
    more: dict[str, Callable[[], object]] = {
        "tables": lambda: asked.save(out),
        "frameworks": lambda: reports.write(asked, out),
    }
    for verb in (verbs[name], more.get(name, verbs[name])):
        with pytest.raises(InputError, match=f"'{name}' in 'out' is a link to another place"):
            verb()
    assert list(elsewhere.iterdir()) == []
    assert sorted(out.iterdir()) == before


def test_each_form_is_written_into_a_folder_that_is_looked_at(tmp_path: Path) -> None:
    """No exporter writes into a folder that is not in the list of `FOLDERS`."""
    made = audit()
    made.save(tmp_path)
    for form, make in FORMATS.items():
        inside = {key.split("/")[0] for key in make(made, tmp_path) if "/" in key}
        assert inside == ({FOLDERS[form]} if form in FOLDERS else set())


def test_a_ledger_is_for_its_owner_and_no_link(tmp_path: Path) -> None:
    """A ledger that others could read is closed; one that leads elsewhere is an error."""
    path = tmp_path / "ledger.jsonl"
    entry = {"plan": "p", "model": "m", "cohort": "c", "date": "2026-01-01"}
    path.write_text("")
    path.chmod(0o644)
    for _ in range(2):
        assert enter(path, **entry) == ()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(path.read_text().splitlines()) == 2
    (tmp_path / "new").mkdir()
    enter(tmp_path / "new" / "looks.jsonl", **entry)
    assert stat.S_IMODE((tmp_path / "new" / "looks.jsonl").stat().st_mode) == 0o600
    link = tmp_path / "new" / "ledger.jsonl"
    link.symlink_to(path)
    with pytest.raises(InputError, match=r"'ledger.jsonl' is a link to another place"):
        enter(link, **entry)
    assert len(path.read_text().splitlines()) == 2


def test_a_failed_write_leaves_the_old_file_and_no_part(tmp_path: Path) -> None:
    """Text that cannot be encoded is an error; what stood there stands there still."""
    target = put(tmp_path / "page.html", "old")
    with pytest.raises(UnicodeEncodeError):
        put(target, "new \ud800")
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"]


@pytest.mark.parametrize("module", ["evenlight.reports", "evenlight.figures", "evenlight.cards"])
def test_the_report_loads_no_model_library(module: str) -> None:
    """In a fresh process none of the heavy libraries is loaded by the import."""
    code = f"import sys, {module}; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
