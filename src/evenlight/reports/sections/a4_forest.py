"""A4: figure F1, differences in performance against the margin."""

from __future__ import annotations

from htpy import Element

from evenlight.language import spoken
from evenlight.record import Audit
from evenlight.reports.drawings import drawings
from evenlight.reports.parts import block, nothing, part, picture
from evenlight.reports.pointing import at
from evenlight.reports.sections.keyed import keyed
from evenlight.reports.widest import pairs_left
from evenlight.reports.words import NOTHING


def section(audit: Audit) -> Element:
    """One forest plot a grouping."""
    made = drawings(audit)
    shown = [
        part(
            spoken("By {grouping}", grouping=record.grouping),
            picture(made[key], record),
            pairs_left(record, "tables/performance_differences.csv"),
            ref=at(record, "grouping"),
        )
        for key, record in keyed("F1", audit.performances)
        if key in made
    ]
    if not shown:
        return nothing("a4", spoken(NOTHING["performance"]))
    return block("a4", shown)
