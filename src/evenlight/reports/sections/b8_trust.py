"""B8: can these explanations be trusted? Table T10, figure F12, the banner of other sections."""

from __future__ import annotations

import numpy as np
from htpy import Element, Node, details, p, span, summary

from evenlight.data.digits import count, estimate, plain, probability
from evenlight.data.shown import metric_name, short
from evenlight.measures.quality import RULES, Quality
from evenlight.record import Audit
from evenlight.reports.drawings import drawings
from evenlight.reports.icons import icon
from evenlight.reports.parts import (
    block,
    evidence,
    grid,
    groups,
    name,
    nothing,
    part,
    picture,
    rows_of,
    say,
    size,
    verdict,
)
from evenlight.reports.pointing import Told, at, each
from evenlight.reports.sections.keyed import keyed
from evenlight.reports.words import CAPTIONS, NOTHING
from evenlight.reports.words_many import WIDEST
from evenlight.reports.words_trust import CHECKED, TRUSTED, UNTRUSTED

MOST = 2
"""Contrasts of one check that are shown."""

LITTLE = 1e-4
"""Residuals are told down to this; beneath it is the arithmetic of float32."""


def section(audit: Audit) -> Element:
    """One reading, table and figure a grouping."""
    if not audit.qualities:
        return nothing("b8", NOTHING["quality"])
    made = drawings(audit)
    return block(
        "b8",
        (
            part(
                f"By {record.grouping}",
                p(class_="reading", data_ref=at(record), data_of="known")[reading(record)],
                _checks(key, record),
                (picture(made[k], record) for k in (key.replace("t10", "F12"),) if k in made),
                details(class_="views")[
                    summary["Differences between groups"], _differences(f"{key}d", record)
                ],
                ref=at(record, "grouping"),
            )
            for key, record in keyed("t10", audit.qualities)
        ),
    )


def banner(audit: Audit, grouping: str) -> Node:
    """A warning above what rests on explanations that cannot be trusted."""
    for record in audit.qualities:
        if record.grouping == grouping and record.unreliable:
            return p(class_="banner", role="note", data_ref=at(record))[
                icon("failed"), " ", span[say(UNTRUSTED.format(reason=record.fault))]
            ]
    return None


def reading(record: Quality) -> str:
    """What came out, in a sentence."""
    if record.unreliable:
        return say(UNTRUSTED.format(reason=record.fault))
    known = np.isfinite(record.value).any(axis=0).sum()
    trust = zip(record.levels, record.trust, strict=True)
    unknown = [short(level, 40) for level, word in trust if word == "unknown"]
    but = f" Not checked: {', '.join(unknown)}." if unknown else ""
    return TRUSTED.format(method=record.method, known=known, grouping=short(record.grouping)) + but


def _checks(key: str, record: Quality) -> Element:
    named = CAPTIONS["T10" if record.evaluations else "T10g"].format(
        grouping=record.grouping,
        method=record.method,
        rows=count(record.rows),
        players=record.players,
        evaluations=count(record.evaluations),
        explanations=count(record.explanations),
    )
    heads = ["Check", "Asked", *(_head(record, r) for r in range(len(record.parts)))]
    rows = [_row(record, m) for m in range(len(record.metrics))]
    told = Told(named, record, "grouping method rows players evaluations explanations parts levels")
    parts = range(len(record.parts))
    base = " ".join(each("value low high reason", r) for r in parts)
    return grid(key, "T10", told, heads, rows_of(rows, f"metrics threshold {base}"))


def _head(record: Quality, r: int) -> str:
    return short(record.parts[r], 40) if r else "Everybody"


def _row(record: Quality, m: int) -> list[Node]:
    metric = record.metrics[m]
    rule = RULES[metric]
    told: Node = f"{metric_name(metric)[0].upper()}{metric_name(metric)[1:]}: {CHECKED[metric]}"
    asked = f"{'at least' if rule.rising else 'at most'} {plain(float(record.threshold[m]))}"
    cells = [_cell(record, r, m) for r in range(len(record.parts))]
    if not (record.passed[:, m] != "").any():
        why = span(class_="quiet")[say(record.reason[0, m])]
        cells = [why, *(["not checked"] * len(record.levels))]
    return [told, asked, *cells]


def _cell(record: Quality, r: int, m: int) -> Node:
    numbers = (float(a[r, m]) for a in (record.value, record.low, record.high))
    text = _told([float(v) for v in numbers], str(record.reason[r, m]))
    word = str(record.passed[r, m])
    if not word:
        return text
    return [f"{text} ", span(class_=f"grade g-{word}")[icon(word), " ", word]]


def _told(numbers: list[float], reason: str) -> str:
    """The estimate, or that it is next to nothing."""
    if 0 < max(numbers) < LITTLE:
        return f"below {LITTLE:.4f}"
    return estimate(*numbers, reason=reason)


def _differences(key: str, record: Quality) -> Element:
    heads = ("Check", "Contrast", "Difference [95 % interval]", "Margin", "p", "n", "Verdict")
    shown = [m for m in range(len(record.metrics)) if np.isfinite(record.margin[m])]
    told = [
        (
            metric_name(record.metrics[m]),
            rows_of(
                [_difference(record, c, m) for c in _widest(record, m)],
                "difference difference_low difference_high p difference_reason",
                [_difference_at(record, c, m) for c in _widest(record, m)],
            ),
        )
        for m in shown
    ]
    named = CAPTIONS["T10d"].format(grouping=record.grouping, draws=f"{record.draws:,}")
    if len(record.contrasts) > MOST:
        named += " " + WIDEST.format(shown=MOST, all=count(len(record.contrasts)))
    caption = Told(named, record, "grouping draws contrasts")
    return groups(key, "T10, differences", caption, heads, told)


def _difference_at(record: Quality, c: int, m: int) -> str:
    people = (f"n/{record.parts.index(g)}/{m}" for g in record.contrasts[c])
    return f"{c}/{m} {at(record, *people, f'margin/{m}', f'contrasts/{c}')}"


def _widest(record: Quality, m: int) -> list[int]:
    """The contrasts to show of one check: of many the largest differences, those unknown first."""
    every = range(len(record.contrasts))
    if len(every) <= MOST:
        return list(every)
    size = np.nan_to_num(np.abs(record.difference[:, m]), nan=np.inf)
    return sorted(np.argsort(-size, kind="stable")[:MOST].tolist())


def _difference(record: Quality, c: int, m: int) -> list[Node]:
    level, reference = record.contrasts[c]
    numbers = (record.difference, record.difference_low, record.difference_high)
    reason = str(record.difference_reason[c, m])
    n = [count(float(record.n[record.parts.index(g), m]), "not told") for g in (level, reference)]
    return [
        name(f"{level} against {reference}"),
        evidence(estimate(*(float(a[c, m]) for a in numbers), reason=reason, sign=True)),
        plain(float(record.margin[m])),
        probability(float(record.p[c, m]), "not tested"),
        size(" and ".join(n)),
        verdict(str(record.verdict[c, m])),
    ]
