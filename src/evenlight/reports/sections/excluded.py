"""Of C7: who was left out at each step from assessed to analysed, figure F22 and table T19."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from htpy import Node, h3, li, p, span, ul

from evenlight.data.digits import count, percent
from evenlight.data.shown import short
from evenlight.figures import flow_conditions
from evenlight.measures.comparison import Comparison
from evenlight.record import Audit
from evenlight.reports.drawings import drawings
from evenlight.reports.flowing import compared_by
from evenlight.reports.parts import FEW, grid, name, part, picture, say
from evenlight.reports.sections.keyed import keyed

BEFORE = "Before the audit, as told by what read the data:"
NONE_BEFORE = "What read the data told of nobody left out."
AUDITED = "Audited: {rows} rows of {units} units ({unit})."
TABLE = (
    "Units compared by {grouping}, in each contrast and given what is held fixed. Kept: the share "
    "of the group's units that stay because the other group is in their stratum."
)
HEADS = ("Contrast", "Given", "n of both", "Kept", "Reason")
NO_REASON = "as measured"
ELSEWHERE = "Of so many contrasts, numbers and reasons stand in the record (audit.json)."

MANY = 9
"""Contrasts of a page beyond which the record alone holds their numbers."""


def parts(audit: Audit) -> Iterator[Node]:
    """Those left out before, then a picture and a table of each grouping."""
    if not audit.compositions:
        return
    yield h3["From assessed to analysed"]
    notes = [say(note) for note in audit.cohort.notes]
    yield [p[BEFORE], ul[(li[note] for note in notes)]] if notes else p[NONE_BEFORE]
    yield p(data_ref="/cohort/rows /cohort/units")[
        AUDITED.format(
            rows=count(audit.cohort.rows), units=count(audit.cohort.units), unit=audit.cohort.unit
        )
    ]
    made = drawings(audit)
    for key, composition in keyed("F22", audit.compositions):
        comparison = compared_by(audit, composition.grouping)
        yield part(
            f"By {composition.grouping}",
            picture(made[key]) if key in made else None,
            _table(key.replace("F22", "t19"), audit, comparison) if comparison else None,
        )


def _table(key: str, audit: Audit, record: Comparison) -> Node:
    if sum(len(made.contrasts) for made in audit.comparisons) > MANY:
        return p(class_="quiet")[ELSEWHERE]
    at = next(i for i, made in enumerate(audit.comparisons) if made is record)
    named = TABLE.format(grouping=short(record.grouping))
    return grid(key, "T19", named, HEADS, list(_rows(at, record)), most=FEW)


def _rows(at: int, record: Comparison) -> Iterator[list[Node]]:
    for c, (level, reference) in enumerate(record.contrasts):
        for given, v in flow_conditions(record).items():
            first, second = record.n[v, c].tolist()
            place = f"/comparisons/{at}/{{}}/{v}/{c}"
            kept = " and ".join(percent(float(share), "unknown") for share in record.kept[v, c])
            yield [
                name(f"{level} against {reference}"),
                name(given),
                span(data_ref=place.format("n"))[f"{count(first)} and {count(second)}"],
                span(data_ref=place.format("kept"))[kept if first or second else "nobody"],
                say(_reason(record, v, c)) or NO_REASON,
            ]


def _reason(record: Comparison, v: int, c: int) -> str:
    """Why a contrast was not asked, or in part."""
    return "; ".join([str(text) for text in np.unique(record.reason[v, c]) if text][:2])
