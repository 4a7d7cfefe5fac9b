"""The page on paper: printed by an installed Chromium, or a sentence that says there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from evenlight import reports
from evenlight.errors import InputError
from evenlight.reports import pdf as printing
from tests.made_audit import audit


def test_a_page_is_printed(tmp_path: Path) -> None:
    """`paper=True` puts a PDF of at most 2 MB beside the page, readable by its owner only."""
    try:
        printing.chromium()
    except InputError as error:
        pytest.skip(str(error))
    reports.write(audit(), tmp_path / "out", paper=True)
    made = tmp_path / "out" / "report.pdf"
    assert made.read_bytes().startswith(b"%PDF-")
    assert made.stat().st_size <= 2_000_000
    assert made.stat().st_mode & 0o777 == 0o600


def test_without_a_browser_one_sentence_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No Chromium is an input error with the remedy; nothing is left behind."""
    monkeypatch.setattr(printing, "BROWSERS", ("no-such-browser",))
    page = tmp_path / "report.html"
    page.write_text("<p>x</p>")
    with pytest.raises(InputError, match=r"no Chromium is installed .* print it from your browser"):
        printing.pdf(page)
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_a_page_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The error names the file and what makes it."""
    with pytest.raises(InputError, match=r"no page report\.html; run `evenlight report`"):
        printing.pdf(tmp_path / "report.html")


def test_static_and_linked_pages_are_files_of_their_own(tmp_path: Path) -> None:
    """The static page has its own name and no script; the linked one has two files beside it."""
    static = reports.write(audit(), tmp_path / "a", static=True)
    assert static.name == "report.static.html"
    assert "<script>" not in static.read_text("utf-8")
    linked = reports.write(audit(), tmp_path / "b", linked=True).read_text("utf-8")
    assert "<style>" not in linked
    assert "<script>" not in linked
    for name in ("report.css", "report.js"):
        assert (tmp_path / "b" / name).stat().st_size > 1000
        assert f'"{name}"' in linked
    assert "script-src &#39;self&#39;" in linked
