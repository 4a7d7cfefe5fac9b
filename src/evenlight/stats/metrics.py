"""Performance metrics under unit weights: each takes y, prediction (n,) and weights (draws, n).

Each returns (draws,), NaN where a resample cannot say (one class only, no spread).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from evenlight.arrays import Float


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """What a metric sees: outcome, response and margin (n,), and the plan's threshold or None."""

    y: Float
    response: Float
    margin: Float
    threshold: float | None = None


Metric = Callable[[Case, Float], Float]


def mae(case: Case, weight: Float) -> Float:
    """Mean absolute error, in the outcome's unit."""
    return _mean(np.abs(case.response - case.y), weight)


def bias(case: Case, weight: Float) -> Float:
    """Mean of prediction minus outcome."""
    return _mean(case.response - case.y, weight)


def within_20(case: Case, weight: Float) -> Float:
    """Share predicted within 20 % of the outcome."""
    close = np.abs(case.response - case.y) <= 0.2 * np.abs(case.y)
    return _mean(close.astype(float), weight)


def r2(case: Case, weight: Float) -> Float:
    """1 - SSE / SST around the part's own mean."""
    centre = _mean(case.y, weight)
    error = weight @ (case.response - case.y) ** 2
    total = weight @ case.y**2 - weight.sum(axis=1) * centre**2
    return 1 - _over(error, total)


def brier(case: Case, weight: Float) -> Float:
    """Mean squared error of the probability."""
    return _mean((case.response - case.y) ** 2, weight)


def sensitivity(case: Case, weight: Float) -> Float:
    """Share of events at or above the threshold."""
    called = (case.response >= _threshold(case)).astype(float)
    return _over(weight @ (called * case.y), weight @ case.y)


def specificity(case: Case, weight: Float) -> Float:
    """Share of non-events below the threshold."""
    called = (case.response >= _threshold(case)).astype(float)
    return _over(weight @ ((1 - called) * (1 - case.y)), weight @ (1 - case.y))


def auroc(case: Case, weight: Float) -> Float:
    """Probability that an event scores above a non-event, ties half."""
    positive, negative = _tied(case, weight)
    below = np.cumsum(negative, axis=1) - negative
    won = (positive * (below + 0.5 * negative)).sum(axis=1)
    return _over(won, positive.sum(axis=1) * negative.sum(axis=1))


def auprc(case: Case, weight: Float) -> Float:
    """Average precision: sum over thresholds of precision times the step in recall."""
    positive, negative = (part[:, ::-1] for part in _tied(case, weight))
    hits, calls = np.cumsum(positive, axis=1), np.cumsum(positive + negative, axis=1)
    precision = np.divide(hits, calls, out=np.zeros_like(hits), where=calls > 0)
    return _over((precision * positive).sum(axis=1), positive.sum(axis=1))


def calibration_slope(case: Case, weight: Float) -> Float:
    """Slope of the outcome's log-odds on the predicted log-odds; 1 is right (Cox 1958)."""
    return _recalibrate(case, weight, slope=True)


def calibration_intercept(case: Case, weight: Float) -> Float:
    """Log-odds that must be added to every prediction, slope held at 1; 0 is right."""
    return _recalibrate(case, weight, slope=False)


REGRESSION: Mapping[str, Metric] = {"mae": mae, "bias": bias, "within_20": within_20, "r2": r2}
BINARY: Mapping[str, Metric] = {
    "auroc": auroc,
    "auprc": auprc,
    "brier": brier,
    "calibration_slope": calibration_slope,
    "calibration_intercept": calibration_intercept,
}
AT_THRESHOLD: Mapping[str, Metric] = {"sensitivity": sensitivity, "specificity": specificity}


def _threshold(case: Case) -> float:
    if case.threshold is None:
        raise ValueError("sensitivity and specificity need a threshold")
    return case.threshold


def _mean(values: Float, weight: Float) -> Float:
    return _over(weight @ values, weight.sum(axis=1))


def _over(top: Float, bottom: Float) -> Float:
    out: Float = np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom > 0)
    return out


def _tied(case: Case, weight: Float) -> tuple[Float, Float]:
    """Weights of events and non-events at each distinct score, ascending, (draws, scores)."""
    order = np.argsort(case.response, kind="stable")
    scores = case.response[order]
    starts = np.flatnonzero(np.append(True, scores[1:] != scores[:-1]))
    w, y = weight[:, order], case.y[order]
    return np.add.reduceat(w * y, starts, axis=1), np.add.reduceat(w * (1 - y), starts, axis=1)


def _recalibrate(case: Case, weight: Float, *, slope: bool) -> Float:
    """Newton's method for all resamples at once; NaN where a class is absent or it diverges."""
    x = logit(np.clip(case.response, 1e-12, 1 - 1e-12))
    a, b = np.zeros(len(weight)), np.ones(len(weight))
    for _ in range(50):
        p = expit(a[:, None] + b[:, None] * x)
        error, curve = weight * (case.y - p), weight * p * (1 - p)
        g0, h00 = error.sum(axis=1), curve.sum(axis=1)
        if not slope:
            step, change = _over(g0, h00), np.zeros_like(b)
        else:
            g1, h01, h11 = error @ x, curve @ x, curve @ x**2
            det = h00 * h11 - h01**2
            step = _over(h11 * g0 - h01 * g1, det)
            change = _over(h00 * g1 - h01 * g0, det)
        a, b = a + np.clip(step, -5, 5), b + np.clip(change, -5, 5)
        if np.nanmax(np.abs(np.append(step, change)), initial=0.0) < 1e-10:
            break
    out = b if slope else a
    classes = (weight @ case.y > 0) & (weight @ (1 - case.y) > 0)
    return np.where(classes & (np.abs(a) < 30) & (np.abs(b) < 100), out, np.nan)
