"""T9, beside the body: which detectors of marks, borders and grey values tell the group."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from htpy import Element, Node

from evenlight.data.digits import percent, probability
from evenlight.data.shown import short
from evenlight.language import spoken
from evenlight.measures.associations import Association
from evenlight.record import Audit
from evenlight.reports.parts import evidence, folded, grid, name, rows_of
from evenlight.reports.pointing import Told, each
from evenlight.reports.sections.keyed import keyed

TITLE = "What lies in the images beside the body, by {grouping}"
DETECTED = (
    "How far simple detectors of what lies beside the body tell {grouping}{among}: the share of a "
    "detector's variance that lies between the groups, with p over all detectors. They look at "
    "images, not at the model, and what none of them finds may be there all the same."
)


def detected(audit: Audit, grouping: str) -> Iterator[Node]:
    """The table of one grouping, folded."""
    for key, record in keyed("t9d", audit.further.artefacts):
        if record.grouping == grouping:
            title = spoken(TITLE, grouping=short(grouping))
            yield folded(title, table(key, record))


def table(key: str, record: Association) -> Element:
    """One row a detector, the smallest p first, in the strictest condition that could be asked."""
    asked = np.flatnonzero(np.isfinite(record.p_maxt).any(axis=1))
    i = int(asked[-1]) if len(asked) else 0
    order = np.argsort(np.nan_to_num(record.p_maxt[i], nan=2.0), kind="stable").tolist()
    rows: list[list[Node]] = [
        [
            name(record.subjects[j]),
            evidence(percent(float(record.share[i, j]), str(record.reason[i, j]), places=1)),
            probability(float(record.p_maxt[i, j]), str(record.reason[i, j])),
        ]
        for j in order
    ]
    given = record.given[i]
    named = spoken(
        DETECTED,
        grouping=short(record.grouping),
        among=""
        if given == "nothing"
        else spoken(" among people with the same {given}", given=given),
    )
    refs = [f"subjects/{j} {each('share p_maxt reason', i, j)}" for j in order]
    heads = (spoken("Detector"), spoken("Between groups"), "p")
    told = Told(named, record, f"grouping given/{i}")
    return grid(key, spoken("T9, beside the body"), told, heads, rows_of(rows, "", refs))
