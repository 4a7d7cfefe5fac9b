"""Limits of each part's metrics at any number of standard errors, by the kind of metric."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, stdtrit

from evenlight.arrays import Float, Text
from evenlight.stats.intervals import wilson

KINDS = ("share", "mean", "loss", "normal", "free")
"""Between 0 and 1; a mean; a mean that cannot be below 0; the estimate's limits; replicates'."""


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """What limits need beside the standard errors: `kinds` (m,) of `KINDS`, and `worth` (r, m).

    `worth` is how many observations a share is worth at most, or on how many a mean rests.
    """

    kinds: Text
    worth: Float


def limits(value: Float, spread: Float, shape: Shape, z: float | Float) -> tuple[Float, Float]:
    """Limits of each part's metric (r, m) at +-z standard errors `spread` (r, m)."""
    made = {
        "share": _shares(value, spread, shape.worth, z),
        "mean": means(value, spread, shape.worth, z),
        "loss": losses(value, spread, shape.worth, z),
    }
    kinds = [np.broadcast_to(shape.kinds == kind, value.shape) for kind in made]
    low, high = (
        np.select(kinds, [ends[end] for ends in made.values()], value + (2 * end - 1) * z * spread)
        for end in (0, 1)
    )
    return low, high


def means(value: Float, spread: Float, n: Float, z: float | Float) -> tuple[Float, Float]:
    """Student's limits of means of n values at the probability of z, `spread` by bootstrap."""
    half = _far(n, z) * spread
    return value - half, value + half


def losses(value: Float, spread: Float, n: Float, z: float | Float) -> tuple[Float, Float]:
    """The same on the log scale, for means of values that are never below 0, as errors are.

    Errors are skewed: a few large ones make the mean and its standard error rise together, so that
    limits as far above as below miss too often. A mean of 0 has itself for limits.

    >>> low, high = losses(*(np.array([v]) for v in (1.0, 0.2, 30.0)), 1.96)
    >>> low.round(2).tolist(), high.round(2).tolist()
    ([0.66], [1.52])
    """
    ratio = np.divide(spread, value, out=np.zeros_like(value), where=value > 0)
    wide: Float = np.exp(np.minimum(_far(n, z) * ratio, 50.0))
    return value / wide, value * wide


def _far(n: Float, z: float | Float) -> Float:
    """Student's quantile at the probability of z, and the bootstrap's lack of n / (n - 1)."""
    n = np.maximum(n, 2.0)
    return np.asarray(-stdtrit(n - 1, ndtr(-z)) * np.sqrt(n / (n - 1)), dtype=np.float64)


def _shares(value: Float, spread: Float, most: Float, z: float | Float) -> tuple[Float, Float]:
    """Wilson's limits with as many observations as the bootstrap variance corresponds to.

    At most `most`: near 0 and 1 the bootstrap knows no variance.
    """
    share = np.clip(value, 0.0, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        like = np.minimum(share * (1 - share) / spread**2, most)
    return wilson(share, np.where(spread > 0, like, most), z)


def effective(weight: Float) -> float:
    """How many equally weighted units weights (u,) are worth (Kish 1965).

    >>> effective(np.array([1.0, 1.0, 1.0, 1.0])), effective(np.array([3.0, 1.0]))
    (4.0, 1.6)
    """
    square = float((weight**2).sum())
    return float(weight.sum()) ** 2 / square if square > 0 else 0.0
