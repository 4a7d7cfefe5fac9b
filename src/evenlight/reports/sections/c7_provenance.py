"""C7: where the numbers come from, and who was left out on the way."""

from __future__ import annotations

from htpy import Element, Node

from evenlight.language import spoken
from evenlight.record import Audit
from evenlight.reports.parts import block, grid, name, rows_of, say
from evenlight.reports.sections import excluded
from evenlight.reports.sections.c1_methods import flat, flat_at

RECORDED = "As recorded with the audit."


def section(audit: Audit) -> Element:
    """Digests, versions, seeds and times, as recorded; then the flow of people."""
    rows: list[list[Node]] = [
        [spoken("model digest"), name(audit.model.digest)],
        [spoken("data digest"), name(audit.cohort.digest)],
        [spoken("data source"), say(audit.cohort.source) or spoken("not given")],
        [spoken("plan digest"), name(audit.plan_digest)],
    ]
    rows += [[name(key.replace("_", " ")), name(value)] for key, value in flat(audit.provenance)]
    refs = ["/model/digest", "/cohort/digest", "/cohort/source", "/plan_digest"]
    refs += flat_at(audit.provenance, "/provenance")
    some = rows_of(rows, "", refs)
    return block(
        "c7",
        grid(
            "c7t", spoken("Provenance"), spoken(RECORDED), (spoken("What"), spoken("Value")), some
        ),
        excluded.parts(audit),
    )
