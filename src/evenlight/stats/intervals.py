"""Intervals from bootstrap replicates over units."""

from __future__ import annotations

from math import ceil

import numpy as np
from scipy.special import ndtri, stdtrit
from scipy.stats import binom

from evenlight.arrays import Float, Int

STEP = 100
"""Draws that are counted at once."""


def unit_weights(codes: Int, *, draws: int, rng: np.random.Generator) -> Float:
    """Bootstrap weights (draws, u): units resampled within each code, so group sizes stay."""
    out = np.zeros((draws, len(codes)))
    for code in np.unique(codes):
        at = np.flatnonzero(codes == code)
        for start in range(0, draws, STEP):
            size = min(STEP, draws - start)
            out[start : start + size, at] = _times(len(at), size, rng)
    return out


def _times(n: int, draws: int, rng: np.random.Generator) -> Int:
    """How often each of n is drawn in n draws with replacement, (draws, n).

    Counting what was drawn takes a fifth of the time of multinomial counts.
    """
    drawn = rng.integers(n, size=(draws, n)) + n * np.arange(draws)[:, None]
    return np.bincount(drawn.ravel(), minlength=draws * n).reshape(draws, n)


def critical(replicates: Float, *, centre: Float, alpha: float = 0.05) -> float:
    """The upper quantile of max |z*| over tests (m,) of studentised replicates (draws, m).

    At least that of a single normal test.

    A replicate that is not finite is left out of its test; a draw without any is left out.
    """
    spread = np.nanstd(replicates, axis=0, ddof=1)
    moving = spread > 1e-12 * np.maximum(np.abs(centre), 1e-300)
    z = np.abs(replicates[:, moving] - centre[moving]) / spread[moving]
    z = np.where(np.isfinite(z), z, 0.0)
    top = np.sort(z.max(axis=1, initial=0.0))
    found = float(top[min(ceil((1 - alpha) * (len(top) + 1)), len(top)) - 1])
    return max(found, float(ndtri(1 - alpha / 2)))


def wilson(value: Float, n: Float, z: float | Float) -> tuple[Float, Float]:
    """Limits of a share of n at +-z (Wilson 1927): they do not collapse at 0 or 1.

    >>> low, high = wilson(np.array([1.0]), np.array([12.0]), 1.96)
    >>> low.round(2).tolist(), high.round(2).tolist()
    ([0.76], [1.0])
    """
    n = np.maximum(n, 1.0)
    middle = (value + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(value * (1 - value) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return middle - half, middle + half


def recovered(
    value: Float,
    low: Float,
    high: Float,
    pairs: tuple[Int, Int],
    *,
    beside: Float | float = 0.0,
) -> tuple[Float, Float]:
    """Limits (c, m) of differences between parts, from the limits of each part.

    The difference recovers its variance from both (MOVER; Zou and Donner 2008, Stat Med 27:1693).
    `beside` (c, m) is the half-width of an error of the difference that is in no part's limits.
    """
    a, b = pairs
    apart = value[a] - value[b]
    down = np.hypot(np.hypot(value[a] - low[a], high[b] - value[b]), beside)
    up = np.hypot(np.hypot(high[a] - value[a], value[b] - low[b]), beside)
    return apart - down, apart + up


def spreads(star: Float) -> Float:
    """SD over draws (r, m), NaN where fewer than two are finite."""
    finite = np.isfinite(star)
    count = finite.sum(axis=0)
    safe = np.where(finite, star, 0.0)
    mean = safe.sum(axis=0) / np.maximum(count, 1)
    square = (np.where(finite, star - mean, 0.0) ** 2).sum(axis=0)
    return np.where(count > 1, np.sqrt(square / np.maximum(count - 1, 1)), np.nan)


def simultaneous(
    estimate: Float, replicates: Float, *, centre: Float, alpha: float = 0.05
) -> tuple[Float, Float]:
    """Simultaneous limits (m,): estimate +- c SD*, c the upper quantile of max |z*|.

    `replicates` (draws, m) are studentised around `centre` (m,): the estimate itself, or the mean
    of the replicates where resampling has a bias of its own. A replicate that is not finite is left
    out of its test. A zero spread gives a point.
    """
    spread = np.nanstd(replicates, axis=0, ddof=1)
    moving = spread > 1e-12 * np.maximum(np.abs(estimate), 1e-300)
    if not moving.any():
        return estimate.copy(), estimate.copy()
    half = np.where(moving, critical(replicates, centre=centre, alpha=alpha) * spread, 0.0)
    return estimate - half, estimate + half


def percentile(replicates: Float, *, alpha: float = 0.05) -> tuple[Float, Float]:
    """Pointwise percentile limits of replicates (draws, m)."""
    low, high = np.nanquantile(replicates, [alpha / 2, 1 - alpha / 2], axis=0)
    return low, high


def expanded(
    estimate: Float, replicates: Float, *, units: int, cells: int, alpha: float = 0.05
) -> tuple[Float, Float]:
    """Pointwise limits (m,): re-centred percentiles of replicates (draws, m), wider for few units.

    Percentiles keep the skewness of a share of variance; a bootstrap of u units in c cells, whose
    means are estimated, has a variance too small by (u - c) / u, and Student's quantile is that of
    u - c degrees of freedom (Hesterberg 2015, Am Stat 69:371, section 5.2).

    >>> draws = np.random.default_rng(0).normal(size=(20_000, 1))
    >>> [end.round(1).tolist() for end in expanded(np.zeros(1), draws, units=20, cells=10)]
    [[-3.1], [3.1]]
    """
    left = max(units - cells, 1)
    wider = float(stdtrit(left, 1 - alpha / 2) / ndtri(1 - alpha / 2) * np.sqrt(units / left))
    low, high = percentile(replicates - np.nanmean(replicates, axis=0), alpha=alpha)
    return estimate + wider * low, estimate + wider * high


def quantile_interval(values: Float, share: float, *, alpha: float = 0.05) -> tuple[float, ...]:
    """The quantile `share` of values (n,), and order statistics that hold it with 1 - alpha.

    Free of any distribution (David and Nagaraja 2003, section 7.1); where no order statistic is
    far enough out, the limit is the least or largest value.

    >>> quantile_interval(np.arange(100.0), 0.5)
    (49.5, 39.0, 60.0)
    """
    n, ordered = len(values), np.sort(values)
    low, high = (int(k) for k in np.asarray(binom.ppf([alpha / 2, 1 - alpha / 2], n, share)))
    at = (ordered[max(low - 1, 0)], ordered[min(high, n - 1)])
    return float(np.quantile(values, share)), float(at[0]), float(at[1])
