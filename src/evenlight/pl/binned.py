"""People in bins for a picture: none of fewer than may be told, ends that are no person's own.

Counts are to 5, so that one that is hidden is not the rest of a total.
"""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.figures.beeswarm import shade
from evenlight.figures.densities import Cells, Strips
from evenlight.small_groups import least_shown
from evenlight.stats.disclosure import shown_counts

MOST = 40
"""Bins of a row, and of each side of a plane, at most."""


def strips_of(
    values: Float, *, own: Float | None = None, groups: tuple[Int, int] | None = None
) -> Strips:
    """Values (u, p) of people in bins, in lanes by `groups` (codes (u,), -1 unknown; how many).

    `own` (u, p) is averaged in each bin, between the 5th and the 95th percentile. Bins lie between
    the values that as many people as may be told of lie beyond, who are in the bins at the ends.
    """
    u, p = values.shape
    codes, lanes = (np.zeros(u, dtype=np.int64), 1) if groups is None else groups
    bins = int(np.clip(u / lanes / (2 * least_shown()), 1, MOST))
    count, edges = np.full((p, lanes, bins), np.nan), np.zeros((p, bins + 1))
    means = np.full((p, bins), np.nan)
    for j in range(p):
        edges[j] = edges_of(values[:, j], bins)
        at = _bin(values[:, j], edges[j])
        for k in range(lanes):
            count[j, k] = _told(np.bincount(at[codes == k], minlength=bins))
        if own is not None:
            means[j] = _means(shade(own[:, j]), at, bins)
    return Strips(count, edges, None if own is None else means)


def cells_of(
    places: Float, unit: Int, codes: Int, layers: int, *, value: Float | None = None
) -> Cells:
    """Rows at places (n, 2) in the cells of a grid, counted by their units in each layer.

    `codes` (n,) say the layer of each row, -1 none; `value` (n,) is averaged over units.
    """
    people = len(np.unique(unit))
    side = int(np.clip(np.sqrt(people / (2 * least_shown())), 1, MOST))
    edges = [edges_of(places[:, d], side) for d in (0, 1)]
    cell = _bin(places[:, 0], edges[0]) * side + _bin(places[:, 1], edges[1])
    middles = [(e[1:] + e[:-1]) / 2 for e in edges]
    middle = np.stack([a.ravel() for a in np.meshgrid(*middles, indexing="ij")], axis=1)
    count = np.stack([_told(_units(cell[codes == k], unit[codes == k], side**2))
                      for k in range(layers)])  # fmt: skip
    mean = None if value is None else _unit_means(value, cell, unit, side**2)
    return Cells(middle, np.array([np.diff(e)[0] for e in edges]), count, mean)


def edges_of(values: Float, bins: int) -> Float:
    """The ends of bins (bins + 1,) of one width."""
    known = np.sort(values[np.isfinite(values)])
    if not len(known):
        return np.linspace(-0.5, 0.5, bins + 1)
    k = min(least_shown(), (len(known) + 1) // 2) - 1
    low, high = float(known[k]), float(known[-1 - k])
    wide = high - low if high > low else max(abs(low), 1.0) * 1e-3
    middle = (low + high) / 2
    return np.linspace(middle - wide / 2, middle + wide / 2, bins + 1)


def _bin(values: Float, edges: Float) -> Int:
    """The bin of each value (n,); those beyond the ends are in the last ones."""
    at = np.searchsorted(edges, np.nan_to_num(values, nan=edges[0]), side="right") - 1
    return np.clip(at, 0, len(edges) - 2)


def _told(count: Int) -> Float:
    """Counts to 5, NaN below the smallest number of people."""
    told = shown_counts(count.astype(np.float64), rounded=True)
    return np.where(count < least_shown(), np.nan, told)


def _means(part: Float, at: Int, bins: int) -> Float:
    """The mean (bins,) of what is known, NaN where too few know it."""
    known = np.isfinite(part)
    n = np.bincount(at[known], minlength=bins)
    total = np.bincount(at[known], part[known], minlength=bins)
    return np.where(n < least_shown(), np.nan, total / np.maximum(n, 1))


def _units(cell: Int, unit: Int, cells: int) -> Int:
    """How many units have a row in each cell."""
    pairs = np.unique(np.stack([cell, unit]), axis=1)
    return np.bincount(pairs[0], minlength=cells)


def _unit_means(value: Float, cell: Int, unit: Int, cells: int) -> Float:
    """The mean (cells,) over units of their mean rows in a cell."""
    _, first, which = np.unique(
        np.stack([cell, unit]), axis=1, return_index=True, return_inverse=True
    )
    which = which.ravel()
    each = np.bincount(which, value) / np.bincount(which)
    n = np.bincount(cell[first], minlength=cells)
    return np.bincount(cell[first], each, minlength=cells) / np.maximum(n, 1)
