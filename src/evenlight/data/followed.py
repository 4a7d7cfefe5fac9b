"""Time to an event, and whether it was seen, as numbers."""

from __future__ import annotations

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.data.outcome import Survival, times_and_events
from evenlight.errors import CohortError


def followed(cohort: Cohort) -> tuple[Float, Float]:
    """Time and event (n,) of a survival outcome, NaN where either is unknown."""
    if not isinstance(cohort.outcome, Survival):
        raise CohortError("the cohort has no survival outcome; pass outcome=Survival(time, event)")
    return times_and_events(cohort.people, cohort.outcome)
