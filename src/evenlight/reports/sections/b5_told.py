"""B5: can the group be read from it? Tables T5k and T11, figure F10; there where it was asked."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from htpy import Element, Node, p

from evenlight.data.digits import count, estimate, number, probability
from evenlight.data.groups import MOST_PAIRS
from evenlight.data.shown import short, versus
from evenlight.language import spoken
from evenlight.measures.leakage import Leakage
from evenlight.record import Audit
from evenlight.reports.drawings import drawings
from evenlight.reports.parts import (
    FEW,
    Some,
    block,
    evidence,
    grid,
    name,
    part,
    picture,
    size,
    verdict,
)
from evenlight.reports.pointing import Told, each
from evenlight.reports.sections.contrasts import both
from evenlight.reports.sections.encoding import among, layers
from evenlight.reports.sections.keyed import keyed
from evenlight.reports.widest import widest

ENCODED = (
    "That the group can be read from something is no evidence that the output uses it. Only what "
    "the output itself tells bears on use, and only beyond what the outcome alone and a twin tell."
)

LEAK = (
    "How well the groups of {grouping} can be told apart by a linear classifier of unseen people"
    "{among}; p adjusted over pairs of groups (Holm). What attributions or values tell is encoded, "
    "and no evidence of use; what the output tells bears on use, in excess of a twin."
)


def section(audit: Audit) -> Element | None:
    """One part a grouping whose leakage or layers were measured."""
    further = audit.further
    asked = [r.grouping for r in further.leakages] + [r.groupings[0] for r in further.encoded]
    if not asked:
        return None
    parts = (
        part(spoken("By {grouping}", grouping=g), _leaked(audit, g), layers(audit, g))
        for g in dict.fromkeys(asked)
    )
    return block("b5", p(class_="quiet")[spoken(ENCODED)], parts)


def _leaked(audit: Audit, grouping: str) -> Iterator[Node]:
    """The bars and the table of every representation that was asked."""
    made = drawings(audit)
    for key, record in keyed("t5k", audit.further.leakages):
        if record.grouping == grouping:
            mark = key.replace("t5k", "F10")
            yield picture(made[mark], record) if mark in made else None
            yield leakage(key, record)


def leakage(key: str, record: Leakage) -> Element:
    """How far each representation tells each pair of groups."""
    heads = (
        *(spoken("What"), spoken("Contrast"), "n", "AUC", spoken("Outcome alone")),
        *(spoken("By chance"), "p", spoken("Verdict"), spoken("Over the twin")),
    )
    rows: list[list[Node]] = []
    asked = _asked(record)
    for r, c in asked[:FEW]:
        limits = (float(a[r, c]) for a in (record.auc, record.low, record.high))
        why = str(record.reason[r, c])
        rows.append([
            name(record.names[r]),
            name(versus(record.contrasts[c])),
            size(spoken("nobody") if why else both(count(float(n)) for n in record.n[r, c])),
            evidence(estimate(*limits, reason=why)),
            number(float(record.alone[r, c]), spoken("not asked"), digits=2),
            number(float(record.expected[r, c]), spoken("not asked"), digits=2),
            probability(float(record.holm[r, c]), spoken("not tested")),
            verdict(str(record.verdict[r, c])),
            _over(record, r, c),
        ])  # fmt: skip
    speaks = sorted({str(s) for s in record.population.flat if s})
    words = spoken(LEAK, grouping=short(record.grouping), among=among(record.given))
    named = " ".join([words, *speaks])
    own = "n auc low high reason alone expected holm"
    refs = [
        f"names/{r} contrasts/{c} {each(own, r, c)}{_twin_at(record, c)}" for r, c in asked[:FEW]
    ]
    told = Told(named, record, "grouping given population")
    return grid(key, "T5k", told, heads, Some(rows, len(asked), "", refs))


def _asked(record: Leakage) -> list[tuple[int, int]]:
    """(representation, contrast) of every row; of many contrasts the best told apart first."""
    every = list(np.ndindex(*record.auc.shape))
    if len(record.contrasts) <= MOST_PAIRS:
        return every
    first = widest(np.ravel(record.auc), FEW, np.ravel(record.verdict) == "different")
    rest = sorted(set(range(len(every))) - set(first))
    return [every[i] for i in (*first, *rest)]


def _twin_at(record: Leakage, c: int) -> str:
    return "" if record.twin is None else f" {each('twin/excess twin/excess_low twin/reason', c)}"


def _over(record: Leakage, r: int, c: int) -> str:
    if record.twin is None or record.kinds[r] != "output":
        return ""
    low = number(float(record.twin.excess_low[c]), str(record.twin.reason[c]), digits=2)
    excess = number(float(record.twin.excess[c]), digits=2)
    return spoken("{excess}, lower limit {low}", excess=excess, low=low)
