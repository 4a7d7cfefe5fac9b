"""Cluster mass: whether neighbouring positions of a map differ together more than chance would.

    Z_j       the statistic of each position (`stats.permutation`), on the normal scale
    height t  positions with Z_j > t, or Z_j < -t, that touch by a face are one cluster
    mass      sum over a cluster of |Z_j| - t
    p         (1 + draws whose largest mass is as large) / (1 + draws)

All positions of a draw are permuted together, so the largest mass of a draw keeps the dependence of
neighbours, whatever it is; p holds over all clusters of the map at once (strong control over
clusters). It says that something differs within the cluster, not that each position of it does.

The null of each position is first raised to the half-normal where it is lighter and divided by how
much heavier it is (`stats.raised`, `stats.balanced`; its observed Z is divided likewise), so that
every position passes the height equally often where groups have unequal spread. For that only the
upper tail of each position is sorted, so memory grows with what passes, not with the map.

Bullmore et al. 1999, IEEE Trans Med Imaging 18:32; mass in excess of the height as in nilearn and
FSL; restricted permutation: Winkler et al. 2014, NeuroImage 92:381.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.special import ndtr, ndtri

from evenlight.arrays import Bool, Float, Int, Values
from evenlight.errors import InputError
from evenlight.stats.balanced import heaviness
from evenlight.stats.multiplicity import GUARD
from evenlight.stats.raised import half_normal, upper_tail

TAIL = 0.06
"""The share of each null that is sorted, at least."""

HELD = 2**22
"""Statistics of draws that are held at once."""

Null = Callable[[slice], Values]
"""Z* (k, draws) of some columns of a map."""


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Where the p columns of a map lie: at the positions of `mask` (*s), in their flat order."""

    mask: Bool

    @property
    def padded(self) -> tuple[int, ...]:
        """The shape with one empty position behind each axis, so that no row touches the next."""
        return tuple(side + 1 for side in self.mask.shape)

    @property
    def places(self) -> Int:
        """The flat position of each column (p,) in the padded map."""
        return np.ravel_multi_index(np.nonzero(self.mask), self.padded).astype(np.int64)

    @property
    def steps(self) -> tuple[int, ...]:
        """How far the next position along each axis lies in the padded, flat map."""
        return tuple(int(np.prod(self.padded[a + 1 :])) for a in range(len(self.padded)))


@dataclass(frozen=True, slots=True, eq=False)
class NullMaps:
    """What chance does, (draws,): the largest `mass`, the largest |Z| (`peak`).

    `scale` (p,) is what each position's statistic is divided by; `exact` says that the draws are
    all arrangements of the labels, the observed one among them.
    """

    mass: Float
    peak: Float
    scale: Float
    exact: bool = False

    def p_mass(self, mass: Float) -> Float:
        """P of clusters of some mass (k,), over all clusters of all maps."""
        return _p(mass, self.mass, self.exact)

    def p_peak(self, size: Float) -> Float:
        """P of a |Z| (k,) over all positions (single-step max-T)."""
        return _p(size, self.peak, self.exact)


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """Clusters of one map, largest mass first: `label` (p,), 0 none, k the k-th; `mass` (k,)."""

    label: Int
    mass: Float


def height_of(forming: float) -> float:
    """The Z that one position passes, on either side, with probability `forming`.

    Raises InputError unless it lies between 1e-6 and 0.05.

    >>> round(height_of(0.001), 3)
    3.291
    """
    if not 1e-6 <= forming <= 0.05:
        raise InputError(f"forming is {forming}; clusters are formed at a p of 1e-6 to 0.05")
    return float(-ndtri(forming / 2))


def clusters(z: Float, grid: Grid, height: float) -> Clusters:
    """The clusters of statistics z (p,) beyond `height`; above and below 0 apart.

    >>> found = clusters(np.array([4.0, 5.0, 0.0, -4.0]), Grid(np.ones(4, dtype=bool)), 3.0)
    >>> found.label.tolist(), found.mass.tolist()
    ([1, 1, 0, 2], [3.0, 1.0])
    """
    label = np.zeros(len(z), dtype=np.int64)
    at = np.flatnonzero(np.abs(z) > height)
    if not len(at):
        return Clusters(label, np.zeros(0))
    owner = _touching((z[at] < 0).astype(np.int64), grid.places[at], grid)
    mass = np.bincount(owner, weights=np.abs(z[at]) - height)
    order = np.argsort(-mass, kind="stable")
    label[at] = np.argsort(order)[owner] + 1
    return Clusters(label, np.asarray(mass[order], dtype=np.float64))


@dataclass(frozen=True, slots=True, eq=False)
class NullPart:
    """The null of some columns of a map, from the column `start` on.

    `peak` (draws,) is the largest |Z| of each draw, `scale` (k,) what columns are divided by, and
    no draw passes `bound` but those in `peak`. `draw`, `column` and `z` (m,) are those beyond the
    height.
    """

    start: int
    peak: Float
    scale: Float
    bound: float
    draw: Values
    column: Int
    z: Float


def null_parts(
    null: Null, k: int, start: int, *, height: float, draws: int, exact: bool
) -> list[NullPart]:
    """The nulls of k columns, of a map from `start` on.

    `null(columns)` gives Z* (k, draws) of some columns, the same draws at every call; it is asked
    once for each column.
    """
    return [_part(null(some), start + some.start, height, exact) for some in _parts(k, draws)]


