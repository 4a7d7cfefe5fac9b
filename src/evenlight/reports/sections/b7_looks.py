"""B7: what each place adds. Figure F11 of maps, T9 shares of regions, regions that tell a group."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from htpy import Element, Node, p

from evenlight.data.digits import count, estimate, percent, plain, probability
from evenlight.data.shown import short, versus
from evenlight.figures import maps_text
from evenlight.language import spoken
from evenlight.measures.mapped import MapCluster, MapComparison
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
    rows_of,
    say,
)
from evenlight.reports.pointing import Told, at, each
from evenlight.reports.sections.b8_trust import banner
from evenlight.reports.sections.detected import detected
from evenlight.reports.sections.keyed import keyed
from evenlight.reports.sections.regions_told import candidates, telling

SHARED = (
    "The part of all |attribution| that lies in each region, by {grouping}, in per cent, with "
    "pointwise 95 % limits; read it beside the region's part of all positions. A share "
    "says how much, not which way: differences of what regions add are in table T4."
)
CLUSTERS = (
    "Clusters of positions that differ, {contrast}: p over all clusters of the map, {draws} "
    "permutations of whole people; clusters form at a two-sided p of {forming}. A cluster says "
    "that something differs within it, not that each of its positions does."
)
FOLDED = {
    "signed": "Maps of attributions",
    "magnitude": "Maps of their size",
    "sensitivity": "Maps of the output's slopes",
}
"""What folds a map that is not the first, by the name of its view."""


def section(audit: Audit) -> Element | None:
    """Everything by grouping; nothing where no image was audited."""
    beside = audit.further
    made = (beside.maps, beside.region_shares, beside.region_telling, beside.region_within)
    names = dict.fromkeys(record.grouping for records in made for record in records)
    if not names:
        return None
    return block("b7", (_grouping(audit, grouping) for grouping in names))


def _grouping(audit: Audit, grouping: str) -> Element:
    return part(
        spoken("By {grouping}", grouping=grouping),
        banner(audit, grouping),
        candidates(audit, grouping),
        _maps(audit, grouping),
        [
            share_table(key, record)
            for key, record in keyed("t9", audit.further.region_shares)
            if record.grouping == grouping
        ],
        telling(audit, grouping),
        detected(audit, grouping),
    )


def _maps(audit: Audit, grouping: str) -> Iterator[Node]:
    """Each contrast: attributions first; their size and the output's slopes are folded."""
    for key, (record, c, own) in keyed("F11", mapped(audit)):
        if record.grouping == grouping:
            shown = list(_map(audit, key, (record, c, own)))
            between = short(versus(record.contrasts[c]))
            first = own == record.means[0]
            yield shown if first else folded(f"{spoken(FOLDED[own])}, {between}", shown)


def _map(audit: Audit, key: str, one: tuple[MapComparison, int, str]) -> Iterator[Node]:
    """One contrast in words, as a picture, and cluster by cluster."""
    record, c, own = one
    views = [v for v, view in enumerate(record.views) if view.name == own]
    for v in views:
        told = maps_text(record, c, v)
        yield p(class_="reading", data_ref=_map_at(record, c, v))[say(told[:1].upper() + told[1:])]
    made = drawings(audit)
    if key in made:
        yield picture(made[key], ref=_maps_at(record, c, views))
    for v in views:
        if found := record.told(v, c):
            table = cluster_table(f"{key.lower()}c{v}", record, (v, c), found)
            yield folded(spoken("Clusters given {given}", given=record.views[v].given), table)


def _map_at(record: MapComparison, c: int, v: int) -> str:
    """What is told of one map: its people, and all of its clusters."""
    own = [
        f"clusters/{i}"
        for i, one in enumerate(record.clusters)
        if (one.view, one.contrast) == (v, c)
    ]
    return at(
        record, f"contrasts/{c}", *each("n found reason population", v, c).split(), "alpha", *own
    )


def _maps_at(record: MapComparison, c: int, views: list[int]) -> str:
    """What a picture shows: everything that is told of its views, and the means of the groups."""
    told = " ".join(_map_at(record, c, v) for v in views)
    return f"{told} {at(record, 'levels', 'level_reason', 'space')}"


def cluster_table(
    key: str, record: MapComparison, which: tuple[int, int], told: tuple[MapCluster, ...]
) -> Element:
    """T9c: one row a significant cluster, the largest mass first."""
    v, c = which
    known = bool(np.isfinite(told[0].volume))
    volume = [f"{record.space.units}\N{SUPERSCRIPT TWO}" if len(record.space.shape) == 2
              else f"{record.space.units}\N{SUPERSCRIPT THREE}"] if known else []  # fmt: skip
    rows: list[list[Node]] = [
        [
            name(one.region or spoken("not named")),
            percent(one.share, spoken("not named")),
            count(one.size),
            *([plain(one.volume) if one.volume < 1000 else count(one.volume)] if known else []),
            ", ".join(map(str, one.peak)),
            evidence(plain(one.effect)),
            probability(one.p),
        ]
        for one in told
    ]
    slope = record.views[v].name == "sensitivity"
    mean = spoken("Mean, SD(f) a unit" if slope else "Mean, SD(f)")
    heads = (
        *(spoken("Region"), spoken("Of its mass"), spoken("Positions"), *volume, spoken("Peak")),
        *(mean, "p"),
    )
    named = spoken(
        CLUSTERS,
        contrast=_among(short(versus(record.contrasts[c])), record.views[v].given),
        draws=f"{record.draws:,}",
        forming=plain(record.forming),
    )
    caption = Told(named, record, f"contrasts/{c} views/{v} draws forming")
    some = rows_of(rows, "", [at(one) for one in told], most=FEW)
    return grid(key, spoken("T9, clusters"), caption, heads, some)


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
    heads: list[Node] = [spoken("Region"), spoken("Of positions"), *map(name, record.levels)]
    named = spoken(SHARED, grouping=short(record.grouping))
    told = Told(named, record, "grouping levels", "part percent")
    base = " ".join(each("share low high", k) for k in range(len(record.levels)))
    where = [f"{s} {at(record, 'features')}" for s in range(len(record.sets))]
    return grid(key, "T9", told, heads, rows_of(rows, f"sets features {base}", where))


def _share(record: SetShares, k: int, s: int) -> str:
    numbers = (record.share, record.low, record.high)
    return estimate(*(100 * float(a[k, s]) for a in numbers), reason=str(record.reason[k]))


def _among(contrast: str, given: str) -> str:
    """A contrast with those in whom it is looked at."""
    if given == "nothing":
        return contrast
    return spoken("{contrast} among people with the same {given}", contrast=contrast, given=given)
