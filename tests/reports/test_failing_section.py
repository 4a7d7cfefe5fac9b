"""A section that fails takes nothing else with it."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import pytest

from evenlight import reports
from evenlight.errors import EvenlightError
from evenlight.reports import page
from evenlight.reports.sections import KEYS, SECTIONS
from evenlight.reports.words import FAILED, HEADS
from tests.html_tree import tree
from tests.made_audit import audit


def failing(*_: object) -> None:
    """What no section should do."""
    raise ZeroDivisionError("of nothing")


def test_68_a_section_that_fails_is_marked_and_the_rest_is_written(tmp_path: Path) -> None:
    """The page stands with a sentence in its place, the error names it, the exit code is not 0."""
    sections = [failing if key == "b4" else one for key, one in zip(KEYS, SECTIONS, strict=True)]
    with (
        patch.object(page, "SECTIONS", sections),
        pytest.raises(EvenlightError, match=r"b4 \(ZeroDivisionError: of nothing\)") as caught,
    ):
        reports.write(audit(), tmp_path)
    assert caught.value.exit_code != 0
    root = tree((tmp_path / "report.html").read_text(encoding="utf-8"))
    shown = {n.attributes["id"]: n.text() for n in root.walk() if n.tag == "section"}
    assert FAILED in shown["b4"]
    assert HEADS["b4"] in shown["b4"]
    assert set(shown) >= {"a2", "b2", "b3", "c1", "c8"}
    assert (tmp_path / "figures" / "F1.svg").is_file()


def test_68_figures_that_cannot_be_drawn_leave_the_other_sections(tmp_path: Path) -> None:
    """Without a backend for figures the answers still stand on the page."""
    with (
        patch("evenlight.reports.files.drawings", side_effect=RuntimeError("no backend")),
        patch(
            "evenlight.reports.sections.a4_forest.drawings", side_effect=RuntimeError("no backend")
        ),
        pytest.raises(EvenlightError, match=r"figures \(RuntimeError: no backend\); a4 \("),
    ):
        reports.write(audit(), tmp_path)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert HEADS["a3"] in text


def test_a_page_that_is_only_built_raises() -> None:
    """In a notebook the fault itself is seen."""
    with (
        patch.object(page, "SECTIONS", [failing for _ in SECTIONS]),
        pytest.raises(ZeroDivisionError),
    ):
        reports.build(audit())
