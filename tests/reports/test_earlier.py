"""An audit beside an earlier one on its page, and pages of differences and of several sites."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

from evenlight import reports
from evenlight.api import report
from evenlight.data.digits import estimate
from evenlight.differing import Difference, diff, save_difference
from evenlight.language import speaking
from evenlight.pooling import pool
from evenlight.reports.between import difference_page, pool_page
from evenlight.reports.changing import beside, slopes
from evenlight.verifying import verify
from tests.between_world import audited
from tests.command_line import begun, evenlight
from tests.html_tree import Node, tree
from tests.pseudo import Pseudo, recorded, unspoken


@cache
def difference() -> Difference:
    """A later version of the formula, in the same people."""
    return diff(audited(), audited(weight=6.0))


@cache
def page() -> str:
    """The later version's page beside the earlier audit."""
    return reports.build(audited(weight=6.0), earlier=difference())


def region(root: Node, key: str) -> Node:
    """The element of this id."""
    return next(n for n in root.walk() if n.attributes.get("id") == key)


def test_the_section_is_there_only_beside_an_earlier_audit() -> None:
    """C6 and the link that leads to it stand where an earlier audit is given, and nowhere else."""
    assert 'id="c6"' in page()
    assert 'href="#c6"' in page()
    assert "#c6" not in reports.build(audited(weight=6.0))


def test_each_row_of_changes_is_what_the_record_tells() -> None:
    """Status and change of size of each row are those at its pointer into diff.json."""
    record = json.loads(difference().to_json())
    table = region(tree(page()), "t20")
    body = table.all("tbody")[0]
    assert body.attributes["data-base"] == "diff.json#/changes"
    rows = body.all("tr")
    assert len(rows) == len(record["changes"]) >= 2
    for row in rows:
        own = record["changes"][int(row.attributes["data-ref"].partition("/")[0])]
        told = estimate(own["size"], own["low"], own["high"], reason="not told", sign=True)
        assert row.all("td")[2].text() == told


def test_the_slopes_name_what_moved_furthest() -> None:
    """F13 is drawn from the values of the difference, a line a feature."""
    (drawing,) = slopes(difference()).values()
    assert drawing.key == "F13"
    moved = [v for v in difference().values if v.kind == "importance" and v.subject == "age"]
    assert all(v.after > 4 * v.before for v in moved)
    assert "In a the furthest of 3 moved age" in drawing.svg
    assert 'id="f13"' in page()


def test_a_difference_of_another_audit_is_not_shown(tmp_path: Path) -> None:
    """A diff.json whose later audit is another one is passed over."""
    save_difference(difference(), tmp_path)
    assert beside(audited(weight=6.0), tmp_path) is not None
    assert beside(audited(), tmp_path) is None
    other = replace(audited(weight=6.0), plan_digest="0" * 64)
    assert beside(other, tmp_path) is None


def test_a_page_written_beside_an_earlier_audit_stays_so(tmp_path: Path) -> None:
    """report(earlier=) writes diff.json; the page written again keeps C6, and verify agrees."""
    later = audited(weight=6.0)
    folder = later.save(tmp_path / "later")
    first = report(later, folder, earlier=audited()).read_bytes()
    assert b'id="c6"' in first
    assert (folder / "figures" / "F13.svg").is_file()
    assert report(later, folder).read_bytes() == first
    found = {check.what: check.state for check in verify(folder).checks}
    assert found["report.html"] == "holds"


def test_a_difference_and_a_pool_have_pages_of_their_own() -> None:
    """Both pages are whole, run nothing, and hold their numbers."""
    several = pool([audited(), audited(600, seed=1, worse=1.5)], names=["north", "south"])
    for text, heading in (
        (difference_page(difference()), "One audit against an earlier one"),
        (pool_page(several), "Several sites together"),
    ):
        root = tree(text)
        assert root.all("h1")[0].text() == heading
        assert not root.all("script")
        assert "default-src 'none'" in root.all("meta")[0].attributes["content"]
    rows = region(tree(pool_page(several)), "p2").all("tbody")[0].all("tr")
    assert len(rows) == len(several.items) > 0
    assert estimate(several.items[0].effect, several.items[0].low, several.items[0].high,
                    sign=True) in rows[0].text()  # fmt: skip


def test_both_pages_speak_the_language_of_their_reader() -> None:
    """In another language only what the records say is left in English."""
    several = pool([audited(), audited(600, seed=1, worse=1.5)], names=["north", "south"])
    with speaking("en-x-wide", Pseudo()):
        pages = difference_page(difference()), pool_page(several)
    for page_of, record in zip(pages, (difference().to_json(), several.to_json()), strict=True):
        held = recorded(json.loads(record))
        views = {part for text in held for part in text.split("|")}
        assert unspoken(page_of, held | views) == {}


def test_the_same_difference_gives_the_same_bytes() -> None:
    """Built again from its own JSON, the page is one."""
    again = Difference.from_json(difference().to_json())
    assert reports.build(audited(weight=6.0), earlier=again) == page()


def test_the_commands_write_pages_of_a_comparison(tmp_path: Path) -> None:
    """`run --earlier` shows C6, and `diff --html` writes a page."""
    folder = begun(tmp_path)
    assert evenlight("run", "audit.toml", "--out", "one", folder=folder).returncode in (0, 3)
    done = evenlight("run", "audit.toml", "--out", "two", "--earlier", "one", folder=folder)
    assert done.returncode in (0, 3), done.stderr
    assert 'id="c6"' in (folder / "two" / "report.html").read_text("utf-8")
    assert json.loads((folder / "two" / "diff.json").read_text("utf-8"))["people"] == "the same"
    made = evenlight("diff", "one", "two", "--html", "pages", folder=folder)
    assert "diff.html" in made.stderr
    assert "Against the earlier audit" in (folder / "pages" / "diff.html").read_text("utf-8")


def test_an_earlier_audit_that_is_not_there_stops_before_any_work(tmp_path: Path) -> None:
    """A wrong name is an error of input, and nothing is written."""
    folder = begun(tmp_path)
    wrong = evenlight("run", "audit.toml", "--out", "new", "--earlier", "gone", folder=folder)
    assert wrong.returncode == 2
    assert not (folder / "new" / "report.html").exists()
