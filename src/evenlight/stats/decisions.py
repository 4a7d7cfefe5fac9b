"""What follows from acting on a prediction at a threshold, under unit weights (draws, n)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from evenlight.arrays import Float
from evenlight.stats.metrics import Case, Metric, called, over, specificity
from evenlight.stats.metrics import sensitivity as found


def ppv(case: Case, weight: Float) -> Float:
    """Share of events among those at or above the threshold."""
    yes = called(case)
    return over(weight @ (yes * case.y), weight @ yes)


def npv(case: Case, weight: Float) -> Float:
    """Share of non-events among those below the threshold."""
    no = 1 - called(case)
    return over(weight @ (no * (1 - case.y)), weight @ no)


def missed(case: Case, weight: Float) -> Float:
    """False-negative rate: share of events below the threshold."""
    return 1 - found(case, weight)


def false_alarms(case: Case, weight: Float) -> Float:
    """False-positive rate: share of non-events at or above the threshold."""
    return 1 - specificity(case, weight)


def call_rate(case: Case, weight: Float) -> Float:
    """Share of people at or above the threshold: referred, treated, called back."""
    return over(weight @ called(case), weight.sum(axis=1))


def net_benefit(case: Case, weight: Float) -> Float:
    """True positives less false ones, weighed by the odds of the threshold, a person.

    TP / n - FP / n * t / (1 - t) (Vickers and Elkin 2006, Med Decis Making 26:565).

    >>> case = Case(np.array([1.0, 0, 0, 1]), np.array([0.9, 0.6, 0.1, 0.2]), np.zeros(4), 0.5)
    >>> net_benefit(case, np.ones((1, 4)))
    array([0.])
    """
    yes = called(case)
    gain = yes * case.y - yes * (1 - case.y) * _odds(case)
    return over(weight @ gain, weight.sum(axis=1))


DECISIONS: Mapping[str, Metric] = {
    "ppv": ppv,
    "npv": npv,
    "missed": missed,
    "false_alarms": false_alarms,
    "call_rate": call_rate,
    "net_benefit": net_benefit,
}
"""Metrics at the deployed threshold, beside sensitivity and specificity."""


def decision_curve(case: Case, thresholds: Float, weight: Float) -> Float:
    """Net benefit of the prediction at each threshold between 0 and 1, (draws, t)."""
    yes = case.response[:, None] >= thresholds
    odds = thresholds / (1 - thresholds)
    gain = yes * (case.y[:, None] - (1 - case.y[:, None]) * odds)
    return over(weight @ gain, weight.sum(axis=1)[:, None] + np.zeros(len(thresholds)))


def utility(case: Case, thresholds: Float) -> Float:
    """Utility (t,) of calling at each threshold, with wrong calls at the deployed one's odds.

    True calls less odds times false ones, a row. Net benefit changes its odds with the threshold;
    here they stay, so that thresholds can be held against each other. ValueError without one.

    >>> p = np.array([0.2, 0.8])
    >>> case = Case(np.array([0.0, 1.0]), p, np.log(p / (1 - p)), threshold=0.5)
    >>> utility(case, np.array([0.1, 0.5])).tolist()
    [0.0, 0.5]
    """
    yes = case.response[:, None] >= thresholds
    gain = yes * (case.y[:, None] - (1 - case.y[:, None]) * _odds(case))
    out: Float = gain.mean(axis=0)
    return out


def treat_all(case: Case, thresholds: Float, weight: Float) -> Float:
    """Net benefit of calling everybody at each threshold, (draws, t); calling nobody has 0."""
    events = over(weight @ case.y, weight.sum(axis=1))[:, None]
    return events - (1 - events) * thresholds / (1 - thresholds)


def _odds(case: Case) -> float:
    """The odds of the threshold; ValueError where it is no probability."""
    if case.threshold is None or not 0 < case.threshold < 1:
        raise ValueError(f"net benefit needs a threshold between 0 and 1, found {case.threshold}")
    return case.threshold / (1 - case.threshold)
