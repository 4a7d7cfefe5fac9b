"""B7: where it looks. Figure F11 of maps, T9 shares of regions, and regions that tell the group."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from htpy import Element, Node, p

from evenlight.data.digits import confidence, count, estimate, percent, plain, probability
from evenlight.data.shown import short, versus
from evenlight.figures import maps_text
from evenlight.measures.mapped import MapCluster, MapComparison
from evenlight.measures.regions_telling import READINGS, RegionsTelling
from evenlight.measures.set_shares import SetShares
from evenlight.record import Audit
from evenlight.reports.drawings import drawings, mapped
from evenlight.reports.parts import (
    FEW,
    block,
    evidence,
    folded,
    grid,
    name,
    part,
    picture,
    say,
)
from evenlight.reports.sections.b8_trust import banner
from evenlight.reports.sections.keyed import keyed

SHARED = (
    "The part of all |attribution| that lies in each region, by {grouping}, in per cent, with "
    "pointwise 95 % limits; read it beside the region's part of all positions. Where a model looks "
    "is no evidence of what it does there: differences of what regions add are in table T4."
)
TELLS = (
    "What each region's positions tell of {grouping} among people {among} (2 AUC \N{MINUS SIGN} 1, "
    "cross-fitted over people: 0 tells nothing; q over regions), beside the part of the output's "
    "variance that lies between the groups through it, with simultaneous {level} limits. A region "
    "that tells and carries is a candidate for a shortcut and no more."
)
CLUSTERS = (
    "Clusters of positions that differ, {contrast}{given}: p over all clusters of the map, {draws} "
    "permutations of whole people; clusters form at a two-sided p of {forming}. A cluster says "
    "that something differs within it, not that each of its positions does."
)
FOLDED = {
    "signed": "Maps of attributions",
    "magnitude": "Maps of their size",
    "sensitivity": "Maps of the output's slopes",
}
"""What folds a map that is not the first, by the name of its view."""
NONE = (
    "No region was shown both to tell {grouping} and to carry what the output takes from it{among}."
)
UNASKED = "Which regions are a shortcut to {grouping}{among} cannot be asked here: "
SOME = (
    "Candidates for a shortcut{among}: {regions}. {They} tell {grouping}, and the output takes it "
    "from there; the gate of reliance decides."
)


def section(audit: Audit) -> Element | None:
    """Everything by grouping; nothing where no image was audited."""
    beside = audit.further
    made = (beside.maps, beside.region_shares, beside.region_telling)
    names = dict.fromkeys(record.grouping for records in made for record in records)
    if not names:
        return None
    return block("b7", (_grouping(audit, grouping) for grouping in names))


def _grouping(audit: Audit, grouping: str) -> Element:
    return part(
        f"By {grouping}",
        banner(audit, grouping),
        _candidates(audit, grouping),
        _maps(audit, grouping),
        [
            share_table(key, record)
            for key, record in keyed("t9", audit.further.region_shares)
            if record.grouping == grouping
        ],
        [
            telling_table(key, record)
            for key, record in keyed("t9s", audit.further.region_telling)
            if record.grouping == grouping
        ],
    )


def _candidates(audit: Audit, grouping: str) -> Iterator[Node]:
    """The list of shortcut regions, in a sentence."""
    for record in audit.further.region_telling:
        if record.grouping == grouping:
            i = _strictest(record)
            found = record.candidates(record.given[i])
            told = SOME if found else _none(record, i)
            yield p(class_="reading")[
                say(told.format(
                    grouping=grouping, among=_among(record.given[i]), regions=", ".join(found),
                    They="They" if len(found) > 1 else "It",
                ).replace("It tell ", "It tells "))
            ]  # fmt: skip


def _strictest(record: RegionsTelling) -> int:
    """The strictest condition that could be asked; the first where none could."""
    asked = (record.reading != READINGS[-1]).any(axis=1)
    return int(np.flatnonzero(asked)[-1]) if asked.any() else 0


def _none(record: RegionsTelling, i: int) -> str:
    """Why no region is named: none was shown, or none could be asked."""
    if not (record.reading[i] == READINGS[-1]).all():
        return NONE
    why = str(record.share_reason[i, 0] or record.tells_reason[i, 0])
    return UNASKED + why.replace("{", "(").replace("}", ")").rstrip(".") + "."


def _maps(audit: Audit, grouping: str) -> Iterator[Node]:
    """Each contrast: attributions first; their size and the output's slopes are folded."""
    for key, (record, c, own) in keyed("F11", mapped(audit)):
        if record.grouping == grouping:
            shown = list(_map(audit, key, (record, c, own)))
            between = short(versus(record.contrasts[c]))
            first = own == record.means[0]
            yield shown if first else folded(f"{FOLDED[own]}, {between}", shown)


