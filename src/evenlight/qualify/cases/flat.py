"""People of two groups whose values have no structure: null, unequal spread, skew, rare values."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Bool, Float
from evenlight.qualify.drawn import (
    Drawn,
    cohort_of,
    first_planted,
    nothing_planted,
    people_of,
    same_step,
    sampled,
)

FEATURES = 20
TRUE = 5
WIDE, RARE = 1_500, 200


def null(rng: np.random.Generator) -> Drawn:
    """150 + 150 people, 20 features of a linear model, nothing differs."""
    return _nothing(rng.normal(size=(300, FEATURES)), np.arange(300) < 150, rng)


def spread(rng: np.random.Generator) -> Drawn:
    """20 people with three times the spread of the other 100, equal means."""
    member = np.arange(120) < 20
    scale = np.where(member, 3.0, 1.0)[:, None]
    return _nothing(scale * rng.normal(size=(120, FEATURES)), member, rng)


def skew(rng: np.random.Generator) -> Drawn:
    """20 + 100 people, exponential values: skewed, equal in both groups."""
    return _nothing(rng.exponential(size=(120, FEATURES)) - 1.0, np.arange(120) < 20, rng)


def rare(rng: np.random.Generator) -> Drawn:
    """60 + 240 people and 0/1 values that one in ten has."""
    values = (rng.uniform(size=(300, FEATURES)) < 0.1).astype(float)
    return _nothing(values, np.arange(300) < 60, rng)


def one_rare(rng: np.random.Generator) -> Drawn:
    """25 + 1,500 people; 5 features differ by 1.2 SD, and one of 20 is a 0/1 value of 4 in 100.

    In a third of permutations nobody of the small group carries the rare value, whose studentised
    statistic is then far out: one such feature must not take the power from all the others.
    """
    member = np.arange(1525) < 25
    shift = np.where(np.arange(FEATURES) < TRUE, 1.2, 0.0)
    x = rng.normal(size=(1525, FEATURES)) + np.outer(member, shift)
    x[:, -1] = rng.uniform(size=1525) < 0.04
    cohort = cohort_of(x, people_of(member))
    weights = rng.choice([-1.0, 1.0], FEATURES)
    asked = first_planted("difference", FEATURES, TRUE, weights * shift)
    return Drawn(sampled(x, weights, cohort, rng), cohort, (asked,))


def wide_spread(rng: np.random.Generator) -> Drawn:
    """20 people with three times the spread of the other 100, and 1,500 features."""
    member = np.arange(120) < 20
    scale = np.where(member, 3.0, 1.0)[:, None]
    return _difference_only(scale * rng.normal(size=(120, WIDE)), member, rng)


def many_rare(rng: np.random.Generator) -> Drawn:
    """25 + 500 people and 200 values of 0 or 1 that 1 to 20 in 100 have."""
    member, often = np.arange(525) < 25, np.geomspace(0.01, 0.2, RARE)
    return _difference_only((rng.uniform(size=(525, RARE)) < often).astype(float), member, rng)


def _difference_only(x: Float, member: Bool, rng: np.random.Generator) -> Drawn:
    """A linear model whose expected attributions are equal; only differences are asked."""
    cohort, p = cohort_of(x, people_of(member)), x.shape[1]
    made = sampled(x, rng.choice([-1.0, 1.0], p), cohort, rng)
    return Drawn(made, cohort, (nothing_planted("difference", p),))


def _nothing(x: Float, member: Bool, rng: np.random.Generator) -> Drawn:
    """A linear model with weights of both signs, whose expected attributions are equal."""
    cohort = cohort_of(x, people_of(member))
    weights = rng.normal(size=FEATURES)
    asked = [nothing_planted(q, FEATURES) for q in ("difference", "use from attributions alone")]
    asked.append(nothing_planted("use", FEATURES))
    made = sampled(x, weights, cohort, rng)
    return Drawn(made, cohort, tuple(asked), same_step(weights, cohort))
