"""Strata of rows in which something is asked: the cohort's, the outcome's, another grouping's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.data.cohort import Cohort
from evenlight.data.followed import followed
from evenlight.data.groups import Groups
from evenlight.data.strata import strata_without
from evenlight.errors import CohortError, InputError
from evenlight.measures.prepare import Setting
from evenlight.stats.cells import joint
from evenlight.stats.held import held_outcome
from evenlight.stats.strata import within_adjusted
from evenlight.stats.survival import residuals

HELD = ("outcome", "nothing")
"""What may be held fixed beside the cohort's strata."""


def held_default(cohort: Cohort) -> str:
    """What is held where nothing is said: the outcome where the cohort has one, else nothing."""
    return "nothing" if cohort.outcome_kind is None else "outcome"


def checked(given: str, cohort: Cohort) -> str:
    """`given` itself; InputError for another word, CohortError where there is no outcome."""
    if given not in HELD:
        raise InputError(f"given is {given!r}; known: {', '.join(HELD)}")
    if given == "outcome" and held_default(cohort) == "nothing":
        raise CohortError(
            'given="outcome" needs an outcome; name one with Cohort(outcome=...), or say '
            'given="nothing"'
        )
    return given


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """What is held fixed for each kept row (n,): its `stratum`, -1 unknown.

    Of a continuous outcome that is held also `y` and its `piece`, the bin; else y is None.
    """

    stratum: Int
    piece: Int
    y: Float | None = None

    def left(self, here: Setting, values: Float) -> Float:
        """Values (n kept, d) without their dependence on a continuous outcome inside each bin."""
        if self.y is None:
            return values
        known = self.stratum >= 0
        out = np.array(values, dtype=np.float64)
        out[known] = within_adjusted(
            out[known], self.y[known], self.stratum[known],
            here.unit_group[here.unit][known], piece=self.piece[known],
        )  # fmt: skip
        return out


def held(here: Setting, given: str, beside: Groups | None = None) -> Held:
    """Hold the strata, the outcome where `given` says so, and the levels of `beside`.

    A stratum column that is the grouping itself is no stratum then: no stratum would hold two
    groups. A survival time is held by the martingale residual of the Nelson-Aalen estimate over
    everyone, cut as a continuous outcome is, apart for events and censored times.
    """
    parts = [strata_without(here.cohort, here.groups.name)[here.kept]]
    if beside is not None:
        parts.append(beside.codes[here.kept])
    if given != "outcome":
        return Held(joint(parts), np.zeros(int(here.kept.sum()), dtype=np.int64))
    y, event = _outcome(here.cohort)
    own = held_outcome(
        y[here.kept],
        here.groups.codes[here.kept],
        kind=str(here.cohort.outcome_kind),
        event=None if event is None else event[here.kept],
    )
    return Held(joint([*parts, own.piece]), own.piece, own.y)


def _outcome(cohort: Cohort) -> tuple[Float, Float | None]:
    """The outcome of rows (n,) as a number, or the residual of a survival time and its event."""
    if cohort.outcome_kind != "survival":
        return cohort.y, None
    time, event = followed(cohort)
    return residuals(time, event, cohort.units, cohort.order), event
