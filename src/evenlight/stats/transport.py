"""Maps that give one group's people the values of another group's.

Rank is kept: who is high among the own people becomes as high among the others. That is the
optimal transport of one number (Villani 2003, Topics in Optimal Transportation, section 2.2); for
Gaussian vectors it is linear (Dowson and Landau 1982, J Multivariate Anal 12:450).
"""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Float, Int

FLAT = 1e-10
"""Directions with less than this share of the largest variance are taken as constant."""


def matched(own: Float, others: Float, *, rng: np.random.Generator) -> Int:
    """For each of `own` (n,), the position in `others` (m,) of somebody of equal rank, (n,).

    Ties are broken at random, on both sides, and the rank r of n is spread evenly over
    [r / n, (r + 1) / n): each of the others is drawn equally often on average, however many they
    are, so that the mean of what is drawn has no bias. Raises ValueError where nobody is there.

    >>> matched(np.array([5.0, 1.0]), np.array([0.3, 0.1]), rng=np.random.default_rng(0)).tolist()
    [0, 1]
    """
    if not len(others):
        raise ValueError("matched needs somebody to match with")
    rank = np.empty(len(own), dtype=np.int64)
    rank[np.lexsort((rng.random(len(own)), own))] = np.arange(len(own))
    level = (rank + rng.random(len(own))) / max(len(own), 1)
    at = np.minimum((level * len(others)).astype(np.int64), len(others) - 1)
    found: Int = np.lexsort((rng.random(len(others)), others))[at].astype(np.int64)
    return found


def quantile_map(own: Float, others: Float, *, rng: np.random.Generator) -> Float:
    """Each column of `own` (n, q) mapped to the distribution of that column in `others` (m, q).

    Every value that comes out is one of the others': genotypes stay genotypes. Columns are mapped
    one by one, so what ties them together (linkage) is kept only as far as ranks carry it.
    """
    out = np.empty_like(own)
    for j in range(own.shape[1]):
        out[:, j] = others[matched(own[:, j], others[:, j], rng=rng), j]
    return out


def gaussian_map(own: Float, others: Float) -> Float:
    """`own` (n, q) moved by the optimal transport between the Gaussians of own and others (m, q).

    T(x) = mu_B + A^-1/2 (A^1/2 B A^1/2)^1/2 A^-1/2 (x - mu_A), A and B the covariances, divided by
    n - 1. Means and covariances become those of the others exactly; a direction in which own does
    not vary is shifted only. Raises ValueError for fewer than two people on a side.

    >>> gaussian_map(np.array([[0.0], [2.0]]), np.array([[10.0], [14.0]])).tolist()
    [[10.0], [14.0]]
    """
    if min(len(own), len(others)) < 2:
        raise ValueError(f"a Gaussian map needs two people a side, not {len(own)}, {len(others)}")
    a, b = _covariance(own), _covariance(others)
    root, back = _powers(a)
    step = back @ _powers(root @ b @ root)[0] @ back
    moved: Float = others.mean(axis=0) + (own - own.mean(axis=0)) @ step
    return moved


def _covariance(values: Float) -> Float:
    apart = values - values.mean(axis=0)
    made: Float = apart.T @ apart / (len(values) - 1)
    return made


def _powers(matrix: Float) -> tuple[Float, Float]:
    """The square root of a covariance (q, q), and the inverse of that root where it has one."""
    size, axes = np.linalg.eigh((matrix + matrix.T) / 2)
    alive = size > FLAT * max(float(size.max(initial=0.0)), 1e-300)
    root = np.where(alive, np.sqrt(np.maximum(size, 0.0)), 0.0)
    inverse = np.divide(1.0, root, out=np.zeros_like(root), where=alive)
    return (axes * root) @ axes.T, (axes * inverse) @ axes.T
