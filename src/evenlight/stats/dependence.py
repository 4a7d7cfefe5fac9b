"""Distance covariance: any dependence between a number and several axes, also a curved one.

    dCov^2 = 1 / (n (n - 3)) sum_{i != j} A_ij B_ij

A and B are U-centred matrices of Euclidean distances, so that the expectation is 0 under
independence (Szekely and Rizzo 2014, Ann Stat 42:2382). Centring is a projection: one of the two
suffices for the sum. Under permutation within blocks the rows of one matrix change places.
"""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Float
from evenlight.stats.shuffles import Shuffles

HELD = 2**23
"""Numbers of distance matrices held at once."""


def distances(values: Float) -> Float:
    """Euclidean distances (n, n) between rows (n, q)."""
    square = (values**2).sum(axis=1)
    out = square[:, None] + square[None, :] - 2 * values @ values.T
    np.fill_diagonal(out, 0.0)
    far: Float = np.sqrt(np.maximum(out, 0.0))
    return far


def u_centred(distance: Float) -> Float:
    """A distance matrix (n, n) whose rows and columns add up to 0 off a diagonal of zeros."""
    n = len(distance)
    if n < 4:
        raise ValueError(f"{n} units; distance covariance needs 4")
    row = distance.sum(axis=1) / (n - 2)
    out: Float = distance - row[:, None] - row[None, :] + distance.sum() / ((n - 1) * (n - 2))
    np.fill_diagonal(out, 0.0)
    return out


def distance_correlation(values: Float, axes: Float) -> Float:
    """Bias-corrected squared distance correlation (p,) of each column of (n, p) with axes (n, q).

    About 0 and possibly negative under independence, at most 1; 0 where a column does not vary.
    """
    centre = u_centred(distances(axes))
    size = float((centre**2).sum())
    out = np.zeros(values.shape[1])
    for j, column in enumerate(values.T):
        own = u_centred(np.abs(column[:, None] - column[None, :]))
        both = float(np.sqrt((own**2).sum() * size))
        out[j] = float((own * centre).sum()) / both if both > 0 else 0.0
    return out


def null_distances(values: Float, axes: Float, drawn: Shuffles) -> tuple[Float, Float]:
    """dCov^2 n (n - 3) as observed (p,) and in every draw (draws, p), values permuted.

    Cost: n^2 p a draw, as one matrix product for each block of draws and features.
    """
    n, p = values.shape
    upper = np.triu_indices(n, k=1)
    centre = u_centred(distances(axes))
    step = max(1, HELD // len(upper[0]))
    seen, null = np.empty(p), np.empty((drawn.draws, p))
    for start in range(0, p, step):
        part = values[:, start : start + step]
        far = np.abs(part[upper[0]] - part[upper[1]])
        seen[start : start + step] = 2 * centre[upper] @ far
        for where, orders in drawn:
            for i, order in zip(range(where.start, where.stop), orders, strict=True):
                back = np.argsort(order)
                own = centre[back[upper[0]], back[upper[1]]]
                null[i, start : start + step] = 2 * own @ far
    return seen, null
