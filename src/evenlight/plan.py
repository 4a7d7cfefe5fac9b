"""The audit plan: one closed schema, from TOML or arguments, hashed before any attribution."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ValidationError

from evenlight.codec import without_null
from evenlight.data.cohort import Cohort
from evenlight.data.outcome import Survival
from evenlight.data.plain_files import read_toml
from evenlight.errors import PlanError
from evenlight.plan_genotypes import LocalPlan, MafPlan
from evenlight.plan_parts import (
    ExplainPlan,
    HoldsPlan,
    MeasurePlan,
    ModelPlan,
    ReliancePlan,
    ReportPlan,
    SetsPlan,
    UncertaintyPlan,
    nearest,
)
from evenlight.plan_people import (
    AxesPlan,
    CohortPlan,
    DemographicsPlan,
    GroupPlan,
    ImagesPlan,
    MapsPlan,
    RegionsPlan,
)
from evenlight.plan_reliance import certain, settled_measure, settled_reliance
from evenlight.policy import Closed, Policy, Question

MOST_QUESTIONS = 5
BINARY_METRICS = ("auroc", "brier", "calibration_slope")
THRESHOLD_METRICS = ("sensitivity", "specificity")
SURVIVAL_METRICS = ("concordance_uno",)
"""Metrics that are judged, and may decide a primary question."""

FIRST_METRIC = {"continuous": "mae", "survival": "concordance_uno"}
"""The metric that a question about performance means where it names none: else the AUROC."""

LARGEST_PLAN = 2**20
"""Bytes of a plan file, at most."""


class Plan(Closed):
    """The whole plan. Two plans with equal fields are equal and have the same digest.

    >>> Plan() == Plan.from_data({})
    True
    >>> Plan().digest == Plan.from_data({"explain": {"seed": 1}}).digest
    False
    """

    model: ModelPlan = ModelPlan()
    cohort: CohortPlan = CohortPlan()
    groups: dict[str, GroupPlan] = Field(default={})
    axes: dict[str, AxesPlan] = Field(default={})
    explain: ExplainPlan = ExplainPlan()
    measure: MeasurePlan = MeasurePlan()
    sets: SetsPlan = SetsPlan()
    regions: RegionsPlan = RegionsPlan()
    maps: MapsPlan = MapsPlan()
    reliance: ReliancePlan = ReliancePlan()
    holds: HoldsPlan = HoldsPlan()
    uncertainty: UncertaintyPlan = UncertaintyPlan()
    demographics: DemographicsPlan = DemographicsPlan()
    local: LocalPlan = LocalPlan()
    maf: MafPlan = MafPlan()
    question: tuple[Question, ...] = Field(default=(), max_length=MOST_QUESTIONS)
    policy: Policy = Policy()
    report: ReportPlan = ReportPlan()

    @classmethod
    def from_data(cls, data: Mapping[str, Any], *, name: str = "plan") -> Self:
        """A plan from plain data; an unknown key is a PlanError with the nearest name."""
        try:
            return cls.model_validate(dict(data))
        except ValidationError as error:
            raise PlanError(f"{name}: {_told(error)}") from None

    @classmethod
    def from_toml(cls, path: str | Path) -> Self:
        """A plan from a TOML file; PlanError names the file, the key and the nearest known name."""
        path = Path(path)
        if not path.is_file():
            raise PlanError(f"there is no plan {path.name!r}; write one, or run `evenlight demo`")
        data = read_toml(path, error=PlanError, largest=LARGEST_PLAN)
        return cls.from_data(data, name=path.name)

    def data(self) -> dict[str, Any]:
        """The plan as plain JSON data."""
        return self.model_dump(mode="json")

    @property
    def digest(self) -> str:
        """sha256 of the canonical JSON of the plan, without what is null (`codec.without_null`)."""
        text = json.dumps(without_null(self.data()), sort_keys=True, separators=(",", ":"))
        return sha256(text.encode()).hexdigest()

    def completed(self, cohort: Cohort, *, margin: bool = True) -> Self:
        """With `default_questions` where none is asked, checked against the cohort."""
        names = [g.name for g in cohort.groups]
        if not names:
            raise PlanError("the cohort has no groups; an audit needs groups=[...]")
        asked = self.question or default_questions(cohort, margin=margin)
        for question in asked:
            if question.grouping not in names:
                raise PlanError(
                    f"a question asks about {question.grouping!r}, but the groupings are "
                    f"{names}{nearest(question.grouping, names)}"
                )
            _contrast(question, cohort)
            _subject(question, cohort, self.policy)
            _of_maps(question, cohort, self.maps)
        _threshold(self.policy, cohort)
        certain(self.uncertainty, cohort)
        return self.model_copy(
            update={
                "question": tuple(_named(question, cohort) for question in asked),
                "reliance": settled_reliance(self.reliance, cohort),
                "measure": settled_measure(self.measure, cohort),
                "cohort": self._roles(cohort),
            }
        )

    def _roles(self, cohort: Cohort) -> CohortPlan:
        """The roles of a cohort given in memory, so that the plan says what was audited."""
        if self.cohort.table or self.cohort.builtin or self.cohort.images:
            return self.cohort
        seen = cohort.outcome
        own = {
            "outcome": seen.event if isinstance(seen, Survival) else seen,
            "time": seen.time if isinstance(seen, Survival) else None,
            "outcome_kind": cohort.outcome_kind,
            "event": cohort.event or None,
            "unit": cohort.unit,
            "groups": tuple(g.name for g in cohort.groups),
            "strata": cohort.strata,
            "covariates": cohort.covariates,
            "weights": cohort.weights,
            "rater": cohort.rater,
            "prediction": cohort.prediction,
            "split": cohort.split,
        }
        return self.cohort.model_copy(update=own)


CONDITIONS = {
    "performance": ("nothing",),
    "use": ("nothing",),
    "attribution": ("nothing", "outcome"),
    "reliance": ("nothing", "outcome", "outcome and strata"),
    "map": ("nothing", "outcome"),
}
"""What each measure can be asked given."""


def default_questions(cohort: Cohort, *, margin: bool = True) -> tuple[Question, ...]:
    """Performance by the first grouping, use of features by it, and reliance given the outcome.

    A model without a `margin`, such as the vote of a random forest, has no scale on which a change
    could be the same for everyone: in place of use its attributions are asked, given the outcome.
    """
    first = cohort.groups[0].name
    known = cohort.outcome_kind in ("binary", "continuous", "survival")
    performance = (Question(measure="performance", grouping=first),) if known else ()
    given: Literal["outcome", "nothing"] = "nothing" if cohort.outcome is None else "outcome"
    return (
        *performance,
        Question(measure="use", grouping=first)
        if margin
        else Question(measure="attribution", grouping=first, given=given),
        Question(measure="reliance", grouping=first, given=given),
    )


def _subject(question: Question, cohort: Cohort, policy: Policy) -> None:
    """A named subject must be one that will be measured, and a condition one that can be."""
    names = cohort.features.variables().names if cohort.x.ndim == 2 else ()
    known: tuple[str, ...] = tuple(names)
    if question.measure == "performance":
        known = judged_metrics(cohort.outcome_kind or "", policy)
    if question.measure == "reliance" and names:  # regions are held against their names later
        known = ("unsupported_share", "eta_squared", *names)
    if question.subject is not None and known and question.subject not in known:
        raise PlanError(
            f"subject {question.subject!r} is not measured for {question.measure}"
            f"{nearest(question.subject, known)}; known: {', '.join(known[:12])}"
        )
    if question.given not in (None, *CONDITIONS[question.measure]):
        raise PlanError(
            f"a question of {question.measure} is not asked given the {question.given}; leave "
            f"`given` out, or one of: {', '.join(CONDITIONS[question.measure])}"
        )
    if question.given == "outcome and strata" and not cohort.strata:
        raise PlanError("a question is given outcome and strata, but the cohort has no strata")
    if question.given not in (None, "nothing") and cohort.outcome is None:
        raise PlanError(f"a question is given the {question.given}, but the cohort has no outcome")


def _of_maps(question: Question, cohort: Cohort, maps: MapsPlan) -> None:
    """A question of maps is about all positions of images, and never answered *similar*."""
    if question.measure != "map":
        return
    why = ""
    if cohort.x.ndim < 3:
        why = f"x is a table of {cohort.x.shape[1]} columns"
    elif maps.compare is False:
        why = "maps.compare is false"
    elif question.given == "outcome" and cohort.outcome_kind == "survival":
        why = "maps are not compared given a time to an event"
    elif question.subject is not None:
        why = f"it has no subject; of the region {question.subject!r} ask for its attribution"
    elif question.blocks:
        why = (
            "it is answered different or cannot tell, never similar, so a gate that it blocks "
            "could not pass; let a question of attribution by region block"
        )
    if why:
        raise PlanError(f"a question of map cannot be asked like this: {why}")


def judged_metrics(kind: str, policy: Policy) -> tuple[str, ...]:
    """The metrics that are held to a margin for a kind of outcome: one family."""
    if kind == "continuous":
        return ("mae",)
    if kind == "survival":
        return SURVIVAL_METRICS
    return BINARY_METRICS + (THRESHOLD_METRICS if policy.threshold is not None else ())


def _threshold(policy: Policy, cohort: Cohort) -> None:
    if policy.threshold is None or cohort.outcome_kind != "binary":
        return
    if not 0 < policy.threshold < 1:
        raise PlanError(
            f"policy.threshold is {policy.threshold:g}; for a binary outcome it is a probability "
            "between 0 and 1"
        )


def _named(question: Question, cohort: Cohort) -> Question:
    """A question about performance, with the metric that decides it."""
    if question.measure != "performance" or question.subject:
        return question
    metric = FIRST_METRIC.get(cohort.outcome_kind or "", "auroc")
    return question.model_copy(update={"subject": metric})


def _contrast(question: Question, cohort: Cohort) -> None:
    """A named contrast must be one that will be computed."""
    if question.contrast is None:
        return
    groups = next(g for g in cohort.groups if g.name == question.grouping)
    known = [f"{a} / {b}" for a, b in groups.contrasts()]
    either = {name: name for name in known}
    either |= {f"{b} / {a}": f"{a} / {b}" for a, b in groups.contrasts()}
    if question.contrast not in known:
        closest = get_close_matches(question.contrast, list(either), n=1, cutoff=0.4)
        near = f"; did you mean {either[closest[0]]!r}?" if closest else ""
        raise PlanError(
            f"contrast {question.contrast!r} is not among those of {groups.name}: {known}{near}"
        )


def _told(error: ValidationError) -> str:
    """The first problem in words: where, what, and the nearest known key."""
    problems = error.errors()
    first = next((e for e in problems if e["type"] == "extra_forbidden"), problems[0])
    place = [str(step) for step in first["loc"]]
    where = ".".join(place) or "plan"
    if first["type"] != "extra_forbidden":
        return f"{where}: {first['msg']} (found {first.get('input')!r})"
    known = _fields(first["loc"][:-1])
    near = nearest(place[-1], known).rstrip("?")
    return f"unknown key {where!r}{near}; known here: {', '.join(known)}"


def _fields(place: Sequence[int | str]) -> list[str]:
    """The keys that the plan knows at `place`."""
    here: Any = Plan
    named = {"groups": GroupPlan, "axes": AxesPlan}
    margins = type(Policy().margins)
    inner = {**named, "question": Question, "margins": margins, "images": ImagesPlan}
    for step in place:
        if isinstance(step, int) or (here in named.values() and step not in here.model_fields):
            continue
        here = inner.get(step) or here.model_fields[step].annotation
    return sorted(here.model_fields)
