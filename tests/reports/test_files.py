"""The report as files, and what importing it loads."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from evenlight import reports
from evenlight.files import write as put
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


def test_only_the_owner_can_read(tmp_path: Path) -> None:
    """Folders are 0700, files 0600."""
    page = reports.write(audit(), tmp_path / "out")
    modes = {p: stat.S_IMODE(p.stat().st_mode) for p in (page, *page.parent.glob("figures/*"))}
    assert modes.pop(page.parent / "figures" / "F1.svg") == 0o600
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(page.parent.stat().st_mode) == 0o700


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
