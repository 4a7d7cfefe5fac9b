"""Natural cubic splines: smooth between knots, straight beyond the outer ones."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Float

PLACES = (0.05, 0.275, 0.5, 0.725, 0.95)
"""Quantiles at which knots stand (Harrell 2015, Regression Modeling Strategies, table 2.3)."""


def knots_of(x: Float, places: tuple[float, ...] = PLACES) -> Float:
    """Knots at quantiles of x (n,), each once."""
    return np.unique(np.quantile(x, places))


def natural_spline(x: Float, knots: Float) -> Float:
    """Basis (n, K - 1) of natural cubic splines with K knots, without the constant.

    x itself, and for k = 1 .. K - 2 the functions d_k - d_(K-1) of Hastie, Tibshirani and Friedman
    (2009, equations 5.4 and 5.5), d_k = ((x - t_k)^3_+ - (x - t_K)^3_+) / (t_K - t_k). Values are
    scaled to the range of the knots first. With fewer than three knots only x is left.

    >>> natural_spline(np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 2.0])).shape
    (3, 2)
    """
    low, high = float(knots[0]), float(knots[-1])
    width = high - low if high > low else 1.0
    z, t = (x - low) / width, (knots - low) / width
    if len(t) < 3:
        return np.asarray(z[:, None])

    def d(k: int) -> Float:
        rise: Float = np.maximum(z - t[k], 0.0) ** 3 - np.maximum(z - t[-1], 0.0) ** 3
        return np.asarray(rise / (t[-1] - t[k]))

    last = d(len(t) - 2)
    return np.column_stack([z, *(d(k) - last for k in range(len(t) - 2))])
