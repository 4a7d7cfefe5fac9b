"""People of whom sums by every grouping may be told exactly, though positions are many.

Rounding hides one person in one number; errors of rounding at a thousand positions average out. So
what is told by position is told of the same people by every grouping, and the others are in none of
it: those of a hidden level of any grouping; those of small cells, where sums over the groups of
several groupings, put together, would be sums over few people (`stats.differencing`).

Another table may tell exact sums over everybody by some groupings (regions, of which positions are
parts). What it tells more is a sum over those left out; so in each cell of these groupings nobody
is left out, or as many people as may be shown.
"""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Bool, Int
from evenlight.stats.differencing import told_apart


def common_units(codes: Int, exact: Bool, rank: Int, *, smallest: int) -> Bool:
    """Units (u,) of whom positions are told; nobody, where the others could be solved for.

    `codes` (u, m) are levels of each grouping, -1 unknown; `exact` (m,) those of which other tables
    tell sums over everybody; `rank` (u,) says who is left out first beside those who must be.

    >>> sex, race = np.arange(60) % 2, np.repeat([0, 1, 2], [30, 29, 1])
    >>> codes = np.column_stack([sex, race])
    >>> (~common_units(codes, np.array([True, False]), np.arange(60), smallest=11)).sum()
    np.int64(11)
    """
    first = np.ones(len(codes), dtype=bool)
    for every in (False, True):
        kept = _settled(codes, exact, rank, first, smallest, every)
        if kept.all() or not _tells(codes[~kept][:, exact], smallest):
            return kept
    return np.zeros(len(codes), dtype=bool)


def _settled(codes: Int, exact: Bool, rank: Int, kept: Bool, smallest: int, every: bool) -> Bool:
    """Who is left when leaving out asks for no more."""
    while True:
        fewer = _of_many(codes, kept, smallest)
        fewer = _not_apart(codes, fewer, smallest)
        fewer = _beside(codes, exact, rank, fewer, smallest, every)
        if (fewer == kept).all():
            return kept
        kept = fewer


def _of_many(codes: Int, kept: Bool, smallest: int) -> Bool:
    """Without units of levels of whom fewer are kept."""
    out = kept.copy()
    for own in codes.T + 1:
        out &= np.bincount(own[kept], minlength=int(own.max()) + 1)[own] >= smallest
    return out


def _not_apart(codes: Int, kept: Bool, smallest: int) -> Bool:
    """Without units of small cells, where sums over levels would tell them."""
    out = kept.copy()
    if kept.any() and told_apart(codes[kept], smallest=smallest).any():
        _, cell, size = np.unique(codes[kept], axis=0, return_inverse=True, return_counts=True)
        out[np.flatnonzero(kept)] = size[cell.ravel()] >= smallest
    return out


def _beside(codes: Int, exact: Bool, rank: Int, kept: Bool, smallest: int, every: bool) -> Bool:
    """As many left out of each cell of the exact groupings as may be told, or nobody.

    Where `every` cell of them loses some, those of small cells are told by no difference.
    """
    out = kept.copy()
    if kept.all() or not exact.any():
        return out
    _, cell = np.unique(codes[:, exact], axis=0, return_inverse=True)
    whole = np.unique(codes, axis=0, return_inverse=True)[1].ravel()
    lost = np.bincount(cell.ravel(), weights=~kept).astype(np.int64)
    for k in np.flatnonzero((lost > 0) | every):
        own = np.flatnonzero(kept & (cell.ravel() == k))
        size = np.bincount(whole[own], minlength=len(whole))[whole[own]]
        first = np.lexsort((rank[own], whole[own], -size))
        out[own[first[: max(0, smallest - int(lost[k]))]]] = False
    return out


def _tells(codes: Int, smallest: int) -> bool:
    """Whether sums over levels (u, m) of those left out are sums over few."""
    small = (np.unique(own, return_counts=True)[1].min() < smallest for own in codes.T)
    return codes.shape[1] > 0 and (any(small) or bool(told_apart(codes, smallest=smallest).any()))
