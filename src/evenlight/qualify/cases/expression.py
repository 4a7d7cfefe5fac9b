"""Expression counts: site confounding, and libraries of different depth."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Float
from evenlight.qualify.drawn import (
    Drawn,
    cohort_of,
    first_planted,
    nothing_planted,
    people_of,
    sampled,
)
from evenlight.qualify.warnings import warned

GENES = 50
TRUE = 6
DISPERSION = 0.2
"""Variance of a count is mean + 0.2 mean^2."""


def counts(rng: np.random.Generator, mean: Float) -> Float:
    """Negative binomial counts around `mean` (n, p)."""
    shape = 1 / DISPERSION
    return rng.negative_binomial(shape, shape / (shape + mean)).astype(float)


def site(rng: np.random.Generator) -> Drawn:
    """Two sites with other levels of expression, groups 80/20 in them; nothing differs."""
    return _sites(rng, 0)


def site_true(rng: np.random.Generator) -> Drawn:
    """The same, and 6 of 50 genes that do differ between the groups within each site."""
    return _sites(rng, TRUE)


def _sites(rng: np.random.Generator, true: int) -> Drawn:
    at = np.arange(300) % 2
    member = rng.uniform(size=300) < np.where(at == 0, 0.8, 0.2)
    shift = np.where(np.arange(GENES) < true, 0.35, 0.0)
    log_mean = np.log(rng.uniform(50, 500, GENES)) + np.outer(at, rng.normal(0, 0.3, GENES))
    x = np.log1p(counts(rng, np.exp(log_mean + np.outer(member, shift))))
    people = people_of(member, site=np.where(at == 0, "s0", "s1"))
    cohort = cohort_of(x, people, strata=["site"])
    weights = rng.choice([-1.0, 1.0], GENES)
    unknown = np.where(np.arange(GENES) < true, np.nan, 0.0)
    asked = first_planted("difference", GENES, true, unknown)
    return Drawn(sampled(x, weights, cohort, rng), cohort, (asked,))


def library(rng: np.random.Generator) -> Drawn:
    """Group b was sequenced 1.5 times as deep; its log depth is a declared covariate."""
    return _libraries(rng, 0)


def library_true(rng: np.random.Generator) -> Drawn:
    """The same, and 6 of 50 genes that differ at equal depth."""
    return _libraries(rng, TRUE)


def _libraries(rng: np.random.Generator, true: int) -> Drawn:
    member = np.arange(240) < 120
    depth = rng.normal(0, 0.3, 240) + np.where(member, np.log(1.5), 0.0)
    shift = np.where(np.arange(GENES) < true, 0.4, 0.0)
    log_mean = np.log(rng.uniform(50, 500, GENES)) + depth[:, None] + np.outer(member, shift)
    x = np.log1p(counts(rng, np.exp(log_mean)))
    cohort = cohort_of(x, people_of(member, depth=depth), covariates=["depth"])
    weights = rng.choice([-1.0, 1.0], GENES)
    asked = nothing_planted("difference", GENES)
    if true:
        unknown = np.where(np.arange(GENES) < true, np.nan, 0.0)
        asked = first_planted("difference", GENES, true, unknown)
    return Drawn(sampled(x, weights, cohort, rng), cohort, (asked,))


def undeclared_site(rng: np.random.Generator) -> Drawn:
    """The site stands in the table of people and nobody declared it: a warning is owed."""
    made = _sites(rng, 0)
    cohort = cohort_of(made.cohort.dense(), made.cohort.people)
    asked = nothing_planted("difference", GENES)
    return Drawn(made.made, cohort, (asked,), extra=warned)
