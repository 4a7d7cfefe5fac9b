"""Who was left out at each step, and the words that explain the page."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from evenlight import figures, reports
from evenlight.data.digits import count
from evenlight.record import Audit
from evenlight.reports.drawings import drawings
from evenlight.reports.words_glossary import READING_GUIDE, TERMS
from tests.html_tree import Node, tree
from tests.made_audit import audit, comparison, composition
from tests.pointed import pointed, pointers


@pytest.fixture(scope="module")
def root() -> Node:
    """The made audit's page."""
    return tree(reports.build(audit()))


def region(root: Node, key: str) -> Node:
    """The element of this id."""
    return next(n for n in root.walk() if n.attributes.get("id") == key)


def test_each_number_of_the_flow_is_one_of_the_record(root: Node) -> None:
    """In each row of table T19 stand the very counts that it points to."""
    record = json.loads(audit().to_json())
    table = region(root, "t19")
    rows = [n for n in table.walk() if n.tag == "tr" and "data-ref" in n.attributes]
    assert len(rows) == 2 * len(audit().comparisons[0].contrasts)
    for row in rows:
        (place,) = [one for one in pointers(row) if "/n/" in one]
        told = row.all("td")[1].text().strip()
        assert told == " and ".join(count(float(n)) for n in pointed(record, place))


def test_who_cannot_be_compared_has_a_reason() -> None:
    """A contrast without people says nobody, and why, in table and picture."""
    made = comparison()
    n = made.n.copy()
    n[:, 0] = 0
    none = replace(made, n=n)
    page = tree(reports.build(replace(audit(), comparisons=(none,))))
    rows = [r.text() for r in region(page, "t19").walk() if r.tag == "tr"]
    said = [r for r in rows if "nobody" in r]
    assert len(said) == 2
    assert all("no overlap" in r for r in said)
    assert "nobody, see the reason" in figures.flow_text(composition(), none)


def test_a_hidden_count_is_hidden_in_the_flow() -> None:
    """A suppressed group is said to be so, and no total lets it be worked out."""
    shown = composition()
    counts, shares, reasons = shown.count.copy(), shown.share.copy(), shown.reason.copy()
    counts[-1], shares[-1], reasons[-1] = np.nan, np.nan, "suppressed (<11)"
    hidden = replace(shown, count=counts, share=shares, reason=reasons)
    told = figures.flow_text(hidden, None)
    assert told.endswith("unknown: suppressed (<11).")
    assert "260" not in told


def test_nobody_left_out_is_said_too() -> None:
    """An audit whose reader told nothing says that; one that was told of drops repeats it."""
    made = audit()
    quiet = replace(made, cohort=replace(made.cohort, notes=()))
    loud = replace(made, cohort=replace(made.cohort, notes=("12 rows had no outcome.",)))
    assert "told of nobody left out" in reports.build(quiet)
    assert "12 rows had no outcome." in region(tree(reports.build(loud)), "c7").text()


def test_the_flow_is_a_file_as_well() -> None:
    """F22 is among the drawings, with words that say what it shows."""
    made = drawings(audit())["F22"]
    assert "By race" in made.svg
    assert "against" in made.svg


def test_an_audit_of_no_groups_has_no_flow() -> None:
    """Where nobody was counted the section stands without it."""
    nothing: Audit = replace(audit(), compositions=())
    assert "From assessed to analysed" not in reports.build(nothing)


def test_the_guide_explains_every_verdict(root: Node) -> None:
    """Twelve terms, the four verdicts among them, each once and without a number."""
    names = [term for term, _ in TERMS]
    assert len(set(names)) == len(names) == 12
    assert {"Different", "Similar", "Cannot tell", "Cannot be asked here"} <= set(names)
    told = " ".join([*READING_GUIDE, *(meaning for _, meaning in TERMS)])
    assert not any(c.isdigit() for c in told)
    shown = [n.text() for n in region(root, "c8").walk() if n.tag == "dt"]
    assert shown == names
