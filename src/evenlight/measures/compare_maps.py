"""Whether positions add other things for other people: maps compared position by position."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from evenlight.arrays import Bool, Float, Int, Text, Values
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.groups import Axes, Groups
from evenlight.data.space import Space, shared_space
from evenlight.errors import AttributionError, GroupError
from evenlight.measures.common_people import common_people
from evenlight.measures.comparison import View
from evenlight.measures.convergence import unconverged_reasons
from evenlight.measures.counted import told_left
from evenlight.measures.hidden_people import at_shown, shown_people, shown_sd
from evenlight.measures.map_family import (
    KEPT,
    AskedView,
    MapAsk,
    Piece,
    TestedMaps,
    asked_view,
    cluster_records,
    pieces,
    points,
    rounded,
    tested_maps,
)
from evenlight.measures.map_rows import Flat, bands, fits_space, mask_of, sigma_of
from evenlight.measures.map_testing import MapTesting
from evenlight.measures.mapped import MapCluster, MapComparison
from evenlight.measures.own_outcome import own_outcome
from evenlight.measures.prepare import Setting, several
from evenlight.measures.tested import Asked, overlap
from evenlight.small_groups import hidden_text, least_shown
from evenlight.stats.cluster_mass import Grid, height_of
from evenlight.stats.disclosure import shown_counts
from evenlight.stats.drawn_in import drawn_in
from evenlight.stats.effects import unit_means


def compare_maps(
    attributions: Attributions,
    cohort: Cohort,
    *,
    by: str | Groups,
    regions: FeatureSets | None = None,
    mask: Values | None = None,
    testing: MapTesting | None = None,
    rng: np.random.Generator | int = 0,
) -> MapComparison:
    """Compare attribution maps (n, c, *s) between the groups of `by`, position by position.

    Views: *signed* (attribution), *magnitude* (|attribution|) and, where the attributions hold it
    (`explain(..., sensitivity=True)`), *sensitivity* (the path-averaged gradient, by one unit of
    x); each given nothing and given the outcome. Channels of a position are added up. Units,
    strata, covariates and sampling weights count as in `compare`: whole units are permuted within
    strata, and differences are studentised. Neighbouring positions that differ together are one
    cluster, judged by its mass over all clusters and contrasts of the view (`stats.cluster_mass`).

    The mean over several images is less skewed than one image: where the groups have unlike numbers
    of images a unit, as many of each are compared (`measures.unlike_rows`). Mean maps are of all.

    Maps are of the same people by every grouping that the cohort declares: nobody of a hidden part
    of any of them is in any map, and some others beside them are not (`measures.common_people`).

    That a map shows no cluster does not make maps alike: no position has an interval here. What is
    similar is said of regions, by `compare(attributions.by(regions), ...)`.

    Parameters
    ----------
    attributions, cohort
        maps whose positions mean the same place in every row (`Features.space`).
    regions
        sets of positions, as `FeatureSets.from_label_map` makes, by which clusters are named.
    mask
        (*s), other than 0 at the positions that are asked, as the inside of the body; all by
        default. It must not be drawn after a look at the groups.

    Raises
    ------
    CohortError
        where positions do not mean the same place in every row.
    AttributionError
        for attributions that are no maps of these positions, and where the output never varies.
    GroupError
        where there is nothing to compare, and for axes.
    """
    asked = _asked_for(testing, by)
    space = shared_space(cohort.features.space, what="comparing maps position by position")
    own_outcome(attributions.target, cohort)
    made = attributions.at(cohort)
    fits_space(made.values, space, cohort)
    here = _common(cohort, by, made.converged)
    made = at_shown(made, here)
    unit = shown_sd(here, made.total())
    if not unit > 0:
        raise AttributionError(
            "the output does not vary within groups; there is nothing to compare"
        )
    where = mask_of(mask, space)
    named = None if regions is None else _owners(regions, made, space)
    ask = MapAsk(here, space, Grid(where), height_of(asked.forming), asked, named)
    lost = unconverged_reasons(made.converged, here.groups, here.cohort.units)
    generator = np.random.default_rng(rng)
    maps = _flat(made, ask)
    views = [
        asked_view(
            View(name, given, made.scale, unit, asked.alpha), ask, lost, generator
        )
        for name in _names(maps) for given in _conditions(here)
    ]  # fmt: skip
    seen, mean = _looked(maps, views, ask)
    return MapComparison(
        grouping=here.groups.name, source=here.groups.source, levels=here.groups.levels,
        contrasts=here.groups.contrasts(), views=tuple(one.view for one in seen),
        target=made.target, method=made.method, space=space, forming=asked.forming,
        height=ask.height, alpha=asked.alpha, draws=asked.draws, smooth=asked.smooth,
        mask=where.astype(np.int64), means=_names(maps), mean=rounded(mean / unit),
        level_reason=_level_reasons(here), **_stacked(seen, ask),
    )  # fmt: skip


def _common(cohort: Cohort, by: str | Groups, kept: Bool) -> Setting:
    """The setting of those whose maps are told, by this grouping and by all others alike."""
    groups = cohort.grouping(by)
    several(groups)
    at = common_people(cohort, groups, kept)
    left = groups.take(at)
    if len(np.unique(left.codes[(left.codes >= 0) & kept[at]])) < 2:
        raise GroupError(
            f"{groups.name}: of fewer than two levels maps can be told: people of small groups, by "
            "any grouping that the cohort declares, and others beside them are in no map; merge "
            "small groups, or declare fewer groupings"
        )
    return shown_people(cohort.take(at), left, kept=kept[at])


def _looked(
    maps: Mapping[str, Flat], views: Sequence[AskedView], ask: MapAsk
) -> tuple[list[TestedMaps], Float]:
    """Each view tested, and mean maps (m, k, *s), in one pass over positions."""
    names, found = _names(maps), dict[int, list[list[Piece | None]]]()
    mean = np.full((len(names), len(ask.here.groups.levels), int(ask.grid.mask.sum())), np.nan)
    for some, *held in bands(maps, ask.here):
        near, raw = ({**own, "magnitude": np.abs(own["signed"])} for own in held)
        for m, name in enumerate(names):
            mean[m, :, some] = _means(raw[name], ask.here)
        for i, view in enumerate(views):
            made = pieces(view, near[view.view.name], raw[view.view.name], some.start, ask)
            found.setdefault(i, []).append(made)
    seen = [tested_maps(view, found[i], ask) for i, view in enumerate(views)]
    laid = ask.laid(mean)
    laid[np.isnan(mean).any(axis=2)] = np.nan
    return seen, laid


def _asked_for(testing: MapTesting | None, by: object) -> MapTesting:
    if isinstance(by, Axes):
        raise GroupError("maps are compared between groups; for axes sum maps by regions first")
    if testing is not None and not isinstance(testing, MapTesting):
        raise AttributionError(
            f"testing is a {type(testing).__name__}; pass ev.MapTesting(forming=..., draws=...)"
        )
    return testing or MapTesting()


def _owners(regions: FeatureSets, made: Attributions, space: Space) -> tuple[tuple[str, ...], Int]:
    """Names of regions and the region of each position (*s), that of its first channel."""
    shape = tuple(int(s) for s in made.values.shape[1:])
    if not (regions.fits((), shape) or regions.fits((), space.shape)):
        raise AttributionError(
            f"the regions are {regions!r}, the maps {shape}; make them with "
            f"FeatureSets.from_label_map(labels, shape={shape})"
        )
    owner = regions.owners().reshape(-1, *space.shape)[0]
    return regions.names, owner


def _conditions(here: Setting) -> tuple[str, ...]:
    held = here.cohort.outcome_kind in ("binary", "categorical", "continuous")
    return ("nothing", "outcome") if held else ("nothing",)


def _flat(made: Attributions, ask: MapAsk) -> dict[str, Flat]:
    """What is read: attributions, and slopes where there are."""
    sigma = sigma_of(ask.space, ask.testing.smooth)
    out = {"signed": Flat(made.values, ask.grid.mask, sigma)}
    if made.sensitivity is not None:
        out["sensitivity"] = Flat(made.sensitivity, ask.grid.mask, sigma)
    return out


def _names(maps: Mapping[str, Flat]) -> tuple[str, ...]:
    """The views, of what is read."""
    return ("signed", "magnitude", *(name for name in maps if name != "signed"))


def _means(rows: Float, here: Setting) -> Float:
    """Means (k, p) of kept rows (n kept, p) by level, over units; NaN where it is too small."""
    each = unit_means(rows, here.unit, here.order)
    out = np.full((len(here.groups.levels), each.shape[1]), np.nan)
    for g in range(len(out)):
        at = here.unit_group == g
        if at.sum() >= least_shown():
            out[g] = drawn_in(each[at]).mean(axis=0)
    return out


def _level_reasons(here: Setting) -> Text:
    small = here.sizes < least_shown()
    return np.where(small, hidden_text(), "")


def _stacked(seen: Sequence[TestedMaps], ask: MapAsk) -> dict[str, Any]:
    """The arrays of the record, (v, c, ...), and its clusters in one list."""
    here = ask.here
    listed: list[MapCluster] = []
    number = np.zeros((len(seen), len(seen[0].asked), int(ask.grid.mask.sum())), dtype=np.int64)
    for v, one in enumerate(seen):
        for c, found in enumerate(one.found):
            if one.null is not None and len(found.mass):
                kept = found.label * (found.label <= KEPT)
                number[v, c] = np.where(kept > 0, kept + len(listed), 0)
                listed += cluster_records(one, (v, c), ask)
    reason = np.array([[a.reason for a in one.asked] for one in seen], dtype=np.str_)
    left = [[(0, 0) if a.reason else _left(a, here) for a in one.asked] for one in seen]
    speaks = [["" if a.reason else overlap(a, _left(a, here)) for a in one.asked] for one in seen]
    limits = np.array([points(one, ask.testing.alpha) for one in seen])
    told = {(one.view, one.contrast) for one in listed if one.p <= ask.testing.alpha}
    verdict = np.where(reason != "", "not_estimable", "cannot_tell").astype("<U13")
    for at in told:
        verdict[at] = "different"
    laid = {name: np.stack([getattr(one, name) for one in seen]) for name in ("effect", "z")}
    gone = np.isnan(laid["effect"]).any(axis=2)
    maps = {name: ask.laid(rounded(values)) for name, values in laid.items()}
    for values in maps.values():
        values[gone] = np.nan
    return {
        **maps, "cluster": ask.laid(number), "clusters": tuple(listed), "reason": reason,
        "found": np.array([[len(f.mass) for f in one.found] for one in seen]),
        "critical": limits[:, 0], "critical_peak": limits[:, 1], "verdict": verdict,
        "n": shown_counts(np.array(left, dtype=np.int64), rounded=here.rounded),
        "population": np.array(speaks, dtype=np.str_),
    }  # fmt: skip


def _left(one: Asked, here: Setting) -> tuple[int, int]:
    """Units of level and reference that enter, a loss of 1 to 10 told as one of 10."""
    told = told_left(here, one.names, one.left, one.total)
    return int(told[0]), int(told[1])
