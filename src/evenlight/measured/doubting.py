"""How sure the model is in each group in one audit, and whether its sets hold what they promise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from evenlight.data.cohort import Cohort
from evenlight.errors import EvenlightError
from evenlight.measures.conforming import Conformal
from evenlight.measures.uncertain import uncertain
from evenlight.measures.uncertainty import Uncertainty
from evenlight.models.probe import Prepared
from evenlight.plan import Plan
from evenlight.probes.predict import predict

STREAM = 8_000
"""Where the streams of the seed begin that are drawn here."""


@dataclass(frozen=True, slots=True)
class Doubting:
    """One record a grouping, and sentences on what could not be had."""

    uncertainties: tuple[Uncertainty, ...] = ()
    notes: tuple[str, ...] = ()


def doubting(
    prepared: Prepared, cohort: Cohort, plan: Plan, say: Callable[[str], None]
) -> Doubting:
    """Coverage and size of conformal sets by every grouping, where the plan names levels."""
    asked = plan.uncertainty
    if not asked.levels:
        return Doubting()
    how = Conformal(
        levels=asked.levels, score=asked.score, folds=asked.folds, margin=asked.margin,
        alpha=plan.policy.alpha,
    )  # fmt: skip
    made, notes = [], []
    predicted = predict(prepared, cohort, target=prepared.column)
    for i, groups in enumerate(cohort.groups):
        say(f"how sure by {groups.name}")
        rng = np.random.default_rng([plan.explain.seed, STREAM, i])
        try:
            made.append(uncertain(predicted, cohort, by=groups.name, how=how, rng=rng))
        except EvenlightError as error:
            notes.append(f"How sure the model is by {groups.name} could not be had: {error}")
    return Doubting(tuple(made), tuple(notes))
