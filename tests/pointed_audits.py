"""Whole audits that between them fill every section of the page."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from evenlight.auditing import audit
from evenlight.findings import Waiver
from evenlight.plan import Plan
from evenlight.record import Audit
from tests.audits.test_beside import model, people
from tests.audits.test_image_questions import MAP, USE
from tests.audits.test_image_questions import asked as images
from tests.audits.test_looked_audit import network
from tests.audits.test_placed_audit import asked as genotyped
from tests.audits.test_placed_audit import model as polygenic
from tests.audits.test_placed_audit import world
from tests.mapped_world import chests

EVERYTHING = Plan.from_data({
    "question": [
        {"measure": "performance", "grouping": "ancestry", "blocks": True},
        {"measure": "use", "grouping": "scanner"},
        {"measure": "reliance", "grouping": "ancestry", "given": "outcome", "blocks": True},
    ],
    "sets": {"clusters": True},
    "reliance": {
        "layers": ["kept"], "slices": ["frail", "age"], "proxies": True, "refits": 5,
    },
    "holds": {"forks": ["seed", "explainer"], "perturb": {"name": "tabular"}, "worst": True},
    "uncertainty": {"levels": [0.9]},
    "demographics": {"fields": {"age": "age", "ancestry": "ancestry"}},
    "report": {"frameworks": ["tripod-ai"]},
})  # fmt: skip
"""Of rows of numbers: everything that a plan can ask for."""


@cache
def everything() -> Audit:
    """People with axes and two groupings: intersections, sets, slices, forks, waivers."""
    made = audit(model(), people(240), plan=EVERYTHING)
    first = next(iter(made.findings))
    given = Waiver(first.id, "Known since March 2026.", "A. Reader", "2999-12-31", first.sentence)
    return replace(made, verdict=replace(made.verdict, waivers=(given,)))


@cache
def looked() -> Audit:
    """Images with a mark that goes with the group, audited by regions and maps."""
    seen = chests(160)
    plan = images({**USE, "blocks": True}, MAP)
    return audit(network(seen), seen.cohort, plan=plan, sets=seen.regions)


@cache
def placed() -> Audit:
    """Genotypes with local ancestry and sets by frequency."""
    cohort, local = world()
    plan = genotyped(
        local={"ancestry": "AFR", "beside": "admixture"},
        maf={"grouping": "clinic", "reference": "b", "edges": [0.1]},
    )
    return audit(polygenic(), cohort, plan=plan, local=local)
