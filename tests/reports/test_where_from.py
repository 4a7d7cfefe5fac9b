"""Where a number comes from, in a real browser: by mouse, by touch, by keyboard, and never else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evenlight import reports
from tests.browser import browser, opened
from tests.html_tree import tree
from tests.made_audit import audit
from tests.pointed import joined, pointers
from tests.reports.test_browser import _serious
from tests.wide_audit import wide_audit

ROWS = "#t4c1 tbody tr"
"""Rows of a table, each with its pointers."""

REST = 500
"""Milliseconds after which whoever rests on a number is told."""


@pytest.fixture(scope="module")
def chrome() -> Iterator[Any]:
    """One browser for all tests of this file."""
    with browser() as made:
        yield made


@pytest.fixture(scope="module")
def page() -> str:
    """The made audit's page."""
    return reports.build(audit())


def spread(text: str) -> set[str]:
    """Every pointer of a line, {a,b} and {0..3} written out."""
    found: set[str] = set()
    for word in re.findall(r"\S+\.json#\S+", text):
        ways = [""]
        for plain, inside in re.findall(r"([^{}]+)|\{([^{}]+)\}", word.rstrip(",.")):
            first, dots, last = inside.partition("..")
            steps = range(int(first), int(last) + 1) if dots else inside.split(",")
            ways = [way + (plain or str(step)) for way in ways for step in steps]
        found |= set(ways)
    return found


def test_the_line_tells_every_pointer_of_every_place(
    chrome: Any, page: str, tmp_path: Path
) -> None:
    """Whatever can be pressed tells exactly the pointers that the page gives it, and no other."""
    nodes = [n for n in tree(page).walk() if "data-ref" in n.attributes]
    told = "[...document.querySelectorAll('[data-ref]')].map(e => { e.dispatchEvent("
    told += "new MouseEvent('click', {bubbles: true}));"
    told += " return document.querySelector('.where').textContent })"
    with opened(chrome, page, tmp_path) as (tab, wrong):
        lines = tab.evaluate(told)
        assert wrong == []
    assert len(lines) == len(nodes) > 200
    for node, line in zip(nodes, lines, strict=True):
        wanted = {f"audit.json#{one}" for one in pointers(node)}
        assert spread(line) == wanted
        computed = any("data-of" in up.attributes for up in node.up())
        assert line.endswith(", or computed from there") == computed


def test_resting_on_a_row_tells_and_passing_does_not(
    chrome: Any, page: str, tmp_path: Path
) -> None:
    """The line comes after a rest, stays while the mouse goes to it and is on it, and then goes."""
    with opened(chrome, page, tmp_path) as (tab, wrong):
        line, row = tab.locator(".where"), tab.locator(ROWS).nth(2)
        row.scroll_into_view_if_needed()
        assert line.is_hidden()
        row.hover()
        tab.wait_for_timeout(REST)
        before = line.inner_text()
        assert "/comparisons/0/{effect,low,high" in before
        box = line.bounding_box()
        tab.mouse.move(box["x"] + 5, box["y"] + 5, steps=12)
        tab.wait_for_timeout(2 * REST)
        assert line.inner_text() == before
        tab.locator("#t4c1-c").hover()
        tab.wait_for_timeout(REST)
        assert line.inner_text() not in ("", before)
        tab.mouse.move(2, 2)
        tab.wait_for_timeout(REST)
        assert line.is_hidden()
        assert wrong == []


def test_escape_ends_it_until_the_mouse_rests_elsewhere(
    chrome: Any, page: str, tmp_path: Path
) -> None:
    """Escape hides the line without any move of the mouse; the next row brings it back."""
    with opened(chrome, page, tmp_path) as (tab, _):
        line, rows = tab.locator(".where"), tab.locator(ROWS)
        rows.nth(1).hover()
        tab.wait_for_timeout(REST)
        assert line.is_visible()
        tab.keyboard.press("Escape")
        tab.wait_for_timeout(REST)
        assert line.is_hidden()
        rows.nth(2).hover()
        tab.wait_for_timeout(REST)
        assert line.is_visible()


