"""B2, what follows from the prediction: rates, all groups together, label error, matched people."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from htpy import Element, Node, details, li, summary, ul

from evenlight.data.digits import count, estimate, number, probability
from evenlight.data.shown import SUBJECTS, metric_name, short
from evenlight.language import spoken
from evenlight.measures.along import PerformanceAlong
from evenlight.measures.decisions import Decisions
from evenlight.measures.matched import Matched
from evenlight.measures.performance import Performance
from evenlight.measures.tipped import Tipping
from evenlight.reports.parts import evidence, grid, name, rows_of, say, size
from evenlight.reports.pointing import Told, at, each

SUMMARIES = {
    "worst": "{metric}, worst group",
    "gap": "{metric}, largest gap",
    "es_auroc": "AUROC, equity-scaled",
    "equalised_odds_gap": "equalised odds, largest gap of sensitivity or specificity",
}

RATES = (
    "What follows from acting at {threshold}, by {grouping}, with pointwise 95 % intervals. Call "
    "rate: at or above the threshold. Net benefit: true calls less false ones at the threshold's "
    "odds, a person."
)
TOGETHER = (
    "All groups of {grouping} together. The 95 % interval allows for choosing the worst group or "
    "the widest pair. By chance: the mean where groups are shuffled, since a gap is above 0 even "
    "where there is none; p from the same shuffles.{left}"
)
HIDDEN = " Too few people in {groups}."
TIPPED = "How wrong the recorded outcome would have to be in one group to overturn a verdict"
MATCHED = (
    "Pairs of people of two groups who are alike in {features} features{left}, closest first. "
    "Adjusted: at equal features, where there are five pairs a feature. Apart: mean distance in a "
    "pair (nearest neighbours of one group), in SD. Decided differently: share of pairs (of pairs "
    "of one group)."
)
ALONG = (
    "Change per SD along {axis} (n = {n}), with simultaneous 95 % intervals; p by permutation, "
    "adjusted by max-T. {note}"
)


def rates(key: str, record: Decisions) -> Iterable[Element]:
    """Rates at the threshold by part, and what is said of all groups together."""
    if record.rates is not None:
        made = record.rates
        heads = (spoken("Group"), "n", *(metric_name(m) for m in made.metrics))
        named = spoken(RATES, threshold=number(made.threshold), grouping=record.grouping)
        parts = [_rates(made, i) for i in range(len(made.parts))]
        told = Told(named, made, "threshold grouping")
        where = "parts n part_reason value low high reason"
        yield grid(f"{key}r", spoken("T3, decisions"), told, heads, rows_of(parts, where))
    rows = [_summary(record, s) for s in range(len(record.summaries))]
    left = sorted({name for names in record.left for name in names.split(", ") if name})
    but = spoken(HIDDEN, groups=short(", ".join(left), 120)) if left else ""
    named = spoken(TOGETHER, grouping=record.grouping, left=but)
    heads = (
        *(spoken("Measure"), spoken("Of"), spoken("Value [95 % interval]")),
        *(spoken("By chance"), "p"),
    )
    told = Told(named, record, "grouping left")
    where = "summaries of value low high null p reason"
    yield grid(f"{key}g", spoken("T3, all groups"), told, heads, rows_of(rows, where))


def _rates(made: Performance, i: int) -> list[Node]:
    arrays = (made.value, made.low, made.high)
    cells = [
        estimate(*(float(a[i, m]) for a in arrays), reason=str(made.reason[i, m]))
        for m in range(len(made.metrics))
    ]
    return [name(made.parts[i]), size(count(float(made.n[i]), str(made.part_reason[i]))), *cells]


def _summary(record: Decisions, s: int) -> list[Node]:
    reason = str(record.reason[s])
    numbers = (float(a[s]) for a in (record.value, record.low, record.high))
    return [
        summary_name(record.summaries[s]),
        name(record.of[s]),
        evidence(estimate(*numbers, reason=reason)),
        number(float(record.null[s]), spoken("not told")),
        probability(float(record.p[s]), spoken("not tested")),
    ]


def summary_name(summary: str) -> str:
    """The name of a summary in words.

    >>> summary_name("worst_mae"), summary_name("call_rate_gap")
    ('mean absolute error, worst group', 'call rate, largest gap')
    """
    if summary in SUMMARIES:
        return spoken(SUMMARIES[summary])
    if summary.startswith("worst_"):
        return spoken(SUMMARIES["worst"], metric=metric_name(summary.removeprefix("worst_")))
    return spoken(SUMMARIES["gap"], metric=metric_name(summary.removesuffix("_gap")))


def tips(record: Tipping) -> Node:
    """One line a verdict that label error could overturn, folded."""
    lines = [
        (
            spoken(
                "{metric}, {level} against {reference}: {told}",
                metric=spoken(SUBJECTS[metric]) if metric in SUBJECTS else metric_name(metric),
                level=short(a, 40),
                reference=short(b, 40),
                told=record.sentence(c, m),
            ),
            (c, m),
        )
        for m, metric in enumerate(record.metrics)
        for c, (a, b) in enumerate(record.contrasts)
        if record.sentence(c, m)
    ]
    if not lines:
        return None
    return details(class_="views")[
        summary[spoken(TIPPED)],
        ul[[li(data_ref=_tip_at(record, *where))[say(line)] for line, where in lines]],
    ]


def _tip_at(record: Tipping, c: int, m: int) -> str:
    return at(record, f"contrasts/{c}", f"metrics/{m}", f"tip/{c}/{m}", f"most/{c}/{m}")


def pairs(key: str, record: Matched) -> Element:
    """Matched people, one row a contrast."""
    heads = (
        *(spoken("Contrast"), spoken("Pairs"), spoken("Difference [95 % interval]")),
        *(spoken("Adjusted"), spoken("Apart"), spoken("Decided differently")),
    )
    left = ""
    if record.left_out:
        left = spoken(" (without {features})", features=short(", ".join(record.left_out), 60))
    named = spoken(MATCHED, features=len(record.features), left=left)
    rows = [_pair(record, c) for c in range(len(record.contrasts))]
    told = Told(named, record, "features left_out")
    where = (
        "contrasts pairs difference low high adjusted adjusted_low adjusted_high distance usual "
        "changed changed_low changed_high usual_changed reason decision_reason"
    )
    return grid(f"{key}m", spoken("T3, matched people"), told, heads, rows_of(rows, where))


def _pair(record: Matched, c: int) -> list[Node]:
    reason, undecided = str(record.reason[c]), str(record.decision_reason[c])
    level, reference = record.contrasts[c]
    contrast = name(spoken("{level} against {reference}", level=level, reference=reference))
    if reason:
        return [contrast, "", evidence(reason.split(";")[0]), "", "", ""]
    between, inside = float(record.distance[c]), float(record.usual[c])
    changed = [float(a[c]) for a in (record.changed, record.changed_low, record.changed_high)]
    usual = f" ({number(float(record.usual_changed[c]))})" if not undecided else ""
    adjusted = (record.adjusted, record.adjusted_low, record.adjusted_high)
    found = (record.difference, record.low, record.high)
    return [
        contrast,
        size(count(float(record.pairs[c]))),
        *(
            evidence(estimate(*(float(a[c]) for a in arrays), sign=True))
            for arrays in (found, adjusted)
        ),
        f"{number(between)} ({number(inside)})",
        f"{estimate(*changed, reason=undecided)}{usual}",
    ]


def slopes(key: str, record: PerformanceAlong) -> Element:
    """Slopes along an axis, one row a component and loss."""
    heads = (spoken("Along"), spoken("Measure"), spoken("Change per SD [95 % interval]"), "p")
    rows: list[list[Node]] = []
    for q, m in np.ndindex(*record.slope.shape):
        numbers = (float(a[q, m]) for a in (record.slope, record.low, record.high))
        reason = str(record.reason[q, m])
        rows.append([
            name(record.components[q]),
            metric_name(record.losses[m]),
            evidence(estimate(*numbers, reason=reason, sign=True)),
            probability(float(record.p_maxt[q, m]), spoken("not tested")),
        ])  # fmt: skip
    about = {"axis": short(record.axis, 60), "n": count(record.n), "note": record.note}
    named = spoken(ALONG, **about).rstrip()
    told = Told(named, record, "axis n alpha note")
    refs = [
        f"components/{q} losses/{m} {each('slope low high reason p_maxt', q, m)}"
        for q, m in np.ndindex(*record.slope.shape)
    ]
    return grid(key, spoken("T3, along an axis"), told, heads, rows_of(rows, "", refs))
