"""How far the mean of some people lies from a mean that is known with its covariance.

    D2 = (mu - m)' S^-1 (mu - m)

for people with mean mu against m and S, the mean and covariance of n_0 others. With scores
z_i = S^-1/2 (x_i - m), D2 is |E z|^2; its estimate by pairs of different people,

    U = (|sum z|^2 - sum |z_i|^2) / (n (n - 1)),

has no bias of its own (Hoeffding 1948, Ann Math Stat 19:293), where the squared distance of the
mean has one of trace(cov z) / n, which grows with the number of features. The error of m adds k/n_0
to it, which is taken off. The standard error is that of a jackknife over people, and of m.

How far people are as such, (x - m)' S^-1 (x - m) / k, is set against the same of further people
like the n_0, which is above 1: S and m were made to suit the n_0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Float


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Of n people with scores z (n, k): |sum z|^2, and (n,) |z_i|^2 and z_i' sum z."""

    total: float
    own: Float
    along: Float


def pairs(scores: Float) -> Pairs:
    """Of scores (n, k)."""
    total = scores.sum(axis=0)
    return Pairs(float(total @ total), (scores**2).sum(axis=1), scores @ total)


def squared_shift(z: Pairs) -> tuple[float, float]:
    """U and its jackknife standard error, of 3 people or more.

    >>> squared_shift(pairs(np.array([[3.0], [3.0], [3.0]])))
    (9.0, 0.0)
    """
    n, own = len(z.own), z.own
    whole = float(z.total - own.sum()) / (n * (n - 1))
    left = (z.total - 2 * z.along + own) - (own.sum() - own)
    without = left / ((n - 1) * (n - 2))
    error = np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum())
    return whole, float(error)


@dataclass(frozen=True, slots=True)
class Measuring:
    """What is known of those that others are measured against.

    `n` units and the number of independent rows `effective` that know the mean as well; `free`
    directions, of which the own variance of `inverted` was divided by; `held` is the mean squared
    distance a direction of further people like them, with its standard error `held_error`.
    """

    n: int
    effective: float
    free: int
    inverted: int
    held: float
    held_error: float


def shift_between(of: Pairs, by: Measuring, *, z: float) -> tuple[float, float, float]:
    """D with its limits at +-z of D2, of people against the mean that the others have.

    S is estimated: its inverse is too large, for normal rows by (n_0 - 1) / (n_0 - k - 2), which is
    what `held` tells beside the error of m, and is taken off; its error, 2 D^4 / (n_0 - k - 4) as
    of an inverse Wishart matrix, is in the limits. Negative estimates of D2 are told as 0.

    >>> rng = np.random.default_rng(0)
    >>> scores = rng.normal(size=(400, 3)) + 1
    >>> d, low, high = shift_between(pairs(scores), Measuring(10_000, 1e4, 3, 3, 1.0, 0.0), z=2.0)
    >>> round(d, 1), low < 3**0.5 < high
    (1.7, True)
    """
    value, error = squared_shift(of)
    shrink = (1 + 1 / by.effective) / by.held
    value, error = value * shrink - by.free / by.effective, error * shrink
    beside = 4 * max(value, 0.0) / by.effective + 2 * by.free / by.effective**2
    beside += 2 * max(value, 0.0) ** 2 / max(by.n - by.inverted - 4, 1)
    half = z * np.hypot(error, np.sqrt(beside))
    low, middle, high = np.sqrt(np.maximum([value - half, value, value + half], 0.0)).tolist()
    return middle, low, high


def typical_distance(squares: Float, by: Measuring, *, z: float) -> tuple[float, float, float]:
    """Root of a mean squared distance a direction, over that of people like the others: 1 for such.

    `squares` (n,) are |z_i|^2 / free. Limits are of the logarithm of the ratio, with the errors of
    both means.

    >>> typical_distance(np.full(20, 2.0), Measuring(100, 100, 3, 3, 2.0, 0.0), z=2.0)
    (1.0, 1.0, 1.0)
    """
    mean = float(squares.mean())
    if mean <= 0:
        return 0.0, 0.0, 0.0
    own = float(squares.std(ddof=1) / np.sqrt(len(squares))) / mean
    half = z * float(np.hypot(own, by.held_error / by.held)) / 2
    middle = float(np.sqrt(mean / by.held))
    return middle, middle * float(np.exp(-half)), middle * float(np.exp(half))
