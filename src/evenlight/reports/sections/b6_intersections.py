"""B6: intersections, as ancestry x sex. Heat tables T8, one a subject.

A cell's tone says how far it departs from the sum of its groupings; the number says by how much.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from htpy import Element, Node, caption, div, p, span, strong, table, tbody, td, th, thead, tr

from evenlight.data.digits import count, decimals, fixed, probability
from evenlight.data.shown import short
from evenlight.language import plural, spoken
from evenlight.measures.intersection import Intersection
from evenlight.record import Audit
from evenlight.reports.parts import block, name, nothing, part, say
from evenlight.reports.pointing import at, each
from evenlight.reports.widest import GROUPS, groups_left, widest
from evenlight.reports.words import NOTHING

MAY_BE_COARSE = "Counts may be rounded to 5, because a cell is not shown."

SHOWN = 4
"""Subjects of one record that have a table, the least p first."""

DOWN, ACROSS = slice(None, -1), slice(-1, None)
"""The groupings of a cell that go down a table, and the one that goes across."""

TONES = (1.0, 2.0)
"""Standard errors from the additive sum at which a cell's tone deepens."""

READING = (
    "Each cell: the pooled estimate with its interval, then the cell by itself and its people. "
    "Pooled cells borrow from the sum of the groupings as far as the data bear it out. A darker "
    "cell departs from that sum by more than one, or two, of its standard errors."
)
WHAT = "{subject} by {groupings}, {quantity} in {unit}"
TESTED = "interaction p = {p}, adjusted over {subjects} subjects"
ALONE = "alone {value}, n = {count}"
FURTHER_ONE = "{count} further subject is in the tables of the folder."
FURTHER = "{count} further subjects are in the tables of the folder."


def section(audit: Audit) -> Element:
    """All intersections; one sentence where there is none."""
    records = audit.further.intersections
    if not records:
        return nothing("b6", spoken(NOTHING["intersection"]))
    return block(
        "b6",
        p(class_="reading")[spoken(READING)],
        (_record(f"t8-{i}", record) for i, record in enumerate(records, start=1)),
    )


def _record(key: str, record: Intersection) -> Element:
    order = np.argsort(np.nan_to_num(record.p, nan=2.0), kind="stable")[:SHOWN].tolist()
    return part(
        " x ".join(record.groupings),
        (heat_table(f"{key}-{j}", record, j) for j in order),
        _left(record),
        _rest(record),
        ref=at(record, "groupings"),
    )


def _left(record: Intersection) -> Iterator[Node]:
    """How many groups a table leaves out, down and across."""
    for side in (DOWN, ACROSS) if _many(record) else ():
        named = [" x ".join(line) for line in _lines(record, side)]
        yield groups_left(at(record, "cells"), named, "crossed", "audit.json")


def _many(record: Intersection) -> bool:
    """Whether some grouping has more groups than are shown."""
    return any(len(set(own)) > GROUPS for own in zip(*record.cells, strict=True))


def _lines(record: Intersection, side: slice) -> list[tuple[str, ...]]:
    return list(dict.fromkeys(cell[side] for cell in record.cells))


def _shown(record: Intersection, j: int, side: slice) -> list[tuple[str, ...]]:
    """All of few lines, else those with the cell that lies furthest from the additive sum."""
    lines = _lines(record, side)
    if not _many(record):
        return lines
    far = dict.fromkeys(lines, -1.0)
    for i, cell in enumerate(record.cells):
        if not record.reason[i]:
            far[cell[side]] = max(far[cell[side]], _away(record, i, j))
    size = np.array(list(far.values()))
    return [lines[i] for i in widest(size, GROUPS, np.zeros(len(size), dtype=bool))]


def _rest(record: Intersection) -> Node:
    left = len(record.subjects) - SHOWN
    if left <= 0:
        return None
    return p(class_="quiet", data_ref=at(record, "subjects"), data_of="rest")[
        plural(left, FURTHER_ONE, FURTHER, count=count(left))
    ]


def heat_table(key: str, record: Intersection, j: int) -> Element:
    """T8 of one subject: the last grouping across, the others down."""
    across = [last for (last,) in _shown(record, j, ACROSS)]
    down = _shown(record, j, DOWN)
    place = {cell: i for i, cell in enumerate(record.cells)}
    rows = (
        tr(data_ref=" ".join(_cell_at(place[(*first, last)], j) for last in across))[
            th(scope="row")[name(" x ".join(first))],
            (_cell(record, place[(*first, last)], j) for last in across),
        ]
        for first in down
    )
    heads = (th(scope="col")[name(last)] for last in across)
    about = {"role": "region", "aria_labelledby": f"{key}-c", "tabindex": "0", "id": key}
    ref = f"groupings cells quantity unit note {each('subjects why p_maxt', j)} subjects"
    return div(class_="scroll", data_base=at(record) or None, data_ref=ref, **about)[
        table(class_="heat")[
            caption(id=f"{key}-c")[span(class_="words")[strong["T8. "], _words(record, j)]],
            thead[tr[th(scope="col")[name(" x ".join(record.groupings[:-1]))], heads]],
            tbody[rows],
        ]
    ]


def _cell_at(i: int, j: int) -> str:
    numbers = each("pooled pooled_low pooled_high mean", i, j)
    return f"{each('cells count reason', i)} {numbers}"


def _words(record: Intersection, j: int) -> str:
    subject, asked = short(record.subjects[j]), " x ".join(record.groupings)
    by = {"p": probability(float(record.p_maxt[j])), "subjects": count(len(record.subjects))}
    tested = str(record.why[j]) or spoken(TESTED, **by)
    coarse = f" {spoken(MAY_BE_COARSE)}" if any(record.reason) else ""
    told = {"quantity": record.quantity, "unit": record.unit}
    what = spoken(WHAT, subject=subject, groupings=asked, **told)
    return say(f"{what}; {tested}.{coarse} {record.note}".rstrip())


def _cell(record: Intersection, i: int, j: int) -> Element:
    """A cell with numbers, or hatched with the reason in words."""
    if record.reason[i]:
        return td(class_="hatched")[str(record.reason[i])]
    low, high = float(record.pooled_low[i, j]), float(record.pooled_high[i, j])
    places = decimals(high - low)
    numbers = [fixed(float(x), places) for x in (record.pooled[i, j], low, high, record.mean[i, j])]
    return td(class_=f"tone{_tone(record, i, j)}")[
        strong[numbers[0]],
        f" [{numbers[1]}, {numbers[2]}]",
        span(class_="quiet")[
            " ", spoken(ALONE, value=numbers[3], count=count(float(record.count[i])))
        ],
    ]


def _tone(record: Intersection, i: int, j: int) -> int:
    """0 to 3: how many standard errors the cell lies from the sum of its groupings."""
    return int(np.searchsorted(np.asarray(TONES), _away(record, i, j), side="right"))


def _away(record: Intersection, i: int, j: int) -> float:
    """The standard errors that a cell lies from the sum of its groupings."""
    half = float(record.high[i, j] - record.low[i, j]) / 4
    return abs(float(record.gamma[i, j])) / half if half > 0 else 0.0
