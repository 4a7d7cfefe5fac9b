"""How far two rankings of the same p items agree: RBO, top-k Jaccard, Spearman, Kendall.

Rank-biased overlap (Webber, Moffat and Zobel 2010, ACM TOIS 28:20) of two complete rankings:

    RBO = (1 - r) / r  sum_{d=1..p} r^d A_d + A_p r^p,   A_d = items in both top d / d

Each is 1 for equal rankings. They are statistics of noisy means: even where two groups do not
differ at all, the expected agreement is below 1, and falls with fewer people.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from evenlight.arrays import Float, Int

PERSISTENCE = 0.9
"""The weight of each further rank of RBO: the first ten hold 86 % of it."""

STATISTICS = ("RBO", "top-k Jaccard", "Spearman", "Kendall")


def places(importance: Float) -> Int:
    """The place of each item, 0 the most important, (draws, p); ties go to the first item.

    >>> places(np.array([[0.1, 0.5, 0.5]])).tolist()
    [[2, 0, 1]]
    """
    order = np.argsort(-importance, axis=1, kind="stable")
    out = np.empty_like(order)
    np.put_along_axis(out, order, np.arange(importance.shape[1])[None], axis=1)
    return out.astype(np.int64)


def overlaps(first: Int, second: Int) -> Int:
    """How many items are in both top d, for d = 1 .. p, (draws, p); from places (draws, p).

    >>> overlaps(np.array([[0, 1, 2]]), np.array([[1, 0, 2]])).tolist()
    [[0, 2, 3]]
    """
    draws, p = first.shape
    enters = np.maximum(first, second) + np.arange(draws)[:, None] * p
    count = np.bincount(enters.ravel(), minlength=draws * p).reshape(draws, p)
    return np.cumsum(count, axis=1).astype(np.int64)


def rank_biased_overlap(shared: Int, *, persistence: float = PERSISTENCE) -> Float:
    """RBO (draws,) from overlaps (draws, p).

    >>> rank_biased_overlap(overlaps(np.array([[0, 1]]), np.array([[1, 0]]))).round(3).tolist()
    [0.9]
    """
    p = shared.shape[1]
    depth = np.arange(1, p + 1)
    weight = (1 - persistence) / persistence * persistence**depth
    agreement = shared / depth
    out: Float = agreement @ weight + agreement[:, -1] * persistence**p
    return out


def top_jaccard(shared: Int, k: int) -> Float:
    """Items in both top k over items in either, (draws,), from overlaps (draws, p).

    >>> top_jaccard(np.array([[1, 1, 3]]), 2).round(3).tolist()
    [0.333]
    """
    both = shared[:, k - 1]
    out: Float = both / (2 * k - both)
    return out


def spearman(first: Float, second: Float) -> Float:
    """Spearman's correlation (draws,) of importances (draws, p); 0 where one is all ties."""
    return correlated(centred_ranks(first), centred_ranks(second))


def centred_ranks(values: Float) -> Float:
    """Mid-ranks of each row of (draws, p), less their mean.

    >>> centred_ranks(np.array([[5.0, 9.0, 9.0]])).tolist()
    [[-1.0, 0.5, 0.5]]
    """
    ranks: Float = rankdata(values, axis=1) - (values.shape[1] + 1) / 2
    return ranks


def correlated(first: Float, second: Float) -> Float:
    """The correlation (draws,) of rows (draws, p) whose mean is 0; 0 where one is 0 throughout."""
    bottom = np.sqrt((first**2).sum(axis=1) * (second**2).sum(axis=1))
    top = np.einsum("np,np->n", first, second)
    out: Float = np.divide(top, bottom, out=np.zeros(len(first)), where=bottom > 0)
    return out


