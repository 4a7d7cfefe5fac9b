"""Exact limits of a share."""

from __future__ import annotations

import numpy as np
from scipy.special import betaincinv, ndtri

from evenlight.arrays import Float


def exact(value: Float, n: Float, alpha: float | Float) -> tuple[Float, Float]:
    """Limits that hold a share with probability 1 - alpha at least (Clopper and Pearson 1934).

    `n` (same shape) is the number of equal observations, or how many the share is worth where they
    are weighted or nested (Korn and Graubard 1998, Survey Methodology 24:193).

    >>> low, high = exact(np.array([0.9, 1.0]), np.array([20.0, 20.0]), 0.05)
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.683, 0.832], [0.988, 1.0])
    """
    n = np.maximum(n, 1.0)
    hits = np.clip(value, 0.0, 1.0) * n
    low = betaincinv(np.maximum(hits, 1e-300), n - hits + 1, alpha / 2)
    high = betaincinv(hits + 1, np.maximum(n - hits, 1e-300), 1 - alpha / 2)
    none, all_ = hits <= 1e-9 * n, hits >= n * (1 - 1e-9)
    return np.where(none, 0.0, low), np.where(all_, 1.0, high)


def exact_beside(value: Float, n: Float, error: Float, alpha: float | Float) -> tuple[Float, Float]:
    """`exact` limits of a share that has another standard `error` beside that of its n people.

    The distances of both are added as squares (Zou and Donner 2008, Stat Med 27:1693).

    >>> one = np.ones(1)
    >>> low, high = exact_beside(0.9 * one, 20 * one, 0.1 * one, 0.05)
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.608], [1.0])
    """
    low, high = exact(value, n, alpha)
    far = -ndtri(np.asarray(alpha) / 2) * error
    down, up = np.hypot(value - low, far), np.hypot(high - value, far)
    return np.maximum(value - down, 0.0), np.minimum(value + up, 1.0)
