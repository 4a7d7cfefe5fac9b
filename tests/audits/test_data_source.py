"""Where the data come from, with version and licence, stands in the record."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from evenlight.cohorts import warfarin
from evenlight.load import load_cohort
from evenlight.plan import Plan
from evenlight.provenance import cohort_card
from evenlight.reports import build
from evenlight.reports.evidence_stated import data
from tests.command_line import PLAN, begun
from tests.made_audit import audit

SAID = 'source = "Registry of Ulm, release 7, CC BY 4.0"\n'


def test_a_built_in_cohort_knows_its_source() -> None:
    """The warfarin patients name paper and licence, also of a part of them."""
    cohort = warfarin(split="test")
    assert "doi:10.1056/NEJMoa0809329" in cohort.source
    assert "CC BY-SA 4.0" in cohort.take(cohort.order[:100]).source
    plan = Plan.from_data({"cohort": {"builtin": "warfarin"}})
    assert cohort_card(cohort, plan).source == cohort.source


def test_a_plan_says_where_the_data_come_from(tmp_path: Path) -> None:
    """What `[cohort] source` says is the source of the cohort, and "" is where nothing is said."""
    folder = begun(tmp_path)
    for text, told in ((PLAN, ""), (PLAN.replace("[groups", f"{SAID}[groups", 1), SAID[10:-2])):
        (folder / "audit.toml").write_text(text, encoding="utf-8")
        plan = Plan.from_toml(folder / "audit.toml")
        assert load_cohort(plan, folder).source == told


def test_the_page_and_the_frameworks_tell_it() -> None:
    """It stands in Provenance, and in the evidence that frameworks ask for."""
    made = audit()
    made = replace(made, cohort=replace(made.cohort, source="Registry of Ulm, release 7"))
    assert "Registry of Ulm, release 7" in build(made).partition('id="c7"')[2]
    assert data(made)[1].endswith("Source: Registry of Ulm, release 7")
