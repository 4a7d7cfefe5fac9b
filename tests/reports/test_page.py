"""The page of an audit: whole, closed to the outside, readable, and honest in its words."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from base64 import b64encode
from collections import Counter
from dataclasses import replace
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evenlight import reports
from evenlight.data.digits import estimate
from evenlight.findings import Findings
from evenlight.measures.words import SPOKEN, VERDICTS
from evenlight.record import Audit
from evenlight.reports.drawings import _drawings, drawings
from evenlight.reports.page import js
from evenlight.reports.sections import SECTIONS
from evenlight.reports.words import FIXED_LIMITS, MORE_LIMITS
from tests.html_tree import Node, tree
from tests.made_audit import LEVELS, SUBJECTS, audit

FORBIDDEN = re.compile(
    r"\b(fair|fairness|unbiased|safe|compliant|certified|proves?|pre-registered|biology|shortcut|causes?)\b",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def page() -> str:
    """The made audit's page."""
    return reports.build(audit())


@pytest.fixture(scope="module")
def root(page: str) -> Node:
    """The same as a tree."""
    return tree(page)


def bare() -> Audit:
    """A record in which nothing was measured."""
    nothing: dict[str, Any] = {
        name: () for name in ("compositions", "performances", "comparisons", "reliances")
    }
    nothing |= {
        name: ()
        for name in ("dependences", "qualities", "sensitivities", "flips", "answers", "warnings")
    }
    return replace(audit(), findings=Findings(()), **nothing)


