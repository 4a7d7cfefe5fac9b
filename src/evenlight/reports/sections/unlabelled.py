"""B1, people without a label: who they are, and what they could change. Table T2u."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from htpy import Element, Node, li, ul

from evenlight.arrays import Int
from evenlight.data.digits import count, estimate, percent, probability
from evenlight.data.shown import short, versus
from evenlight.language import spoken
from evenlight.measures.coverage import OUTCOME, OUTPUT, Coverage
from evenlight.record import Audit
from evenlight.reports.parts import evidence, grid, name, rows_of, say, verdict
from evenlight.reports.pointing import Told, at, each
from evenlight.reports.sections.keyed import keyed

MOST, FIRST = 8, 3
"""Attributions in the table, and differences that are named in a sentence."""

CAPTION = (
    "People without a label of {grouping} less those with one, in the same strata: the output "
    "and attributions in SD of the output, the outcome in its own, simultaneous 95 % intervals, p "
    "adjusted (max-T). At most eight attributions, those that differ first. {population}"
)
KNOWN = "{grouping} is known for {share} of the people: {known} have a label, {unknown} have none."
FEW_UNKNOWN = "{grouping} is known for {share} of the people or more: {reason}."
FEW_KNOWN = "{grouping} is known for at most {share} of the people: {reason}."
UNASKED = "Those without a label cannot be compared with the others: {reason}."
UNBOUND = "What those without a label could change is not told: {reason}."
HELD = (
    "Whatever groups those without a label belong to: {held} differences of attributions between "
    "groups keep their sign, {lost} may lose it; sampling error is not in that."
)
LOST = " The largest of these: {names}."
COMPARED = {OUTPUT: "the output", OUTCOME: "the outcome"}


def unlabelled(audit: Audit, grouping: str) -> Iterator[Node]:
    """What is told of people whose label of a grouping is not known."""
    for key, record in keyed("t2u", audit.further.coverages):
        if record.grouping == grouping:
            yield ul[_lines(record)]
            if (record.verdict != "not_estimable").any():
                yield _table(key, record)


def _lines(record: Coverage) -> Iterator[Element]:
    about = {"grouping": short(record.grouping), "share": percent(record.share, places=1)}
    if record.count_reason:
        about["reason"] = say(record.reason[0])
        few = spoken(FEW_UNKNOWN if np.isnan(record.unknown) else FEW_KNOWN, **about)
        yield li(data_ref=at(record, "grouping", "share", "reason/0"))[few]
        return
    many = {"known": count(record.known), "unknown": count(record.unknown)}
    ref = at(record, "grouping", "share", "known", "unknown")
    yield li(data_ref=ref)[spoken(KNOWN, **about, **many)]
    if (record.verdict == "not_estimable").all():
        told = spoken(UNASKED, reason=say(record.reason[0]))
        yield li(data_ref=at(record, "reason/0"))[told]
    yield _bounds(record)


def _bounds(record: Coverage) -> Element:
    """How many differences could have another sign, and the largest of these."""
    if not (record.holds != "").any():
        return li(data_ref=at(record, "why"))[spoken(UNBOUND, reason=say(record.why.flat[0]))]
    held, lost = (count(int((record.holds == word).sum())) for word in ("yes", "no"))
    told = spoken(HELD, held=held, lost=lost)
    pairs = _lost(record)
    if len(pairs):
        told += spoken(LOST, names="; ".join(_named(record, *pair) for pair in pairs))
    ref = at(record, "holds", "subjects", "contrasts")
    return li(data_ref=ref, data_of="verdicts")[told]


def _lost(record: Coverage) -> Int:
    """Contrasts and subjects (n, 2) of the largest differences that may lose their sign."""
    pairs = np.argwhere(record.holds == "no")
    size = np.abs(record.difference[tuple(pairs.T)])
    order: Int = pairs[np.argsort(-size, kind="stable")[:FIRST]]
    return order


def _named(record: Coverage, c: int, p: int) -> str:
    return f"{short(record.subjects[p], 40)} ({versus(record.contrasts[c])})"


def _table(key: str, record: Coverage) -> Element:
    """The output, the outcome, and the attributions that differ most surely."""
    whole = [i for i, of in enumerate(record.asked) if of in COMPARED]
    others = [i for i in np.argsort(record.p_maxt, kind="stable").tolist() if i not in whole]
    rows = [*whole, *others[:MOST]]
    named = spoken(CAPTION, grouping=short(record.grouping), population=record.population).rstrip()
    heads = [
        *(spoken("Compared"), spoken("Difference [95 % interval]")),
        *(spoken("Adjusted p"), spoken("Verdict")),
    ]
    refs = [f"asked/{i} {each('effect low high reason p_maxt', i)}" for i in rows]
    caption = Told(named, record, "grouping population")
    return grid(key, "T2u", caption, heads, rows_of([_row(record, i) for i in rows], "", refs))


def _row(record: Coverage, i: int) -> list[Node]:
    of = record.asked[i]
    limits = (float(a[i]) for a in (record.effect, record.low, record.high))
    return [
        spoken(COMPARED[of]) if of in COMPARED else name(of),
        evidence(estimate(*limits, reason=str(record.reason[i]), sign=True)),
        probability(float(record.p_maxt[i]), spoken("not tested")),
        verdict(str(record.verdict[i])),
    ]
