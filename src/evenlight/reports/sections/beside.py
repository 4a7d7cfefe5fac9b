"""What stands beside the performance by a grouping, where the audit has it."""

from __future__ import annotations

from collections.abc import Iterator

from htpy import Node

from evenlight.data.shown import short
from evenlight.language import spoken
from evenlight.record import Audit
from evenlight.reports.drawings import drawings
from evenlight.reports.parts import part, picture
from evenlight.reports.pointing import at
from evenlight.reports.sections import decisions, plotted
from evenlight.reports.sections.keyed import keyed
from evenlight.reports.sections.raters import raters


def beside(audit: Audit, grouping: str) -> Iterator[Node]:
    """Rates, decision curves, all groups together, label error, matched people and raters."""
    made = drawings(audit)
    for key, decided in keyed("t3", audit.further.decisions):
        if decided.grouping == grouping:
            yield from decisions.rates(key, decided)
            for label, numbers in (("F18", plotted.net_benefits), ("F14", plotted.utilities)):
                mark = key.replace("t3", label)
                if mark in made:
                    yield [picture(made[mark], decided), numbers(audit, mark, decided)]
    yield from label_error(audit, grouping, "performance")
    for key, matched in keyed("t3", audit.further.matches):
        if matched.grouping == grouping:
            yield decisions.pairs(key, matched)
    yield from raters(audit, grouping)


def label_error(audit: Audit, grouping: str, measure: str) -> Iterator[Node]:
    """How wrong labels would have to be to overturn the verdicts of a measure by a grouping."""
    for tipped in audit.further.tippings:
        if tipped.grouping == grouping and tipped.measure.startswith(measure):
            yield decisions.tips(tipped)


def along(audit: Audit) -> list[Node]:
    """One part an axis along which performance was measured."""
    made = drawings(audit)
    parts: list[Node] = []
    for key, record in keyed("t3x", audit.further.along):
        mark = key.replace("t3x", "F19")
        figure = picture(made[mark], record) if mark in made else None
        slopes = decisions.slopes(key, record)
        heading = spoken("Along {axis}", axis=short(record.axis))
        parts.append(part(heading, slopes, figure, ref=at(record, "axis")))
    return parts
