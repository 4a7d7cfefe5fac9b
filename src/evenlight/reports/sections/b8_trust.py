"""B8: can these explanations be trusted? Table T10, figure F12, the banner of other sections."""

from __future__ import annotations

import numpy as np
from htpy import Element, Node, details, p, span, summary

from evenlight.data.digits import count, estimate, plain, probability
from evenlight.data.groups import MOST_PAIRS
from evenlight.data.shown import metric_name, short
from evenlight.language import spoken
from evenlight.measures.quality import PASSING, RULES, Quality
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
from evenlight.reports.widest import checked_groups, groups_left, widest
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
        return nothing("b8", spoken(NOTHING["quality"]))
    made = drawings(audit)
    return block(
        "b8",
        (
            part(
                spoken("By {grouping}", grouping=record.grouping),
                p(class_="reading", data_ref=at(record), data_of="known")[reading(record)],
                _checks(key, record),
                (picture(made[k], record) for k in (key.replace("t10", "F12"),) if k in made),
                groups_left(at(record, "levels"), record.levels, "checks", "tables/quality.csv"),
                details(class_="views")[
                    summary[spoken("Differences between groups")], _differences(f"{key}d", record)
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
                icon("failed"), " ", span[say(spoken(UNTRUSTED, reason=record.fault))]
            ]
    return None


def reading(record: Quality) -> str:
    """What came out, in a sentence."""
    if record.unreliable:
        return say(spoken(UNTRUSTED, reason=record.fault))
    known = np.isfinite(record.value).any(axis=0).sum()
    trust = zip(record.levels, record.trust, strict=True)
    unknown = [short(level, 40) for level, word in trust if word == "unknown"]
    told = spoken(TRUSTED, method=record.method, known=known, grouping=short(record.grouping))
    if not unknown:
        return told
    return f"{told} {spoken('Not checked: {groups}.', groups=', '.join(unknown))}"


def _checks(key: str, record: Quality) -> Element:
    named = spoken(
        CAPTIONS["T10" if record.evaluations else "T10g"],
        grouping=record.grouping,
        method=record.method,
        rows=count(record.rows),
        players=record.players,
        evaluations=count(record.evaluations),
        explanations=count(record.explanations),
    )
    groups = (record.levels[i] for i in checked_groups(record))
    parts = [0, *(record.parts.index(g) for g in groups)]
    heads = [spoken("Check"), spoken("Asked"), *(_head(record, r) for r in parts)]
    rows = [_row(record, m, parts) for m in range(len(record.metrics))]
    told = Told(named, record, "grouping method rows players evaluations explanations parts levels")
    base = " ".join(each("value low high reason", r) for r in parts)
    return grid(key, "T10", told, heads, rows_of(rows, f"metrics threshold {base}"))


def _head(record: Quality, r: int) -> str:
    return short(record.parts[r], 40) if r else spoken("Everybody")


def _row(record: Quality, m: int, parts: list[int]) -> list[Node]:
    metric = record.metrics[m]
    rule = RULES[metric]
    own = metric_name(metric)
    told: Node = f"{own[0].upper()}{own[1:]}: {spoken(CHECKED[metric])}"
    limit = plain(float(record.threshold[m]))
    asked = spoken("at least {limit}" if rule.rising else "at most {limit}", limit=limit)
    cells = [_cell(record, r, m) for r in parts]
    if not (record.passed[:, m] != "").any():
        why = span(class_="quiet")[say(record.reason[0, m])]
        cells = [why, *([spoken("not checked")] * (len(parts) - 1))]
    return [told, asked, *cells]


def _cell(record: Quality, r: int, m: int) -> Node:
    numbers = (float(a[r, m]) for a in (record.value, record.low, record.high))
    text = _told([float(v) for v in numbers], str(record.reason[r, m]))
    word = str(record.passed[r, m])
    if not word:
        return text
    said = spoken(PASSING[PASSING.index(word)])
    return [f"{text} ", span(class_=f"grade g-{word}")[icon(word), " ", said]]


def _told(numbers: list[float], reason: str) -> str:
    """The estimate, or that it is next to nothing."""
    if 0 < max(numbers) < LITTLE:
        return spoken("below {least}", least=f"{LITTLE:.4f}")
    return estimate(*numbers, reason=reason)


def _apart(numbers: list[float], reason: str) -> str:
    """A difference with its limits, or that all three are next to nothing."""
    if 0 < max(map(abs, numbers)) < LITTLE:
        return spoken("below {least} either way", least=f"{LITTLE:.4f}")
    return estimate(*numbers, reason=reason, sign=True)


def _differences(key: str, record: Quality) -> Element:
    heads = (
        *(spoken("Check"), spoken("Contrast"), spoken("Difference [95 % interval]")),
        *(spoken("Margin"), "p", "n", spoken("Verdict")),
    )
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
    named = spoken(CAPTIONS["T10d"], grouping=record.grouping, draws=f"{record.draws:,}")
    if len(record.contrasts) > MOST:
        named += " " + spoken(WIDEST, shown=MOST, all=count(len(record.contrasts)))
    named = f"{named} {record.population}".strip()
    caption = Told(named, record, "grouping draws contrasts population")
    return groups(key, spoken("T10, differences"), caption, heads, told)


def _difference_at(record: Quality, c: int, m: int) -> str:
    people = (f"n/{record.parts.index(g)}/{m}" for g in record.contrasts[c])
    return f"{c}/{m} {at(record, *people, f'margin/{m}', f'contrasts/{c}')}"


def _widest(record: Quality, m: int) -> list[int]:
    """The contrasts to show of one check: of many the largest differences, those unknown first."""
    every = range(len(record.contrasts))
    if len(every) <= MOST:
        return list(every)
    size = np.nan_to_num(np.abs(record.difference[:, m]), nan=np.inf)
    told = (record.verdict[:, m] == "different") & (len(every) > MOST_PAIRS)
    return widest(size, MOST, told)


def _difference(record: Quality, c: int, m: int) -> list[Node]:
    level, reference = record.contrasts[c]
    numbers = (record.difference, record.difference_low, record.difference_high)
    reason = str(record.difference_reason[c, m])
    n, other = (
        count(float(record.n[record.parts.index(g), m]), spoken("not told"))
        for g in (level, reference)
    )
    return [
        name(spoken("{level} against {reference}", level=level, reference=reference)),
        evidence(_apart([float(a[c, m]) for a in numbers], reason)),
        plain(float(record.margin[m])),
        probability(float(record.p[c, m]), spoken("not tested")),
        size(spoken("{n} and {other}", n=n, other=other)),
        verdict(str(record.verdict[c, m])),
    ]
