"""A4: figure F1, differences in performance against the margin."""

from __future__ import annotations

from htpy import Element

from evenlight.record import Audit
from evenlight.reports.drawings import drawings
from evenlight.reports.parts import block, nothing, part, picture
from evenlight.reports.pointing import at
from evenlight.reports.sections.keyed import keyed
from evenlight.reports.words import NOTHING


def section(audit: Audit) -> Element:
    """One forest plot a grouping."""
    made = drawings(audit)
    shown = [
        part(f"By {record.grouping}", picture(made[key], record), ref=at(record, "grouping"))
        for key, record in keyed("F1", audit.performances)
        if key in made
    ]
    if not shown:
        return nothing("a4", NOTHING["performance"])
    return block("a4", shown)
