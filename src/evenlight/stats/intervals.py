"""Intervals from bootstrap replicates over units."""

from __future__ import annotations

from math import ceil

import numpy as np

from evenlight.arrays import Float, Int


def unit_weights(codes: Int, *, draws: int, rng: np.random.Generator) -> Float:
    """Bootstrap weights (draws, u): units resampled within each code, so group sizes stay."""
    out = np.zeros((draws, len(codes)))
    for code in np.unique(codes):
        at = np.flatnonzero(codes == code)
        out[:, at] = rng.multinomial(len(at), np.full(len(at), 1 / len(at)), size=draws)
    return out


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
    z = np.abs(replicates[:, moving] - centre[moving]) / spread[moving]
    top = np.sort(np.nanmax(z, axis=1))
    rank = ceil((1 - alpha) * (len(top) + 1))
    half = np.where(moving, top[min(rank, len(top)) - 1] * spread, 0.0)
    return estimate - half, estimate + half


def percentile(replicates: Float, *, alpha: float = 0.05) -> tuple[Float, Float]:
    """Pointwise percentile limits of replicates (draws, m)."""
    low, high = np.nanquantile(replicates, [alpha / 2, 1 - alpha / 2], axis=0)
    return low, high
