"""The page in a real browser: what it does, what it never does, and who can use it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evenlight import reports
from evenlight.reports.page import css
from tests.browser import browser, opened
from tests.made_audit import audit
from tests.reports.test_hostile import HOSTILE, plain_summary
from tests.reports.test_hostile import page as hostile_page
from tests.wide_audit import FIVE, wide_audit

WIDE = 320


@pytest.fixture(scope="module")
def chrome() -> Iterator[Any]:
    """One browser for all tests of this file."""
    with browser() as made:
        yield made


@pytest.fixture(scope="module")
def page() -> str:
    """The made audit's page."""
    return reports.build(audit())


@pytest.fixture(scope="module")
def wide() -> str:
    """The page of 2,000 features in five groups."""
    return reports.build(wide_audit(2000, 5))


def _serious(tab: Any) -> list[str]:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(tab).response["violations"]
    return [
        f"{v['id']}: {v['nodes'][0]['html'][:120]}"
        for v in found
        if v["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("which", ["page", "wide"])
def test_axe_finds_nothing_serious(
    chrome: Any, which: str, scheme: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """No serious or critical finding of axe-core, contrast of text included, in both themes."""
    text = request.getfixturevalue(which)
    with opened(chrome, text, tmp_path, color_scheme=scheme) as (tab, wrong):
        assert _serious(tab) == []
        assert wrong == []


def test_axe_would_find_something(chrome: Any, page: str, tmp_path: Path) -> None:
    """A page whose language is taken away has a serious finding."""
    with opened(chrome, page.replace('<html lang="en">', "<html>"), tmp_path) as (tab, _):
        assert [found for found in _serious(tab) if found.startswith("html-has-lang")]


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_name_asks_for_nothing_and_opens_nothing(
    chrome: Any, kind: str, tmp_path: Path
) -> None:
    """No request, dialog, report of the policy or error; no element but those of other pages."""
    with opened(chrome, hostile_page(kind), tmp_path) as (tab, wrong):
        tab.wait_for_timeout(100)
        assert wrong == []
        assert tab.locator("script, iframe, img, object, embed, base, form, link").count() == 1
        assert tab.locator("[onerror], [onload], [onmouseover]").count() == 0


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_name_in_the_summary_asks_for_nothing(
    chrome: Any, kind: str, tmp_path: Path
) -> None:
    """summary.html, which has no script, loads without a request, dialog or error."""
    with opened(chrome, plain_summary(kind), tmp_path) as (tab, wrong):
        assert wrong == []
        assert tab.locator("script, iframe, img, object, embed, base, form").count() == 0


def test_a_hostile_name_in_the_island_stays_text(chrome: Any, tmp_path: Path) -> None:
    """What the script writes from the island is text as well, on every page of the table."""
    names = tuple(f"{HOSTILE[k]}{j}" for j in range(8) for k in HOSTILE if k != "long")
    text = reports.build(audit(subjects=names))
    with opened(chrome, text, tmp_path) as (tab, wrong):
        assert tab.locator(".all tbody tr").count() == 50
        tab.get_by_role("button", name="Next").click()
        assert tab.locator(".all tbody tr").count() == min(50, len(names) - 50)
        assert tab.locator(".all :is(script, img, iframe, a)").count() == 1
        assert wrong == []


def test_the_policy_stops_what_is_not_ours(chrome: Any, page: str, tmp_path: Path) -> None:
    """A script that somebody adds to the page does not run, and the browser says so."""
    added = page.replace("</body>", "<script>document.title='run'</script></body>")
    with opened(chrome, added, tmp_path) as (tab, wrong):
        assert tab.title() != "run"
        assert any("Content Security Policy" in told for told in wrong)


def test_the_table_of_all_features_is_searched_sorted_and_paged(
    chrome: Any, wide: str, tmp_path: Path
) -> None:
    """Search narrows, a head sorts, Next goes on, another contrast shows other numbers."""
    with opened(chrome, wide, tmp_path) as (tab, wrong):
        body, state = tab.locator(".all tbody tr"), tab.locator(".all output")
        assert (body.count(), state.inner_text()) == (50, "1 to 50 of 2,000")
        before = body.first.inner_text()
        tab.get_by_role("button", name="Next").click()
        assert state.inner_text() == "51 to 100 of 2,000"
        tab.get_by_label("Find a variable").fill("ensg00000007919")
        assert (body.count(), state.inner_text()) == (1, "1 to 1 of 1")
        tab.get_by_label("Find a variable").fill("")
        tab.locator(".all select").select_option(index=3)
        assert body.first.inner_text() != before
        assert f"Importance, {FIVE[4]}" in tab.locator(".all thead").inner_text()
        head = tab.locator(".all thead th").nth(3)
        for way in ("ascending", "descending"):
            head.get_by_role("button").click()
            assert head.get_attribute("aria-sort") == way
            shown = [
                _number(t) for t in tab.locator(".all tbody td:nth-child(4)").all_inner_texts()
            ]
            assert shown == sorted(shown, reverse=way == "descending")
        assert wrong == []


def _number(text: str) -> float:
    return float(text.split(" ")[0].replace("\N{MINUS SIGN}", "-").replace(",", ""))


def test_the_island_says_what_the_page_says(chrome: Any, wide: str, tmp_path: Path) -> None:
    """The fifty rows that the script writes first are, word for word, those without a script."""
    rows = "[...document.querySelectorAll('.all tbody tr')].map(r => r.textContent)"
    with opened(chrome, wide, tmp_path) as (tab, _):
        scripted = tab.evaluate(rows)
    static = reports.build(wide_audit(2000, 5), static=True)
    assert "<script>" not in static
    with opened(chrome, static, tmp_path) as (tab, wrong):
        assert tab.evaluate(rows) == scripted
        assert tab.locator("button").count() == 0
        assert wrong == []


FOCUS = """(() => {
  const at = document.activeElement;
  return [[...document.querySelectorAll("*")].indexOf(at), getComputedStyle(at).outlineStyle];
})()"""
"""Which element has the focus, and the line around it."""

BODY = "[...document.querySelectorAll('*')].indexOf(document.body)"
"""Where the focus is once it has left the page."""


def test_the_page_can_be_used_by_keyboard_alone(chrome: Any, wide: str, tmp_path: Path) -> None:
    """Tab reaches the way past the links first, then every control; focus is always visible."""
    with opened(chrome, wide, tmp_path) as (tab, _):
        tab.keyboard.press("Tab")
        assert tab.evaluate("document.activeElement.className") == "skip"
        tab.locator(".all .sort").first.focus()
        tab.keyboard.press("Enter")
        assert tab.locator(".all th").first.get_attribute("aria-sort") == "ascending"
        tab.get_by_role("button", name="Next").focus()
        tab.keyboard.press("Space")
        assert tab.locator(".all output").inner_text() == "51 to 100 of 2,000"
        seen = set()
        tab.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
        tab.locator(".skip").focus()
        for _ in range(400):
            tab.keyboard.press("Tab")
            at, line = tab.evaluate(FOCUS)
            if at in seen or at == tab.evaluate(BODY):
                break
            seen.add(at)
            assert line != "none"
        controls = "document.querySelectorAll('main :is(button:enabled, input, select, .scroll)')"
        assert tab.evaluate(f"{controls}.length") <= len(seen)


def test_controls_are_large_enough_to_be_hit(chrome: Any, wide: str, tmp_path: Path) -> None:
    """Buttons, fields and menus are at least 24 px high."""
    with opened(chrome, wide, tmp_path) as (tab, _):
        small = "[...document.querySelectorAll('button, input, select')].filter(e => "
        assert tab.evaluate(f"{small} e.getBoundingClientRect().height < 24).length") == 0


@pytest.mark.parametrize("which", ["page", "wide"])
def test_a_screen_of_320_px_needs_no_sideways_scrolling(
    chrome: Any, which: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Nothing but what scrolls in a region of its own is wider than a narrow screen."""
    text, screen = request.getfixturevalue(which), {"width": WIDE, "height": 700}
    with opened(chrome, text, tmp_path, viewport=screen) as (tab, _):
        assert tab.evaluate("document.documentElement.scrollWidth") <= WIDE


def test_forced_colours_keep_signs_and_borders(chrome: Any, page: str, tmp_path: Path) -> None:
    """Where the system sets the colours, every verdict still has its sign and its word."""
    with opened(chrome, page, tmp_path, forced_colors="active") as (tab, _):
        verdicts = tab.locator(".verdict")
        assert verdicts.count() > 20
        assert verdicts.first.locator("svg").is_visible()
        assert verdicts.first.inner_text().strip()
        assert _serious(tab) == []


def test_the_page_reads_whole_without_script_and_under_a_strict_server(
    chrome: Any, wide: str, tmp_path: Path
) -> None:
    """Scripts off: all tables and figures are there, and nothing asks to be pressed."""
    with opened(chrome, wide, tmp_path, java_script_enabled=False) as (tab, wrong):
        assert tab.locator("button, input, select").count() == 0
        assert tab.locator(".all tbody tr").count() == 50
        assert tab.locator("svg[role=img]").count() > 5
        assert wrong == []


def test_text_alone_reads_in_the_order_of_the_page(chrome: Any, page: str, tmp_path: Path) -> None:
    """Title, gate, questions, answers, findings, people and the rest follow each other in text."""
    with opened(chrome, page, tmp_path) as (tab, _):
        text = tab.locator("body").inner_text()
    heads = [
        "Gate:",
        "The answers, contrast",
        "Differences in performance",
        "Most important",
        "Who was",
    ]
    places = [text.index(head) for head in heads]
    assert places == sorted(places)


TEXT, PAPER = (
    ("ink", "soft", "link", "different", "similar", "unsure", "unasked"),
    (
        "paper",
        "raised",
    ),
)


def _tokens(theme: int) -> dict[str, str]:
    """Colours by name: those of the light theme, or with those of the dark one over them."""
    light, dark = re.findall(r":root \{(.*?)\}", css(), re.DOTALL)[:2]
    pairs = re.findall(r"--(\w+): (#[0-9a-f]{6})", light + dark * theme)
    return dict(pairs)


def contrast(a: str, b: str) -> float:
    """The contrast of two colours after WCAG 2.2."""
    bright = []
    for colour in (a, b):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        bright.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(bright) + 0.05) / (min(bright) + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_every_colour_of_text_stands_out(theme: int) -> None:
    """4.5:1 for text on both grounds, 3:1 for lines that carry meaning; black on white is 21:1."""
    assert round(contrast("#000000", "#ffffff"), 6) == 21
    colours = _tokens(theme)
    for ground in PAPER:
        assert all(contrast(colours[name], colours[ground]) >= 4.5 for name in TEXT)
        assert contrast(colours["line"], colours[ground]) >= 3
