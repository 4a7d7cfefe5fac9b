"""Pairs of people who are alike: mutual nearest neighbours by a distance of ranks."""

from __future__ import annotations

import numpy as np
from scipy import stats
from scipy.spatial import cKDTree

from evenlight.arrays import Float, Int

LEAST_SPREAD = 1e-6
"""Directions with less than this part of the largest variance are left out."""

Pairs = tuple[Int, Int, Float]
"""Positions of both, and their distance, each (m,)."""


def rank_space(x: Float) -> Float:
    """Coordinates (u, k) in which Euclidean distance is the Mahalanobis distance of ranks.

    Each column of x (u, p) becomes its ranks, so that outliers do not stretch it, with the
    variance of untied ones, so that rare values do not count for much (Rosenbaum 2010, Design of
    Observational Studies, section 8.3). Divided by sqrt k: two people who differ by one SD in
    every direction are 1 apart.
    """
    ranks = np.column_stack([stats.rankdata(column) for column in x.T])
    apart, own = ranks - ranks.mean(axis=0), ranks.std(axis=0)
    scaled = apart / np.where(own > 0, own, 1.0)
    found, axes = np.linalg.eigh(scaled.T @ scaled / len(x))
    kept = found > LEAST_SPREAD * max(float(found.max(initial=0.0)), 1e-300)
    if not kept.any():
        return np.zeros((len(x), 1))
    untied = np.sqrt((len(x) ** 2 - 1) / 12)
    out: Float = apart / untied @ axes[:, kept] / np.sqrt(found[kept] * kept.sum())
    return out


def nearest_pairs(a: Float, b: Float, *, caliper: float) -> Pairs:
    """One-to-one pairs of rows of a (m, k) and b (n, k), the closest first, none beyond `caliper`.

    Each round pairs those who are each other's nearest among the people left, which gives what
    taking the closest of all remaining pairs again and again gives. Pairs come in the order of a.

    >>> a, b = np.array([[0.0], [1.0]]), np.array([[1.1], [5.0], [0.3]])
    >>> first, second, distance = nearest_pairs(a, b, caliper=1.0)
    >>> first.tolist(), second.tolist(), distance.round(2).tolist()
    ([0, 1], [2, 0], [0.3, 0.1])
    """
    a, b = _untied(a, 1), _untied(b, 2)
    left, right = np.arange(len(a)), np.arange(len(b))
    found: list[Pairs] = []
    while len(left) and len(right):
        far, to = _nearest(b[right], a[left], 1)
        back = _nearest(a[left], b[right], 1)[1][:, 0]
        near, to = far[:, 0] <= caliper, to[:, 0]
        mutual = near & (back[to] == np.arange(len(left)))
        if not mutual.any():
            break
        found.append((left[mutual], right[to[mutual]], far[mutual, 0]))
        left, right = left[near & ~mutual], np.delete(right, to[mutual])
    return _joined(found)


def pairs_within(a: Float, *, caliper: float) -> Pairs:
    """The same among the rows of one group (m, k): each row is in one pair at most."""
    a = _untied(a, 1)
    left = np.arange(len(a))
    found: list[Pairs] = []
    while len(left) > 1:
        far, to = _nearest(a[left], a[left], 2)
        own = np.arange(len(left))
        mate = to[:, 1]
        mutual = (mate[mate] == own) & (own < mate) & (far[:, 1] <= caliper)
        if not mutual.any():
            break
        found.append((left[mutual], left[mate[mutual]], far[mutual, 1]))
        left = np.delete(left, np.concatenate([own[mutual], mate[mutual]]))
    return _joined(found)


def nearest_within(a: Float) -> Float:
    """Distance of each row of one group (m, k) to its nearest neighbour there, (m,)."""
    if len(a) < 2:
        return np.full(len(a), np.inf)
    return _nearest(a, a, 2)[0][:, 1]


def _nearest(among: Float, of: Float, k: int) -> tuple[Float, Int]:
    """Distances and positions (m, k) of the k rows of `among` nearest to each row of `of`."""
    far, at = cKDTree(among).query(of, k=k)
    return np.asarray(far).reshape(len(of), k), np.asarray(at).reshape(len(of), k)


def _untied(a: Float, side: int) -> Float:
    """Rows moved by far less than they differ, so that no two are equally near to a third.

    With ties each round would find one pair in a heap of equal people.
    """
    moved: Float = a + 1e-9 * np.random.default_rng(side).standard_normal(a.shape)
    return moved


def level_line(difference: Float, moved: Float) -> tuple[float, float, float]:
    """Mean difference at equal features with its SE and df, from differences (m,) and (m, k).

    A line through what features still differ, by least squares with HC3 errors (Abadie and Imbens
    2011, J Bus Econ Stat 29:1, adjust alike).
    """
    design = np.column_stack([np.ones(len(difference)), moved])
    back = np.linalg.pinv(design.T @ design)
    slope = back @ (design.T @ difference)
    leverage = np.einsum("ij,jk,ik->i", design, back, design)
    rest = (difference - design @ slope) / np.clip(1 - leverage, 1e-9, None)
    error = np.sqrt((((design @ back)[:, 0] * rest) ** 2).sum())
    return float(slope[0]), float(error), float(len(difference) - np.linalg.matrix_rank(design))


def _joined(found: list[Pairs]) -> Pairs:
    none = np.zeros(0, dtype=np.int64)
    if not found:
        return none, none.copy(), np.zeros(0)
    first, second, far = (np.concatenate([pair[i] for pair in found]) for i in range(3))
    order = np.argsort(first, kind="stable")
    return first[order], second[order], far[order]
