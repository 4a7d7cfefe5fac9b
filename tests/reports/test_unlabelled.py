"""People without a label in section B1: how many, how unlike the others, what they could change."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd

from evenlight import reports
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.measures.coverage import label_coverage
from evenlight.record import Audit
from tests import made_audit
from tests.html_tree import Node, tree
from tests.pointed import Record, lost, pieces
from tests.reports.test_pointers import FIXED

FEATURES = 12
WEIGHTS = np.linspace(2.0, 0.1, FEATURES)


def audit(missing: int) -> Audit:
    """The made audit, with labels of race of which so many are missing; they have another f0."""
    rng = np.random.default_rng(4)
    race = np.where(rng.random(600) < 0.4, "Asian", "White").astype(object)
    unknown = np.arange(600) < missing
    x = rng.normal(size=(600, FEATURES))
    x[:, 0] += 1.5 * unknown
    x[:, 1] += 1.0 * (race == "White")
    race[unknown] = None
    ids = [f"p{i:03d}" for i in range(600)]
    phi = x * WEIGHTS
    names = [f"f{j}" for j in range(FEATURES)]
    people = pd.DataFrame({"race": race}, index=ids)
    cohort = Cohort(pd.DataFrame(x, ids, names), people, groups=["race"], unit="row")
    made = Attributions.from_arrays(phi, rows=ids, features=names, output=phi.sum(axis=1), base=0.0)
    found = label_coverage(made, cohort, by="race")
    whole = made_audit.audit()
    return replace(whole, further=replace(whole.further, coverages=(found,)))


@cache
def section(missing: int) -> tuple[Node, Record]:
    """The part of the page on race."""
    made = audit(missing)
    page = tree(reports.build(made))
    (root,) = (n for n in page.all("section") if n.attributes.get("id") == "b1")
    return root, Record(json.loads(made.to_json()))


def lines(missing: int) -> list[str]:
    """The sentences on people without a label."""
    return [n.text() for n in section(missing)[0].all("li")]


def test_the_page_tells_who_has_no_label_and_what_they_could_change() -> None:
    """A hundred unknown: counts, what differs first, and every difference that holds or not."""
    known, bounds = lines(100)
    assert known == "race is known for 83.3 % of the people: 500 have a label, 100 have none."
    (record,) = audit(100).further.coverages
    held, may = (int((record.holds == word).sum()) for word in ("yes", "no"))
    assert (held, may) == (1, 11)
    assert f"{held} differences of attributions between groups keep their sign, {may} may" in bounds
    largest = np.argsort(-np.where(record.holds[0] == "no", np.abs(record.difference[0]), -1))[0]
    assert f"The largest of these: {record.subjects[largest]} (" in bounds
    rows = [row for row in section(100)[0].all("tr") if asked(row)]
    assert [row.text().partition("+")[0] for row in rows[:2]] == ["the output", "f0"]
    assert len(rows) == 1 + 8
    assert "different" in rows[1].text()


def asked(row: Node) -> bool:
    """Whether a row tells of what was compared between those with a label and those without."""
    return row.attributes.get("data-ref", "").startswith("asked/")


def test_of_a_few_without_a_label_nothing_is_told_but_that() -> None:
    """Seven unknown: no count, no table."""
    assert lines(7) == [
        "race is known for 98.3 % of the people or more: fewer than 11 units in unknown; what so "
        "few could move is not told."
    ]
    assert "T2u" not in section(7)[0].text()


def test_every_number_points_into_the_record() -> None:
    """Sentences and rows stand where their pointers say."""
    for missing in (7, 100):
        root, record = section(missing)
        assert not lost(root, record)
        told = [p for p in pieces(root, record, FIXED) if p.wrong()]
        assert not [(piece.text, piece.wrong()) for piece in told]


def test_of_a_few_with_a_label_the_share_is_told_as_a_bound() -> None:
    """Seven known: the most that a hidden count could be, and why nothing is compared."""
    assert lines(593) == [
        "race is known for at most 1.7 % of the people: no group with a label is large enough to "
        "be shown."
    ]
