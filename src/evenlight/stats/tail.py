"""Small p-values from a generalised-Pareto tail, where draws are too few to count them.

Knijnenburg, Wessels, Reinders and Shmulevich 2009 (Bioinformatics 25:i161): the largest permuted
statistics over a threshold follow a generalised Pareto law, whose fit is checked before it is used.
Here it is fitted to Z^2, which for a normal Z falls off as an exponential law does, by
probability-weighted moments (Hosking and Wallis 1987, Technometrics 29:339).
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from evenlight.arrays import Float, Values

MOST, LEAST, STEP = 250, 100, 50
"""Draws in the tail: first so many, then fewer while the fit is refused."""

SHARE = 0.1
"""At most this part of all draws is tail."""

REFUSED = 1.1
"""Anderson-Darling A^2 above which a fit is refused: its 5 % point for an exponential tail, and
the 2 % point for shapes of 0.1 and 0.2, from simulation (see the tests)."""


def pareto_fit(excess: Float) -> tuple[float, float]:
    """Shape and scale of a generalised Pareto law from excesses (k,) by weighted moments.

    The survival function is (1 + shape x / scale)^(-1 / shape), exp(-x / scale) at shape 0.
    """
    x = np.sort(excess)
    k = len(x)
    rank = (np.arange(1, k + 1) - 0.35) / k
    first, second = float(x.mean()), float(((1 - rank) * x).mean())
    shape = 2 - first / (first - 2 * second)
    scale = 2 * first * second / (first - 2 * second)
    return shape, scale


def survival(x: Float, shape: float, scale: float) -> Float:
    """P(excess > x) (k,).

    >>> survival(np.array([1.0]), 0.0, 1.0).round(4).tolist()
    [0.3679]
    """
    if abs(shape) < 1e-8:
        return np.exp(-x / scale)
    inside = np.maximum(1 + shape * x / scale, 0.0)
    out: Float = inside ** (-1 / shape)
    return out


def anderson_darling(excess: Float, shape: float, scale: float) -> float:
    """A^2 of excesses (k,) from the fitted law."""
    above = np.clip(survival(np.sort(excess), shape, scale), 1e-12, 1 - 1e-12)
    k = len(above)
    i = np.arange(1, k + 1)
    return float(-k - ((2 * i - 1) * (np.log1p(-above) + np.log(above[::-1]))).mean())


def knowable(k: int, draws: int) -> float:
    """The smallest p that a law fitted to the `k` largest of `draws` draws may claim.

    An exponential tail says log p = log(k / draws) - x / scale. The scale is the mean of k
    excesses, so that log p has a standard error of (x / scale) / sqrt(k). Where that is a factor of
    ten, at x / scale = log(10) sqrt(k), the fit says no more than that p is small.

    >>> f"{knowable(100, 1_000):.0e}, {knowable(250, 20_000):.0e}"
    '1e-11, 2e-18'
    """
    return k / draws * float(np.exp(-np.log(10.0) * np.sqrt(k)))


def tail_p(null: Float, size: float) -> float:
    """P(Z* >= size) from the upper tail of draws (B,); 1 where no fit is accepted.

    A shape below 0, a law that ends, is taken as 0, and no p is below `knowable`: never 0.
    """
    most = min(MOST, int(SHARE * len(null)))
    cut = len(null) - most - 1
    top = np.sort(np.partition(null, cut)[cut:]).astype(np.float64)
    top *= np.abs(top)
    for k in range(most, LEAST - 1, -STEP):
        threshold = (top[-k - 1] + top[-k]) / 2
        excess = top[-k:] - threshold
        if threshold <= 0:
            continue
        if size**2 <= threshold or excess[-1] <= 0:
            return 1.0
        shape, scale = _fitted(excess)
        if scale > 0 and anderson_darling(excess, shape, scale) <= REFUSED:
            p = k / len(null) * float(survival(np.array(size**2 - threshold), shape, scale))
            return max(p, knowable(k, len(null)))
    return 1.0


def _fitted(excess: Float) -> tuple[float, float]:
    shape, scale = pareto_fit(excess)
    return (shape, scale) if shape > 0 else (0.0, float(excess.mean()))


def fitted_p(row: Values, size: float, sided: bool) -> float:
    """Two-sided p from a fitted tail, no smaller than of a normal; by side twice that of one."""
    tail = 2 * tail_p(row, size) if sided else tail_p(np.abs(row), size)
    return max(tail, 2 * float(ndtr(-size)))
