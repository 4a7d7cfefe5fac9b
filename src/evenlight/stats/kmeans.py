"""K-means, and whether its clusters are more than a cut through one cloud."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Float, Int

STARTS, FEW_STARTS = 10, 4
"""Starts for the clustering itself, and for each of many subsamples."""

ROUNDS = 100
SUBSAMPLE = 0.8
"""Share of the units in each subsample."""


def kmeans(x: Float, k: int, *, starts: int = STARTS, rng: np.random.Generator) -> Int:
    """The cluster (n,) of each row of x (n, q), the largest first: the best of some starts.

    Lloyd's algorithm from k-means++ starts (Arthur and Vassilvitskii 2007, SODA). Clusters of one
    size stand in the order of their centres.

    >>> x = np.array([[0.0], [0.1], [0.2], [9.0], [9.1]])
    >>> kmeans(x, 2, rng=np.random.default_rng(0)).tolist()
    [0, 0, 0, 1, 1]
    """
    best, code = np.inf, np.zeros(len(x), dtype=np.int64)
    for _ in range(starts):
        made, inertia = _lloyd(x, _start(x, k, rng))
        if inertia < best * (1 - 1e-12):
            best, code = inertia, made
    return _by_size(x, code, k)


def _start(x: Float, k: int, rng: np.random.Generator) -> Float:
    """Rows drawn far from one another, as the k centres to begin with."""
    centres = [x[rng.integers(len(x))]]
    near = ((x - centres[0]) ** 2).sum(axis=1)
    for _ in range(1, k):
        total = near.sum()
        share = near / total if total > 0 else np.full(len(x), 1 / len(x))
        centres.append(x[rng.choice(len(x), p=share)])
        near = np.minimum(near, ((x - centres[-1]) ** 2).sum(axis=1))
    return np.stack(centres)


def _lloyd(x: Float, centres: Float) -> tuple[Int, float]:
    code = np.full(len(x), -1, dtype=np.int64)
    square = (x**2).sum(axis=1)
    for _ in range(ROUNDS):
        apart = square[:, None] - 2 * x @ centres.T + (centres**2).sum(axis=1)
        new = apart.argmin(axis=1)
        if (new == code).all():
            break
        code = new
        own = code == np.arange(len(centres))[:, None]
        count = own.sum(axis=1, keepdims=True)
        centres = np.where(count > 0, own @ x / np.maximum(count, 1), centres)
    return code, float(np.maximum(apart.min(axis=1), 0).sum())


def _by_size(x: Float, code: Int, k: int) -> Int:
    count = np.bincount(code, minlength=k)
    first = np.array([x[code == c, 0].mean() if count[c] else np.inf for c in range(k)])
    place = np.empty(k, dtype=np.int64)
    place[np.lexsort((first, -count))] = np.arange(k)
    return place[code]


def rand_index(a: Int, b: Int) -> float:
    """Agreement of two clusterings, adjusted for chance (Hubert and Arabie 1985): 1 the same.

    >>> rand_index(np.array([0, 0, 1, 1]), np.array([1, 1, 0, 0]))
    1.0
    """
    table = np.zeros((int(a.max()) + 1, int(b.max()) + 1))
    np.add.at(table, (a, b), 1)

    def pairs(counts: Float) -> float:
        return float((counts * (counts - 1) / 2).sum())

    whole = len(a) * (len(a) - 1) / 2
    both, rows, columns = pairs(table), pairs(table.sum(axis=1)), pairs(table.sum(axis=0))
    chance, most = rows * columns / whole, (rows + columns) / 2
    return (both - chance) / (most - chance) if most > chance else 1.0


def stability(x: Float, k: int, *, draws: int, rng: np.random.Generator) -> float:
    """Mean adjusted Rand index (Ben-Hur, Elisseeff and Guyon 2002) over pairs of subsamples.

    Two subsamples of 80 % of the rows of x (n, q) are clustered; their common rows are compared.
    """
    n = len(x)
    size = max(k, int(SUBSAMPLE * n))
    out = []
    for _ in range(draws):
        code = np.full((2, n), -1, dtype=np.int64)
        for side in (0, 1):
            own = np.sort(rng.choice(n, size, replace=False))
            code[side, own] = kmeans(x[own], k, starts=FEW_STARTS, rng=rng)
        common = (code >= 0).all(axis=0)
        out.append(rand_index(code[0, common], code[1, common]))
    return float(np.mean(out))


def one_cloud(x: Float, *, rng: np.random.Generator) -> Float:
    """Rows (n, q) of one normal cloud with the covariance of x: nothing in it is a cluster."""
    centred = x - x.mean(axis=0)
    root = np.linalg.svd(centred / np.sqrt(len(x)), full_matrices=False)
    return np.asarray(rng.normal(size=(len(x), len(root.S))) * root.S @ root.Vh)


def between_share(x: Float, code: Int) -> float:
    """The share of the variance of x (n, q) that lies between clusters.

    >>> between_share(np.array([[0.0], [0.0], [2.0], [2.0]]), np.array([0, 0, 1, 1]))
    1.0
    """
    centred = x - x.mean(axis=0)
    total = float((centred**2).sum())
    count = np.bincount(code)
    sums = np.zeros((len(count), x.shape[1]))
    np.add.at(sums, code, centred)
    return float((sums**2 / np.maximum(count, 1)[:, None]).sum()) / total if total > 0 else 0.0
