"""Scale: an additive logit, explained on the probability scale."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from evenlight.qualify.drawn import Asked, Drawn, cohort_of, linear, middle, people_of, record

FEATURES = 20


def probability(rng: np.random.Generator) -> Drawn:
    """One feature raises the base risk of group b by 2 logits; the others are alike.

    The careless analyst holds integrated gradients of the probability, in closed form
    w_j (x_j - m_j) (s(f) - s(f0)) / (f - f0); the audit holds those of the logit.
    """
    member = np.arange(400) < 200
    x = rng.normal(size=(400, FEATURES))
    x[member, 0] += 2.0
    weights = np.append(1.0, rng.normal(size=FEATURES - 1) * 0.5)
    cohort = cohort_of(x, people_of(member))
    mean = middle(x, cohort)
    away = x @ weights - mean @ weights
    start = -2.0
    steep = (expit(start + away) - expit(start)) / away
    share = record(weights * (x - mean) * steep[:, None], cohort, base=float(expit(start)))
    first = np.arange(FEATURES) < 1
    effect = 2.0 * weights * first
    signed = Asked("difference", first, ~first, effect)
    size = Asked("size", np.zeros(FEATURES, bool), ~first, np.where(first, np.nan, 0.0))
    return Drawn(linear(x, weights, cohort), cohort, (signed, size), naive=share)
