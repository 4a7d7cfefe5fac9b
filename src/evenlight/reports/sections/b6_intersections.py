"""B6: intersections, as ancestry x sex. Heat tables T8, one a subject.

A cell's tone says how far it departs from the sum of its groupings; the number says by how much.
"""

from __future__ import annotations

import numpy as np
from htpy import Element, Node, caption, div, p, span, strong, table, tbody, td, th, thead, tr

from evenlight.data.digits import count, decimals, fixed, probability
from evenlight.data.shown import short
from evenlight.measures.intersection import Intersection
from evenlight.record import Audit
from evenlight.reports.parts import block, name, nothing, part, say
from evenlight.reports.pointing import at, each
from evenlight.reports.words import NOTHING

MAY_BE_COARSE = " Counts may be rounded to 5, because a cell is not shown."

SHOWN = 4
"""Subjects of one record that have a table, the least p first."""

TONES = (1.0, 2.0)
"""Standard errors from the additive sum at which a cell's tone deepens."""

READING = (
    "Each cell: the pooled estimate with its interval, then the cell by itself and its people. "
    "Pooled cells borrow from the sum of the groupings as far as the data bear it out. A darker "
    "cell departs from that sum by more than one, or two, of its standard errors."
)


def section(audit: Audit) -> Element:
    """All intersections; one sentence where there is none."""
    records = audit.further.intersections
    if not records:
        return nothing("b6", NOTHING["intersection"])
    return block(
        "b6",
        p(class_="reading")[READING],
        (_record(f"t8-{i}", record) for i, record in enumerate(records, start=1)),
    )


def _record(key: str, record: Intersection) -> Element:
    order = np.argsort(np.nan_to_num(record.p, nan=2.0), kind="stable")[:SHOWN].tolist()
    return part(
        " x ".join(record.groupings),
        (heat_table(f"{key}-{j}", record, j) for j in order),
        _rest(record),
        ref=at(record, "groupings"),
    )


def _rest(record: Intersection) -> Node:
    left = len(record.subjects) - SHOWN
    if left <= 0:
        return None
    return p(class_="quiet", data_ref=at(record, "subjects"), data_of="rest")[
        f"{count(left)} further subjects are in the tables of the folder."
    ]


def heat_table(key: str, record: Intersection, j: int) -> Element:
    """T8 of one subject: the last grouping across, the others down."""
    across = list(dict.fromkeys(cell[-1] for cell in record.cells))
    down = list(dict.fromkeys(cell[:-1] for cell in record.cells))
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
    tested = str(record.why[j]) or (
        f"interaction p = {probability(float(record.p_maxt[j]))}, adjusted over "
        f"{count(len(record.subjects))} subjects"
    )
    coarse = MAY_BE_COARSE if any(record.reason) else ""
    what = f"{subject} by {asked}, {record.quantity} in {record.unit}"
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
        span(class_="quiet")[f" alone {numbers[3]}, n = {count(float(record.count[i]))}"],
    ]


def _tone(record: Intersection, i: int, j: int) -> int:
    """0 to 3: how many standard errors the cell lies from the sum of its groupings."""
    half = float(record.high[i, j] - record.low[i, j]) / 4
    away = abs(float(record.gamma[i, j])) / half if half > 0 else 0.0
    return int(np.searchsorted(np.asarray(TONES), away, side="right"))
