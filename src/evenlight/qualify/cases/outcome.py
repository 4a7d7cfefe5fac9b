"""Outcomes: prevalence, severity and under-diagnosis that differ between groups."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Float
from evenlight.qualify.drawn import Asked, Drawn, cohort_of, nothing_planted, people_of, sampled

FEATURES = 20
SIGNAL = 10
"""The first 10 features differ between cases and others, by 0.5 SD."""


def prevalence(rng: np.random.Generator) -> Drawn:
    """20 % against 50 % are ill; the ill are alike: nothing differs within the outcome."""
    member = np.arange(400) < 200
    ill = rng.uniform(size=400) < np.where(member, 0.5, 0.2)
    x = _signs(rng, ill.astype(float))
    cohort = cohort_of(x, people_of(member, ill=ill.astype(int)), outcome="ill")
    weights = _weights(rng)
    within = nothing_planted("difference given the outcome", FEATURES)
    signal = np.arange(FEATURES) < SIGNAL
    marginal = Asked("difference", signal, ~signal, weights * signal * 0.5 * 0.3)
    return Drawn(sampled(x, weights, cohort, rng), cohort, (within, marginal))


def severity(rng: np.random.Generator) -> Drawn:
    """Equal prevalence, but the ill of group b are twice as ill: a right model differs within y."""
    member = np.arange(600) < 300
    ill = rng.uniform(size=600) < 0.4
    x = _signs(rng, np.where(ill, np.where(member, 3.0, 1.0), 0.0))
    cohort = cohort_of(x, people_of(member, ill=ill.astype(int)), outcome="ill")
    signal = np.arange(FEATURES) < SIGNAL
    unknown = np.where(signal, np.nan, 0.0)
    asked = Asked("difference given the outcome", signal, ~signal, unknown)
    return Drawn(sampled(x, _weights(rng), cohort, rng), cohort, (asked,))


def under_diagnosis(rng: np.random.Generator) -> Drawn:
    """Equally many are ill and alike, but 40 % of the ill of group b are recorded as well.

    Nothing differs marginally. Given the recorded outcome the well of group b hold ill people, so
    that a right model differs: a case that the view given the outcome cannot do.
    """
    member = np.arange(600) < 300
    ill = rng.uniform(size=600) < 0.4
    x = _signs(rng, np.where(ill, 2.0, 0.0))
    missed = member & ill & (rng.uniform(size=600) < 0.4)
    cohort = cohort_of(x, people_of(member, ill=(ill & ~missed).astype(int)), outcome="ill")
    marginal = nothing_planted("difference", FEATURES)
    within = nothing_planted("difference given the outcome", FEATURES)
    return Drawn(sampled(x, _weights(rng), cohort, rng), cohort, (marginal, within))


def _signs(rng: np.random.Generator, illness: Float) -> Float:
    """Values (n, p) whose first `SIGNAL` features follow the illness."""
    x = rng.normal(size=(len(illness), FEATURES))
    x[:, :SIGNAL] += 0.5 * illness[:, None]
    return x


def _weights(rng: np.random.Generator) -> Float:
    """The model weighs signs of illness by their truth, others by little."""
    noise = 0.1 * rng.normal(size=FEATURES)
    return np.where(np.arange(FEATURES) < SIGNAL, 0.5, noise)
