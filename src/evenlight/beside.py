"""What the plan asks for beside reliance: layers, slices and proxies, in one place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.probed import Predictions
from evenlight.encoding import encoding
from evenlight.measures.encoded import EncodedUsed
from evenlight.measures.judging import Judging
from evenlight.measures.proxied import Proxied
from evenlight.measures.slices import Slices
from evenlight.measures.testing import Testing
from evenlight.models.probe import Prepared
from evenlight.plan import Plan
from evenlight.proxying import Asked, proxying
from evenlight.slicing import slicing


@dataclass(frozen=True, slots=True)
class Beside:
    """Records as in `Further`, and sentences on what could not be had."""

    encoded: tuple[EncodedUsed, ...]
    slices: tuple[Slices, ...]
    proxies: tuple[Proxied, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Given:
    """A model, what it predicts, its explanation, and how performance is judged."""

    prepared: Prepared
    predicted: Predictions
    made: Attributions
    judging: Judging


def beside(given: Given, cohort: Cohort, plan: Plan, say: Callable[[str], None]) -> Beside:
    """Whatever of the three the plan names; they are asked for, so `measure.further` is no matter.

    Each has streams of the seed of its own, so that none moves another's numbers.
    """
    testing = Testing(margin=plan.policy.margins.reliance, alpha=plan.policy.alpha)
    asked = Asked(given.predicted, given.made, given.judging, testing)
    layers = encoding(given.prepared, given.predicted, cohort, plan, say)
    worst = slicing(given.predicted, cohort, plan, say)
    stand = proxying(given.prepared, asked, cohort, plan, say)
    notes = layers.notes + worst.notes + stand.notes
    return Beside(layers.encoded, worst.slices, stand.proxies, notes)