def test_there_is_one_first_heading_and_levels_follow_in_order(root: Node) -> None:
    """One h1; no heading skips a level."""
    levels = [int(n.tag[1]) for n in root.walk() if re.fullmatch(r"h[1-6]", n.tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_ids_are_unique_and_every_reference_has_its_target(root: Node) -> None:
    """No id occurs twice; links, uses, labels and paints point to an id of the page."""
    ids = [n.attributes["id"] for n in root.walk() if "id" in n.attributes]
    assert len(ids) == len(set(ids))
    wanted = {n.attributes["href"][1:] for n in root.walk() if "href" in n.attributes}
    wanted |= {i for n in root.walk() for i in n.attributes.get("aria-labelledby", "").split()}
    paints = " ".join(" ".join(n.attributes.values()) for n in root.walk())
    wanted |= set(re.findall(r"url\(#([^)]+)\)", paints))
    assert wanted <= set(ids)


def test_a_label_that_stands_twice_says_of_which_grouping(page: str) -> None:
    """By two groupings the second figure and table of a number are named by theirs; ids stay."""
    made = audit()
    names = ("compositions", "performances", "comparisons", "reliances", "qualities")
    both: dict[str, Any] = {
        name: (one[0], replace(one[0], grouping="<sex>"))
        for name in names
        if (one := getattr(made, name))
    }
    shown = reports.build(replace(made, **both))
    labels = re.findall(r"<strong>([FT]\d+[^<]*)\. </strong>", shown)
    own = Counter(labels)
    assert all(own[f"{one}, by &lt;sex&gt;"] == 1 for one in ("F1", "F2", "T2", "T3", "T10"))
    assert own["F1"] == own["T2"] == own["T10"] == 1
    assert 'aria-label="Figure F1, by &lt;sex&gt;"' in shown
    assert {"f1", "f1-2", "t2", "t2-2"} <= set(re.findall(r' id="([^"]+)"', shown))
    assert "by &lt;" not in page


def test_a_difference_next_to_nothing_is_not_printed_as_none() -> None:
    """T10 tells a difference of 0.00000003 as below 0.0001 either way, and keeps its p."""
    made = audit()
    own = made.qualities[0]
    tiny: dict[str, Any] = {
        name: getattr(own, name).copy()
        for name in ("difference", "difference_low", "difference_high", "p", "margin")
    }
    told = (("difference", -3e-8), ("difference_low", -4e-8), ("difference_high", -2e-8))
    for name, value in (*told, ("p", 2e-4)):
        tiny[name][:, 0] = value
    tiny["margin"][0] = 0.02
    why = own.difference_reason.copy()
    why[:, 0] = ""
    quality = replace(own, **tiny, difference_reason=why)
    shown = reports.build(replace(made, qualities=(quality,)))
    rows = [r.text() for r in tree(shown).all("tr") if "below 0.0001 either way" in r.text()]
    assert rows
    assert all("<\N{NO-BREAK SPACE}0.001" in row for row in rows)


def test_nothing_runs_and_nothing_is_fetched(page: str, root: Node) -> None:
    """One script, ours; no handler, no style attribute, no address outside the page's folder."""
    assert [n.attributes for n in root.all("script")] == [{}]
    assert root.all("script")[0].children == [js()]
    for node in root.walk():
        assert node.tag not in {
            "iframe",
            "object",
            "embed",
            "link",
            "img",
            "form",
            "base",
        }
        assert "style" not in node.attributes
        assert "src" not in node.attributes
        assert not [name for name in node.attributes if name.startswith("on")]
        assert node.attributes.get("href", "#").startswith("#")
    assert "<script>" not in reports.build(audit(), static=True)
    addresses = set(re.findall(r"https?://[^\"' <]+", page))
    assert addresses == {"http://www.w3.org/2000/svg"}
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)


def test_the_policy_comes_first_and_its_hash_is_that_of_the_style_sheet(root: Node) -> None:
    """First in head stands the content policy; it admits this style sheet and no other."""
    head = root.all("head")[0]
    first = next(child for child in head.children if isinstance(child, Node))
    assert first.attributes["http-equiv"] == "Content-Security-Policy"
    sheets = root.all("style")
    assert len(sheets) == 1
    content = "".join(c for c in sheets[0].children if isinstance(c, str))
    digest = b64encode(sha256(content.encode()).digest()).decode()
    rules = dict(rule.split(" ", 1) for rule in first.attributes["content"].split("; "))
    assert rules["style-src"] == f"'sha256-{digest}'"
    script = b64encode(sha256(js().encode()).digest()).decode()
    assert rules["script-src"] == f"'sha256-{script}'"
    assert "script-src" not in reports.build(audit(), static=True)
    assert rules["default-src"] == "'none'"
    assert {rules["base-uri"], rules["form-action"]} == {"'none'"}


def test_language_landmarks_and_the_way_past_them(root: Node) -> None:
    """lang, header, nav, main and footer are there; the first link leads to main."""
    assert root.all("html")[0].attributes["lang"] == "en"
    for landmark in ("header", "nav", "main", "footer"):
        assert len(root.all(landmark)) == 1
    assert root.all("a")[0].attributes["href"] == "#" + root.all("main")[0].attributes["id"]


def test_every_table_has_a_caption_and_scopes_and_can_be_reached(root: Node) -> None:
    """Captions, scopes on every head cell, rows of one width, and a region with a tab stop."""
    tables = root.all("table")
    assert len(tables) > 8
    for table in tables:
        assert table.all("caption")[0].text().strip()
        assert all("scope" in head.attributes for head in table.all("th"))
        region = table.parent
        assert region is not None
        assert region.attributes["role"] == "region"
        assert region.attributes["tabindex"] == "0"
        assert _widths(table) == {len(table.all("thead")[0].all("th"))}


def _widths(table: Node) -> set[int]:
    widths = set()
    for body in table.all("tbody"):
        rows = body.all("tr")
        spanned = sum(head.attributes.get("scope") == "rowgroup" for head in rows[0].all("th"))
        for i, row in enumerate(rows):
            widths.add(len(row.all("th")) + len(row.all("td")) + (spanned if i else 0))
    return widths


def test_every_figure_says_what_it_shows(root: Node) -> None:
    """Each picture has role, title and a description with a number from the data, and a caption."""
    pictures = [n for n in root.all("svg") if n.attributes.get("role") in ("img", "group")]
    assert len(pictures) == len(drawings(audit())) == 11
    for picture in pictures:
        assert picture.all("title")[0].text()
        assert re.search(r"\d", picture.all("desc")[0].text())
    assert all(f.all("figcaption")[0].text().strip() for f in root.all("figure"))


def test_no_verdict_stands_without_its_interval_and_its_n(root: Node) -> None:
    """Beside every verdict: an interval, or why there is none; and the number of people."""
    verdicts = [n for n in root.walk() if "verdict" in n.classes()]
    assert len(verdicts) > 40
    for verdict in verdicts:
        line = next(n for n in verdict.up() if "judged" in n.classes())
        told = " ".join(n.text() for n in line.walk() if "evidence" in n.classes())
        asked = "v-not-estimable" not in verdict.classes()
        assert re.search(r"\[\S+, \S+\]|interval \S+ to \S+", told) if asked else told.strip()
        table = next((n for n in verdict.up() if n.tag == "table"), None)
        around = line.text()
        if table is not None:
            around += table.all("caption")[0].text() + table.all("thead")[0].text()
        counted = any("n" in n.classes() and n.text().strip() for n in line.walk())
        assert counted or "n = " in around


def test_verdicts_are_spoken_with_a_sign(root: Node) -> None:
    """A verdict is one of the four spoken words, with a sign of its own beside it."""
    signs: dict[str, set[str]] = {}
    for node in root.walk():
        if "verdict" in node.classes():
            assert node.text().strip() in SPOKEN.values()
            signs.setdefault(node.text().strip(), set()).add(node.all("use")[0].attributes["href"])
    assert set(signs) == {SPOKEN[v] for v in VERDICTS}
    assert all(len(found) == 1 for found in signs.values())
    assert len(set.union(*signs.values())) == len(VERDICTS)


def test_no_word_promises_more_than_an_audit_can(root: Node) -> None:
    """No forbidden word in any sentence, the audited names aside."""
    text = root.text()
    for name in (*LEVELS, *SUBJECTS):
        text = text.replace(name, " ")
    assert FORBIDDEN.findall(text) == []
    assert FORBIDDEN.findall("The model is fair, and safe.") == ["fair", "safe"]


def test_a_missing_number_is_a_reason_and_never_nan(page: str, root: Node) -> None:
    """Neither text nor attribute says nan, inf or None; the reasons are there."""
    assert not re.search(r"\b(nan|inf|none,|None)\b", root.text())
    for node in root.walk():
        assert not re.search(r"\bnan\b|\binf\b", " ".join(node.attributes.values()), re.IGNORECASE)
    assert "no overlap: 35 of 1,159" in page


def test_suppressed_cells_say_so() -> None:
    """A hidden count reads suppressed, and its number is nowhere."""
    made = audit()
    shown = made.compositions[0]
    count, share, reason = shown.count.copy(), shown.share.copy(), shown.reason.copy()
    count[1], share[1], reason[1] = np.nan, np.nan, "suppressed (<11)"
    hidden = replace(shown, count=count, share=share, reason=reason)
    table = next(
        n
        for n in tree(reports.build(replace(made, compositions=(hidden,)))).walk()
        if n.attributes.get("id") == "t2"
    )
    assert table.text().count("suppressed (<11)") == 2
    assert "Counts are rounded to 5" in table.text()


def test_the_first_lines_hold_what_was_found_and_what_cannot_be_told(
    root: Node,
) -> None:
    """Gate, counts of the four verdicts, primary questions and T1 stand before the rest."""
    blocks = root.all("main")[0].all("section")
    assert [b.attributes["id"] for b in blocks[:2]] == ["a2", "a3"]
    tally = next(n for n in root.walk() if "tally" in n.classes())
    assert [n.text() for n in tally.walk() if "count" in n.classes()] == ["3", "1", "1", "2"]
    for answer in audit().answers:
        assert answer.question in blocks[0].text()
        for part in answer.parts:
            assert part.contrast in blocks[1].text()


def test_limits_are_told_fixed_and_found(root: Node) -> None:
    """Three fixed limits and those of this audit stand beside the findings; all six in C4."""
    by_id = {n.attributes.get("id"): n.text() for n in root.walk()}
    assert len(FIXED_LIMITS) == 3
    for limit in FIXED_LIMITS:
        assert limit in by_id["a5"]
        assert limit in by_id["c4"]
    assert all(limit in by_id["c4"] for limit in MORE_LIMITS)
    assert "Asian against White cannot be asked here: no overlap" in by_id["a5"]
    assert "about 180 more units in Black or African American would settle it" in by_id["a5"]


def test_the_reading_of_reliance_gives_all_three_numbers(root: Node) -> None:
    """Eta squared given the outcome, unsupported and unresolved points, each with interval."""
    reading = next(n for n in root.walk() if "reading" in n.classes()).text()
    assert "14.0 % [11.0, 17.0]" in reading
    assert "5.0 points [2.0, 8.0]" in reading
    assert "3.0 points [0.0, 6.0]" in reading


def test_the_same_record_gives_the_same_bytes(page: str) -> None:
    """Built twice from records made twice, the page is one."""
    _drawings.cache_clear()
    assert reports.build(audit()) == page


def test_a_fresh_process_gives_the_same_bytes(page: str, tmp_path: Path) -> None:
    """With another order of hashing, place, time zone and language the page is the same."""
    code = (
        "import sys; from hashlib import sha256; from evenlight import reports;"
        "from tests.made_audit import audit;"
        "print(sha256(reports.build(audit()).encode()).hexdigest())"
    )
    root = str(Path(__file__).parents[2])
    other = {"PYTHONHASHSEED": "77", "TZ": "Asia/Tokyo", "LC_ALL": "C", "PYTHONPATH": root}
    made = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **other}, cwd=tmp_path,
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert made.stdout.strip() == sha256(page.encode()).hexdigest()


