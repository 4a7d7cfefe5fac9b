"""What a plan says of the people and their images: who they are, how read, what they report."""

from __future__ import annotations

from typing import Any, Literal, Self, get_args

from pydantic import Field, field_validator, model_validator

from evenlight.data.cohort import Cohort
from evenlight.data.outcome import Kind
from evenlight.data.training import TrainingSummary
from evenlight.errors import InputError, PlanError
from evenlight.measures.demographic import FIELDS, Demographics
from evenlight.measures.demographics import demographics
from evenlight.measures.target_people import target_of
from evenlight.plan_parts import listed, nearest
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
    form: Literal["sform", "qform"] | None = None
    template: str | None = None
    fill: float | None = None
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


class RegionsPlan(Closed):
    """Regions by which images are audited: those of a label map, of a grid, or superpixels.

    `labels` is a file beside the plan, of whole numbers (*s): NIfTI, npy, PNG or TIFF; `names` the
    names of its labels, a table beside the plan (`read_atlas`) or a table of the plan. `grid` says
    how many parts lie along each axis, `superpixels` how many regions the mean image gets.

    `within` names columns of two levels that change from image to image of a person (a view, a
    scanner, a side): which regions tell these (`regions_within`).
    """

    labels: str | None = None
    names: str | dict[str, str] | None = None
    grid: tuple[int, ...] = ()
    superpixels: int | None = Field(default=None, ge=2)
    within: tuple[str, ...] = ()

    @field_validator("within", mode="before")
    @classmethod
    def _each(cls, value: Any) -> Any:
        return listed([value] if isinstance(value, str) else value, "within", every="")

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [name for name in ("labels", "grid", "superpixels") if getattr(self, name)]
        if len(given) > 1:
            raise ValueError(f"give one of labels, grid and superpixels, not {' and '.join(given)}")
        if self.names and not self.labels:
            raise ValueError("names are those of labels; name the label map, labels = ...")
        if isinstance(self.names, dict) and not all(k.isdecimal() for k in self.names):
            raise ValueError('names are a table of label and name, as names = { 1 = "left lung" }')
        return self


MapView = Literal["signed", "magnitude", "sensitivity"]
MAP_VIEWS: tuple[MapView, ...] = get_args(MapView)
"""Views of maps that a plan can keep."""


class MapsPlan(Closed):
    """Maps of attribution compared position by position, by every grouping (`compare_maps`).

    `compare` asks for it (left out: where positions are shared by all rows and not too many, and
    `measure.further` is true, or a question asks about maps). `views` are those that are kept:
    attributions, their size, and the output's slope at each position (of integrated gradients).
    `without` names regions that are not asked, as the air around a body; `forming`, `draws` and
    `smooth` are those of `MapTesting`.
    """

    compare: bool | None = None
    views: tuple[MapView, ...] = MAP_VIEWS
    without: tuple[str, ...] = ()
    forming: float = Field(default=0.001, gt=0, lt=1)
    draws: int = Field(default=2_000, ge=100)
    smooth: float = Field(default=0.0, ge=0)

    @field_validator("views", mode="before")
    @classmethod
    def _some(cls, value: Any) -> Any:
        return listed(value, "views", every="all")

    @model_validator(mode="after")
    def _all(self) -> Self:
        if not self.views:
            raise ValueError(f"name one or more of {', '.join(MAP_VIEWS)}")
        return self


class CohortPlan(Closed):
    """Which people: a built-in cohort, a table or an .h5ad file, and the roles of its columns.

    Of an .h5ad file people are obs, by its names, and x is `layer` ("X" if left out), all of it.

    `images` are theirs, and then the input of the model in the place of `features`.

    `event` is the label of an outcome of two that is the event; the other is 0. With `time`, the
    column of follow-up, `outcome` says whether the event was seen (1) or the person censored (0).

    `source` says where the data come from, with version and licence; a built-in cohort knows it.
    """

    builtin: str | None = None
    table: str | None = None
    id: str | None = None
    features: tuple[str, ...] = ()
    layer: str | None = None
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
    source: str | None = None

    @model_validator(mode="after")
    def _of_images(self) -> Self:
        if self.images is None:
            return self
        if self.features or self.builtin:
            other = "features" if self.features else "builtin"
            raise ValueError(f"images are the input of the model; leave out images or {other}")
        return self

    @property
    def annotated(self) -> bool:
        """Whether the table is an annotated matrix."""
        return self.table is not None and self.table.endswith(".h5ad")

    @model_validator(mode="after")
    def _of_matrix(self) -> Self:
        if not self.annotated:
            if self.layer is not None:
                raise ValueError("layer is of an .h5ad file; leave it out")
            return self
        given = [name for name in ("id", "features", "images") if getattr(self, name)]
        if given:
            raise ValueError(
                f"of an .h5ad file rows have the names of obs and x is a matrix with all of its "
                f"features; leave out {' and '.join(given)}"
            )
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
