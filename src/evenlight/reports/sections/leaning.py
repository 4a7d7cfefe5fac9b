"""B4, what a reliance rests on: the gate, what interventions change, and what tells the group."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from htpy import Element, Node, p

from evenlight.data.digits import confidence, count, estimate, number, percent
from evenlight.data.shown import metric_name, versus
from evenlight.language import plural, spoken
from evenlight.measures.lever import Levers
from evenlight.measures.reliance import Cuts, Reliance
from evenlight.measures.shortcuts import CRITERIA, NUMBERS, UNSUPPORTED, Shortcut
from evenlight.record import Audit
from evenlight.reports.parts import FEW, evidence, folded, grid, name, rows_of, say, size
from evenlight.reports.pointing import Told, at, below, each
from evenlight.reports.sections.contrasts import kind_head, support_words
from evenlight.reports.sections.encoding import among
from evenlight.reports.sections.keyed import keyed
from evenlight.reports.words import NAMED_SETS, fewer

WORD = {
    "consistent_with_a_shortcut": "Consistent with a shortcut",
    "unresolved": "Whether this is a shortcut is unresolved",
    "not_estimable": "Whether this is a shortcut cannot be asked here",
}
NEEDS = {
    "share": "More than 10 % of the output's variance given the outcome, through features without "
    "demonstrated support",
    "comparison": "A twin trained with the group accounted for leans on them less, or another "
    "cohort shows them to fail",
    "remainder": "With every feature at its own slope within groups, a part of the outcome's gap "
    "is left, at least half of what these features claim",
    "intervention": "Neutralising these features closes a part of the gap",
}
FOUND = {
    "share": "unsupported",
    "comparison": "excess_total outside",
    "remainder": "remainder",
    "intervention": "closure",
}
"""The field that holds what was found of each need."""

GATE = (
    "What a shortcut would need, by {grouping} given the {given} (n = {n}). All four must be met; "
    "with one that was not asked nothing stronger than unresolved is said."
)
SETS = (
    "Shares by {kind} of {refits} refits of the model and of its twin, and the excess with its "
    "lower limit for a further refit (one-sided 95 %, each by itself)."
)
CLOSING = (
    "The gap in mean output between groups{among}, with features neutralised: swapped for the "
    "other group's values, which turns their part of the gap round, so that half of the change "
    "counts as closed; or taken away. Pointwise limits at {level}."
)
SIGNAL = (
    "What is lost within groups when features are exchanged among the people of each group, with "
    "limits at {level}."
)
TABLE = (
    "Performance without these features: the output is averaged over the values of other people, "
    "as many of each group. On the same people, with pointwise 95 % limits."
)
WITHOUT = "features without demonstrated support"


PARTIAL = (
    "Within groups the outcome follows what the {subjects} without demonstrated support add up to "
    "at {slope} of what the model claims (1 as claimed, 0 not at all); they were chosen for "
    "it in the same people, which lowers this number."
)
RESOLVED = "Support is decided for {share} of the shares by {grouping}, by their size."
ADJUSTED = "Support within groups is {adjusted}."
CLAIMED = "{number} of what they claim"
OVER = "{excess} over the twin, lower limit {low}"
CUTS = "The same totals with the outcome held in 5, 10 and 20 bins."


def rests(key: str, record: Reliance) -> Iterator[Node]:
    """What the totals rest on: adjustment, decided support, the partial score, and bins."""
    g = record.given.index("outcome") if "outcome" in record.given else 0
    told = [spoken(ADJUSTED, adjusted=record.adjusted)] if record.adjusted else []
    share = percent(float(record.resolved[g]))
    told += [spoken(RESOLVED, share=share, grouping=record.grouping)]
    part = record.partial
    if part is not None and not part.reason[0]:
        slope = estimate(*(float(a[0]) for a in (part.slope, part.low, part.high)))
        subjects = _subjects(record.subject_kind, part.subjects)
        told += [spoken(PARTIAL, subjects=subjects, slope=slope)]
    if np.isfinite(record.resolved[g]):
        where = at(record, "adjusted", f"share/{g}", "support", "grouping")
        part_at = at(part, "subjects", "slope/0", "low/0", "high/0") if part else ""
        yield p(class_="quiet", data_ref=f"{where} {part_at}".strip(), data_of="resolved")[
            " ".join(told)
        ]
    if record.cuts is not None:
        yield folded(spoken("Other numbers of bins"), _cuts(key, record.cuts))


def _cuts(key: str, made: Cuts) -> Element:
    rows: list[list[Node]] = []
    for c, b in np.ndindex(made.reason.shape):
        shares = (
            estimate(
                *(float(a[c, b, t]) for a in (made.total, made.low, made.high)),
                reason=str(made.reason[c, b]),
            )
            for t in range(2)
        )
        rows.append([made.given[c], count(float(made.bins[b])), *map(evidence, shares)])
    heads = (
        *(spoken("Given"), spoken("Bins")),
        *(spoken("Share between groups"), spoken("Of it unsupported")),
    )
    refs = [
        f"given/{c} bins/{b} {each('total low high reason', c, b)}"
        for c, b in np.ndindex(made.reason.shape)
    ]
    told = Told(spoken(CUTS), made, "bins")
    return grid(f"{key}c", spoken("T5, bins"), told, heads, rows_of(rows, "", refs))


def _subjects(kind: str, number: int) -> str:
    """So many features or variables."""
    if kind == "variable":
        return plural(number, "{n} variable", "{n} variables", n=count(number))
    return plural(number, "{n} feature", "{n} features", n=count(number))


def leaning(audit: Audit, grouping: str) -> Iterator[Node]:
    """Everything that stands behind the reliance on one grouping, where the audit has it."""
    for key, gated in keyed("t5s", audit.further.shortcuts):
        if gated.grouping == grouping:
            yield from gate(key, gated)
    for key, moved in keyed("t5l", audit.further.levers):
        if moved.grouping == grouping:
            yield from levers(key, moved)


def gate(key: str, record: Shortcut) -> Iterator[Node]:
    """The word with its reason, the four criteria, and sets by their excess over the twin."""
    yield p(class_="reading", data_ref=at(record, "reason"))[
        f"{spoken(WORD[record.word])}: {say(record.reason.rstrip('. '))}."
    ]
    if record.word == "not_estimable":
        return
    rows = [
        [spoken(NEEDS[rule]), evidence(_found(record, rule)), str(met)]
        for rule, met in zip(CRITERIA, record.met, strict=True)
    ]
    named = spoken(
        GATE,
        grouping=record.grouping,
        given=record.given,
        n=count(float(record.n) or float("nan"), fewer()),
    )
    told = Told(named, record, "grouping n")
    some = rows_of(rows, "", [f"{FOUND[rule]} reasons" for rule in CRITERIA])
    heads = (spoken("A shortcut needs"), spoken("Found"), spoken("Met"))
    yield grid(key, spoken("T5, gate"), told, heads, some)
    if record.refits:
        yield folded(spoken("Set by set, beside the twin"), _sets(key, record))


def _found(record: Shortcut, rule: str) -> str:
    if rule == "share":
        return _three(record, "unsupported")
    if rule == "remainder":
        told = _three(record, "remainder")
        return told if np.isnan(record.remainder[0]) else spoken(CLAIMED, number=told)
    if rule == "intervention":
        return _three(record, "closure")
    mean, _, low = record.excess_total.tolist()
    twin = str(record.reasons[NUMBERS.index("excess_total")])
    over = twin or spoken(OVER, excess=number(mean), low=number(low))
    there = str(record.reasons[NUMBERS.index("outside")])
    slope = _three(record, "outside")
    return over if there else spoken("{excess}; slope elsewhere {slope}", excess=over, slope=slope)


def _three(record: Shortcut, field: str) -> str:
    value, low, high = getattr(record, field).tolist()
    return estimate(value, low, high, reason=str(record.reasons[NUMBERS.index(field)]))


def _sets(key: str, record: Shortcut) -> Element:
    heads = (
        *(kind_head(record.subject_kind), spoken("Share"), spoken("Support")),
        *(spoken("In refits"), spoken("In twins"), spoken("Excess"), spoken("Lower limit")),
    )
    over = record.over
    order = np.argsort(-over.excess, kind="stable").tolist()
    rows: list[list[Node]] = [
        [
            name(record.subjects[j]),
            number(float(record.share[j])),
            support_words(str(record.support[j])),
            *(number(float(a[j])) for a in (over.model, over.twin, over.excess, over.low)),
        ]
        for j in order
    ]
    named = spoken(SETS, kind=record.subject_kind or spoken("feature"), refits=record.refits)
    if any(" more" in subject for subject in record.subjects):
        named += spoken(NAMED_SETS)
    told = Told(named, record, "refits")
    some = rows_of(
        rows, "subjects share over/model over/twin over/excess over/low", order, most=FEW
    )
    return grid(f"{key}m", spoken("T5, twin"), told, heads, some)


def levers(key: str, record: Levers) -> Iterator[Node]:
    """What closes the gap, what is lost within groups, and performance before and after."""
    yield _closing(key, record)
    yield folded(spoken("What these features tell within groups"), _signal(f"{key}w", record))
    if (record.table.kind == "removal").any():
        yield folded(spoken("Performance without these features"), _table(f"{key}p", record))
    for i, note in enumerate(record.notes):
        yield p(class_="quiet", data_ref=at(record, f"notes/{i}"))[say(note)]


def _features(subject: object) -> Node:
    return spoken(WITHOUT) if subject == UNSUPPORTED else name(subject)


def _closing(key: str, record: Levers) -> Element:
    made = record.closing
    heads = (
        *(spoken("Features"), spoken("Done"), spoken("Contrast"), spoken("Gap")),
        *(spoken("Gap afterwards"), spoken("Share closed")),
    )
    rows: list[list[Node]] = []
    for i in range(len(made.kind)):
        gap = (float(a[i]) for a in (made.gap, made.gap_low, made.gap_high))
        shut = (float(a[i]) for a in (made.closure, made.closure_low, made.closure_high))
        pair = (str(made.level[i]), str(made.reference[i]))
        rows.append([
            _features(made.subject[i]),
            str(made.kind[i]),
            name(versus(pair)),
            evidence(estimate(*gap, reason=str(made.reason[i]), sign=True)),
            number(float(made.after[i]), str(made.reason[i])),
            evidence(estimate(*shut, reason=str(made.closure_reason[i]))),
        ])  # fmt: skip
    named = spoken(CLOSING, among=among(record.given), level=confidence(record.alpha))
    base = "subject level reference gap gap_low gap_high after closure closure_low closure_high"
    some = rows_of(rows, below("closing", f"{base} reason closure_reason"), most=FEW)
    return grid(key, spoken("T5, levers"), Told(named, record, "alpha closing/kind"), heads, some)


def _signal(key: str, record: Levers) -> Element:
    made = record.signal
    rows: list[list[Node]] = [
        [
            _features(made.subject[i]),
            spoken("loss of {metric}", metric=metric_name(str(made.metric[i]))),
            evidence(
                estimate(
                    *(float(a[i]) for a in (made.value, made.low, made.high)),
                    reason=str(made.reason[i]),
                )
            ),
        ]
        for i in range(len(made.subject))
    ]
    named = spoken(SIGNAL, level=confidence(record.alpha))
    some = rows_of(rows, below("signal", "subject value low high reason"), most=FEW)
    heads = (spoken("Features"), spoken("What"), spoken("Within groups"))
    return grid(key, spoken("T5, signal"), Told(named, record, "alpha signal/subject"), heads, some)


def _table(key: str, record: Levers) -> Element:
    made = record.table
    heads = (
        *(spoken("Features"), spoken("People"), "n", spoken("Metric")),
        *(spoken("Before"), spoken("Without"), spoken("Change")),
    )
    rows: list[list[Node]] = []
    removed = np.flatnonzero(made.kind == "removal").tolist()
    for i in removed:
        why = str(made.reason[i])
        before, after, change = (
            estimate(*(float(getattr(made, f"{side}{end}")[i]) for end in ("", "_low", "_high")),
                     reason=why, sign=side == "change")
            for side in ("before", "after", "change")
        )  # fmt: skip
        rows.append([
            _features(made.subject[i]), name(made.part[i]),
            size(count(float(made.n[i]))), metric_name(str(made.metric[i])),
            evidence(before), evidence(after), evidence(change),
        ])  # fmt: skip
    sides = " ".join(f"{side} {side}_low {side}_high" for side in ("before", "after", "change"))
    some = rows_of(rows, below("table", f"subject part n reason {sides}"), removed)
    told = Told(spoken(TABLE), record, "table/kind")
    return grid(key, spoken("T5, without"), told, heads, some)
