"""B2: does it work equally well? Table T3, figures F3 and F4."""

from __future__ import annotations

import numpy as np
from htpy import Element, Node

from evenlight.data.digits import confidence, count, estimate, plain, probability
from evenlight.data.shown import metric_name, short
from evenlight.language import spoken
from evenlight.measures.performance import Performance
from evenlight.record import Audit
from evenlight.reports.drawings import drawings
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
    size,
    verdict,
)
from evenlight.reports.pointing import Told, at
from evenlight.reports.sections import plotted
from evenlight.reports.sections.beside import along, beside
from evenlight.reports.sections.keyed import keyed
from evenlight.reports.widest import groups_left, metric_pairs, pairs_left
from evenlight.reports.words import CAPTIONS, NOTHING


def section(audit: Audit) -> Element:
    """One pair of tables and figures a grouping."""
    if not audit.performances:
        return nothing("b2", spoken(NOTHING["performance"]))
    made = drawings(audit)
    return block(
        "b2",
        (
            part(
                spoken("By {grouping}", grouping=record.grouping),
                _values(key, record),
                _differences(f"{key}d", record),
                pairs_left(record, "tables/performance_differences.csv"),
                (
                    picture(made[k], record)
                    for k in (key.replace("t3", f) for f in ("F3", "F4"))
                    if k in made
                ),
                groups_left(at(record, "levels"), record.levels, "pairs", "audit.json"),
                plotted.calibration(audit, key.replace("t3", "F4"), record),
                beside(audit, record.grouping),
                ref=at(record, "grouping"),
            )
            for key, record in keyed("t3", audit.performances)
        ),
        along(audit),
    )


def _values(key: str, record: Performance) -> Element:
    units = zip(record.metrics, record.units, strict=True)
    heads = [spoken("Group"), "n", *(f"{metric_name(m)}{_unit(u)}" for m, u in units)]
    rows = [
        [
            name(part),
            size(count(float(record.n[i]), str(record.part_reason[i]))),
            *_cells(record, i),
        ]
        for i, part in enumerate(record.parts)
    ]
    named = spoken(CAPTIONS["T3"], grouping=record.grouping)
    where = "parts n part_reason value low high reason"
    return grid(
        key, "T3", Told(named, record, "grouping units metrics"), heads, rows_of(rows, where)
    )


def _unit(unit: str) -> str:
    return f", {short(unit, 30)}" if unit not in ("", "share", "1") else ""


def _cells(record: Performance, i: int) -> list[Node]:
    return [
        estimate(
            *(float(a[i, m]) for a in (record.value, record.low, record.high)),
            reason=str(record.reason[i, m]),
        )
        for m in range(len(record.metrics))
    ]


def _differences(key: str, record: Performance) -> Element:
    heads = (
        *(spoken("Metric"), spoken("Contrast")),
        spoken("Difference [{level} interval]", level=confidence(record.alpha)),
        *(spoken("Margin"), "p", "n", spoken("Verdict")),
    )
    order = np.argsort(~np.isfinite(record.margin), kind="stable").tolist()
    told = [
        (
            metric_name(record.metrics[m]),
            rows_of(
                [_difference(record, c, m) for c in metric_pairs(record, m)],
                "difference difference_low difference_high p difference_reason",
                [_difference_at(record, c, m) for c in metric_pairs(record, m)],
            ),
        )
        for m in order
    ]
    named = spoken(CAPTIONS["T3d"], grouping=record.grouping, draws=f"{record.draws:,}")
    caption = Told(named, record, "grouping draws alpha parts")
    return groups(key, spoken("T3, differences"), caption, heads, told)


def _difference_at(record: Performance, c: int, m: int) -> str:
    people = (f"n/{record.parts.index(g)}" for g in record.contrasts[c])
    return f"{c}/{m} {at(record, *people, f'margin/{m}', f'contrasts/{c}')}"


def _difference(record: Performance, c: int, m: int) -> list[Node]:
    level, reference = record.contrasts[c]
    reason = str(record.difference_reason[c, m])
    numbers = (record.difference, record.difference_low, record.difference_high)
    return [
        name(spoken("{level} against {reference}", level=level, reference=reference)),
        evidence(estimate(*(float(a[c, m]) for a in numbers), reason=reason, sign=True)),
        plain(float(record.margin[m]), spoken("none")),
        probability(float(record.p[c, m]), spoken("not tested")),
        size(pair_size(record, level, reference)),
        verdict(str(record.verdict[c, m])),
    ]


def pair_size(record: Performance, level: str, reference: str) -> str:
    """Units of the two groups of a contrast."""
    at = (record.parts.index(level), record.parts.index(reference))
    first, second = (count(float(record.n[i]), str(record.part_reason[i])) for i in at)
    return spoken("{first} and {second}", first=first, second=second)
