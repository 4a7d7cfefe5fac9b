"""Logistic recalibration of log-odds, for many weightings of the same rows at once."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, log_expit, logit

from evenlight.arrays import Float

STEPS = 50
ENOUGH = 1e-7
"""Newton's error after a step of this size is about its square."""

SHORT, ROUNDING = 1e-6, 1e-10


def recalibrated(x: Float, y: Float, weight: Float, *, slope: bool) -> tuple[Float, Float]:
    """Intercepts a and slopes b (draws,) that fit P(y = 1) = expit(a + b x) (Cox 1958).

    `x`, `y` are (n,), `weight` (draws, n); b stays 1 without `slope`. NaN where it diverges.
    Newton's method begins at the fit to all weightings together, near which those of resamples lie,
    and where that goes astray at (0, 1).

    >>> x, y = np.array([-1.0, -1.0, 1.0, 1.0]), np.array([0.0, 1.0, 0.0, 1.0])
    >>> weight = np.array([[1.0, 1.0, 1.0, 1.0], [3.0, 1.0, 1.0, 3.0]])
    >>> a, b = recalibrated(x, y, weight, slope=True)
    >>> (a.round(6) + 0.0).tolist(), (b.round(6) + 0.0).tolist()
    ([0.0, 0.0], [0.0, 1.098612])
    """
    far = np.array([0.0, 1.0])
    together = weight.sum(axis=0)
    near = np.array(fitted(x, y, together)) if slope else far
    if not slope or np.isnan(near).any():
        near = _newton(x, y, together[None], far, slope=slope)[0]
    found = _newton(x, y, weight, near, slope=slope)
    astray = np.isnan(found).any(axis=1)
    if astray.any():
        found[astray] = _newton(x, y, weight[astray], far, slope=slope)
    return found[:, 0], found[:, 1]


def fitted(x: Float, y: Float, weight: Float) -> tuple[float, float]:
    """Intercept and slope of P(y = 1) = expit(a + b x), weights (n,); NaN where there is none.

    Newton's steps from slope 0, halved as long as the likelihood falls: an undamped step from the
    slope 1 overshoots for ever where a model is far too sure of itself.
    """
    rate = float(weight @ y / weight.sum()) if weight.sum() > 0 else 0.0
    if not 0 < rate < 1:
        return float("nan"), float("nan")
    at, like = np.array([float(logit(rate)), 0.0]), -np.inf
    for _ in range(STEPS):
        step, det = steps_from(x, y, weight[None], at)
        if not det[0] > 0:
            return float("nan"), float("nan")
        if float(np.abs(step).max()) < ENOUGH:
            return float(at[0] + step[0, 0]), float(at[1] + step[0, 1])
        size = 1.0
        while (now := _likelihood(x, y, weight, at + size * step[0])) < like and size > SHORT:
            size /= 2
        at, like = at + size * step[0], now - ROUNDING * abs(now)
    return float(at[0]), float(at[1])


def steps_from(x: Float, y: Float, weight: Float, at: Float) -> tuple[Float, Float]:
    """Newton's step (draws, 2) from one place for each weighting, and the determinant (draws,)."""
    p = expit(at[0] + at[1] * x)
    powers = np.column_stack([np.ones_like(x), x, x**2])
    pull = weight @ ((y - p)[:, None] * powers[:, :2])
    curve = weight @ ((p * (1 - p))[:, None] * powers)
    det = curve[:, 0] * curve[:, 2] - curve[:, 1] ** 2
    top = [
        curve[:, 2] * pull[:, 0] - curve[:, 1] * pull[:, 1],
        curve[:, 0] * pull[:, 1] - curve[:, 1] * pull[:, 0],
    ]
    safe = np.where(det > 0, det, 1.0)
    return np.column_stack(top) / safe[:, None], det


def _likelihood(x: Float, y: Float, weight: Float, at: Float) -> float:
    t = at[0] + at[1] * x
    return float(weight @ (y * log_expit(t) + (1 - y) * log_expit(-t)))


def _newton(x: Float, y: Float, weight: Float, start: Float, *, slope: bool) -> Float:
    """Fits (draws, 2) from `start` (2,); a draw leaves as soon as it stands still."""
    powers = np.column_stack([np.ones_like(x), x, x**2])
    out, left = np.tile(start, (len(weight), 1)), np.arange(len(weight))
    for _ in range(STEPS):
        step = _step(x, y, weight, out[left], powers, slope=slope)
        out[left] += np.clip(step, -5, 5)
        moving = np.abs(step).max(axis=1, initial=0.0) > ENOUGH  # False where it is no number
        if not moving.any():
            return out
        if not moving.all():
            left, weight = left[moving], weight[moving]
    out[left] = np.nan
    return out


def _step(x: Float, y: Float, weight: Float, at: Float, powers: Float, *, slope: bool) -> Float:
    """Newton's step (draws, 2) of intercept and slope, NaN where the curve is flat."""
    half = np.tanh((at[:, :1] + at[:, 1:] * x) / 2)  # expit(t) is (1 + tanh(t / 2)) / 2
    pull = (weight * (y - 0.5 - half / 2)) @ powers[:, :2]
    curve = (weight * (1 - half**2)) @ powers / 4
    out = np.zeros((len(weight), 2))
    if not slope:
        out[:, 0] = _over(pull[:, 0], curve[:, 0])
        return out
    det = curve[:, 0] * curve[:, 2] - curve[:, 1] ** 2
    out[:, 0] = _over(curve[:, 2] * pull[:, 0] - curve[:, 1] * pull[:, 1], det)
    out[:, 1] = _over(curve[:, 0] * pull[:, 1] - curve[:, 1] * pull[:, 0], det)
    return out


def _over(top: Float, bottom: Float) -> Float:
    out: Float = np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom > 0)
    return out
