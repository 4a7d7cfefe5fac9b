"""Cells in donors, and patients with one or two views: rows are not people."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Float
from evenlight.qualify.drawn import Drawn, cohort_of, first_planted, people_of, sampled
from evenlight.qualify.warnings import warned

GENES = 50
TRUE = 10
CELLS = 30
ICC = 0.2


def few(rng: np.random.Generator) -> Drawn:
    """8 + 8 donors with 30 cells each: too few people, and it must be said."""
    return _cells(rng, 8, 0)


def donors(rng: np.random.Generator) -> Drawn:
    """12 + 12 donors with 30 cells each, ICC 0.2; nothing differs."""
    return _cells(rng, 12, 0)


def donors_true(rng: np.random.Generator) -> Drawn:
    """The same, and 10 of 50 genes that differ by 1.7 SD of the donors' means."""
    return _cells(rng, 12, TRUE)


def undeclared(rng: np.random.Generator) -> Drawn:
    """The donor stands in the table of people and each cell was declared a person."""
    made = _cells(rng, 12, 0)
    cohort = cohort_of(made.cohort.dense(), made.cohort.people, unit="row")
    return Drawn(made.made, cohort, made.asked, extra=warned)


def views(rng: np.random.Generator) -> Drawn:
    """Patients with one or both of two views of unlike levels: strata vary inside a patient."""
    who = rng.integers(0, 3, 160)
    patient = np.concatenate([np.flatnonzero(who != 1), np.flatnonzero(who != 0)])
    view = np.concatenate([np.zeros((who != 1).sum()), np.ones((who != 0).sum())])
    own = rng.normal(size=(160, 20))
    x = own[patient] + 2.0 * view[:, None] + 0.5 * rng.normal(size=(len(patient), 20))
    member = (rng.uniform(size=160) < np.array([0.3, 0.7, 0.5])[who])[patient]
    columns = {"patient": _named(patient), "view": np.where(view == 0, "AP", "PA")}
    cohort = cohort_of(x, people_of(member, **columns), unit="patient", strata=["view"])
    asked = first_planted("difference", 20, 0, np.zeros(20))
    return Drawn(sampled(x, rng.normal(size=20), cohort, rng), cohort, (asked,))


def _cells(rng: np.random.Generator, donors: int, true: int) -> Drawn:
    donor = np.repeat(np.arange(2 * donors), CELLS)
    member = donor < donors
    level = rng.normal(size=(2 * donors, GENES)) * np.sqrt(ICC / (1 - ICC))
    shift = np.where(np.arange(GENES) < true, 1.7 * _spread_of_means(), 0.0)
    x: Float = level[donor] + np.outer(member, shift) + rng.normal(size=(len(donor), GENES))
    cohort = cohort_of(x, people_of(member, donor=_named(donor)), unit="donor")
    weights = rng.choice([-1.0, 1.0], GENES)
    asked = first_planted("difference", GENES, true, weights * shift)
    return Drawn(sampled(x, weights, cohort, rng), cohort, (asked,))


def _spread_of_means() -> float:
    """SD of the mean over a donor's cells."""
    return float(np.sqrt(ICC / (1 - ICC) + 1 / CELLS))


def _named(code: np.ndarray) -> list[str]:
    return [f"d{i:03d}" for i in code]
