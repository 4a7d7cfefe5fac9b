"""Agreement of raters by group, beside the performance in section B2."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd

from evenlight import reports
from evenlight.data.cohort import Cohort
from evenlight.measures.rate import rate
from evenlight.record import Audit
from tests import made_audit
from tests.html_tree import tree
from tests.pointed import Record, lost, pieces
from tests.reports.test_pointers import FIXED


def audit() -> Audit:
    """Two readers of 300 people, who agree less on White people, and too few Asian ones."""
    rng = np.random.default_rng(0)
    race = np.repeat(["Asian", "Black or African American", "White"], [7, 143, 150])
    first = rng.random(300) < 0.5
    other = first ^ (rng.random(300) < np.where(race == "White", 0.25, 0.05))
    ids = [f"p{i:03d}" for i in range(300)]
    columns = {"race": race, "first": first.astype(int), "second": other.astype(int)}
    people = pd.DataFrame(columns, index=ids)
    x = pd.DataFrame({"x": rng.normal(size=300)}, index=ids)
    found = rate(Cohort(x, people, groups=["race"], unit="row"), by="race",
                 ratings=["first", "second"])  # fmt: skip
    whole = made_audit.audit()
    return replace(whole, further=replace(whole.further, raters=(found,)))


def test_the_page_tells_how_well_raters_agree_in_each_group() -> None:
    """Values with limits of the groups that may be told of, differences, and their pointers."""
    made = audit()
    page, record = tree(reports.build(made)), Record(json.loads(made.to_json()))
    (section,) = (n for n in page.all("section") if n.attributes.get("id") == "b2")
    shown = {row.all("th")[0].text(): row.text() for row in section.all("tr") if row.all("th")}
    (found,) = made.further.raters
    agree = found.metrics.index("pairs_agree")
    white = found.value[found.parts.index("White"), agree]
    assert "share of pairs of ratings that agree" in section.text()
    assert f"{white:.2f}" in shown["White"]
    apart = found.difference[found.contrasts.index(("White", "Black or African American")), agree]
    assert f"{apart:.2f}".replace("-", "\N{MINUS SIGN}") in section.text()
    assert "suppressed (<11)" in shown["Asian"]
    assert not lost(section, record)
    wrong = [piece for piece in pieces(section, record, FIXED) if piece.wrong()]
    assert not [(piece.text, piece.wrong()) for piece in wrong]
