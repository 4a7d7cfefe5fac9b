"""Means by position that no few units make: what lies far from the rest is drawn in to it.

One image with a name burned into a corner, where all others are black, leaves the name in the mean
of thousands. So of each position the t smallest and largest values of n units are looked at beside
the n - 2 t between them, t = min(10, (n - 1) // 3):

    c     mean of those between
    q     the largest of them (the smallest, on the other side)
    s     (q - c) / z,  z the normal quantile of (t + 1/2) / n from the end
    limit q itself, or c + width * s where that is further

Where all but ten units are alike the limits are what these are, and nothing of the ten is left;
elsewhere one unit moves the mean by at most width * s / n. That is Winsor's mean (Tukey 1962, Ann
Math Stat 33:18) with a fence beyond its ends; without a width it is Winsor's itself.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy.special import ndtri

from evenlight.arrays import Float, Int, Values

FEW = 10
"""Units that are drawn in at each end, where there are enough."""

WIDTH = 4.0
"""How many SD away values of a map are left as they are."""

COLUMNS = 2**20
"""Values that are sorted together."""


def ends_of(n: int) -> int:
    """How many of n units are looked at, at each end.

    >>> ends_of(11), ends_of(400)
    (3, 10)
    """
    return max(0, min(FEW, (n - 1) // 3))


def limits(values: Values, width: float = WIDTH) -> tuple[Float, Float]:
    """The limits (p,), (p,) of values (n, p).

    >>> values = np.zeros((40, 1))
    >>> values[:3] = 255.0
    >>> [side.tolist() for side in limits(values)]
    [[0.0], [0.0]]
    """
    n, t = len(values), ends_of(len(values))
    low, high = (np.empty(values.shape[1]) for _ in range(2))
    step = max(1, COLUMNS // max(n, 1))
    for start in range(0, values.shape[1], step):
        some = slice(start, start + step)
        between = np.sort(np.ascontiguousarray(values[:, some].T), axis=1)[:, t : n - t]
        low[some], high[some] = _limits(between, n, width)
    return low, high


def drawn_in(values: Float, width: float = WIDTH) -> Float:
    """Values (n, p), those beyond the limits of their column drawn in to these."""
    return np.clip(values, *limits(values, width))


def drawn_in_parts(values: Float, side: Int, stratum: Int) -> Float:
    """Values (m, k), each side's (m,) drawn in within its strata (m,), and then within all of it.

    Of a side that is dark at a position but for a few, these are in no mean and in no difference of
    means. Rows of side -1 stay as they are.

    >>> values = np.r_[np.zeros(39), 9.0, np.arange(40.0)][:, None]
    >>> made = drawn_in_parts(values, np.repeat([0, 1], 40), np.zeros(80, dtype=int))
    >>> float(made[39, 0]), float(made[79, 0])
    (0.0, 39.0)
    """
    out = values.copy()
    inside = len(np.unique(stratum[side >= 0])) > 1
    for s in np.unique(side[side >= 0]):
        at = side == s
        for k in np.unique(stratum[at]) if inside else ():
            own = at & (stratum == k)
            out[own] = drawn_in(out[own]) if own.sum() > 2 else out[own]
        out[at] = drawn_in(out[at])
    return out


def winsor_mean(blocks: Iterable[Float], n: int) -> tuple[Float, Float]:
    """Winsor's mean (p,) of n rows that come block by block (m, p), and the SD of what it is of.

    >>> mean, sd = winsor_mean(iter([np.eye(40)[:20], np.eye(40)[20:]]), 40)
    >>> float(np.abs(mean).max()), float(sd.max())
    (0.0, 0.0)
    """
    t = ends_of(n)
    held: Float | None = None
    total, square, low, high = 0.0, 0.0, np.inf, -np.inf
    for block in blocks:
        both = np.sort(block if held is None else np.concatenate([held, block]), axis=0)
        between = both[t : len(both) - t]
        held = both if len(both) <= 2 * t else np.concatenate([both[:t], both[len(both) - t :]])
        if len(between):
            total, square = total + between.sum(axis=0), square + (between**2).sum(axis=0)
            low = np.minimum(low, between[0])
            high = np.maximum(high, between[-1])
    mean = (total + t * (low + high)) / n
    sd = np.sqrt(np.maximum((square + t * (low**2 + high**2)) / n - mean**2, 0.0))
    alike = low == high
    return np.where(alike, low, mean), np.where(alike, 0.0, sd)


def _limits(between: Values, n: int, width: float) -> tuple[Float, Float]:
    """Limits (p,) by what lies between the ends, sorted (p, m), of n units."""
    first, last = (between[:, i].astype(np.float64) for i in (0, -1))
    centre = np.where(first == last, first, between.mean(axis=1, dtype=np.float64))
    z = float(-ndtri((ends_of(n) + 0.5) / n))
    far = max(width / z, 1.0)
    return centre - far * (centre - first), centre + far * (last - centre)
