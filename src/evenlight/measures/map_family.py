"""One view of maps is one family: all its positions and contrasts, by cluster mass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Float, Int, Values
from evenlight.data.space import Space
from evenlight.measures.adjusted import adjusted_arms
from evenlight.measures.arms import Arms, arms_of
from evenlight.measures.comparison import View
from evenlight.measures.map_testing import MapTesting
from evenlight.measures.mapped import MapCluster
from evenlight.measures.prepare import Setting
from evenlight.measures.sloped import Sloped
from evenlight.measures.streamed import Streamed
from evenlight.measures.tested import Asked
from evenlight.stats.cluster_mass import (
    Clusters,
    Grid,
    NullMaps,
    clusters,
    null_maps,
    together,
)
from evenlight.stats.freedman_lane import null_slopes, slopes
from evenlight.stats.multiplicity import upper_point
from evenlight.stats.operands import operands
from evenlight.stats.permutation import difference, normalised, studentise
from evenlight.stats.products import null_rows

KEPT = 40
"""Clusters of one map that are kept, largest mass first."""

DIGITS = 5
"""Significant digits of the numbers of a map."""


@dataclass(frozen=True, slots=True, eq=False)
class MapAsk:
    """What all views share: people, positions, the height of a cluster, and names of regions."""

    here: Setting
    space: Space
    grid: Grid
    height: float
    testing: MapTesting
    regions: tuple[tuple[str, ...], Int] | None

    def laid(self, flat: Values, fill: float = 0.0) -> Values:
        """Columns (..., p) as maps (..., *s)."""
        out = np.full((*flat.shape[:-1], *self.space.shape), fill, dtype=flat.dtype)
        out[..., self.grid.mask] = flat
        return out


@dataclass(frozen=True, slots=True, eq=False)
class TestedMaps:
    """One view: `effect` and `z` (c, p), its clusters by contrast, who entered, and why not."""

    view: View
    effect: Float
    z: Float
    found: list[Clusters]
    null: NullMaps | None
    asked: list[Asked]


def tested_maps(
    view: View, rows: Streamed, ask: MapAsk, lost: Sequence[str], rng: np.random.Generator
) -> TestedMaps:
    """Every contrast of one view as one family."""
    arms = _arms(view.given, rows, ask, rng)
    width, c = rows.shape[1], len(arms)
    effect, z = np.full((2, c, width), np.nan)
    asked, nulls = [], dict[int, NullMaps]()
    for i, (one, why) in enumerate(zip(arms, lost, strict=True)):
        reason = one.reason or why
        asked.append(_asked(one, reason))
        if not reason:
            effect[i], z[i], nulls[i] = _contrast(one, ask)
            effect[i] /= view.unit
            z[i] /= nulls[i].scale
    found = [clusters(np.nan_to_num(row), ask.grid, ask.height) for row in z]
    return TestedMaps(
        view, effect, z, found, together(list(nulls.values())) if nulls else None, asked
    )


def _arms(
    given: str, rows: Streamed, ask: MapAsk, rng: np.random.Generator
) -> Sequence[Arms | Sloped]:
    """The contrasts within strata, or, where there are covariates, beside these."""
    if ask.here.cohort.covariates:
        return adjusted_arms(ask.here, given, rows, draws=ask.testing.draws, rng=rng)
    return arms_of(ask.here, given, rows, draws=ask.testing.draws, rng=rng)


def _contrast(one: Arms | Sloped, ask: MapAsk) -> tuple[Float, Float, NullMaps]:
    """D and Z (p,) of one contrast, and its null."""
    if isinstance(one, Sloped):
        return _sloped(one, ask)
    cells, plan, exact = one.cells.values, one.plan, one.every is not None
    labels = one.labels if one.every is None else one.every
    seen = difference(cells, plan)

    def null(some: slice) -> Values:
        return np.asarray(null_rows(operands(cells[:, some], plan, move=np.asarray), labels))

    made = null_maps(null, ask.grid, height=ask.height, draws=len(labels), exact=exact)
    return seen.effect, seen.statistic, made


def _sloped(one: Sloped, ask: MapAsk) -> tuple[Float, Float, NullMaps]:
    """The same beside covariates: the slope of the group (Freedman and Lane)."""
    regression = one.made
    assert regression is not None
    found = slopes(one.values, regression)
    t = studentise(found.effect[0], found.variance[0], found.s0[0])

    def null(some: slice) -> Values:
        return np.ascontiguousarray(null_slopes(one.values[:, some], regression, one.drawn).T)

    made = null_maps(null, ask.grid, height=ask.height, draws=one.drawn.draws)
    return found.effect[0], normalised(t, np.full(t.shape, found.df[0])), made


def _asked(one: Arms | Sloped, reason: str) -> Asked:
    held = one.plan.weight if isinstance(one, Arms) else np.unique(one.drawn.block)
    return Asked(one.names, one.total, one.left, len(held), reason)


def points(one: TestedMaps, alpha: float) -> tuple[float, float]:
    """The mass and the |Z| that chance reaches with probability alpha; 0 where nothing is asked."""
    if one.null is None:
        return 0.0, 0.0
    points = (
        upper_point(maxima, alpha, exact=one.null.exact)
        for maxima in (one.null.mass, one.null.peak)
    )
    mass, peak = points
    return mass, peak


def cluster_records(one: TestedMaps, at: tuple[int, int], ask: MapAsk) -> list[MapCluster]:
    """The largest clusters of one map as records."""
    found, z, effect = one.found[at[1]], one.z[at[1]], one.effect[at[1]]
    assert one.null is not None
    p = one.null.p_mass(found.mass)
    steps = ask.space.spacing
    each = float(np.prod(steps)) if np.isfinite(steps).all() else float("nan")
    places = np.argwhere(ask.grid.mask)
    out = []
    for k in range(min(len(found.mass), KEPT)):
        own = np.flatnonzero(found.label == k + 1)
        top = own[np.abs(z[own]).argmax()]
        region, share = _region(np.abs(z[own]) - ask.height, own, ask)
        out.append(
            MapCluster(
                view=at[0], contrast=at[1], size=len(own), volume=each * len(own),
                mass=_told(found.mass[k]), p=float(p[k]), peak=tuple(places[top].tolist()),
                peak_z=_told(z[top]), peak_effect=_told(effect[top]),
                peak_p=float(one.null.p_peak(np.abs(z[[top]]))[0]),
                effect=_told(effect[own].mean()), region=region, share=share,
            )
        )  # fmt: skip
    return out


def _region(mass: Float, own: Int, ask: MapAsk) -> tuple[str, float]:
    """The region that holds most of a cluster's mass, and what share of it."""
    if ask.regions is None:
        return "", float("nan")
    names, owner = ask.regions
    held = np.bincount(owner[ask.grid.mask][own], weights=mass, minlength=len(names))
    return names[int(held.argmax())], _told(held.max() / held.sum())


def _told(value: float) -> float:
    return float(f"{float(value):.{DIGITS}g}")


def rounded(values: Float) -> Float:
    """Values to 5 significant digits, NaN as it is."""
    size = np.abs(np.where(np.isfinite(values) & (values != 0), values, 1.0))
    digits = DIGITS - 1 - np.floor(np.log10(size))
    power = 10.0 ** np.abs(digits)
    up, down = np.round(values * power) / power, np.round(values / power) * power
    made: Float = np.where(digits >= 0, up, down)
    return made