def kendall(first: Float, second: Float) -> Float:
    """Kendall's tau-b (draws,) of importances (draws, p); 0 where one is all ties, or holds NaN.

    (C - D) / sqrt((N - T1) (N - T2)) of N pairs, T1 and T2 of them tied (Kendall 1945, Biometrika
    33:239). All draws at once: discordant pairs are the inversions of the second ranking in the
    order of the first (Knight 1966, JASA 61:436), counted bit by bit.

    >>> kendall(np.array([[1.0, 2.0, 3.0]]), np.array([[1.0, 3.0, 2.0]])).round(3).tolist()
    [0.333]
    """
    p = first.shape[1]
    x, y = _dense(first), _dense(second)
    order = _sorted(y)
    order = np.take_along_axis(order, _sorted(np.take_along_axis(x, order, axis=1)), axis=1)
    x, y = (np.take_along_axis(own, order, axis=1) for own in (x, y))
    discordant = inversions(y)
    pairs = p * (p - 1) // 2
    t1, t2, t12 = _tied(x), _tied(y), _tied(_steps(x * p + y))
    apart = (pairs - t1 - t2 + t12 - 2 * discordant).astype(np.float64)
    lost = (np.isnan(first) | np.isnan(second)).any(axis=1)
    told = (t1 < pairs) & (t2 < pairs) & ~lost
    bottom = np.sqrt(np.where(told, pairs - t1, 1)), np.sqrt(np.where(told, pairs - t2, 1))
    out: Float = np.where(told, np.clip(apart / bottom[0] / bottom[1], -1.0, 1.0), 0.0)
    return out


def inversions(ranks: Int) -> Int:
    """Pairs i < j with a larger rank at i than at j, (draws,), of ranks (draws, p) from 0.

    By the highest bit in which two ranks differ: sorted by the bits above it, the ones that stand
    before each zero.

    >>> inversions(np.array([[2, 0, 1], [0, 1, 1]])).tolist()
    [2, 0]
    """
    draws, p = ranks.shape
    place, out = np.arange(p), np.zeros(draws, dtype=np.int64)
    ranks = ranks.astype(np.int32)
    for bit in reversed(range(int(ranks.max(initial=0)).bit_length())):
        above = ranks >> (bit + 1)
        fresh = np.column_stack([np.zeros((draws, 1), dtype=bool), above[:, 1:] != above[:, :-1]])
        start = np.maximum.accumulate(np.where(fresh, place, 0), axis=1)
        one = (ranks >> bit) & 1
        before = np.cumsum(one, axis=1, dtype=np.int32) - one
        before -= np.take_along_axis(before, start, axis=1)
        out += np.where(one == 0, before, 0).sum(axis=1, dtype=np.int64)
        ranks = np.take_along_axis(ranks, _sorted(ranks >> bit), axis=1)
    return out


def _sorted(ranks: Int) -> Int:
    """The stable order of each row; numpy sorts numbers of two bytes digit by digit, much faster.

    As numpy.sort documents for kind="stable".
    """
    small = ranks.max(initial=0) <= np.iinfo(np.uint16).max
    made = ranks.astype(np.uint16) if small else ranks
    out: Int = np.argsort(made, axis=1, kind="stable")
    return out


def _dense(values: Float) -> Int:
    """Ranks (draws, p) from 0 without gaps, equal values equal."""
    order = np.argsort(values, axis=1, kind="stable")
    out = np.empty(values.shape, dtype=np.int64)
    np.put_along_axis(out, order, _steps(np.take_along_axis(values, order, axis=1)), axis=1)
    return out


def _steps(ordered: NDArray[np.generic]) -> Int:
    """Ranks (draws, p) from 0 without gaps, of rows that are sorted."""
    step = np.zeros(ordered.shape, dtype=np.int64)
    step[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    out: Int = np.cumsum(step, axis=1)
    return out


def _tied(ranks: Int) -> Int:
    """Pairs of equal ranks (draws,), of dense ranks (draws, p)."""
    draws, p = ranks.shape
    at = (ranks + np.arange(draws)[:, None] * p).ravel()
    count = np.bincount(at, minlength=draws * p).reshape(draws, p)
    out: Int = (count * (count - 1) // 2).sum(axis=1)
    return out


def depths(p: int, *, most: int = 200) -> Int:
    """At which numbers of items the top of a ranking of p is told: each of few, fewer of more.

    >>> depths(12).tolist(), depths(5000)[-5:].tolist()
    ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12], [75, 100, 125, 150, 200])
    """
    steps = [*range(1, 11), 12, 15, 20, 25, 30, 40, 50, 60, 75, 100, 125, 150, 200]
    return np.array([d for d in steps if d <= min(p, most)], dtype=np.int64)


def agreements(first: Float, second: Float, *, k: int, shared: Int | None = None) -> Float:
    """All of `STATISTICS` (draws, 4) for importances (draws, p) of two groups.

    `shared` are their overlaps (draws, p), where these are known.
    """
    shared = overlaps(places(first), places(second)) if shared is None else shared
    return np.column_stack(
        [
            rank_biased_overlap(shared),
            top_jaccard(shared, k),
            spearman(first, second),
            kendall(first, second),
        ]
    )
