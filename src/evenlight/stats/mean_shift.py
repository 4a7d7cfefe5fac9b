"""How far the mean of some people lies from a mean that is known with its covariance.

    D2 = (mu - m)' S^-1 (mu - m)

for people with mean mu against m and S, the mean and covariance of n_0 others. With scores
z_i = S^-1/2 (x_i - m), D2 is |E z|^2; its estimate by pairs of different people,

    U = (|sum z|^2 - sum |z_i|^2) / (n (n - 1)),

has no bias of its own (Hoeffding 1948, Ann Math Stat 19:293), where the squared distance of the
mean has one of trace(cov z) / n, which grows with the number of features. The error of m adds k/n_0
to it, which is taken off. The standard error is that of a jackknife over people, and of m.
"""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Float


def squared_shift(scores: Float) -> tuple[float, float]:
    """U and its jackknife standard error, of scores (n, k); n of 3 or more.

    >>> squared_shift(np.array([[3.0], [3.0], [3.0]]))
    (9.0, 0.0)
    """
    n, total = len(scores), scores.sum(axis=0)
    own = (scores**2).sum(axis=1)
    whole = float(total @ total - own.sum()) / (n * (n - 1))
    left = (total @ total - 2 * scores @ total + own) - (own.sum() - own)
    without = left / ((n - 1) * (n - 2))
    error = np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum())
    return whole, float(error)


def shift_between(
    scores: Float, *, training: int, free: int, inverted: int, z: float
) -> tuple[float, float, float]:
    """D with its limits at +-z of D2, of scores (n, k) against the mean of `training` rows.

    `free` is the number of directions that are told apart, `inverted` (k) that of those whose own
    variance was divided by. S is estimated from the same rows: the mean of its inverse is too large
    by (n_0 - 1) / (n_0 - k - 2), which is taken off, and its error, 2 D^4 / (n_0 - k - 4) as of an
    inverse Wishart matrix, is in the limits. Negative estimates of D2 are told as 0.

    >>> rng = np.random.default_rng(0)
    >>> scores = rng.normal(size=(400, 3)) + 1
    >>> d, low, high = shift_between(scores, training=10_000, free=3, inverted=3, z=2.0)
    >>> round(d, 1), low < 3**0.5 < high
    (1.7, True)
    """
    value, error = squared_shift(scores)
    shrink = max(training - inverted - 2, 1) / (training - 1)
    value, error = value * shrink - free / training, error * shrink
    beside = 4 * max(value, 0.0) / training + 2 * free / training**2
    beside += 2 * max(value, 0.0) ** 2 / max(training - inverted - 4, 1)
    half = z * np.hypot(error, np.sqrt(beside))
    low, middle, high = np.sqrt(np.maximum([value - half, value, value + half], 0.0)).tolist()
    return middle, low, high


def typical_distance(scores: Float, *, z: float) -> tuple[float, float, float]:
    """Root of the mean of |z_i|^2 / k with its limits: 1 for people like the training people.

    >>> made = typical_distance(np.array([[1.0], [-1.0], [1.0]]), z=2.0)
    >>> made
    (1.0, 1.0, 1.0)
    """
    own = (scores**2).mean(axis=1)
    half = z * own.std(ddof=1) / np.sqrt(len(own))
    middle = float(own.mean())
    low, high = max(middle - half, 0.0), middle + half
    return float(np.sqrt(middle)), float(np.sqrt(low)), float(np.sqrt(high))
