"""The parts of a plan, one table of the TOML file each. Closed schemas."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from evenlight.data.coefficients import Link
from evenlight.data.outcome import Kind
from evenlight.policy import Closed


class ModelPlan(Closed):
    """Which model: a built-in one, a coefficient table, or weights with a builder."""

    builtin: str | None = None
    table: str | None = None
    weights: str | None = None
    builder: str | None = None
    link: Link | None = None
    target: str | int | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [name for name in ("builtin", "table", "weights") if getattr(self, name)]
        if len(given) > 1:
            raise ValueError(f"give one of builtin, table and weights, not {' and '.join(given)}")
        if bool(self.weights) != bool(self.builder):
            raise ValueError("weights and builder go together")
        return self


class CohortPlan(Closed):
    """Which people: a built-in cohort or a CSV table, and the roles of its columns."""

    builtin: str | None = None
    table: str | None = None
    id: str | None = None
    features: tuple[str, ...] = ()
    outcome: str | None = None
    outcome_kind: Kind | None = None
    unit: str | None = None
    groups: tuple[str, ...] = ()
    strata: tuple[str, ...] = ()
    covariates: tuple[str, ...] = ()
    weights: str | None = None
    rater: str | None = None
    prediction: str | None = None
    split: tuple[str, str] | None = None
    missing: Literal["error", "drop", "median"] = "error"


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


class ExplainPlan(Closed):
    """How attributions are made; the seed also serves every other draw.

    `repeats` further explanations on other draws of the background; None: five where they are cheap
    (linear models, gradients on tables), else none.
    """

    method: str = "auto"
    seed: int = Field(default=0, ge=0)
    repeats: int | None = Field(default=None, ge=0, le=100)


class MeasurePlan(Closed):
    """Whether measures beside those that answer questions are made (`evenlight.further`)."""

    further: bool = True


class SetsPlan(Closed):
    """Sets that are tested before features: a GMT file, or clusters of correlated features."""

    gmt: str | None = None
    clusters: bool = False

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.gmt and self.clusters:
            raise ValueError("give gmt or clusters, not both")
        return self


class ReliancePlan(Closed):
    """What reliance is adjusted for, how often the twin is refitted, and what is looked at beside.

    `axes` are principal components within groups: tables `[axes.NAME]`, or columns of people;
    `families` is a column of people. `refits` pairs are made where training people are given.

    `layers` of the model ("all": its main ones) are asked what they encode of each grouping and
    what of that is used, with the column `against` (the first of the strata where none is named)
    as the competing explanation. `slices` are columns (true: every grouping, stratum and covariate)
    over which the worst slices are searched and confirmed. `proxies` asks for clusters as candidate
    groups, which are the groups of the audit where none is declared.
    """

    axes: tuple[str, ...] = ()
    families: str | None = None
    refits: int = Field(default=10, ge=5, le=200)
    layers: tuple[str, ...] | Literal["all"] = ()
    against: str | None = None
    slices: tuple[str, ...] | bool = ()
    proxies: bool = False

    @field_validator("layers", "slices", mode="before")
    @classmethod
    def _listed(cls, value: Any, info: Any) -> Any:
        every = {"layers": "all", "slices": True}[info.field_name]
        if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
            return tuple(dict.fromkeys(value))
        if value is False and info.field_name == "slices":
            return ()
        if isinstance(value, type(every)) and value == every:
            return value
        said = '"all"' if every == "all" else "true"
        raise ValueError(f'list the names, {info.field_name} = ["name"], or say {said}')


ForkKind = Literal["seed", "background", "baseline", "explainer", "scale"]
"""Choices that can be made otherwise with nothing but the model and the cohort."""


class HoldsPlan(Closed):
    """Whether answers hold: primary questions asked again where one choice is made otherwise.

    `forks` lists what is chosen otherwise (true: all that the model and cohort allow): seed,
    background, baseline, explainer, scale. Each fork costs about as much as the questions did.
    """

    forks: tuple[ForkKind, ...] | bool = ()

    @field_validator("forks", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        if value is False:
            return ()
        return tuple(dict.fromkeys(value)) if isinstance(value, list | tuple) else value


class ReportPlan(Closed):
    """What the page says at its head."""

    title: str = ""
