"""Simultaneous intervals for the mean change of units that were seen twice."""

from __future__ import annotations

from math import ceil

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.stats.permutation import from_normal, normalised
from evenlight.stats.unseen import ends_of, unseen


def mean_change(
    values: Float, codes: Int, *, draws: int, rng: np.random.Generator, alpha: float = 0.05
) -> tuple[Float, Float, Float]:
    """Mean (k, p) of changes (u, p) in each group of `codes` (u,), with simultaneous limits.

    mean +- t SE, where t is the 1 - alpha point of the largest |T*| over all groups and columns.
    T* are studentised means of units drawn again (bootstrap-t; Hall 1988, Ann Stat 16:927), put on
    the normal scale by their df, so that a small group costs a large one nothing. Where fewer than
    11 units of a group differ from its usual change, what may differ unseen (`stats.unseen`, for
    all groups and columns together) by as much as changes reach in any group is added. Codes of -1
    are left out; a group of one unit is NaN.

    >>> rng = np.random.default_rng(0)
    >>> change = np.tile([[1.0], [3.0]], (20, 1))
    >>> [x.round(1).item() for x in mean_change(change, np.zeros(40, int), draws=999, rng=rng)]
    [2.0, 1.7, 2.3]
    """
    k = int(codes.max(initial=-1)) + 1
    mean, se, df = np.zeros((3, k, values.shape[1]))
    top = np.zeros(draws)
    for g in range(k):
        own = values[codes == g]
        n = len(own)
        if n < 2:
            mean[g], se[g] = np.nan, np.nan
            continue
        mean[g] = own.mean(axis=0)
        apart = own - mean[g]
        apart[:, np.abs(apart).max(axis=0) <= 1e-12 * np.abs(own).max(axis=0)] = 0.0
        se[g], df[g] = np.sqrt((apart**2).sum(axis=0) / (n * (n - 1))), n - 1
        top = np.maximum(top, _largest(apart, draws, rng))
    critical = float(np.sort(top)[min(ceil((1 - alpha) * (draws + 1)), draws) - 1])
    half = from_normal(critical, df) * se + _unseen(values, codes, k, alpha)
    return mean, mean - half, mean + half


def _unseen(values: Float, codes: Int, k: int, alpha: float) -> Float:
    """What people like those who were not drawn could add to each mean, (k, p)."""
    known = values[codes >= 0]
    out = np.zeros((k, values.shape[1]))
    if not len(known):
        return out
    ends = ends_of(known)
    for g in range(k):
        own = values[codes == g]
        out[g] = unseen(own, ends, alpha=alpha / max(out.size, 1)).sum(axis=0)
    return out


def _largest(apart: Float, draws: int, rng: np.random.Generator) -> Float:
    """The largest |T*| on the normal scale over columns (draws,) of centred values (n, p).

    A draw in which a column does not vary says nothing of it.
    """
    n, p = apart.shape
    square, share = apart**2, np.full(n, 1 / n)
    out = np.zeros(draws)
    step = max(1, 2**22 // max(n, p))
    for start in range(0, draws, step):
        times = rng.multinomial(n, share, size=min(step, draws - start)).astype(np.float64)
        mean, second = times @ apart / n, times @ square / n
        spread = second - mean**2
        moving = spread > 1e-12 * second
        t = mean / np.sqrt(np.where(moving, spread, 1.0) / (n - 1))
        t = np.where(moving, t, 0.0)
        z = np.abs(normalised(t, np.full_like(t, float(n - 1))))
        out[start : start + len(z)] = z.max(axis=1, initial=0.0)
    return out