def test_the_page_is_small(page: str) -> None:
    """Eight subjects in three groups with all figures stay below 250 kB."""
    assert len(page.encode()) <= 250_000


def test_what_was_not_measured_is_said_in_a_sentence() -> None:
    """An empty record gives a whole page; its sections say that nothing was measured.

    Those of images, frameworks, what tells groups and other choices are left out, with their links.
    """
    root = tree(reports.build(bare()))
    assert len(root.all("section")) == len(SECTIONS) - 4
    assert not [a for a in root.all("a") if a.attributes["href"] in ("#b5", "#b7", "#c3", "#c5")]
    text = root.text()
    assert "Performance was not measured in this audit." in text
    assert "Reliance was not measured in this audit." in text
    assert not [n for n in root.walk() if "verdict" in n.classes()]


def test_a_long_table_shows_fifty_rows_and_counts_the_rest() -> None:
    """Of 70 subjects 50 rows are shown, and the caption says of how many."""
    subjects = tuple(f"gene{j}" for j in range(70))
    root = tree(reports.build(audit(subjects=subjects)))
    table = next(n for n in root.walk() if n.attributes.get("id") == "t5")
    assert len(table.all("tbody")[0].all("tr")) == 50
    assert "The first 50 of 70 rows" in table.all("caption")[0].text()


