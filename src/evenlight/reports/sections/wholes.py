"""T4w, T4r, T4h: whole explanations, agreement of rankings, sets before features."""

from __future__ import annotations

import numpy as np
from htpy import Element, Node
from htpy import p as paragraph

from evenlight.data.digits import count, estimate, fixed, plain, probability
from evenlight.data.shown import short, versus
from evenlight.language import spoken
from evenlight.measures.agreement import RankAgreement
from evenlight.measures.global_tests import GlobalTests
from evenlight.measures.nested import Hierarchy
from evenlight.reports.parts import evidence, grid, name, rows_of
from evenlight.reports.pointing import Told, at, each
from evenlight.reports.sections.contrasts import both

WHOLE = (
    "Whole explanations by {grouping}: {count} attributions together, in SD of the output. Energy: "
    "0 if distributions are equal; AUC: how well unseen people are told apart, 0.5 by chance. p by "
    "{draws} permutations within strata. A difference here has no cause: other values suffice."
)
RANKS = (
    "Agreement of rankings by {grouping} ({count} ranked by mean |attribution|, Jaccard of the top "
    "{k}); 1 is the same ranking. Noise alone gives what is expected. Limits are 95 %."
)
TREE = (
    "Sets first, by {grouping}, in SD of the output. A feature is tested only inside a set that "
    "differs (adjusted p at most {alpha}); intervals of features allow for this choice. "
    "Self-contained: whether a set differs, not whether more than others."
)
NO_SET = "Of {count} sets of features none differs by {grouping}."


def whole_table(key: str, record: GlobalTests) -> Element:
    """One row a contrast and condition."""
    rows: list[list[Node]] = []
    for g, given in enumerate(record.given):
        for c, pair in enumerate(record.contrasts):
            why = str(record.reason[g, c])
            energy, expected = (float(a[g, c]) for a in (record.energy, record.energy_expected))
            numbers = {"energy": fixed(energy, 3), "expected": fixed(expected, 3)}
            seen = why or spoken("{energy} (expected {expected})", **numbers)
            limits = (float(a[g, c]) for a in (record.auc, record.auc_low, record.auc_high))
            rows.append(
                [
                    versus(pair),
                    spoken("the same outcome" if given == "outcome" else "all people"),
                    both(count(int(n)) for n in record.n[g, c]),
                    evidence(seen),
                    probability(float(record.energy_holm[g, c]), spoken("not tested")),
                    evidence(estimate(*limits, reason=why)),
                    probability(float(record.auc_holm[g, c]), spoken("not tested")),
                ]
            )
    text = spoken(
        WHOLE,
        grouping=short(record.grouping),
        count=len(record.subjects),
        draws=f"{record.draws:,}",
    )
    text = " ".join([text, *sorted({str(s) for s in record.population.flat if s})])
    heads = [
        *(spoken("Contrast"), spoken("Among"), spoken("People")),
        *(spoken("Energy"), spoken("Adjusted p"), "AUC", spoken("Adjusted p")),
    ]
    fields = "energy energy_expected reason n energy_holm auc auc_low auc_high auc_holm"
    refs = [f"contrasts/{c} {each(fields, g, c)}" for g, c in np.ndindex(record.reason.shape)]
    told = Told(text, record, "grouping subjects draws population")
    return grid(key, "T4w", told, heads, rows_of(rows, "", refs))


def agreement_table(key: str, record: RankAgreement) -> Element:
    """One row a contrast and statistic."""
    rows: list[list[Node]] = []
    for c, pair in enumerate(record.contrasts):
        for s, statistic in enumerate(record.statistics):
            limits = (float(a[c, s]) for a in (record.value, record.low, record.high))
            why = str(record.reason[c, s])
            alone = why or fixed(float(record.expected[c, s]), 2)
            rows.append(
                [
                    versus(pair),
                    statistic,
                    evidence(estimate(*limits, reason=why)),
                    alone,
                    probability(float(record.p[c, s]), spoken("not tested")),
                ]
            )
    text = spoken(RANKS, grouping=short(record.grouping), count=len(record.subjects), k=record.k)
    heads = [
        *(spoken("Contrast"), spoken("Statistic"), spoken("Agreement")),
        *(spoken("Expected without a difference"), "p"),
    ]
    refs = [
        f"contrasts/{c} statistics/{s} {each('value low high reason expected p', c, s)}"
        for c, s in np.ndindex(record.value.shape)
    ]
    told = Told(f"{text} {record.population}".strip(), record, "grouping subjects k population")
    return grid(key, "T4r", told, heads, rows_of(rows, "", refs))


def tree_table(key: str, record: Hierarchy) -> Element:
    """One row a set that differs, followed by its features that differ; least p first."""
    rows: list[list[Node]] = []
    refs: list[str] = []
    order = np.argsort(np.nan_to_num(record.set_q, nan=2.0), axis=None, kind="stable")
    for c, s in zip(*np.unravel_index(order, record.set_q.shape), strict=True):
        if not record.set_q[c, s] <= record.alpha:
            break
        limits = (float(a[c, s]) for a in (record.set_effect, record.set_low, record.set_high))
        numbers = evidence(estimate(*limits, sign=True))
        p = probability(float(record.set_q[c, s]))
        size = spoken("sum of {count}", count=int(record.size[s]))
        rows.append([name(record.sets[s]), versus(record.contrasts[c]), size, numbers, p])
        refs.append(f"sets/{s} contrasts/{c} size/{s} {each(OF_SET, int(c), int(s))}")
        own = _inside(record, int(c), int(s))
        rows += [row for row, _ in own]
        refs += [ref for _, ref in own]
    if not rows:
        none = {"count": count(len(record.sets)), "grouping": short(record.grouping)}
        where = at(record, "sets", "grouping")
        return paragraph(class_="quiet", data_ref=where)[spoken(NO_SET, **none)]
    text = spoken(TREE, grouping=short(record.grouping), alpha=plain(record.alpha))
    told = Told(text, record, "grouping alpha")
    heads = [
        *(spoken("Set"), spoken("Contrast"), spoken("Of")),
        *(spoken("Difference"), spoken("Adjusted p")),
    ]
    return grid(key, "T4h", told, heads, rows_of(rows, "", refs))


OF_SET = "set_effect set_low set_high set_q"
OF_FEATURE = "effect low high q"


def _inside(record: Hierarchy, c: int, s: int) -> list[tuple[list[Node], str]]:
    """The features of one set that differ, each row with its pointers."""
    own = (record.row_contrast == c) & (record.row_set == s) & (record.q <= record.alpha)
    rows: list[tuple[list[Node], str]] = []
    for r in np.flatnonzero(own).tolist():
        limits = (float(a[r]) for a in (record.effect, record.low, record.high))
        feature = name(record.subjects[record.row_subject[r]])
        numbers = evidence(estimate(*limits, sign=True))
        p = probability(float(record.q[r]))
        row: list[Node] = [name(record.sets[s]), versus(record.contrasts[c]), feature, numbers, p]
        subject = f"subjects/{record.row_subject[r]}"
        rows.append((row, f"sets/{s} contrasts/{c} {subject} {each(OF_FEATURE, r)}"))
    return rows
