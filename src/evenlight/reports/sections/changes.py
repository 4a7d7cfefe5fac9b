"""The same change for everyone, and a recorded attribute set to another state."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

from htpy import Element, Node

from evenlight.data.digits import count, estimate, fixed, number, percent
from evenlight.data.shown import short
from evenlight.measures.sensitivity import Flip, Sensitivity
from evenlight.record import Audit
from evenlight.reports.parts import grid, name, rows_of
from evenlight.reports.pointing import Told, each
from evenlight.reports.sections.keyed import keyed
from evenlight.reports.words import CAPTIONS


def sensitivities(audit: Audit) -> Iterator[Element]:
    """One table a grouping: change on the margin and on the response, by group."""
    for key, record in keyed("t4s", audit.sensitivities):
        yield _sensitivity(key, record)


def _sensitivity(key: str, record: Sensitivity) -> Element:
    unit = f", {short(record.unit, 20)}" if record.unit else ""
    heads = ["Feature", "Change"]
    heads += [f"Margin: {_level(record, k)}" for k in range(len(record.levels))]
    heads += [f"Response{unit}: {_level(record, k)}" for k in range(len(record.levels))]
    rows = [_changes(record, q) for q in range(len(record.subjects))]
    told = Told(CAPTIONS["T4s"].format(grouping=record.grouping), record, "grouping levels n unit")
    levels = range(len(record.levels))
    base = " ".join(each("margin response reason", k) for k in levels)
    some = rows_of(rows, f"subjects low_state high_state {base}")
    return grid(key, "T4, same change", told, heads, some)


def _level(record: Sensitivity, k: int) -> str:
    return f"{short(record.levels[k], 30)} (n = {count(float(record.n[k]))})"


def _changes(record: Sensitivity, q: int) -> list[Node]:
    cells: list[Node] = [name(record.subjects[q])]
    cells.append(f"{short(record.low_state[q], 24)} to {short(record.high_state[q], 24)}")
    for array in (record.margin, record.response):
        column = [float(v) for v in array[:, q]]
        places = _places(column)
        cells += [
            fixed(v, places, sign=True) if isfinite(v) else str(record.reason[k, q])
            for k, v in enumerate(column)
        ]
    return cells


def _places(values: list[float]) -> int:
    """Decimals for a row of numbers: three significant digits of the largest.

    >>> _places([17.83, 18.51]), _places([0.512])
    (1, 3)
    """
    largest = max((abs(v) for v in values if isfinite(v)), default=1.0)
    return 1 if largest >= 10 else 2 if largest >= 1 else 3


def flips(audit: Audit) -> Iterator[Element]:
    """One table a recorded attribute."""
    for key, record in keyed("t4f", audit.flips):
        heads = (
            "Recorded",
            "Set to",
            "n",
            "Mean change [95 %]",
            "SD",
            "5th to 95th percentile",
            "Decisions changed",
        )
        named = CAPTIONS["T4f"].format(
            attribute=record.attribute, unit=record.unit or "units of the output"
        )
        told = Told(named, record, "attribute unit")
        rows = rows_of(_flips(record), "pairs n mean low high spread p05 p95 changed reason")
        yield grid(key, "T4, recorded attribute", told, heads, rows)


def _flips(record: Flip) -> list[list[Node]]:
    rows: list[list[Node]] = []
    for f, (recorded, new) in enumerate(record.pairs):
        reason = str(record.reason[f])
        numbers = (float(a[f]) for a in (record.mean, record.low, record.high))
        p05, p95 = float(record.p05[f]), float(record.p95[f])
        span = f"{fixed(p05, 2)} to {fixed(p95, 2)}" if isfinite(p05 + p95) else "too few beyond it"
        changed = percent(float(record.changed[f]), "no threshold")
        row: list[Node] = [name(recorded), name(new), count(float(record.n[f]), reason)]
        rows.append(
            [
                *row,
                estimate(*numbers, reason=reason, sign=True),
                number(float(record.spread[f]), reason),
                span,
                changed,
            ]
        )
    return rows