def test_the_index_leads_to_every_audit() -> None:
    """One entry an audit: link, and each primary question with its verdict."""
    made = audit()
    root = tree(
        reports.index(
            [("Formula", "formula/report.html", made), ("Network", "net/report.html", made)]
        )
    )
    links = [a.attributes["href"] for a in root.all("a")]
    assert links == ["#main", "formula/report.html", "net/report.html"]
    assert len([n for n in root.walk() if "verdict" in n.classes()]) == 2 * len(made.answers)


def test_the_title_is_that_of_the_plan_if_it_has_one() -> None:
    """A title in the plan heads the page; the model is then named beneath."""
    titled = replace(audit(), plan={"report": {"title": "Dose & race"}})
    root = tree(reports.build(titled))
    assert root.all("h1")[0].text() == "Dose & race"
    assert root.all("title")[0].text() == "Dose & race"
    assert titled.model.name in root.all("header")[0].text()


def test_how_many_more_stands_where_somebody_is_needed() -> None:
    """T1 has a column of people still needed only if a question is open."""
    made = audit()
    closed = replace(made, answers=(made.answers[0],))
    heads = [tree(reports.build(a)).all("table")[0].all("thead")[0].text() for a in (made, closed)]
    assert ["Still needed" in head for head in heads] == [True, False]


def test_a_number_without_spread_keeps_three_digits() -> None:
    """An interval that is only rounding error wide does not add digits."""
    assert estimate(-0.3385400154, -0.3385400148, -0.3385400161) == (
        "\N{MINUS SIGN}0.339 [\N{MINUS SIGN}0.339, \N{MINUS SIGN}0.339]"
    )
