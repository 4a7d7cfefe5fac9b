"""Intervals from bootstrap replicates over units."""

from __future__ import annotations

from math import ceil

import numpy as np
from scipy.special import expit, logit

from evenlight.arrays import Bool, Float, Int


def unit_weights(codes: Int, *, draws: int, rng: np.random.Generator) -> Float:
    """Bootstrap weights (draws, u): units resampled within each code, so group sizes stay."""
    out = np.zeros((draws, len(codes)))
    for code in np.unique(codes):
        at = np.flatnonzero(codes == code)
        out[:, at] = rng.multinomial(len(at), np.full(len(at), 1 / len(at)), size=draws)
    return out


def critical(replicates: Float, *, centre: Float, alpha: float = 0.05) -> float:
    """The upper quantile of max |z*| over tests (m,) of studentised replicates (draws, m).

    A replicate that is not finite is left out of its test; a draw without any is left out.
    """
    spread = np.nanstd(replicates, axis=0, ddof=1)
    moving = spread > 1e-12 * np.maximum(np.abs(centre), 1e-300)
    z = np.abs(replicates[:, moving] - centre[moving]) / spread[moving]
    z = np.where(np.isfinite(z), z, 0.0)
    top = np.sort(z.max(axis=1, initial=0.0))
    return float(top[min(ceil((1 - alpha) * (len(top) + 1)), len(top)) - 1])


def recovered(
    value: Float, drawn: Float, pairs: tuple[Int, Int], bounded: Bool, z: float
) -> tuple[Float, Float]:
    """Limits (c, m) of differences between parts, from limits of each part at +-z standard errors.

    `value` (r, m), `drawn` (draws, r, m) bootstrap replicates, `pairs` the parts of each contrast.
    The limits of a `bounded` (m,) metric are found on the logit scale, where its error is nearer to
    normal; the difference recovers its variance from both parts' limits (MOVER; Zou and Donner
    2008, Stat Med 27:1693). Without bounds this is the difference +- z times its standard error.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        flat = np.where(bounded, logit(np.clip(value, 1e-6, 1 - 1e-6)), value)
        star = np.where(bounded, logit(np.clip(drawn, 1e-6, 1 - 1e-6)), drawn)
        spread = np.where(np.isnan(value), np.nan, _spread(star))
    low, high = flat - z * spread, flat + z * spread
    low, high = np.where(bounded, expit(low), low), np.where(bounded, expit(high), high)
    a, b = pairs
    apart = value[a] - value[b]
    down = np.hypot(value[a] - low[a], high[b] - value[b])
    up = np.hypot(high[a] - value[a], value[b] - low[b])
    return apart - down, apart + up


def _spread(star: Float) -> Float:
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
