"""Performance metrics under unit weights: each takes y, prediction (n,) and weights (draws, n).

Each returns (draws,), NaN where a resample cannot say (one class only, no spread).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import logit

from evenlight.arrays import Bool, Float, Int
from evenlight.stats.recalibration import recalibrated


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """What a metric sees: outcome, response and margin (n,), and the plan's threshold or None.

    For survival `y` is the time, `event` (n,) 1 where it was seen, and `until` the time up to which
    pairs are weighed by how likely people are still followed. `scores` (n, q), one a metric, were
    computed elsewhere; `ratings` (n, r) are those of r raters.
    """

    y: Float
    response: Float
    margin: Float
    threshold: float | None = None
    event: Float | None = None
    until: float = float("inf")
    scores: Float | None = None
    ratings: Float | None = None

    def take(self, rows: Bool | Int) -> Case:
        """The same for some rows."""
        event = None if self.event is None else self.event[rows]
        scores = None if self.scores is None else self.scores[rows]
        ratings = None if self.ratings is None else self.ratings[rows]
        y, response, margin = self.y[rows], self.response[rows], self.margin[rows]
        return replace(
            self, y=y, response=response, margin=margin, event=event, scores=scores, ratings=ratings
        )


Metric = Callable[[Case, Float], Float]


def absolute(case: Case) -> Float:
    """Absolute error of each row (n,)."""
    size: Float = np.abs(case.response - case.y)
    return size


def signed(case: Case) -> Float:
    """Prediction minus outcome (n,)."""
    return case.response - case.y


def squared(case: Case) -> Float:
    """Squared error of each row (n,)."""
    return (case.response - case.y) ** 2


LOSSES: Mapping[str, Callable[[Case], Float]] = {
    "mae": absolute,
    "bias": signed,
    "brier": squared,
}
"""Metrics that are means over rows, and what each row adds."""


def mae(case: Case, weight: Float) -> Float:
    """Mean absolute error, in the outcome's unit."""
    return mean(absolute(case), weight)


def bias(case: Case, weight: Float) -> Float:
    """Mean of prediction minus outcome."""
    return mean(signed(case), weight)


def within_20(case: Case, weight: Float) -> Float:
    """Share predicted within 20 % of the outcome."""
    close = np.abs(case.response - case.y) <= 0.2 * np.abs(case.y)
    return mean(close.astype(float), weight)


def r2(case: Case, weight: Float) -> Float:
    """1 - SSE / SST around the part's own mean."""
    centre = mean(case.y, weight)
    error = weight @ (case.response - case.y) ** 2
    total = weight @ case.y**2 - weight.sum(axis=1) * centre**2
    return 1 - over(error, total)


def brier(case: Case, weight: Float) -> Float:
    """Mean squared error of the probability."""
    return mean(squared(case), weight)


def sensitivity(case: Case, weight: Float) -> Float:
    """Share of events at or above the threshold."""
    return over(weight @ (called(case) * case.y), weight @ case.y)


def specificity(case: Case, weight: Float) -> Float:
    """Share of non-events below the threshold."""
    return over(weight @ ((1 - called(case)) * (1 - case.y)), weight @ (1 - case.y))


def auroc(case: Case, weight: Float) -> Float:
    """Probability that an event scores above a non-event, ties half."""
    positive, negative = _tied(case, weight)
    below = np.cumsum(negative, axis=1) - negative
    won = (positive * (below + 0.5 * negative)).sum(axis=1)
    return over(won, positive.sum(axis=1) * negative.sum(axis=1))


def auprc(case: Case, weight: Float) -> Float:
    """Average precision: sum over thresholds of precision times the step in recall."""
    positive, negative = (part[:, ::-1] for part in _tied(case, weight))
    hits, calls = np.cumsum(positive, axis=1), np.cumsum(positive + negative, axis=1)
    precision = np.divide(hits, calls, out=np.zeros_like(hits), where=calls > 0)
    return over((precision * positive).sum(axis=1), positive.sum(axis=1))


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


def called(case: Case) -> Float:
    """1 where the response is at or above the threshold (n,); ValueError without one."""
    if case.threshold is None:
        raise ValueError("sensitivity and specificity need a threshold")
    return (case.response >= case.threshold).astype(float)


def mean(values: Float, weight: Float) -> Float:
    """Weighted mean of values (n,) for each row of weights, (draws,)."""
    return over(weight @ values, weight.sum(axis=1))


def over(top: Float, bottom: Float) -> Float:
    """Quotient top / bottom, NaN where the bottom is not above 0."""
    out: Float = np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom > 0)
    return out


def _tied(case: Case, weight: Float) -> tuple[Float, Float]:
    """Weights of events and non-events at each distinct score, ascending, (draws, scores)."""
    order = np.argsort(case.response, kind="stable")
    scores = case.response[order]
    starts = np.flatnonzero(np.append(True, scores[1:] != scores[:-1]))
    w, y = weight[:, order], case.y[order]
    if len(starts) == len(order):
        return w * y, w * (1 - y)
    return np.add.reduceat(w * y, starts, axis=1), np.add.reduceat(w * (1 - y), starts, axis=1)


def _recalibrate(case: Case, weight: Float, *, slope: bool) -> Float:
    """Slope or intercept (draws,); NaN where a class is absent or the fit runs away."""
    x = logit(np.clip(case.response, 1e-12, 1 - 1e-12))
    a, b = recalibrated(x, case.y, weight, slope=slope)
    classes = (weight @ case.y > 0) & (weight @ (1 - case.y) > 0)
    return np.where(classes & (np.abs(a) < 30) & (np.abs(b) < 100), b if slope else a, np.nan)
