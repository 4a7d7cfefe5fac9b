"""Scales and means of groups, over units."""

from __future__ import annotations

from math import prod

import numpy as np
from scipy import stats

from evenlight.arrays import Float, Int


def unit_means(values: Float, unit: Int, order: Int) -> Float:
    """Means (u, ...) of rows (n, ...) over each unit.

    Sums run in `order`, so that bits do not depend on the order of the rows.
    """
    flat = values.reshape(len(values), prod(values.shape[1:]))[order]
    sums = np.zeros((int(unit.max(initial=-1)) + 1, flat.shape[1]))
    np.add.at(sums, unit[order], flat)
    counts = np.bincount(unit, minlength=len(sums)).astype(float)
    means: Float = (sums / counts[:, None]).reshape(len(sums), *values.shape[1:])
    return means


def within_sd(values: Float, codes: Int) -> float:
    """Pooled within-group SD of values (u,), 1/n over units of known group.

    >>> within_sd(np.array([0.0, 2.0, 10.0, 12.0]), np.array([0, 0, 1, 1]))
    1.0
    """
    known = codes >= 0
    if not known.any():
        return float("nan")
    v, g = values[known], codes[known]
    counts = np.bincount(g)
    mean = np.bincount(g, weights=v) / np.maximum(counts, 1)
    return float(np.sqrt(np.mean((v - mean[g]) ** 2)))


def mean_interval(values: Float, *, alpha: float = 0.05) -> tuple[Float, Float, Float]:
    """Mean over units (u, p) with a pointwise t interval, each (p,)."""
    n = len(values)
    mean = values.mean(axis=0)
    half = stats.t.ppf(1 - alpha / 2, max(n - 1, 1)) * values.std(axis=0, ddof=1) / np.sqrt(n)
    return mean, mean - half, mean + half
