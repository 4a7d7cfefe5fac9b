"""C7: where the numbers come from, and who was left out on the way."""

from __future__ import annotations

from htpy import Element, Node

from evenlight.record import Audit
from evenlight.reports.parts import block, grid, name, rows_of
from evenlight.reports.sections import excluded
from evenlight.reports.sections.c1_methods import flat, flat_at


def section(audit: Audit) -> Element:
    """Digests, versions, seeds and times, as recorded; then the flow of people."""
    rows: list[list[Node]] = [
        ["model digest", name(audit.model.digest)],
        ["data digest", name(audit.cohort.digest)],
        ["plan digest", name(audit.plan_digest)],
    ]
    rows += [[name(key.replace("_", " ")), name(value)] for key, value in flat(audit.provenance)]
    refs = ["/model/digest", "/cohort/digest", "/plan_digest"]
    refs += flat_at(audit.provenance, "/provenance")
    some = rows_of(rows, "", refs)
    return block(
        "c7",
        grid("c7t", "Provenance", "As recorded with the audit.", ("What", "Value"), some),
        excluded.parts(audit),
    )