def null_maps_of(
    parts: list[NullPart], grid: Grid, *, height: float, exact: bool = False
) -> NullMaps:
    """The nulls of all columns of a map, in any parts, as one."""
    parts = sorted(parts, key=lambda one: one.start)
    scale = np.concatenate([one.scale for one in parts])
    peak = np.max([one.peak for one in parts], axis=0)
    bound = max(one.bound for one in parts)
    over = [(one.draw, one.column, one.z) for one in parts]
    mass = _largest(over, grid, height, len(peak))
    return NullMaps(mass, np.maximum(peak, bound), scale, exact)


def together(maps: list[NullMaps]) -> NullMaps:
    """Several maps as one family: the largest of each draw over all of them.

    All arrangements of one map are no draws of another, so two maps are never exact together: a
    list of arrangements becomes as many draws as the others have, at even ranks, in an order that
    is drawn once and for all, so that neither the order of the list nor its length matters.
    `scale` is that of the first.
    """
    if len(maps) == 1:
        return maps[0]
    drawn = [len(one.mass) for one in maps if not one.exact]
    draws = min(drawn) if drawn else max(len(one.mass) for one in maps)
    held = [_as_draws(one, draws, i) for i, one in enumerate(maps)]
    mass, peak = (np.max([pair[k] for pair in held], axis=0) for k in (0, 1))
    return NullMaps(mass, peak, maps[0].scale)


def _as_draws(one: NullMaps, draws: int, i: int) -> tuple[Float, Float]:
    """Mass and peak (draws,) of the i-th map."""
    if not one.exact:
        return one.mass[:draws], one.peak[:draws]
    order = np.lexsort((one.peak, one.mass))
    rank = ((np.arange(draws) + 0.5) * len(order) / draws).astype(np.int64)
    at = np.random.default_rng(i).permutation(order[rank])
    return one.mass[at], one.peak[at]


def _p(size: Float, maxima: Float, exact: bool) -> Float:
    """(1 + draws that reach it) / (1 + draws); of all arrangements their share."""
    plus = int(not exact)
    low = np.sort(maxima)
    reach = len(low) - np.searchsorted(low, size * (1 - GUARD), side="left")
    p: Float = (plus + reach) / (plus + len(low))
    return p


def _parts(p: int, draws: int) -> Iterator[slice]:
    step = max(1, HELD // max(draws, 1))
    return (slice(start, min(start + step, p)) for start in range(0, p, step))


def _part(rows: Values, start: int, height: float, exact: bool) -> NullPart:
    """The part of Z* (k, draws) of some columns."""
    k, draws = rows.shape
    share = max(TAIL, 4 * float(ndtr(-height)))
    peak, scale, bound = np.zeros(draws), np.ones(k), 0.0
    over: list[tuple[Int, Int, Float]] = []
    for j, row in enumerate(rows):
        place, tail, below = _tail(row, share, exact)
        scale[j] = 1.0 if exact else heaviness(tail, draws)
        tail = tail / scale[j]
        peak[place] = np.maximum(peak[place], tail)
        bound = max(bound, below / scale[j])
        there = tail > height
        signed = np.copysign(tail[there], row[place[there]])
        over.append((place[there], np.full(int(there.sum()), start + j), signed))
    draw, column, z = (np.concatenate(part) for part in zip(*over, strict=True))
    return NullPart(start, peak, scale, bound, draw.astype(np.int32), column.astype(np.int64), z)


def _tail(row: Values, share: float, exact: bool) -> tuple[Int, Float, float]:
    """Places and sizes (k,) of the largest draws of one null, raised, and what no other passes."""
    draws, size = len(row), np.abs(np.asarray(row, dtype=np.float64))
    k = max(1, ceil(share * draws))
    if exact:
        return np.arange(draws), size, 0.0
    place, raised, below = upper_tail(size, half_normal(draws), share)
    if len(place) > k:
        below = float(raised[-k - 1])
    return place[-k:].astype(np.int64), raised[-k:], below


def _largest(over: list[tuple[Values, Int, Float]], grid: Grid, height: float, draws: int) -> Float:
    """The largest mass of each draw (draws,), 0 where nothing passes the height."""
    out = np.zeros(draws)
    draw, column, z = (np.concatenate(part) for part in zip(*over, strict=True))
    if not len(draw):
        return out
    owner = _touching(2 * draw.astype(np.int64) + (z < 0), grid.places[column], grid)
    mass = np.bincount(owner, weights=np.abs(z) - height)
    first = np.zeros(len(mass), dtype=np.int64)
    first[owner] = draw
    np.maximum.at(out, first, mass)
    return out


def _touching(block: Int, place: Int, grid: Grid) -> Int:
    """The component (m,) of points at `place` (m,): of one block, and joined by faces."""
    size = int(np.prod(grid.padded))
    key = block * size + place
    order = np.argsort(key, kind="stable")
    held = key[order]
    pairs = []
    for step in grid.steps:
        at = np.searchsorted(held, held + step)
        near = np.flatnonzero(held[np.minimum(at, len(held) - 1)] == held + step)
        pairs.append(np.stack([near, at[near]]))
    edges = np.concatenate(pairs, axis=1)
    shape = (len(held), len(held))
    graph = csr_array((np.ones(edges.shape[1], dtype=np.int8), (edges[0], edges[1])), shape=shape)
    owner = np.empty(len(held), dtype=np.int64)
    owner[order] = connected_components(graph, directed=False)[1]
    return owner
