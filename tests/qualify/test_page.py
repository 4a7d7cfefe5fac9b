"""The page of figures says what the code does."""

from __future__ import annotations

from pathlib import Path

import pytest

from evenlight.errors import InputError
from evenlight.qualify import run
from evenlight.qualify.page import between, cases, write


def test_the_page_lists_the_cases_as_they_are(root: Path) -> None:
    """Case by case, what its generator says of itself."""
    text = (root / "docs" / "qualify.md").read_text(encoding="utf-8")
    assert between(text, "cases", cases()) == text


def test_figures_come_from_lines(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run's lines become the tables; without lines nothing is written."""
    page = tmp_path / "page.md"
    page.write_text((root / "docs" / "qualify.md").read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(InputError, match="no result lines"):
        write(page, tmp_path)
    monkeypatch.setitem(run.PROFILES, "short", run.Runs(2, 1, 199))
    run.qualify("short", tmp_path, cases=["views inside patients"])
    write(page, tmp_path)
    assert "| views inside patients: difference | " in page.read_text(encoding="utf-8")
    with pytest.raises(InputError, match="no marks"):
        between("nothing", "figures", "")
