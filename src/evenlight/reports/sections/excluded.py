"""Of C7: who was left out at each step from assessed to analysed, figure F22 and table T19."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from htpy import Node, h3, li, p, ul

from evenlight.data.digits import count, percent
from evenlight.data.gone import Step
from evenlight.data.shown import short
from evenlight.figures import flow_conditions
from evenlight.language import spoken
from evenlight.measures.comparison import Comparison
from evenlight.record import Audit
from evenlight.reports.drawings import drawings
from evenlight.reports.flowing import compared_by
from evenlight.reports.parts import FEW, grid, name, part, picture, rows_of, say
from evenlight.reports.pointing import Told, at, each
from evenlight.reports.sections.keyed import keyed
from evenlight.reports.told import many_pairs
from evenlight.reports.words import fewer

BEFORE = "Before the audit, as told by what read the data:"
LEFT = "Left before the audit when values and people were joined, in this order: {told}."
NONE_BEFORE = "What read the data told of nobody left out."
AUDITED = "Audited: {rows} rows of {units} units ({unit})."
TABLE = (
    "Units compared by {grouping}, in each contrast and given what is held fixed. Kept: the share "
    "of the group's units that stay because the other group is in their stratum."
)
NO_REASON = "as measured"
ELSEWHERE = "Of so many contrasts, numbers and reasons stand in the record (audit.json)."


def parts(audit: Audit) -> Iterator[Node]:
    """Those left out before, then a picture and a table of each grouping."""
    if not audit.compositions:
        return
    yield h3[spoken("From assessed to analysed")]
    notes = [say(note) for note in audit.cohort.notes]
    lines = (li(data_ref=f"/cohort/notes/{i}")[note] for i, note in enumerate(notes))
    yield [p[spoken(BEFORE)], ul[lines]] if notes else p[spoken(NONE_BEFORE)]
    people = audit.cohort
    told = spoken(AUDITED, rows=count(people.rows), units=count(people.units), unit=people.unit)
    elsewhere = f" {spoken(ELSEWHERE)}" if many_pairs(audit) else ""
    yield p(data_ref="/cohort/flow /cohort/rows /cohort/units /cohort/unit")[
        f"{_before(audit.cohort.flow)}{told}{elsewhere}"
    ]
    made = drawings(audit)
    for key, composition in keyed("F22", audit.compositions):
        comparison = compared_by(audit, composition.grouping)
        yield part(
            spoken("By {grouping}", grouping=composition.grouping),
            picture(made[key], composition, *([comparison] if comparison else []))
            if key in made
            else None,
            _table(key.replace("F22", "t19"), audit, comparison) if comparison else None,
            ref=at(composition, "grouping"),
        )


def _before(flow: tuple[Step, ...]) -> str:
    """Rows that left when the data were read and joined, step by step."""
    told = "; ".join(f"{say(one.why)} {count(one.left, fewer())}" for one in flow)
    return f"{spoken(LEFT, told=told)} " if flow else ""


def _table(key: str, audit: Audit, record: Comparison) -> Node:
    if many_pairs(audit):
        return None
    named = spoken(TABLE, grouping=short(record.grouping))
    rows = list(_rows(record))
    some = rows_of([row for row, _ in rows], "", [ref for _, ref in rows], most=FEW)
    heads = (
        *(spoken("Contrast"), spoken("Given"), spoken("n of both"), spoken("Kept")),
        spoken("Reason"),
    )
    return grid(key, "T19", Told(named, record, "grouping"), heads, some)


def _rows(record: Comparison) -> Iterator[tuple[list[Node], str]]:
    """Rows with their pointers."""
    for c, (level, reference) in enumerate(record.contrasts):
        for given, v in flow_conditions(record).items():
            first, second = record.n[v, c].tolist()
            kept = _both(*(percent(float(k), spoken("unknown")) for k in record.kept[v, c]))
            row: list[Node] = [
                name(spoken("{level} against {reference}", level=level, reference=reference)),
                name(given),
                _both(count(first), count(second)),
                kept if first or second else spoken("nobody"),
                say(_reason(record, v, c)) or spoken(NO_REASON),
            ]
            yield row, f"contrasts/{c} {each('n kept', v, c)}{_reason_at(record, v, c)}"


def _both(first: str, second: str) -> str:
    return spoken("{first} and {second}", first=first, second=second)


def _reason_at(record: Comparison, v: int, c: int) -> str:
    """Where the reasons that are shown stand first."""
    told, first = np.unique(record.reason[v, c], return_index=True)
    shown = [j for text, j in zip(told, first.tolist(), strict=True) if text][:2]
    return "".join(f" reason/{v}/{c}/{j}" for j in shown)


def _reason(record: Comparison, v: int, c: int) -> str:
    """Why a contrast was not asked, or in part."""
    return "; ".join([str(text) for text in np.unique(record.reason[v, c]) if text][:2])
