"""How far two rankings of the same p items agree: RBO, top-k Jaccard, Spearman, Kendall.

Rank-biased overlap (Webber, Moffat and Zobel 2010, ACM TOIS 28:20) of two complete rankings:

    RBO = (1 - r) / r  sum_{d=1..p} r^d A_d + A_p r^p,   A_d = items in both top d / d

Each is 1 for equal rankings. They are statistics of noisy means: even where two groups do not
differ at all, the expected agreement is below 1, and falls with fewer people.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import kendalltau, rankdata

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
    a, b = (rankdata(x, axis=1) for x in (first, second))
    a, b = (x - x.mean(axis=1, keepdims=True) for x in (a, b))
    bottom = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    top = (a * b).sum(axis=1)
    out: Float = np.divide(top, bottom, out=np.zeros(len(a)), where=bottom > 0)
    return out


def kendall(first: Float, second: Float) -> Float:
    """Kendall's tau-b (draws,) of importances (draws, p); 0 where one is all ties."""
    found = [
        kendalltau(a, b, method="asymptotic").statistic for a, b in zip(first, second, strict=True)
    ]
    return np.nan_to_num(np.array(found, dtype=np.float64))


def agreements(first: Float, second: Float, *, k: int) -> Float:
    """All of `STATISTICS` (draws, 4) for importances (draws, p) of two groups."""
    shared = overlaps(places(first), places(second))
    return np.column_stack(
        [
            rank_biased_overlap(shared),
            top_jaccard(shared, k),
            spearman(first, second),
            kendall(first, second),
        ]
    )
