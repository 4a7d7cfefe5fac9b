"""Columns of people that nobody declared, and that do not matter."""

from __future__ import annotations

import numpy as np

from evenlight.qualify.cases.flat import FEATURES
from evenlight.qualify.drawn import Drawn, cohort_of, nothing_planted, people_of, sampled
from evenlight.qualify.warnings import warned


def innocent(rng: np.random.Generator) -> Drawn:
    """A ward of 5 and a clerk of 30 that go neither with the group nor with any value."""
    member = np.arange(300) < 150
    ward, clerk = rng.integers(0, 5, 300), rng.integers(0, 30, 300)
    people = people_of(member, ward=[f"w{i}" for i in ward], clerk=[f"c{i:02d}" for i in clerk])
    x = rng.normal(size=(300, FEATURES))
    cohort = cohort_of(x, people)
    made = sampled(x, rng.normal(size=FEATURES), cohort, rng)
    return Drawn(made, cohort, (nothing_planted("difference", FEATURES),), extra=warned)