def _map(audit: Audit, key: str, one: tuple[MapComparison, int, str]) -> Iterator[Node]:
    """One contrast in words, as a picture, and cluster by cluster."""
    record, c, own = one
    views = [v for v, view in enumerate(record.views) if view.name == own]
    for v in views:
        told = maps_text(record, c, v)
        yield p(class_="reading")[say(told[:1].upper() + told[1:])]
    made = drawings(audit)
    if key in made:
        yield picture(made[key])
    for v in views:
        if found := record.told(v, c):
            table = cluster_table(f"{key.lower()}c{v}", record, (v, c), found)
            yield folded(f"Clusters given {record.views[v].given}", table)


def cluster_table(
    key: str, record: MapComparison, at: tuple[int, int], told: tuple[MapCluster, ...]
) -> Element:
    """T9c: one row a significant cluster, the largest mass first."""
    v, c = at
    known = bool(np.isfinite(told[0].volume))
    volume = [f"{record.space.units}\N{SUPERSCRIPT TWO}" if len(record.space.shape) == 2
              else f"{record.space.units}\N{SUPERSCRIPT THREE}"] if known else []  # fmt: skip
    rows: list[list[Node]] = [
        [
            name(one.region or "not named"),
            percent(one.share, "not named"),
            count(one.size),
            *([plain(one.volume) if one.volume < 1000 else count(one.volume)] if known else []),
            ", ".join(map(str, one.peak)),
            evidence(plain(one.effect)),
            probability(one.p),
        ]
        for one in told
    ]
    per = " a unit" if record.views[v].name == "sensitivity" else ""
    heads = ("Region", "Of its mass", "Positions", *volume, "Peak", f"Mean, SD(f){per}", "p")
    named = CLUSTERS.format(
        contrast=short(versus(record.contrasts[c])), given=_among(record.views[v].given),
        draws=f"{record.draws:,}", forming=plain(record.forming),
    )  # fmt: skip
    return grid(key, "T9, clusters", named, heads, rows, most=FEW)


def share_table(key: str, record: SetShares) -> Element:
    """T9: regions as rows, groups as columns."""
    positions = float(record.features.sum())
    rows: list[list[Node]] = [
        [
            name(own),
            percent(float(record.features[s]) / positions, places=1),
            *(evidence(_share(record, k, s)) for k in range(len(record.levels))),
        ]
        for s, own in enumerate(record.sets)
    ]
    heads: list[Node] = ["Region", "Of positions", *(name(level) for level in record.levels)]
    return grid(key, "T9", SHARED.format(grouping=short(record.grouping)), heads, rows)


def _share(record: SetShares, k: int, s: int) -> str:
    numbers = (record.share, record.low, record.high)
    return estimate(*(100 * float(a[k, s]) for a in numbers), reason=str(record.reason[k]))


def telling_table(key: str, record: RegionsTelling) -> Element:
    """T9s: what each region tells and carries in the strictest condition, candidates first."""
    i = _strictest(record)
    order = sorted(
        range(len(record.sets)),
        key=lambda j: (READINGS.index(str(record.reading[i, j])), -abs(_known(record.share[i, j]))),
    )
    rows = [_told(record, i, j) for j in order]
    heads = ("Region", "Tells", "q", "Carries, %", "Reading")
    named = TELLS.format(
        grouping=short(record.grouping), among=_among(record.given[i]).strip() or "of all kinds",
        level=confidence(record.alpha),
    ).replace("people among people", "people")  # fmt: skip
    return grid(key, "T9, shortcuts", named, heads, rows)


def _told(record: RegionsTelling, i: int, j: int) -> list[Node]:
    tells = (float(a[i, j]) for a in (record.tells, record.tells_low, record.tells_high))
    carries = (100 * float(a[i, j]) for a in (record.share, record.share_low, record.share_high))
    why, idle = str(record.tells_reason[i, j]), str(record.share_reason[i, j])
    return [
        name(record.sets[j]),
        evidence(estimate(*tells, reason=why)),
        probability(float(record.tells_q[i, j]), why),
        evidence(estimate(*carries, reason=idle, sign=True)),
        str(record.reading[i, j]),
    ]


def _known(value: float) -> float:
    return float(np.nan_to_num(value))


def _among(given: str) -> str:
    return "" if given == "nothing" else f" among people with the same {given}"