def test_the_keyboard_walks_the_rows_of_a_table(chrome: Any, page: str, tmp_path: Path) -> None:
    """Enter in a table begins, arrows, Home and End go on, Escape ends; no tab stop is added."""
    stops = "document.querySelectorAll('a[href], button, input, select, summary, [tabindex=\"0\"]')"
    with opened(chrome, reports.build(audit(), static=True), tmp_path) as (tab, _):
        before = tab.evaluate(f"{stops}.length")
    with opened(chrome, page, tmp_path) as (tab, wrong):
        sorts = tab.locator(".sort, .tools :is(button, input, select)").count()
        assert tab.evaluate(f"{stops}.length") - sorts == before
        tab.keyboard.press("Tab")
        tab.locator("#t4c1").focus()
        line, rows, here = tab.locator(".where"), tab.locator(ROWS), tab.locator(".here")
        assert "Enter, then the arrow keys" in line.inner_text()
        tab.keyboard.press("Enter")
        for key, at in (("ArrowDown", 1), ("ArrowDown", 2), ("ArrowUp", 1), ("End", -1)):
            tab.keyboard.press(key)
            row = rows.last if at < 0 else rows.nth(at)
            assert here.count() == 1
            assert row.get_attribute("class").split()[-1] == "here"
            assert line.inner_text().startswith(row.locator("th").inner_text() + ": ")
        assert tab.evaluate("document.activeElement.id") == "t4c1"
        tab.keyboard.press("Escape")
        assert (line.is_hidden(), here.count()) == (True, 0)
        tab.keyboard.press("ArrowDown")
        assert line.is_hidden()
        assert wrong == []


def test_from_the_skip_link_every_number_is_reached(chrome: Any, page: str, tmp_path: Path) -> None:
    """Enter in main walks all that is open, sentences too; what is told is in sight, uncovered."""
    seen = "document.querySelector('.here').getBoundingClientRect().top"
    with opened(chrome, page, tmp_path, viewport={"width": 900, "height": 600}) as (tab, _):
        tab.keyboard.press("Tab")
        tab.keyboard.press("Enter")
        tab.keyboard.press("Enter")
        told = set()
        for _ in range(40):
            told.add(tab.locator(".where").inner_text())
            assert -1 <= tab.evaluate(seen) <= 560
            tab.keyboard.press("ArrowDown")
        assert len(told) > 30


def test_a_tap_tells(chrome: Any, page: str, tmp_path: Path) -> None:
    """On a touch screen of 320 px a row tells when it is touched, in lines that fit the screen."""
    small = {"width": 320, "height": 640}
    with opened(chrome, page, tmp_path, viewport=small, has_touch=True) as (tab, _):
        tab.locator(ROWS).nth(1).locator("th").tap()
        line = tab.locator(".where")
        assert "/comparisons/0/" in line.inner_text()
        assert line.bounding_box()["width"] <= 320
        assert tab.evaluate("document.documentElement.scrollWidth") <= 320
        tab.locator("#c8 li").first.tap()
        assert line.is_hidden()


@pytest.mark.parametrize(
    "look",
    [{"color_scheme": "light"}, {"color_scheme": "dark"}, {"forced_colors": "active"}],
    ids=["light", "dark", "forced"],
)
def test_axe_finds_nothing_serious_with_it_open(
    chrome: Any, page: str, look: dict[str, Any], tmp_path: Path
) -> None:
    """With the line and the marked row there is no serious finding, contrast included."""
    with opened(chrome, page, tmp_path, **look) as (tab, wrong):
        tab.locator("#t4c1").focus()
        tab.keyboard.press("Enter")
        assert tab.locator(".where").is_visible()
        assert tab.locator(".where").get_attribute("style") is None
        assert _serious(tab) == []
        assert wrong == []


def test_rows_that_the_script_writes_point_as_well(chrome: Any, tmp_path: Path) -> None:
    """Every row of every view of the table of all features leads to its own feature."""
    made = wide_audit(60, 5)
    subjects, contrasts = made.comparisons[0].subjects, made.comparisons[0].contrasts
    with opened(chrome, reports.build(made), tmp_path) as (tab, _):
        for view in (0, 4):
            tab.locator(".all select").select_option(index=view)
            tab.get_by_role("button", name="Next").click()
            row = tab.locator(".all tbody tr").nth(3)
            row.click()
            places = spread(tab.locator(".where").inner_text())
            j = subjects.index(row.locator("th").inner_text())
            assert f"audit.json#/comparisons/0/subjects/{j}" in places
            assert f"audit.json#/comparisons/0/effect/0/{view}/{j}" in places
            assert len(contrasts) == 10


def test_paper_and_pages_without_script_have_none_of_it(
    chrome: Any, page: str, tmp_path: Path
) -> None:
    """Printed there is neither line nor mark, and the static page has no such element."""
    with opened(chrome, page, tmp_path) as (tab, _):
        tab.locator("#t4c1").focus()
        tab.keyboard.press("Enter")
        tab.emulate_media(media="print")
        assert tab.locator(".where").is_hidden()
        outline = "getComputedStyle(document.querySelector('.here')).outlineStyle"
        assert tab.evaluate(outline) == "none"
    with opened(chrome, reports.build(audit(), static=True), tmp_path) as (tab, _):
        tab.locator(ROWS).nth(1).click()
        assert tab.locator(".where, .here").count() == 0


def test_pointers_of_another_file_keep_its_name() -> None:
    """What has a # goes on from nothing around it."""
    assert joined("diff.json#/look 3", ["/a", "b.json#/c"]) == [
        "diff.json#/look",
        "/a/3",
        "b.json#/c/3",
    ]
