"""What a change of the data does to outputs: means of paired changes, and dose-response."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, stdtrit

from evenlight.arrays import Float, Text
from evenlight.stats.metrics import Case, over
from evenlight.stats.parts import Shape, effective, limits
from evenlight.stats.unseen import unseen

DOUBLINGS = 8.0
"""Strengths that reach from one to this many times it are told by the doubling."""


def mean_limits(
    values: Float, weight: Float, kinds: Text, ends: Float, z: float
) -> tuple[Float, Float, Float]:
    """Weighted means of values (u, m), and limits at the probability of z, each (m,).

    `kinds` (m,) of `parts.KINDS`: a share has Wilson's limits, a size the log scale, any other mean
    Student's. The standard error is sqrt(sum w^2 (x - mean)^2) / sum w, the SD that a bootstrap of
    units would have. Where fewer than 11 units differ from the usual value, what may differ unseen
    (`stats.unseen`), as far as `ends` (2, m), is added, but not to a share.

    >>> one, kinds = np.ones(4), np.array(["mean"])
    >>> made = mean_limits(np.arange(4.0)[:, None], one, kinds, np.zeros((2, 1)), 1.96)
    >>> [float(m.round(2)[0]) for m in made]
    [1.5, -0.55, 3.55]
    """
    total, many = weight.sum(), effective(weight)
    mean = weight @ values / total
    apart = weight[:, None] * (values - mean)
    spread = np.sqrt((apart**2).sum(axis=0)) / total
    shape = Shape(kinds, np.full(mean.shape, many)[None])
    low, high = (end[0] for end in limits(mean[None], spread[None], shape, z))
    slack = np.where(kinds == "share", 0.0, _beyond(values, ends))
    least = np.where(kinds == "loss", 0.0, -np.inf)
    return mean, np.maximum(low - slack[0], np.minimum(least, low)), high + slack[1]


def widened(ends: tuple[Float, Float, Float], drawn: Float, z: float) -> tuple[Float, Float]:
    """Limits (...) of a mean over draws that everyone shares, for other draws as well.

    `ends` are value, low and high of what units tell, `drawn` (R, ...) its values in each draw.
    The draws' part has Student's limits with R - 1 degrees of freedom, of the variance B / R, B
    that between draws, and is added in quadrature (Zou and Donner 2008, Stat Med 27:1693): the
    limit of a sum is as far from it as the root of the squared distances of those of its parts.

    >>> one = np.array([0.0])
    >>> low, high = widened((one, one - 3, one + 3), np.array([[1.0], [0.0], [-1.0]]), 1.96)
    >>> low.round(2).tolist(), high.round(2).tolist()
    ([-3.9], [3.9])
    """
    value, low, high = ends
    r = len(drawn)
    far = float(-stdtrit(r - 1, ndtr(-z))) * np.sqrt(drawn.var(axis=0, ddof=1) / r)
    return value - np.hypot(value - low, far), value + np.hypot(high - value, far)


def _beyond(values: Float, ends: Float) -> Float:
    return np.where(ends[1] > ends[0], unseen(values, ends, alpha=0.05 / values.shape[1]), 0.0)


def dose_scale(strength: Float) -> str:
    """How strengths (d,) are spaced: "log2" where they reach over 3 doublings, else "linear".

    >>> dose_scale(np.array([0.01, 0.05, 0.1])), dose_scale(np.array([0.1, 0.25, 0.5]))
    ('log2', 'linear')
    """
    wide = strength.min() > 0 and strength.max() >= DOUBLINGS * strength.min()
    return "log2" if wide and len(strength) > 2 else "linear"


def dose_weights(strength: Float, scale: str) -> Float:
    """What a size at each strength (d,) weighs in a least-squares slope over strength, (d,).

    sum_d c_d size_d with c = (x - mean x) / sum (x - mean x)^2, x the strength or its log2. That
    there is no change at strength 0 is not used: with it every size would rise.

    >>> dose_weights(np.array([1.0, 2.0, 3.0]), "linear").tolist()
    [-0.5, 0.0, 0.5]
    """
    x = np.log2(strength) if scale == "log2" else strength
    apart = x - x.mean()
    square = float(apart @ apart)
    return apart / square if square > 0 else np.full(len(x), np.nan)


def linear_slope(case: Case, weight: Float) -> Float:
    """Slope of a continuous outcome on the prediction (draws,); 1 is right."""
    total = weight.sum(axis=1)
    x, y = weight @ case.response / total, weight @ case.y / total
    both = weight @ (case.response * case.y) / total - x * y
    square = weight @ case.response**2 / total - x**2
    floor = 1e-12 * (np.abs(case.response).max(initial=0.0) ** 2 + 1e-300)
    return over(both, np.where(square > floor, square, 0.0))
