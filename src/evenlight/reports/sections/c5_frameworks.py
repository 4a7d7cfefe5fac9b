"""C5: what frameworks ask and this audit answers; there where the plan names frameworks."""

from __future__ import annotations

from collections.abc import Iterator

from htpy import Element, Node, li, p, span, ul

from evenlight.language import spoken
from evenlight.record import Audit
from evenlight.reports.framework import (
    STATES,
    Answered,
    Framework,
    answered,
    asked,
    read,
    risk_file,
    summary,
)
from evenlight.reports.parts import block, grid, name, part, rows_of, say
from evenlight.reports.pointing import Told, at
from evenlight.reports.words_frameworks import (
    ANNEX_HEADS,
    COUNTS,
    NO_ENTRY,
    NO_FINDING,
    RISK_HEADS,
    RISKS,
    STATUS,
)

MOST = 200
"""Rows of an annex on the page: more than any framework has."""


def section(audit: Audit) -> Element | None:
    """One table a framework, every item in one of three states."""
    frameworks = [read(name) for name in asked(audit)]
    if not frameworks:
        return None
    return block("c5", p[spoken(COUNTS)], [_annex(audit, framework) for framework in frameworks])


def _annex(audit: Audit, framework: Framework) -> Element:
    rows = answered(audit, framework)
    table = grid(
        f"c5-{framework.id}",
        framework.version,
        Told(summary(rows), None, "/plan/report/frameworks", "states"),
        [spoken(ANNEX_HEADS[i]) for i in range(len(ANNEX_HEADS))],
        [_row(row) for row in rows],
        most=MOST,
    )
    return part(framework.name, ul[_about(framework)], table, _risks(audit, framework))


def _about(framework: Framework) -> Iterator[Element]:
    """Status, check, source, notes."""
    status = spoken(STATUS, date=framework.status_on, status=framework.status)
    yield li[say(status)]
    yield li[say(framework.checked)]
    yield li[spoken("Source: {source}", source=framework.source)]
    yield from (li[say(note)] for note in framework.notes)


def _row(row: Answered) -> list[Node]:
    told: Node = say(row.sentence)
    if row.pointers:
        where = " ".join(row.pointers)
        told = [span(data_ref=where)[told], p(class_="quiet")[name(row.pointers[0])]]
    return [
        name(row.item.id),
        row.item.asks,
        spoken(STATES[STATES.index(row.state)]),
        told,
        say(row.add),
    ]


def _risks(audit: Audit, framework: Framework) -> list[Node]:
    """Findings beside their entries in the risk management file."""
    if not framework.risk_file:
        return []
    rows, loose = risk_file(audit)
    cells: list[list[Node]] = [
        [name(found.id), found.severity, say(found.sentence), say(entry or spoken(NO_ENTRY))]
        for found, entry in rows
    ]
    table = grid(
        f"c5-{framework.id}-risks",
        spoken("Findings and the risk management file"),
        spoken(RISKS),
        [spoken(RISK_HEADS[i]) for i in range(len(RISK_HEADS))],
        rows_of(cells, "", [f"{at(found)} /about" for found, _ in rows], most=MOST),
        most=MOST,
    )
    return [
        table,
        *(p(data_ref="/about")[name(entry), f": {spoken(NO_FINDING)}"] for entry in loose),
    ]
