"""Continuous ancestry that goes with age."""

from __future__ import annotations

import numpy as np

from evenlight.data.groups import Axes
from evenlight.qualify.drawn import Drawn, cohort_of, first_planted, people_of, sampled

FEATURES = 50
TRUE = 5
AXIS = "admixture"


def age_confounded(rng: np.random.Generator) -> Drawn:
    """Features follow age, age follows admixture, and age is declared: nothing differs."""
    return _along(rng, 0)


def age_confounded_true(rng: np.random.Generator) -> Drawn:
    """The same, and 5 of 50 features that do follow admixture at equal age."""
    return _along(rng, TRUE)


def _along(rng: np.random.Generator, true: int) -> Drawn:
    n = 300
    share = rng.beta(1.0, 1.0, n)
    age = 50 + 20 * (share - 0.5) + 5 * rng.normal(size=n)
    slope = np.where(np.arange(FEATURES) < true, 1.2, 0.0)
    x = np.outer((age - 50) / 8, rng.normal(0, 0.5, FEATURES)) + np.outer(share, slope)
    x += rng.normal(size=(n, FEATURES))
    axis = Axes(AXIS, share[:, None])
    # A careless analyst cuts the axis in two; so do the rivals.
    people = people_of(share > np.median(share), age=age)
    cohort = cohort_of(x, people, covariates=["age"], axes=[axis])
    weights = rng.choice([-1.0, 1.0], FEATURES)
    unknown = np.where(np.arange(FEATURES) < true, np.nan, 0.0)
    asked = first_planted("difference", FEATURES, true, unknown)
    return Drawn(sampled(x, weights, cohort, rng), cohort, (asked,), by=AXIS)
