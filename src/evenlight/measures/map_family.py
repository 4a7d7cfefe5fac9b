"""One view of maps is one family: all its positions and contrasts, by cluster mass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from evenlight.arrays import Bool, Float, Int, Values
from evenlight.data.space import Space
from evenlight.measures.adjusted import adjusted_arms
from evenlight.measures.arms import Arms, arms_of
from evenlight.measures.comparison import View
from evenlight.measures.map_testing import MapTesting
from evenlight.measures.mapped import MapCluster
from evenlight.measures.prepare import Setting
from evenlight.measures.sloped import Sloped
from evenlight.measures.tested import Asked
from evenlight.measures.unlike_rows import alike
from evenlight.stats.cells import Design
from evenlight.stats.cluster_mass import (
    Clusters,
    Grid,
    NullMaps,
    NullPart,
    clusters,
    null_maps_of,
    null_parts,
    together,
)
from evenlight.stats.drawn_in import drawn_in_parts
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
class AskedView:
    """One view and its contrasts, permuted labels and all, before any position is looked at.

    `lost` says why a contrast is not asked, "" where it is. `here` holds the rows that enter, those
    of `rows` (n kept,) among all that are kept.
    """

    view: View
    arms: Sequence[Arms | Sloped]
    lost: tuple[str, ...]
    here: Setting
    rows: Bool

    def reason(self, c: int) -> str:
        """Why a contrast cannot be asked, "" if it can."""
        return self.arms[c].reason or self.lost[c]


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """One contrast at some positions: `z` (k,) as tested; `effect`, `told` (k,) as told; its null.

    What is told is of values of which each group's few far ones are drawn in to its own
    (`stats.drawn_in`): one person's name, among others of the group who are dark there, is in
    neither. What is tested is drawn in whatever the group, as a permutation must be.
    """

    z: Float
    effect: Float
    told: Float
    null: list[NullPart]


@dataclass(frozen=True, slots=True, eq=False)
class TestedMaps:
    """One view: `effect`, `z` as told and `tested` (c, p), clusters by contrast, who entered."""

    view: View
    effect: Float
    z: Float
    tested: Float
    found: list[Clusters]
    null: NullMaps | None
    asked: list[Asked]


def asked_view(view: View, ask: MapAsk, lost: Sequence[str], rng: np.random.Generator) -> AskedView:
    """The contrasts of a view, with labels or orders for all draws."""
    here, rows = alike(ask.here)
    none = np.empty((int(rows.sum()), 0))
    arms = _arms(view.given, none, here, draws=ask.testing.draws, rng=rng)
    return AskedView(view, arms, tuple(lost), here, rows)


def pieces(
    asked: AskedView, near: Float, raw: Float, start: int, ask: MapAsk
) -> list[Piece | None]:
    """Each contrast of a view at positions from `start` on; None where it is not asked.

    Kept rows (n kept, k) drawn in whatever the group, and as they are.
    """
    k, wide = near.shape[1], np.hstack([near[asked.rows], raw[asked.rows]])
    held = _arms(asked.view.given, wide, asked.here, draws=0, rng=np.random.default_rng(0))
    return [
        None if asked.reason(c) else _piece(asked.arms[c], one, k, start, ask)
        for c, one in enumerate(held)
    ]


def tested_maps(
    asked: AskedView, parts: Sequence[Sequence[Piece | None]], ask: MapAsk
) -> TestedMaps:
    """Every contrast of one view as one family, from its pieces (bands, c)."""
    c, width = len(asked.arms), int(ask.grid.mask.sum())
    effect, z, tested = np.full((3, c, width), np.nan)
    nulls = dict[int, NullMaps]()
    for i in range(c):
        if asked.reason(i):
            continue
        own = [cast(Piece, band[i]) for band in parts]
        nulls[i] = _null([part for one in own for part in one.null], asked.arms[i], ask)
        effect[i] = np.concatenate([one.effect for one in own]) / asked.view.unit
        z[i] = np.concatenate([one.told for one in own]) / nulls[i].scale
        tested[i] = np.concatenate([one.z for one in own]) / nulls[i].scale
    found = [clusters(np.nan_to_num(row), ask.grid, ask.height) for row in tested]
    whole = together(list(nulls.values())) if nulls else None
    told = [_asked(one, asked.reason(i)) for i, one in enumerate(asked.arms)]
    return TestedMaps(asked.view, effect, z, tested, found, whole, told)


def _arms(
    given: str, rows: Float, here: Setting, *, draws: int, rng: np.random.Generator
) -> Sequence[Arms | Sloped]:
    """The contrasts within strata, or, where there are covariates, beside these."""
    if here.cohort.covariates:
        return adjusted_arms(here, given, rows, draws=draws, rng=rng)
    return arms_of(here, given, rows, draws=draws, rng=rng)


def _piece(drawn: Arms | Sloped, one: Arms | Sloped, k: int, start: int, ask: MapAsk) -> Piece:
    """One contrast at k positions, twice, whose labels are those of `drawn`."""
    values = one.values if isinstance(one, Sloped) else one.cells.values
    near, raw = (np.ascontiguousarray(values[:, i : i + k]) for i in (0, k))
    if isinstance(one, Sloped):
        return _sloped(cast(Sloped, drawn), near, raw, start, ask)
    return _stratified(cast(Arms, drawn), near, raw, start, ask)


def _stratified(drawn: Arms, cells: Float, raw: Float, start: int, ask: MapAsk) -> Piece:
    """The difference within strata, of cells (m, k) that are drawn in, and as they are."""
    plan, labels = drawn.plan, drawn.labels if drawn.every is None else drawn.every

    def null(some: slice) -> Values:
        return np.asarray(null_rows(operands(cells[:, some], plan, move=np.asarray), labels))

    made = null_parts(
        null,
        cells.shape[1],
        start,
        height=ask.height,
        draws=len(labels),
        exact=drawn.every is not None,
    )
    told = difference(drawn_in_parts(raw, _sides(drawn, plan), drawn.cells.stratum), plan)
    return Piece(difference(cells, plan).statistic, told.effect, told.statistic, made)


def _sides(one: Arms, plan: Design) -> Int:
    """The side of each cell (m,): 1 the level, 0 the reference, -1 of no unit that enters."""
    at = np.searchsorted(plan.units, one.cells.unit)
    at = np.minimum(at, len(plan.units) - 1)
    return np.where(plan.units[at] == one.cells.unit, plan.member[at], -1)


def _sloped(drawn: Sloped, values: Float, raw: Float, start: int, ask: MapAsk) -> Piece:
    """The same beside covariates: the slope of the group (Freedman and Lane)."""
    regression = drawn.made
    assert regression is not None

    def statistic(own: Float) -> tuple[Float, Float]:
        found = slopes(own, regression)
        t = studentise(found.effect[0], found.variance[0], found.s0[0])
        return found.effect[0], normalised(t, np.full(t.shape, found.df[0]))

    def null(some: slice) -> Values:
        return np.ascontiguousarray(null_slopes(values[:, some], regression, drawn.drawn).T)

    side = drawn.side.astype(np.int64)
    effect, told = statistic(drawn_in_parts(raw, side, regression.block))
    made = null_parts(
        null, values.shape[1], start, height=ask.height, draws=drawn.drawn.draws, exact=False
    )
    return Piece(statistic(values)[1], effect, told, made)


def _null(parts: list[NullPart], one: Arms | Sloped, ask: MapAsk) -> NullMaps:
    exact = isinstance(one, Arms) and one.every is not None
    return null_maps_of(parts, ask.grid, height=ask.height, exact=exact)


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
    found, z, effect = one.found[at[1]], one.tested[at[1]], one.effect[at[1]]
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
                peak_z=_told(one.z[at[1]][top]), peak_effect=_told(effect[top]),
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
