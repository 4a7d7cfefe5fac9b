"""T4k, T4n, T4c: refits of a model, its versions, and findings in other people."""

from __future__ import annotations

import numpy as np
from htpy import Element, Node

from evenlight.arrays import Float
from evenlight.data.digits import estimate, percent, plain, probability
from evenlight.data.shown import short, versus
from evenlight.language import spoken
from evenlight.measures.changes import Change, Versions
from evenlight.measures.refits import Refits
from evenlight.measures.replicate import Replication
from evenlight.reports.parts import evidence, grid, name, rows_of, verdict
from evenlight.reports.pointing import Told, at, each

REFITS = (
    "{refits} refits on the same people, by {grouping}; about {about}. A verdict has to hold in "
    "80 % of the refits. Training: the share of the variance that it makes. Differences of "
    "attributions in SD of the output, simultaneous 95 % intervals."
)
VERSIONS = (
    "From the first version to the second, paired by person, by {grouping}: mean change in SD of "
    "the first version's output (loss: in its own SD), simultaneous 95 % intervals, margin "
    "{margin}. Background: {background}."
)
AGAIN = (
    "Findings by {grouping} in other people: first and second difference in SD of the output, and "
    "where the second is expected if both estimate the same. p one-sided, adjusted (Holm). "
    "Background: {background}."
)
ANSWERS = {
    "replicated": "found again",
    "contradicted": "contradicted",
    "cannot_tell": "cannot tell",
    "not_asked": "not asked",
}


CHANGED = ("change", "low", "high", "reason")
"""The fields of a change that are shown."""


def refits_table(key: str, record: Refits) -> Element:
    """One row a subject and contrast of the first view, the largest differences first."""
    rows: list[list[Node]] = []
    for c, p in _largest(record.effect[0]):
        place = (0, c, p)
        limits = (float(a[place]) for a in (record.effect, record.low, record.high))
        rows.append(
            [
                name(record.subjects[p]),
                versus(record.contrasts[c]),
                evidence(estimate(*limits, reason=str(record.reason[place]), sign=True)),
                percent(float(record.rho[place]), spoken("none")),
                percent(float(record.different[place]), spoken("none")),
                verdict(str(record.verdict[place])),
            ]
        )
    text = spoken(REFITS, refits=record.refits, grouping=short(record.grouping), about=record.about)
    heads = [
        *(spoken("Feature"), spoken("Contrast"), spoken("Difference")),
        *(spoken("Training"), spoken("Refits that differ"), spoken("Verdict")),
    ]
    told = Told(text, record, "refits grouping about")
    refs = [
        f"subjects/{p} contrasts/{c} {each('effect low high reason rho different', 0, c, p)}"
        for c, p in _largest(record.effect[0])
    ]
    return grid(key, "T4k", told, heads, rows_of(rows, "", refs))


def versions_table(key: str, record: Versions) -> Element:
    """One row a change and subject, one column a level."""
    heads: list[Node] = [spoken("Change"), spoken("Of")]
    heads += [cell for level in record.levels for cell in (name(level), spoken("Verdict"))]
    changed = [one for part in record.changes for one in _changed(part)]
    rows = rows_of([row for row, _ in changed], "", [ref for _, ref in changed])
    text = spoken(
        VERSIONS,
        grouping=short(record.grouping),
        margin=plain(record.margin),
        background=record.background,
    )
    return grid(key, "T4n", Told(text, record, "grouping margin background levels"), heads, rows)


def _changed(part: Change) -> list[tuple[list[Node], str]]:
    """Rows with their pointers."""
    rows: list[tuple[list[Node], str]] = []
    order = np.argsort(-np.nan_to_num(np.abs(part.change)).max(axis=0), kind="stable")
    for p in order.tolist():
        cells: list[Node] = [part.name, name(part.subjects[p])]
        for k in range(len(part.change)):
            limits = (float(a[k, p]) for a in (part.change, part.low, part.high))
            cells.append(evidence(estimate(*limits, reason=str(part.reason[k, p]), sign=True)))
            cells.append(verdict(str(part.verdict[k, p])))
        where = [f"{n}/{k}/{p}" for k in range(len(part.change)) for n in CHANGED]
        rows.append((cells, at(part, "name", f"subjects/{p}", *where)))
    return rows


def replication_table(key: str, record: Replication) -> Element:
    """One row a finding of the first view that was asked again."""
    rows: list[list[Node]] = []
    refs: list[str] = []
    fields = "first expected_low expected_high change change_low change_high p_holm"
    for c, p in _largest(record.first[0]):
        place = (0, c, p)
        if record.answer[place] == "not_asked":
            continue
        expected = (
            float(a[place]) for a in (record.first, record.expected_low, record.expected_high)
        )
        change = (float(a[place]) for a in (record.change, record.change_low, record.change_high))
        refs.append(f"subjects/{p} contrasts/{c} {each(fields, *place)}")
        rows.append(
            [
                name(record.subjects[p]),
                versus(record.contrasts[c]),
                evidence(estimate(*expected, sign=True)),
                evidence(estimate(*change, sign=True)),
                probability(float(record.p_holm[place]), spoken("not tested")),
                spoken(ANSWERS[str(record.answer[place])]),
            ]
        )
    text = spoken(AGAIN, grouping=short(record.grouping), background=record.background)
    heads = [
        *(spoken("Feature"), spoken("Contrast"), spoken("First [expected]")),
        *(spoken("Second minus first"), "p", spoken("Answer")),
    ]
    told = Told(text, record, "grouping background")
    return grid(key, "T4c", told, heads, rows_of(rows, "", refs))


def _largest(effect: Float) -> list[tuple[int, int]]:
    """Places of effects (c, p), the largest first, missing ones last."""
    size = np.where(np.isnan(effect), -1.0, np.abs(effect))
    order = np.argsort(-size, axis=None, kind="stable")
    c, p = np.unravel_index(order, effect.shape)
    return list(zip(c.tolist(), p.tolist(), strict=True))
