"""A model that small changes of the data move in one group only, and one that they move alike."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from evenlight.arrays import Bool, Float, Values
from evenlight.measures.fragility import fragility
from evenlight.measures.testing import Testing
from evenlight.probes.perturb import perturb
from evenlight.probes.perturbations.perturbation import Perturbation, Suite
from evenlight.qualify.drawn import GROUP, Drawn, cohort_of, linear, people_of
from evenlight.qualify.told import ALPHA

MARKERS, FEATURES = 3, 12
"""Features that lose their values, of all."""

STEPS = (0.05, 0.1, 0.2)
"""Shares of marker values lost, and SDs of error in the others."""

DRAWS = 1_999


def one_group(rng: np.random.Generator) -> Drawn:
    """60 + 60 people; only group b expresses the 3 markers that lose their values.

    Lost values move the score of group b and of nobody else: three steps are planted. An error in
    nine other features moves everyone alike: three steps are null.
    """
    return _people(rng, 60, expressed=0.0)


def robust(rng: np.random.Generator) -> Drawn:
    """20 + 100 people who express all features alike: nothing moves one group more."""
    return _people(rng, 100, expressed=1.0)


def _people(rng: np.random.Generator, reference: int, *, expressed: float) -> Drawn:
    """120 people, the first `reference` of them in group a, a share of whom expresses markers."""
    member = np.arange(120) >= reference
    x = np.exp(0.5 * rng.normal(size=(120, FEATURES)))
    silent = ~member & (rng.random(120) >= expressed)
    x[silent, :MARKERS] = 0.0
    cohort = cohort_of(x, people_of(member))
    return Drawn(linear(x, np.ones(FEATURES), cohort), cohort, (), extra=told)


def suite() -> Suite:
    """Marker values lost at random, and an error in every other feature."""
    markers = np.arange(FEATURES) < MARKERS
    lose, err = (partial(of, at=at) for of, at in ((_lost, markers), (_noisy, ~markers)))
    return Suite("planted", (
        Perturbation("dropout", lose, STEPS, "share of values", "numbers", "Bernoulli"),
        Perturbation("error", err, STEPS, "SD", "numbers", "Gaussian"),
    ))  # fmt: skip


def _lost(values: Values, strength: float, rng: np.random.Generator, *, at: Bool) -> Values:
    return np.where(at & (rng.random(values.shape) < strength), 0.0, values)


def _noisy(values: Values, strength: float, rng: np.random.Generator, *, at: Bool) -> Values:
    return values + at * strength * rng.normal(size=values.shape)


def score(x: Float) -> Float:
    """The audited model: every feature counts."""
    said: Float = x.sum(axis=1)
    return said


def told(drawn: Drawn, seed: int) -> Mapping[str, float]:
    """Whether any null step is flagged, how many are; how many of those planted, the largest."""
    made = perturb(score, drawn.cohort, suite=suite(), rng=seed)
    found = fragility(made, drawn.cohort, by=GROUP, testing=Testing(draws=DRAWS), rng=seed)
    at = found.view("size")
    p, flagged = found.apart.p[at, 0], found.apart.p_maxt[at, 0] <= ALPHA
    lost = np.array([name == "dropout" for name in found.perturbation])
    if not planted(drawn):
        return {"false": float(flagged.any()), "raw_false": float((p <= ALPHA).mean())}
    most = int(np.flatnonzero(lost)[-1])
    return {
        "false": float(flagged[~lost].any()),
        "raw_false": float((p[~lost] <= ALPHA).mean()),
        "found": float(flagged[lost].mean()),
        "largest_found": float(flagged[most]),
        "called_different": float(found.apart.verdict[at, 0, most] == "different"),
        "called_similar": float(found.apart.verdict[at, 0, most] == "similar"),
    }


def planted(drawn: Drawn) -> bool:
    """Whether markers are silent in group a."""
    return bool((drawn.cohort.dense()[~drawn.member, :MARKERS] == 0).all())
