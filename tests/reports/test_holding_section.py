"""T15 to T17 of section B9, and FST beside the associations: what they show, and when."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from evenlight import reports
from evenlight.data.cohort import Cohort
from evenlight.further import Further
from evenlight.measures.associate import associate
from evenlight.measures.fragility import fragility
from evenlight.measures.testing import Testing
from evenlight.measures.uncertain import uncertain
from evenlight.probes.perturb import perturb
from evenlight.qualify.cases import fragile
from tests.html_tree import Node, tree
from tests.made_audit import audit
from tests.uncertain_world import NINE, doses


def at(page: str, key: str) -> Node | None:
    """The element of a page with an id."""
    return next((n for n in tree(page).walk() if n.attributes.get("id") == key), None)


def test_without_any_of_it_the_section_says_so() -> None:
    """The section stands in one sentence where the plan asks for nothing."""
    section = at(reports.build(audit()), "b9")
    assert section is not None
    assert "was not asked" in section.text()


def test_one_row_a_change_at_the_step_that_tells() -> None:
    """Dropout moves one group further: the smallest strength that shows it is in the table."""
    drawn = fragile.one_group(np.random.default_rng(3))
    made = perturb(fragile.score, drawn.cohort, suite=fragile.suite())
    record = fragility(made, drawn.cohort, by="group", testing=Testing(draws=199))
    page = reports.build(replace(audit(), further=Further(fragilities=(record,))))
    words = record.apart.verdict[record.view("size"), 0]
    first = next(
        step for step, word in zip(record.steps, words, strict=True) if word == "different"
    )
    table, section = at(page, "t15"), at(page, "b9")
    assert table is not None
    assert section is not None
    rows = [n.text() for n in table.walk() if n.tag == "tr"][1:]
    assert len(rows) == 2
    assert rows[0].startswith(first)
    assert "different" in rows[0]
    assert "Groups are moved differently far by" in section.text()
    assert at(page, "f17") is not None
    assert at(page, "f16") is None


def test_a_promise_that_is_broken_stands_in_the_reading() -> None:
    """Errors in B are three times those in A: sets that hold 90 % of everyone fail B."""
    said, cohort = doses(1_200, 0, ratio=3.0)
    record = uncertain(said, cohort, by="race", how=NINE)
    page = reports.build(replace(audit(), further=Further(uncertainties=(record,))))
    section, table = at(page, "b9"), at(page, "t17")
    assert section is not None
    assert table is not None
    assert "covers less than it promises" in section.text()
    assert "of b in place of 90 %" in section.text()
    cells = {n.text().strip() for n in table.walk() if n.tag in ("span", "td")}
    assert {"below", "not below"} <= cells


def test_fst_stands_beside_what_features_tell() -> None:
    """One row for all groups and one a pair, where columns are called genotypes."""
    rng = np.random.default_rng(1)
    b = np.arange(80) % 2 == 1
    x = rng.binomial(2, np.where(b, 0.8, 0.2)[:, None], size=(80, 3)).astype(float)
    people = pd.DataFrame({"race": np.where(b, "B", "A")}, index=[f"p{i}" for i in range(80)])
    cohort = Cohort(x, people, ["rs1", "rs2", "rs3"], unit="row", groups=["race"])
    record = associate(cohort, by="race", genotypes=True)
    base = audit()
    own = Further(associations=(record,))
    table = at(reports.build(replace(base, further=own)), "t5f")
    assert table is not None
    assert "FST of 3 genotypes by race" in table.text()
    assert [n.text() for n in table.walk() if n.tag == "th"][2:] == ["All groups", "A against B"]
    assert "drifts" in dict(own.tables())
    plain = Further(associations=(associate(cohort, by="race"),))
    assert at(reports.build(replace(base, further=plain)), "t5f") is None
    assert "drifts" not in dict(plain.tables())
