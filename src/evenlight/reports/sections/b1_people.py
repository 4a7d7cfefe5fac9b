"""B1: who was studied, table T2 and figure F2."""

from __future__ import annotations

from htpy import Element, Node

from evenlight.data.digits import count, number, percent
from evenlight.data.shown import short
from evenlight.language import spoken
from evenlight.measures.composition import Composition
from evenlight.record import Audit
from evenlight.reports.drawings import drawings
from evenlight.reports.parts import block, grid, name, nothing, part, picture, rows_of
from evenlight.reports.pointing import Told, at
from evenlight.reports.sections import plotted, reported
from evenlight.reports.sections.keyed import keyed
from evenlight.reports.sections.unlabelled import unlabelled
from evenlight.reports.widest import groups_left
from evenlight.reports.words import CAPTIONS, NOTHING, ROUNDED


def section(audit: Audit) -> Element:
    """One table and one figure a grouping."""
    if not audit.compositions:
        return nothing("b1", spoken(NOTHING["composition"]))
    made = drawings(audit)
    return block(
        "b1",
        (
            part(
                spoken("By {grouping}", grouping=record.grouping),
                _table(key.replace("F2", "t2"), record, audit.cohort.outcome_kind),
                [
                    picture(made[key], record),
                    groups_left(at(record, "parts"), record.parts, "people", "audit.json"),
                    plotted.strata(audit, key, record),
                ]
                if key in made
                else None,
                unlabelled(audit, record.grouping),
                ref=at(record, "grouping"),
            )
            for key, record in keyed("F2", audit.compositions)
        ),
        reported.parts(audit.further.demographics),
    )


def _table(key: str, record: Composition, kind: str) -> Element:
    named = spoken(
        CAPTIONS["T2"],
        grouping=record.grouping,
        source=record.source,
        rounded=spoken(ROUNDED) if record.rounded else "",
    )
    outcome = spoken(
        "{outcome}, share with the event" if kind == "binary" else "{outcome}, mean",
        outcome=short(record.outcome_name or spoken("outcome"), 40),
    )
    heads = (spoken("Group"), spoken("Units"), spoken("Share"), outcome)
    caption = Told(named, record, "grouping source outcome_name parts")
    rows = rows_of(_rows(record), "parts count share outcome reason outcome_reason")
    return grid(key, "T2", caption, heads, rows)


def _rows(record: Composition) -> list[list[Node]]:
    return [
        [
            name(part),
            count(float(record.count[i]), str(record.reason[i])),
            percent(float(record.share[i]), str(record.reason[i])),
            number(float(record.outcome[i]), str(record.outcome_reason[i])),
        ]
        for i, part in enumerate(record.parts)
    ]
