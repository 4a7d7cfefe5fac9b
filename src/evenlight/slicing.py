"""The worst slices of people in one audit: searched on half of the units, tested on the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import get_args

import numpy as np

from evenlight.data.cohort import Cohort
from evenlight.data.probed import Predictions
from evenlight.measures.slices import Of, Slices, slices
from evenlight.measures.tried import tried
from evenlight.plan import Plan

STREAM = 6_000
"""Where the stream of the seed begins that is drawn here."""

WORDS: dict[str, str] = {
    "loss": "Slices with the largest loss",
    "above": "Slices where the prediction is too low",
    "below": "Slices where the prediction is too high",
}


@dataclass(frozen=True, slots=True)
class Slicing:
    """One record a way of being wrong, and sentences on what could not be had."""

    slices: tuple[Slices, ...] = ()
    notes: tuple[str, ...] = ()


def slicing(
    predicted: Predictions, cohort: Cohort, plan: Plan, say: Callable[[str], None]
) -> Slicing:
    """The worst slices over the columns that the plan names, by loss, and above and below.

    All three are searched on the same half of the units.
    """
    over = plan.reliance.slices
    if isinstance(over, bool) or not over:
        return Slicing()
    say("searching the worst slices")
    made: list[Slices] = []
    notes: list[str] = []
    for of in get_args(Of):
        rng = np.random.default_rng([plan.explain.seed, STREAM])
        ask = partial(slices, predicted, cohort, over=list(over), of=of, rng=rng)
        found = tried(f"{WORDS[of]} could not be searched", notes, ask)
        made += [] if found is None else [found]
    return Slicing(tuple(made), tuple(dict.fromkeys(notes)))
