"""The numbers of figures that have no table beside them, folded below each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from htpy import Element, Node

from evenlight.data.digits import count, estimate, fixed, number, percent
from evenlight.data.shown import versus
from evenlight.language import spoken
from evenlight.measures.agreement import RankAgreement
from evenlight.measures.composition import Composition
from evenlight.measures.decisions import Decisions
from evenlight.measures.dependence import Dependence
from evenlight.measures.performance import Performance
from evenlight.record import Audit
from evenlight.reports.parts import folded, grid, name, rows_of
from evenlight.reports.pointing import Told, each
from evenlight.reports.told import many_pairs

LINES = 8
"""Rows of such a table; thresholds at even distances."""

TITLE = "Numbers of figure {figure}"
WORDS = "First rows of what figure {figure} draws, by {grouping}; the record holds all."
LIMITED = (
    "First rows of what figure {figure} draws, by {grouping}, with pointwise 95 % limits; the "
    "record holds all."
)


def strata(audit: Audit, key: str, record: Composition) -> Node:
    """F2: units by stratum and group."""
    rows: list[list[Node]] = [
        [
            name(record.strata[s]),
            *(count(float(n), str(why)) for n, why in zip(*_both(record, s), strict=True)),
        ]
        for s in range(len(record.strata))
    ]
    refs = [f"strata/{s} cells/{s} cells_reason/{s}" for s in range(len(rows))]
    heads = (record.strata_name, *record.parts)
    told = Told(_words(key, record.grouping), record, "grouping strata_name parts")
    return _table(audit, key, told, heads, (rows, refs))


def _both(record: Composition, s: int) -> tuple[Sequence[float], Sequence[str]]:
    return record.cells[s].tolist(), record.cells_reason[s].tolist()


def calibration(audit: Audit, key: str, record: Performance) -> Node:
    """F4: predicted and observed, bin by bin."""
    rows: list[list[Node]] = []
    refs = []
    for k, b in np.ndindex(record.curve_predicted.shape):
        limits = (record.curve_observed, record.curve_low, record.curve_high)
        if np.isfinite(record.curve_observed[k, b]):
            seen = estimate(*(float(a[k, b]) for a in limits))
            predicted = number(float(record.curve_predicted[k, b]))
            rows.append([name(record.levels[k]), predicted, seen])
            own = each("curve_predicted curve_observed curve_low curve_high", k, b)
            refs.append(f"levels/{k} {own}")
    told = Told(_words(key, record.grouping, limited=True), record, "grouping")
    heads = (spoken("Group"), spoken("Predicted"), spoken("Observed"))
    return _table(audit, key, told, heads, (rows, refs))


def dependences(audit: Audit, key: str, curves: Sequence[Dependence]) -> Node:
    """F15: the first of the features that are drawn; the record holds all."""
    record = curves[0]
    rows: list[list[Node]] = []
    refs = []
    for k, b in np.ndindex(record.mean.shape):
        if np.isfinite(record.mean[k, b]):
            own = number(float(record.value[k, b]))
            value = record.labels[b] if record.labels else own
            seen = estimate(*(float(a[k, b]) for a in (record.mean, record.low, record.high)))
            rows.append([name(record.subject), name(record.levels[k]), name(value), seen])
            label = f" labels/{b}" if record.labels else ""
            refs.append(f"subject levels/{k}{label} {each('value mean low high', k, b)}")
    told = Told(_words(key, record.grouping, limited=True), record, "grouping")
    heads = (
        *(spoken("Feature"), spoken("Group")),
        *(spoken("Own value"), spoken("Mean attribution")),
    )
    return _table(audit, key, told, heads, (rows, refs))


def net_benefits(audit: Audit, key: str, record: Decisions) -> Node:
    """F18: net benefit of each group at thresholds at even distances."""
    at = _even(len(record.thresholds))
    own = [record.parts.index(level) for level in record.levels]
    rows: list[list[Node]] = []
    refs = []
    for t in at:
        limits = (record.net_benefit, record.net_low, record.net_high)
        told = [
            estimate(*(float(a[r, t]) for a in limits), reason=str(record.curve_reason[r, t]))
            for r in own
        ]
        rows.append([fixed(float(record.thresholds[t]), 2), *told])
        places = [each("net_benefit net_low net_high curve_reason", r, t) for r in own]
        refs.append(" ".join([f"thresholds/{t}", *places]))
    caption = Told(_words(key, record.grouping, limited=True), record, "grouping levels")
    heads = (spoken("Threshold"), *record.levels)
    return _table(audit, key, caption, heads, (rows, refs))


def utilities(audit: Audit, key: str, record: Decisions) -> Node:
    """F14: utility over all and of each group at the deployed threshold's odds."""
    rows: list[list[Node]] = []
    refs = []
    for t in np.flatnonzero(np.isfinite(record.utility).all(axis=0)).tolist():
        told = [number(float(u)) for u in record.utility[:, t]]
        rows.append([fixed(float(record.thresholds[t]), 2), *told])
        parts = range(len(record.parts))
        refs.append(" ".join([f"thresholds/{t}", *(each("utility", r, t) for r in parts)]))
    caption = Told(_words(key, record.grouping), record, "grouping parts")
    heads = (spoken("Threshold"), *record.parts)
    return _table(audit, key, caption, heads, (rows, refs))


def tops(audit: Audit, key: str, record: RankAgreement) -> Node:
    """F7: what the top k share, and what noise alone leaves."""
    rows: list[list[Node]] = []
    refs = []
    for c, d in np.ndindex(record.top.shape):
        if np.isfinite(record.top[c, d]):
            parts = (record.top, record.top_expected, record.top_low)
            told = [percent(float(a[c, d])) for a in parts]
            rows.append([name(versus(record.contrasts[c])), count(int(record.depths[d])), *told])
            refs.append(f"contrasts/{c} depths/{d} {each('top top_expected top_low', c, d)}")
    caption = Told(_words(key, record.grouping), record, "grouping")
    heads = (
        *(spoken("Contrast"), "k", spoken("In both")),
        *(spoken("By noise alone"), spoken("One draw in twenty below")),
    )
    return _table(audit, key, caption, heads, (rows, refs))


def _even(many: int) -> list[int]:
    """At most eight of so many places, at even distances."""
    return sorted({round(i * (many - 1) / (LINES - 1)) for i in range(LINES)}) if many else []


def _words(key: str, grouping: str, *, limited: bool = False) -> str:
    figure = key.partition("-")[0]
    return spoken(LIMITED if limited else WORDS, figure=figure, grouping=grouping)


def _table(
    audit: Audit,
    key: str,
    told: Told,
    heads: Sequence[str],
    rows: tuple[list[list[Node]], list[str]],
) -> Element | None:
    """The folded table; absent where the page has no elements to spare."""
    if many_pairs(audit) or not rows[0]:
        return None
    some = rows_of(rows[0][:LINES], "", rows[1][:LINES])
    label = key.partition("-")[0]
    numbers = spoken("{figure}, numbers", figure=label)
    table = grid(f"{key.lower()}n", numbers, told, [name(h) for h in heads], some)
    return folded(spoken(TITLE, figure=label), table)
