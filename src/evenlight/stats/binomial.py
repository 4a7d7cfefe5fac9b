"""Exact limits of a share."""

from __future__ import annotations

import numpy as np
from scipy.special import betaincinv

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
