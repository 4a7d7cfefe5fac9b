"""Linkage disequilibrium: squared correlation of dosages, pruning, and blocks.

Sites are in the order of their columns. Where positions are known, only sites of one chromosome
within `reach` base pairs are compared; else those within `reach` columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.errors import InputError

CUT = 0.2
"""Squared correlation above which two sites are linked."""

BASES = 1_000_000
COLUMNS = 50

FAR_SITES = 500
"""Sites among which far pairs are looked up."""

BLOCK = 512
"""Sites whose partners are looked up at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Where p sites lie: `chromosome` (p,) codes, `position` (p,), and how far linkage reaches.

    Sorted: positions do not fall within a chromosome, and a chromosome is one run.
    """

    chromosome: Int
    position: Int
    reach: int

    def __post_init__(self) -> None:
        if self.chromosome.shape != self.position.shape or self.chromosome.ndim != 1:
            raise InputError(
                f"chromosomes {self.chromosome.shape} and positions {self.position.shape} differ"
            )
        if self.reach < 1:
            raise InputError(f"reach is {self.reach}; linkage reaches 1 or further")
        turn = np.diff(self.chromosome) != 0
        if len(np.unique(self.chromosome)) != int(turn.sum()) + min(len(self.chromosome), 1):
            raise InputError("a chromosome is in two runs of columns; sort the sites by position")
        if (np.diff(self.position)[~turn] < 0).any():
            raise InputError("positions fall within a chromosome; sort the sites by position")

    def ends(self) -> Int:
        """The first site (p,) behind the window that begins at each site."""
        out = np.empty(len(self.position), dtype=np.int64)
        for c in np.unique(self.chromosome):
            own = np.flatnonzero(self.chromosome == c)
            far = np.searchsorted(self.position[own], self.position[own] + self.reach, "right")
            out[own] = own[0] + far
        return out


def by_order(p: int, *, reach: int = COLUMNS) -> Places:
    """Places of p sites of which only the order of columns is known."""
    return Places(np.zeros(p, dtype=np.int64), np.arange(p), reach)


def squared_correlations(left: Float, right: Float) -> Float:
    """Squared correlations of dosages (u, a) and (u, b), (a, b), over people known at both sites.

    0 where one of them does not vary.

    >>> squared_correlations(np.array([[0.0], [1.0], [2.0]]), np.array([[2.0], [1.0], [0.0]]))
    array([[1.]])
    """
    a, b = ~np.isnan(left), ~np.isnan(right)
    x, y = np.where(a, left, 0.0), np.where(b, right, 0.0)
    if a.all() and b.all():
        x, y = x - x.mean(axis=0), y - y.mean(axis=0)
        return _over((x.T @ y) ** 2, np.outer((x**2).sum(axis=0), (y**2).sum(axis=0)))
    a, b = a.astype(np.float64), b.astype(np.float64)
    n, sx, sy = a.T @ b, x.T @ b, a.T @ y
    cross = n * (x.T @ y) - sx * sy
    return _over(cross**2, (n * ((x**2).T @ b) - sx**2) * (n * (a.T @ (y**2)) - sy**2))


def unlinked(dosage: Float, places: Places, *, cut: float = CUT) -> Bool:
    """Sites (p,) of (u, p) to keep so that no two kept ones within reach have r squared > cut.

    Greedy in the order of columns: a site goes if it is linked to one that was kept before it
    (the rule of scikit-allel's locate_unlinked in one window). A site that does not vary stays out.
    """
    _check(dosage, places, cut)
    keep: Bool = np.nanmax(dosage, axis=0, initial=-1.0) > np.nanmin(dosage, axis=0, initial=3.0)
    ends = places.ends()
    for start, near in _windows(dosage, places):
        for i, row in enumerate(near):
            j = start + i
            if keep[j]:
                keep[j + 1 : ends[j]] &= row[i + 1 : ends[j] - start] <= cut
    return keep


def linked_blocks(dosage: Float, places: Places, *, cut: float = CUT) -> Int:
    """The block (p,) of each site of (u, p): runs of sites that linked pairs span, from 0.

    Two neighbours are in one block if a pair within reach with r squared > cut lies across or on
    them. So no two sites of different blocks within reach are linked.
    """
    _check(dosage, places, cut)
    furthest = np.arange(dosage.shape[1])
    for start, near in _windows(dosage, places):
        for i, row in enumerate(near):
            tied = np.flatnonzero(row[i:] > cut)
            furthest[start + i] += int(tied.max(initial=0))
    joined = np.maximum.accumulate(furthest)[:-1] > np.arange(dosage.shape[1] - 1)
    return np.concatenate([[0], np.cumsum(~joined)]).astype(np.int64)


def apart_from_groups(dosage: Float, codes: Int) -> Float:
    """Dosages (u, p) less the mean of their group (u,), so that r squared is that within groups.

    Groups with different frequencies make unlinked sites correlate. People of unknown group are
    one more group.
    """
    out = dosage.copy()
    for level in np.unique(codes):
        own = codes == level
        known = ~np.isnan(dosage[own])
        total = np.where(known, dosage[own], 0.0).sum(axis=0)
        out[own] -= total / np.maximum(known.sum(axis=0), 1)
    return out


def far_linked(dosage: Float, places: Places, *, cut: float = CUT, most: int = FAR_SITES) -> float:
    """The share of pairs out of reach of each other with squared correlation above `cut`.

    On other chromosomes or further apart than linkage reaches, of `most` sites evenly taken, so
    that it is about 0 in one population. NaN where no pair is out of reach.

    >>> x = np.tile([[0.0], [1.0], [2.0], [1.0]], 3)
    >>> far_linked(x, Places(np.array([0, 1, 2]), np.zeros(3, dtype=np.int64), 10))
    1.0
    """
    _check(dosage, places, cut)
    p = dosage.shape[1]
    some = np.unique(np.linspace(0, p - 1, min(most, p)).astype(np.int64))
    tied = squared_correlations(dosage[:, some], dosage[:, some]) > cut
    far = some[None] >= places.ends()[some][:, None]
    return float(tied[far].mean()) if far.any() else float("nan")


def _windows(dosage: Float, places: Places) -> Iterator[tuple[int, Float]]:
    """Squared correlations of runs of sites with all they may be linked to: (start, (b, w))."""
    ends, p = places.ends(), dosage.shape[1]
    for start in range(0, p, BLOCK):
        stop = min(start + BLOCK, p)
        near = squared_correlations(
            dosage[:, start:stop], dosage[:, start : int(ends[start:stop].max())]
        )
        beyond = np.arange(start, start + near.shape[1]) >= ends[start:stop, None]
        yield start, np.where(beyond, 0.0, near)


def _check(dosage: Float, places: Places, cut: float) -> None:
    if len(places.position) != dosage.shape[1]:
        raise InputError(f"{len(places.position)} places for {dosage.shape[1]} sites")
    if not 0 < cut < 1:
        raise InputError(f"cut is {cut}; a squared correlation between 0 and 1 is wanted")


def _over(above: Float, below: Float) -> Float:
    out: Float = np.divide(above, below, out=np.zeros_like(above), where=below > 1e-12)
    return out
