"""The parts of a plan, one table of the TOML file each. Closed schemas."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from evenlight.data.coefficients import Link
from evenlight.measures.conforming import Conformal
from evenlight.policy import Closed


def nearest(name: str, known: Sequence[str]) -> str:
    """The end of an error message: the known name that is nearest, or nothing.

    >>> nearest("polcy", ["policy", "report"])
    "; did you mean 'policy'?"
    """
    bare = {k.casefold(): k for k in known}
    near = get_close_matches(name.casefold(), list(bare), n=1, cutoff=0.4)
    return f"; did you mean {bare[near[0]]!r}?" if near else ""


def listed(value: Any, name: str, *, every: str | bool = True) -> Any:
    """Names that a plan lists, once each, or the word for all of them; () for false.

    Raises ValueError, which pydantic tells with the key, for anything else.

    >>> listed(["a", "b", "a"], "slices"), listed(False, "slices"), listed("all", "l", every="all")
    (('a', 'b'), (), 'all')
    """
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return tuple(dict.fromkeys(value))
    if value is False and every is True:
        return ()
    if isinstance(value, type(every)) and value == every:
        return value
    said = '"all"' if every == "all" else "true"
    raise ValueError(f'list the names, {name} = ["name"], or say {said}')


class ModelPlan(Closed):
    """Which model: a built-in one, a coefficient table, or a file.

    A file is weights with a builder, or a whole model (.onnx, .skops, a trusted pickle).

    `digest` is the sha256 that the file must have, so that no other model is audited by this plan.
    `features` is the sealed list of the inputs of weights (`feature_list(...).save`), `training` a
    summary of the values that the model was trained on (`TrainingSummary.save`). `gives` says what
    comes out of weights or a graph, as in `adapt`.
    """

    builtin: str | None = None
    table: str | None = None
    weights: str | None = None
    builder: str | None = None
    digest: str | None = Field(default=None, pattern=r"^(sha256:)?[0-9a-fA-F]{64}$")
    features: str | None = None
    training: str | None = None
    link: Link | None = None
    gives: Literal["margin", "response"] | None = None
    target: str | int | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [name for name in ("builtin", "table", "weights") if getattr(self, name)]
        if len(given) > 1:
            raise ValueError(f"give one of builtin, table and weights, not {' and '.join(given)}")
        if self.builder and not self.weights:
            raise ValueError("builder makes the network of weights; name their file")
        if self.gives and not self.weights:
            raise ValueError("gives is of what weights give; leave it out")
        if self.digest and not (self.weights or self.table):
            raise ValueError("digest is of the model's file; name it by weights or table")
        if self.features and not self.weights:
            raise ValueError("features is the list of a network's inputs, beside its weights")
        return self


class ExplainPlan(Closed):
    """How attributions are made; the seed also serves every other draw.

    `repeats` further explanations on other draws of the background; None: five where they are cheap
    (linear models, gradients on tables), else none. `baseline` is where paths of integrated
    gradients begin: at the mean of the background, at each of its rows, or as the data are (auto);
    of images also black, a blur of each image, or each filled from its frame (inpaint).
    """

    method: str = "auto"
    baseline: Literal["auto", "mean", "rows", "black", "blur", "inpaint"] = "auto"
    seed: int = Field(default=0, ge=0)
    repeats: int | None = Field(default=None, ge=0, le=100)

    @property
    def options(self) -> dict[str, Any]:
        """What the explainer is asked for, beyond its own defaults."""
        return {} if self.baseline == "auto" else {"baseline": self.baseline}


class MeasurePlan(Closed):
    """Whether measures beside those that answer questions are made (`evenlight.further`).

    `genotypes` are columns of x that hold allele counts 0, 1, 2 (true: all of x), whose FST and
    informativeness are told beside the answers.
    """

    further: bool = True
    genotypes: tuple[str, ...] | bool = ()

    @field_validator("genotypes", mode="before")
    @classmethod
    def _listed(cls, value: Any, info: Any) -> Any:
        return listed(value, info.field_name)

    @model_validator(mode="after")
    def _told_beside(self) -> Self:
        if self.genotypes and not self.further:
            raise ValueError("genotypes needs further = true, where FST is told")
        return self


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
        return listed(value, info.field_name, every={"layers": "all"}.get(info.field_name, True))


SUITES = ("counts", "expression", "genotypes", "sequence", "imaging", "tabular")
"""Suites of perturbations that a plan can name (those of `probes.perturbations.suites`)."""

ForkKind = Literal["seed", "background", "baseline", "explainer", "scale"]
"""Choices that can be made otherwise with nothing but the model and the cohort."""


class HoldsPlan(Closed):
    """Whether answers hold: primary questions asked again where one choice is made otherwise.

    `forks` lists what is chosen otherwise (true: all that the model and cohort allow): seed,
    background, baseline, explainer, scale. Each fork costs about as much as the questions did.

    `perturb` names a suite of small changes of the data (counts, expression, genotypes, sequence,
    imaging, tabular), or is a table with its `name` and what it is told of the data, as `scale`;
    what they do to each group is asked by every grouping, each drawn `draws` times.
    `attributions` asks how far explanations move as well, at an explanation a step. `worst`
    searches the worst combination: of all perturbations (true), or of those that it names.
    """

    forks: tuple[ForkKind, ...] | bool = ()
    perturb: dict[str, Any] | None = None
    draws: int = Field(default=1, ge=1, le=100)
    attributions: bool = False
    worst: tuple[str, ...] | bool = ()

    @field_validator("forks", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        if value is False:
            return ()
        return tuple(dict.fromkeys(value)) if isinstance(value, list | tuple) else value

    @field_validator("perturb", mode="before")
    @classmethod
    def _suite(cls, value: Any) -> Any:
        asked = {"name": value} if isinstance(value, str) else value
        if asked is None:
            return None
        name = asked.get("name", "") if isinstance(asked, dict) else asked
        if name not in SUITES:
            near = nearest(str(name), SUITES).rstrip("?") if name else ""
            raise ValueError(f"no suite {name!r}{near}; known: {', '.join(SUITES)}")
        return asked

    @field_validator("worst", mode="before")
    @classmethod
    def _searched(cls, value: Any) -> Any:
        return listed([value] if isinstance(value, str) else value, "worst")

    @model_validator(mode="after")
    def _of_a_suite(self) -> Self:
        asked = [name for name in ("worst", "attributions") if getattr(self, name)]
        if asked and self.perturb is None:
            raise ValueError(
                f"{asked[0]} is asked of the perturbations of a suite; name one with "
                f"perturb: {', '.join(SUITES)}"
            )
        return self


LEVELS = (0.8, 0.9, 0.95)
"""Coverages that are asked where a plan says true."""


class UncertaintyPlan(Closed):
    """How sure the model is in each group, and whether conformal sets hold what they promise.

    `levels` are the coverages that are promised (true: 0.8, 0.9, 0.95); the audited people
    calibrate one another in `folds` of whole units. `score` of classes is lac or aps, of numbers
    absolute; auto is the first of either. `margin` says how far below its level the coverage of a
    group may lie, and how far those of two groups apart.
    """

    levels: tuple[float, ...] = ()
    score: Literal["auto", "lac", "aps", "absolute"] = "auto"
    folds: int = Field(default=10, ge=2, le=100)
    margin: float = Field(default=0.05, gt=0, lt=1)

    @field_validator("levels", mode="before")
    @classmethod
    def _promised(cls, value: Any) -> Any:
        if value is True or value is False:
            return LEVELS if value else ()
        return tuple(value) if isinstance(value, list | tuple) else value

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.levels:
            Conformal(levels=self.levels, score=self.score)
        return self


FRAMEWORKS = (
    "claim-2024",
    "eu-ai-act",
    "fda-2025-draft",
    "fda-transparency",
    "future-ai",
    "gmlp",
    "hti-1",
    "iso-14971",
    "ivdr",
    "mdr",
    "model-card",
    "probast-ai",
    "standing-together",
    "tripod-ai",
)
"""Frameworks that a plan can name (those of `reports/frameworks`)."""


class ReportPlan(Closed):
    """What the page says at its head, and the frameworks whose annexes it has (true: all)."""

    title: str = ""
    frameworks: tuple[str, ...] = ()

    @field_validator("frameworks", mode="before")
    @classmethod
    def _known(cls, value: Any) -> Any:
        names = listed(value, "frameworks")
        if names is True:
            return FRAMEWORKS
        for name in names:
            if name not in FRAMEWORKS:
                near = nearest(name, FRAMEWORKS).rstrip("?")
                raise ValueError(f"no framework {name!r}{near}; known: {', '.join(FRAMEWORKS)}")
        return names
