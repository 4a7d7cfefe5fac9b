"""The same change for everyone, and a recorded attribute set to another state."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

from htpy import Element, Node

from evenlight.data.digits import count, estimate, fixed, number, percent
from evenlight.data.shown import short
from evenlight.language import spoken
from evenlight.measures.sensitivity import Flip, Sensitivity
from evenlight.record import Audit
from evenlight.reports.parts import grid, name, rows_of
from evenlight.reports.pointing import Told, each
from evenlight.reports.sections.keyed import keyed
from evenlight.reports.words import CAPTIONS

BETWEEN = "{low} to {high}"


def sensitivities(audit: Audit) -> Iterator[Element]:
    """One table a grouping: change on the margin and on the response, by group."""
    for key, record in keyed("t4s", audit.sensitivities):
        yield _sensitivity(key, record)


def _sensitivity(key: str, record: Sensitivity) -> Element:
    levels = range(len(record.levels))
    heads = [spoken("Feature"), spoken("Change")]
    heads += [spoken("Margin: {group}", group=_level(record, k)) for k in levels]
    heads += [_response(record, k) for k in levels]
    rows = [_changes(record, q) for q in range(len(record.subjects))]
    named = spoken(CAPTIONS["T4s"], grouping=record.grouping)
    told = Told(named, record, "grouping levels n unit")
    base = " ".join(each("margin response reason", k) for k in levels)
    some = rows_of(rows, f"subjects low_state high_state {base}")
    return grid(key, spoken("T4, same change"), told, heads, some)


def _response(record: Sensitivity, k: int) -> str:
    group = _level(record, k)
    if not record.unit:
        return spoken("Response: {group}", group=group)
    return spoken("Response, {unit}: {group}", unit=short(record.unit, 20), group=group)


def _level(record: Sensitivity, k: int) -> str:
    return f"{short(record.levels[k], 30)} (n = {count(float(record.n[k]))})"


def _changes(record: Sensitivity, q: int) -> list[Node]:
    cells: list[Node] = [name(record.subjects[q])]
    states = {"low": short(record.low_state[q], 24), "high": short(record.high_state[q], 24)}
    cells.append(spoken(BETWEEN, **states))
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
            *(spoken("Recorded"), spoken("Set to"), "n", spoken("Mean change [95 %]"), "SD"),
            *(spoken("5th to 95th percentile"), spoken("Decisions changed")),
        )
        unit = record.unit or spoken("units of the output")
        named = spoken(CAPTIONS["T4f"], attribute=record.attribute, unit=unit)
        told = Told(named, record, "attribute unit")
        rows = rows_of(_flips(record), "pairs n mean low high spread p05 p95 changed reason")
        yield grid(key, spoken("T4, recorded attribute"), told, heads, rows)


def _flips(record: Flip) -> list[list[Node]]:
    rows: list[list[Node]] = []
    for f, (recorded, new) in enumerate(record.pairs):
        reason = str(record.reason[f])
        numbers = (float(a[f]) for a in (record.mean, record.low, record.high))
        p05, p95 = float(record.p05[f]), float(record.p95[f])
        span = spoken("too few beyond it")
        if isfinite(p05 + p95):
            span = spoken(BETWEEN, low=fixed(p05, 2), high=fixed(p95, 2))
        changed = percent(float(record.changed[f]), spoken("no threshold"))
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
