"""What a plan says of the people: which columns report what, and the target population."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from evenlight.data.cohort import Cohort
from evenlight.data.training import TrainingSummary
from evenlight.errors import InputError, PlanError
from evenlight.measures.demographic import FIELDS, Demographics
from evenlight.measures.demographics import demographics
from evenlight.measures.target_people import target_of
from evenlight.plan_parts import nearest
from evenlight.policy import Closed


class DemographicsPlan(Closed):
    """Which column reports ancestry, ethnicity, geography, sex, gender and age; a target's shares.

    `fields` maps a field to a column of people or a declared grouping; `target` a field to the
    share of each of its levels in the population that the model is meant for.
    """

    fields: dict[str, str] = Field(default={})
    target: dict[str, dict[str, float]] = Field(default={})

    @model_validator(mode="after")
    def _known(self) -> Self:
        for name in self.fields:
            if name not in FIELDS:
                near = nearest(name, FIELDS).rstrip("?")
                raise ValueError(f"no field {name!r}{near}; known: {', '.join(FIELDS)}")
        target_of(self.target, self.fields)
        return self


def described(
    asked: DemographicsPlan, cohort: Cohort, training: object = None
) -> tuple[Demographics, ...]:
    """What the plan asks of the people, () where it names no field; PlanError names what is wrong.

    `training` people are used where they are a cohort or a summary of the same features.
    """
    if not asked.fields:
        return ()
    known = training if isinstance(training, Cohort | TrainingSummary) else None
    try:
        made = demographics(
            cohort, fields=asked.fields, target=asked.target or None, training=known
        )
    except InputError as error:
        raise PlanError(f"demographics: {error}") from None
    return (made,)
