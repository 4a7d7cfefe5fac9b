"""Labels of the group that are missing, not at random."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from evenlight.measures.coverage import label_coverage
from evenlight.qualify.drawn import (
    GROUP,
    Drawn,
    cohort_of,
    nothing_planted,
    people_of,
    sampled,
)
from evenlight.qualify.told import ALPHA

FEATURES = 20


def at_random(rng: np.random.Generator) -> Drawn:
    """A third of the labels is missing, whoever it is: nothing differs, nothing is warned of."""
    return _missing(rng, False)


def not_at_random(rng: np.random.Generator) -> Drawn:
    """Of group b those who stand high in the first 5 features hide their label.

    The known people do differ, though nobody does: no comparison of them can see it, and that the
    unlabelled differ from the labelled must be told.
    """
    return _missing(rng, True)


def _missing(rng: np.random.Generator, selected: bool) -> Drawn:
    member = np.arange(500) < 250
    x = rng.normal(size=(500, FEATURES))
    high = x[:, :5].sum(axis=1) > 0
    odds = np.where(member & high, 0.8, 0.1) if selected else np.full(500, 0.33)
    people = people_of(member)
    people.loc[rng.uniform(size=500) < odds, GROUP] = "unknown"
    cohort = cohort_of(x, people)
    asked = nothing_planted("difference", FEATURES)
    made = sampled(x, np.ones(FEATURES), cohort, rng)
    return Drawn(made, cohort, (asked,), extra=told)


def told(drawn: Drawn, seed: int) -> Mapping[str, float]:
    """1 where the unlabelled are found to differ from the labelled."""
    found = label_coverage(drawn.made, drawn.cohort, by=GROUP, rng=seed)
    return {"told": float(np.nanmin(found.p_maxt) <= ALPHA)}
