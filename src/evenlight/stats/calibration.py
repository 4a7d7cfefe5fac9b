"""How far predicted probabilities and observed events agree, under unit weights (draws, n)."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.stats.metrics import Case, over

BINS, LEAST = 10, 20
"""Most bins, and fewest rows in each."""


def observed_expected(case: Case, weight: Float) -> Float:
    """Events observed over events predicted: 1 is right, 2 is twice as many as predicted."""
    return over(weight @ case.y, weight @ case.response)


def miscalibration(case: Case, weight: Float) -> Float:
    """The part of the Brier score that miscalibration adds, without its bias; 0 is right.

    sum_b share_b [(ybar_b - pbar_b)^2 - v_b / n_b] over up to ten bins of equally many rows, v_b
    the variance of y - p in the bin and n_b its effective number: the squared calibration error of
    Kumar, Liang and Ma (2019, NeurIPS), below 0 for about half of well calibrated predictions. Its
    root is on the scale of the probability. A bin's width hides what cancels inside it.
    """
    total, out = weight.sum(axis=1), np.zeros(len(weight))
    for own in _bins(case.response):
        w, gap = weight[:, own], case.y[own] - case.response[own]
        size = w.sum(axis=1)
        mean = over(w @ gap, size)
        spread = over(w @ gap**2, size) - mean**2
        many = over(size**2, (w**2).sum(axis=1))
        several = many > 1 + 1e-9
        debt = np.divide(spread, many - 1, out=np.zeros_like(spread), where=several)
        out += np.where(several, size * (mean**2 - debt), 0.0)
    return over(out, total)


def _bins(score: Float) -> list[Int]:
    """Positions in bins of equally many rows; equal scores stay together."""
    bins = int(np.clip(len(score) // LEAST, 1, BINS))
    edges = np.unique(np.quantile(score, np.linspace(0, 1, bins + 1)[1:-1]))
    at = np.searchsorted(edges, score, side="right")
    return [np.flatnonzero(at == b) for b in np.unique(at)]
