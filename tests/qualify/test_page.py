"""The page of figures says what the code does."""

from __future__ import annotations

from pathlib import Path

import pytest

from evenlight.errors import InputError
from evenlight.qualify import profiles, run
from evenlight.qualify.page import between, described, write


@pytest.mark.parametrize("mark", list(described()))
def test_the_page_lists_what_the_code_says_of_itself(root: Path, mark: str) -> None:
    """Cases and worlds by what their generators say, models, and runs by size."""
    text = (root / "docs" / "qualify.md").read_text(encoding="utf-8")
    assert between(text, mark, described()[mark]) == text


def test_figures_come_from_lines(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run's lines become the tables; without lines nothing is written."""
    page = tmp_path / "page.md"
    page.write_text((root / "docs" / "qualify.md").read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(InputError, match="no result lines"):
        write(page, tmp_path)
    monkeypatch.setitem(profiles.PROFILES, "short", profiles.Runs(2, 1, 199))
    run.qualify("short", tmp_path, cases=["views inside patients"])
    write(page, tmp_path)
    assert "| views inside patients: difference | " in page.read_text(encoding="utf-8")
    with pytest.raises(InputError, match="no marks"):
        between("nothing", "figures", "")
