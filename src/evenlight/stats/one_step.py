"""The calibration slope of many resamples by one Newton step from the fit to the sample.

Newton's method from the sample's own fit takes a few steps for each resample; the first of them
differs from the last by terms of second order only (van der Vaart 1998, Asymptotic Statistics,
section 5.7), and needs no exponential for any resample.
"""

from __future__ import annotations

import numpy as np
from scipy.special import logit

from evenlight.arrays import Float
from evenlight.stats.metrics import Case
from evenlight.stats.recalibration import fitted, steps_from

EDGE = 1e-12
FAR = (30.0, 100.0)
"""A fit whose intercept or slope is larger has run away."""


def calibration_slope(case: Case, weight: Float) -> Float:
    """Slope of the outcome's log-odds on the predicted log-odds (Cox 1958), (draws,).

    The first row of `weight` (draws, n) is the sample, fitted to the end; each other row takes one
    step from there. NaN where a class is absent or the fit runs away.

    >>> case = Case(np.array([0.0, 1.0, 0.0, 1.0]), np.array([0.2, 0.2, 0.8, 0.8]), np.zeros(4))
    >>> calibration_slope(case, np.array([[3.0, 1.0, 1.0, 3.0]])).round(6).tolist()
    [0.792481]
    """
    x = logit(np.clip(case.response, EDGE, 1 - EDGE))
    out: Float = np.full(len(weight), np.nan)
    a, b = fitted(x, case.y, weight[0])
    if not (abs(a) < FAR[0] and abs(b) < FAR[1]):
        return out
    step, det = steps_from(x, case.y, weight, np.array([a, b]))
    good = (weight @ case.y > 0) & (weight @ (1 - case.y) > 0) & (det > 0)
    out[good] = b + step[good, 1]
    return out
