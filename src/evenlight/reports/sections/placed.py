"""T4l and T4m: attributions by local ancestry, and shares of importance in sets of features."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from htpy import Element, Node

from evenlight.data.digits import confidence, count, estimate, plain, probability
from evenlight.data.shown import short
from evenlight.language import spoken
from evenlight.measures.local_comparison import COPIES, LocalComparison
from evenlight.measures.set_shares import SetShares
from evenlight.record import Audit
from evenlight.reports.drawings import drawings
from evenlight.reports.parts import (
    FEW,
    evidence,
    folded,
    grid,
    groups,
    name,
    part,
    picture,
    rows_of,
    size,
    verdict,
)
from evenlight.reports.pointing import Told, at, each
from evenlight.reports.sections.keyed import keyed
from evenlight.reports.words import ROUNDED

COPY = (
    "Change of an attribution for each copy of {ancestry} at the place of the feature, in SD of "
    "the output, among people of equal global proportions{among} (n = {n}), with simultaneous "
    "{level} intervals; margin {margin}. The {shown} largest of {all}."
)
AMONG = {
    "nothing": "; alleles that differ in frequency may make it",
    "genotype": " and of one genotype at the site",
}
CARRIED = (
    "People with 0, 1 and 2 copies of {ancestry} at the place, and their mean attribution in SD of "
    "the output, adjusted for nothing.{rounded}"
)
SHARED = (
    "The part of all importance (mean |attribution|) that lies in each set of features by "
    "{grouping}, in per cent, with pointwise 95 % limits; read it beside the number of features. "
    "Nothing is tested between groups."
)


def locally(audit: Audit) -> Iterator[Node]:
    """One part a local ancestry."""
    made = drawings(audit)
    for key, record in keyed("t4l", audit.further.by_local_ancestry):
        mark = key.replace("t4l", "F21")
        yield part(
            spoken("By copies of {ancestry} at the place", ancestry=short(record.ancestry)),
            picture(made[mark], record) if mark in made else None,
            (copy_table(f"{key}v{v}", record, v) for v in range(len(record.given))),
            folded(spoken("Who carries how many copies"), carrier_table(f"{key}n", record)),
            ref=at(record, "ancestry"),
        )


def _largest(record: LocalComparison, v: int) -> list[int]:
    size = np.nan_to_num(np.abs(record.effect[v]))
    chosen: list[int] = np.argsort(-size, kind="stable")[:FEW].tolist()
    return chosen


def copy_table(key: str, record: LocalComparison, v: int) -> Element:
    """The subjects that follow local ancestry most, of one view."""
    chosen = _largest(record, v)
    named = spoken(
        COPY,
        ancestry=short(record.ancestry),
        among=spoken(AMONG[record.given[v]]),
        n=count(record.n),
        level=confidence(record.alpha),
        margin=plain(record.margin),
        shown=len(chosen),
        all=count(len(record.subjects)),
    )
    rows: list[list[Node]] = [
        [
            name(record.subjects[j]),
            name(record.places[j] or spoken("no window")),
            evidence(
                estimate(
                    *(float(a[v, j]) for a in (record.effect, record.low, record.high)),
                    reason=str(record.reason[v, j]),
                    sign=True,
                )
            ),
            verdict(str(record.verdict[v, j])),
            probability(float(record.p_maxt[v, j]), spoken("not tested")),
        ]
        for j in chosen
    ]
    heads = (
        *(spoken("Feature"), spoken("Place"), spoken("Change a copy")),
        *(spoken("Verdict"), spoken("Adjusted p")),
    )
    told = Told(named, record, "ancestry n alpha margin subjects")
    base = f"subjects places {each('effect low high reason p_maxt', v)}"
    return grid(key, "T4l", told, heads, rows_of(rows, base, chosen))


def carrier_table(key: str, record: LocalComparison) -> Element:
    """People and their mean attribution by copies, of the same subjects."""
    told = [
        (
            name(record.subjects[j]),
            rows_of(
                [_carried(record, c, j) for c in range(len(COPIES))],
                "",
                [
                    f"subjects/{j} {each('cell_reason mean count', c, j)}"
                    for c in range(len(COPIES))
                ],
            ),
        )
        for j in _largest(record, 0)
    ]
    named = spoken(
        CARRIED, ancestry=short(record.ancestry), rounded=spoken(ROUNDED) if record.rounded else ""
    )
    caption = Told(named, record, "ancestry", "place")
    heads = (spoken("Feature"), spoken("Copies"), spoken("People"), spoken("Mean"))
    return groups(key, spoken("T4l, copies"), caption, heads, told)


def _carried(record: LocalComparison, c: int, j: int) -> list[Node]:
    why = str(record.cell_reason[c, j])
    mean = float(record.mean[c, j])
    return [
        COPIES[c],
        size(count(float(record.count[c, j]), why)),
        why if np.isnan(mean) else plain(round(mean, 3)),
    ]


def shares(audit: Audit) -> Iterator[Node]:
    """One table a grouping and kind of sets."""
    for key, record in keyed("t4m", audit.further.set_shares):
        title = spoken("Where importance lies, by {grouping}", grouping=short(record.grouping))
        yield part(title, share_table(key, record), ref=at(record, "grouping"))


def share_table(key: str, record: SetShares) -> Element:
    """Sets as rows, groups as columns."""
    rows: list[list[Node]] = [
        [
            name(own),
            count(float(record.features[s])),
            *(evidence(_share(record, k, s)) for k in range(len(record.levels))),
        ]
        for s, own in enumerate(record.sets)
    ]
    heads: list[Node] = [
        spoken("Set"),
        spoken("Features"),
        *(name(level) for level in record.levels),
    ]
    named = spoken(SHARED, grouping=short(record.grouping))
    told = Told(named, record, "grouping levels", "percent")
    base = " ".join(each("share low high", k) for k in range(len(record.levels)))
    return grid(key, "T4m", told, heads, rows_of(rows, f"sets features {base}"))


def _share(record: SetShares, k: int, s: int) -> str:
    numbers = (record.share, record.low, record.high)
    return estimate(*(100 * float(a[k, s]) for a in numbers), reason=str(record.reason[k]))
