"""Whether the outcome that is held is the one that the target foretells."""

from __future__ import annotations

from evenlight.data.cohort import Cohort
from evenlight.data.outcome import Survival
from evenlight.errors import CohortError


def own_outcome(target: str, cohort: Cohort) -> None:
    """Raise CohortError where the target has the name of another column than the outcome.

    Of several findings each is judged given its own: given another one, whatever the two findings
    share looks like a difference between groups.
    """
    outcome = cohort.outcome
    if outcome is None or target not in cohort.people.columns:
        return
    held = (outcome.time, outcome.event) if isinstance(outcome, Survival) else (outcome,)
    if target not in held:
        raise CohortError(
            f"the target is {target!r} and the outcome {' and '.join(map(repr, held))}; build the "
            f"cohort of this target with outcome={target!r}, or rename that column of people if it "
            "is something else"
        )
