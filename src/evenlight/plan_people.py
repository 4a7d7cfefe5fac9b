"""What a plan says of the people: who they are, how they are read, what they report."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from evenlight.data.cohort import Cohort
from evenlight.data.outcome import Kind
from evenlight.data.training import TrainingSummary
from evenlight.errors import InputError, PlanError
from evenlight.measures.demographic import FIELDS, Demographics
from evenlight.measures.demographics import demographics
from evenlight.measures.target_people import target_of
from evenlight.plan_parts import nearest
from evenlight.policy import Closed


class ImagesPlan(Closed):
    """Which images, and how they are read; `images = "folder"` names the path alone.

    `path` is a folder or an npz file beside the plan; `file` the column of paths in the folder,
    `names` the array of row ids in the npz. The others are those of `read_images`.
    """

    path: str
    file: str | None = None
    names: str | None = None
    key: str | None = None
    layout: str | None = None
    channels: str | tuple[str, ...] | None = None
    values: Literal["stored", "unit"] | None = None
    spacing: tuple[float, ...] | None = None
    orientation: str | None = None
    template: str | None = None
    window: Literal["bits", "file"] | tuple[float, float] | None = None
    shared: str | None = None
    join: Literal["exact", "inner"] | None = None

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: object) -> object:
        return {"path": value} if isinstance(value, str) else value

    def options(self) -> dict[str, Any]:
        """What `read_images` is asked for, of all that is given."""
        return {k: v for k, v in self.model_dump(exclude={"path"}).items() if v is not None}


class CohortPlan(Closed):
    """Which people: a built-in cohort or a CSV table, and the roles of its columns.

    `images` are theirs, and then the input of the model in the place of `features`.

    `event` is the label of an outcome of two that is the event; the other is 0. With `time`, the
    column of follow-up, `outcome` says whether the event was seen (1) or the person censored (0).
    """

    builtin: str | None = None
    table: str | None = None
    id: str | None = None
    features: tuple[str, ...] = ()
    images: ImagesPlan | None = None
    outcome: str | None = None
    outcome_kind: Kind | None = None
    event: str | int | float | None = None
    time: str | None = None
    unit: str | None = None
    groups: tuple[str, ...] = ()
    strata: tuple[str, ...] = ()
    covariates: tuple[str, ...] = ()
    weights: str | None = None
    rater: str | None = None
    prediction: str | None = None
    split: tuple[str, str] | None = None
    missing: Literal["error", "drop", "median", "keep"] = "error"

    @model_validator(mode="after")
    def _of_images(self) -> Self:
        if self.images is None:
            return self
        if self.features or self.builtin:
            other = "features" if self.features else "builtin"
            raise ValueError(f"images are the input of the model; leave out images or {other}")
        return self

    @model_validator(mode="after")
    def _timed(self) -> Self:
        if self.time is None:
            return self
        if self.outcome is None or self.event is not None:
            raise ValueError("time goes with outcome = the column of 0 and 1 that says who had it")
        if self.outcome_kind not in (None, "survival"):
            raise ValueError(f"time makes a survival outcome, not a {self.outcome_kind} one")
        return self


class GroupPlan(Closed):
    """How a grouping is read: its column, missing codes, order, reference, merges and source."""

    column: str
    source: str = "record"
    missing: tuple[str | int, ...] = ()
    order: tuple[str, ...] | None = None
    reference: str | None = None
    merge: dict[str, str] = Field(default={})


class AxesPlan(Closed):
    """Continuous ancestry: the columns of its axes; `composition` where they add up to 1."""

    columns: tuple[str, ...] = Field(min_length=1)
    composition: Literal["", "shares", "ilr"] = ""


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
