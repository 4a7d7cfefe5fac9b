"""B2, do raters agree equally well on everyone? Table T3, raters."""

from __future__ import annotations

from collections.abc import Iterator

from htpy import Element, Node

from evenlight.data.digits import confidence, count, estimate
from evenlight.data.shown import metric_name, versus
from evenlight.language import spoken
from evenlight.measures.performance import Performance
from evenlight.record import Audit
from evenlight.reports.parts import Some, evidence, grid, name, rows_of, size
from evenlight.reports.pointing import Told, each
from evenlight.reports.sections.keyed import keyed

CAPTION = (
    "Agreement of raters on {target}, by {grouping}: units with two ratings or more, with "
    "pointwise {level} intervals. Raters who agree less on a group make its outcome less sure, "
    "and with it every number above that needs the outcome."
)
APART = "Agreement of raters by {grouping}, simultaneous {level} intervals; there is no margin."


def raters(audit: Audit, grouping: str) -> Iterator[Element]:
    """Agreement in each group of a grouping, and differences of it."""
    for key, record in keyed("t3k", audit.further.raters):
        if record.grouping == grouping:
            about = {"grouping": record.grouping, "level": confidence(record.alpha)}
            heads = [metric_name(metric) for metric in record.metrics]
            told = Told(spoken(CAPTION, target=record.target, **about), record, "grouping alpha")
            label, group = spoken("T3, raters"), (spoken("Group"), "n", *heads)
            yield grid(key, label, told, group, _values(record))
            told = Told(spoken(APART, **about), record, "grouping alpha")
            label, pair = spoken("T3, raters apart"), (spoken("Contrast"), *heads)
            yield grid(f"{key}d", label, told, pair, _apart(record))


def _values(record: Performance) -> Some:
    rows: list[list[Node]] = []
    for i, own in enumerate(record.parts):
        people = size(count(float(record.n[i]), str(record.part_reason[i])))
        numbers = (record.value, record.low, record.high)
        cells = [
            estimate(*(float(a[i, m]) for a in numbers), reason=str(record.reason[i, m]))
            for m in range(len(record.metrics))
        ]
        rows.append([name(own), people, *cells])
    return rows_of(rows, "parts n part_reason value low high reason")


def _apart(record: Performance) -> Some:
    rows: list[list[Node]] = []
    numbers = (record.difference, record.difference_low, record.difference_high)
    for c, pair in enumerate(record.contrasts):
        cells = [
            estimate(
                *(float(a[c, m]) for a in numbers),
                reason=str(record.difference_reason[c, m]),
                sign=True,
            )
            for m in range(len(record.metrics))
        ]
        rows.append([versus(pair), *(evidence(cell) for cell in cells)])
    fields = "difference difference_low difference_high difference_reason"
    refs = [f"contrasts/{c} {each(fields, c)}" for c in range(len(record.contrasts))]
    return rows_of(rows, "", refs)
