"""An F ratio on the normal scale, so that ratios of unlike degrees of freedom share one maximum."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from evenlight.arrays import Float
from evenlight.stats.balanced import heaviness
from evenlight.stats.multiplicity import GUARD

TAIL = 0.06
"""The share of a null that is looked at for its heaviness."""


def f_normalised(f: Float, first: float, second: Float | float) -> Float:
    """F on `first` and `second` df as a one-sided normal score; an F of 0 is the least.

    Paulson 1942, Ann Math Stat 13:233.

    >>> f_normalised(np.array([3.49, 0.0]), 3, 12.0).round(2).tolist()
    [1.65, -3.4]
    """
    a, b = 2 / (9 * first), 2 / (9 * second)
    root = np.cbrt(f)
    z: Float = ((1 - b) * root - (1 - a)) / np.sqrt(b * root**2 + a)
    return z


def at_least_normal(null: Float) -> Float:
    """Null draws (draws, p) of a one-sided normal score, each column raised to the normal.

    As `evenlight.stats.permutation.at_least_normal`, for tails that permutation leaves too light.

    >>> at_least_normal(np.array([[-2.0], [0.1], [3.0]])).round(2).ravel().tolist()
    [-0.97, 0.1, 3.0]
    """
    floor = ndtri((np.arange(len(null)) + 0.5) / max(len(null), 1))
    order = np.argsort(null, axis=0, kind="stable")
    out = null.copy()
    raised = np.maximum(np.take_along_axis(null, order, axis=0), floor[:, None])
    np.put_along_axis(out, order, raised, axis=0)
    return out


def one_sided(seen: Float, null: Float) -> tuple[Float, Float]:
    """Permutation p and single-step max-T p (p,) of large scores `seen` (p,), `null` (draws, p).

    For the maximum nulls that are heavier than the normal are scaled down (`stats.balanced`).
    """
    bar = seen - GUARD * np.maximum(1.0, np.abs(seen))
    p = (1 + (null >= bar).sum(axis=0)) / (1 + len(null))
    k = max(1, int(TAIL * len(null)))
    tails = np.sort(np.partition(null, -k, axis=0)[-k:], axis=0) if len(null) else null
    scale = np.array([heaviness(tail, len(null), sides=1) for tail in tails.T])
    top = (null / scale).max(axis=1, initial=-np.inf)
    most = (1 + (top[:, None] >= bar / scale).sum(axis=0)) / (1 + len(null))
    return p, most
