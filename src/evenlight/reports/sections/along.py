"""T4a and T4g: attributions along continuous ancestry, and all groups of a grouping together."""

from __future__ import annotations

import numpy as np
from htpy import Element, Node

from evenlight.data.digits import confidence, count, plain, probability
from evenlight.data.shown import short
from evenlight.language import spoken
from evenlight.measures.axes_omnibus import AxesOmnibus
from evenlight.measures.comparison import Comparison
from evenlight.measures.omnibus import Omnibus
from evenlight.reports.parts import FEW, folded, grid, name, rows_of
from evenlight.reports.pointing import Told, each
from evenlight.reports.sections.contrasts import judged

ALONG = (
    "Along {axis} (n = {n}): change of an attribution in SD of the output per SD of the axis, "
    "beside the other axes, covariates and strata, with simultaneous {level} intervals; margin "
    "{margin}. The {shown} largest of {all}."
)
TOGETHER = (
    "All {k} groups of {grouping} together: whether any differ. Welch's F within strata that hold "
    "every group, by {draws} permutations; rank p is the same of ranks. {note}"
)
JOINT = (
    "All axes of {axes} together (n = {n}): slopes jointly, and distance covariance, which sees "
    "curves as well; adjusted p over all features."
)


def gradient_table(key: str, record: Comparison, c: int) -> Element:
    """The subjects that follow one axis most, of the signed view."""
    size = np.nan_to_num(np.abs(record.effect[0, c]))
    chosen = np.argsort(-size, kind="stable")[:FEW].tolist()
    named = spoken(
        ALONG,
        axis=short(record.contrasts[c][0]),
        n=count(float(record.n[0, c, 0])),
        level=confidence(record.views[0].alpha),
        margin=plain(record.margin),
        shown=len(chosen),
        all=count(len(record.subjects)),
    )
    rows: list[list[Node]] = [
        [
            name(record.subjects[j]),
            *judged(record, 0, c, j),
            probability(float(record.p_maxt[0, c, j]), spoken("not tested")),
        ]
        for j in chosen
    ]
    told = Told(named, record, f"contrasts/{c} n/0/{c} views/0 margin subjects")
    base = f"subjects {each('effect low high p_maxt reason', 0, c)}"
    heads = [spoken("Feature"), spoken("Change"), spoken("Verdict"), spoken("Adjusted p")]
    return grid(key, "T4a", told, heads, rows_of(rows, base, chosen))


def joint_table(key: str, record: AxesOmnibus) -> Element:
    """Every subject by both tests of all axes, the least p first, folded."""
    order = np.argsort(np.nan_to_num(record.wald_p, nan=2.0), kind="stable")[:FEW].tolist()
    rows: list[list[Node]] = [
        [
            name(record.subjects[j]),
            probability(float(record.wald_p_maxt[j]), str(record.reason[j])),
            probability(float(record.dependence_p_maxt[j]), str(record.reason[j])),
        ]
        for j in order
    ]
    named = spoken(JOINT, axes=short(record.axes), n=count(record.units))
    told = Told(named, record, "axes units")
    some = rows_of(rows, "subjects wald_p_maxt dependence_p_maxt reason", order)
    heads = [spoken("Feature"), spoken("Slopes"), spoken("Distances")]
    table = grid(key, spoken("T4a, jointly"), told, heads, some)
    return folded(spoken("All axes together"), table)


def together_table(key: str, record: Omnibus) -> Element:
    """The subjects whose groups differ most surely, of the signed view, folded."""
    order = np.argsort(np.nan_to_num(record.p[0], nan=2.0), kind="stable")[:FEW].tolist()
    rows: list[list[Node]] = [
        [
            name(record.subjects[j]),
            probability(float(record.p_maxt[0, j]), str(record.reason[0, j])),
            probability(float(record.rank_p[0, j]), str(record.reason[0, j])),
        ]
        for j in order
    ]
    named = spoken(
        TOGETHER,
        k=len(record.levels),
        grouping=short(record.grouping),
        draws=f"{record.draws:,}",
        note=record.note,
    )
    told = Told(named, record, "levels grouping draws note")
    some = rows_of(rows, f"subjects {each('p_maxt rank_p reason', 0)}", order)
    heads = [spoken("Feature"), spoken("Adjusted p"), spoken("Rank p")]
    table = grid(key, "T4g", told, heads, some)
    return folded(spoken("All groups together"), table)
