"""The primary questions of an audit asked again under one fork."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.errors import EvenlightWarning
from evenlight.explainers.explain import explain
from evenlight.findings import Answer
from evenlight.forks.fork import Fork
from evenlight.judge import judge
from evenlight.measured import Aside, Explained, measured
from evenlight.models.probe import Prepared, prepare
from evenlight.plan import Plan
from evenlight.plan_parts import MeasurePlan
from evenlight.probes.embedded import Embeddings
from evenlight.probes.faithfulness import faithfulness
from evenlight.probes.redraws import redraws


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What was audited: the model, its cohort, the plan, and the answers that it gave.

    `given` is the cohort as it was handed over, of which other embeddings are made; `sets` are the
    regions of an image.
    """

    prepared: Prepared
    cohort: Cohort
    given: Cohort
    plan: Plan
    answers: tuple[Answer, ...]
    sets: FeatureSets | None = None


def answers_again(fork: Fork, asked: Asked) -> tuple[Answer, ...]:
    """The primary answers under one fork, by the way of an audit without what stands beside.

    Nothing is computed where nothing can change: questions of performance under another
    explanation of the same outputs.
    """
    if fork.explains_only and _all_of_outputs(asked.answers):
        return asked.answers
    plan = _plan(fork, asked.plan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EvenlightWarning)  # what holds of the audit was told there
        made, people = _model(fork, asked)
        own = {**({} if fork.method else plan.explain.options), **fork.options}
        told = explain(
            made, people, method=plan.explain.method, target=made.column, seed=plan.explain.seed,
            background=fork.background, **own,
        )  # fmt: skip
        count = plan.explain.repeats if _as_drawn(fork) else 0
        repeats = redraws(made, people, told, count=count)
        checked = faithfulness(
            made, people, told, background=fork.background, seed=plan.explain.seed
        )
        explained = _by_region(Explained(told, repeats, checked), asked)
        regions = asked.sets if people.x.ndim > 2 else None
        found = measured(made, explained, people, plan, _quiet, Aside(regions))
    return judge(found.measures, plan.question, plan.policy)[1]


def _as_drawn(fork: Fork) -> bool:
    """Whether other draws of the cohort's background are draws of the same explanation."""
    return fork.background is None and not fork.options


def _all_of_outputs(answers: Sequence[Answer]) -> bool:
    """Whether no question asks about explanations."""
    return all(answer.measure == "performance" for answer in answers)


def _plan(fork: Fork, plan: Plan) -> Plan:
    """The plan of a fork: no measure beside the questions, whose error rates stay."""
    explained = plan.explain.model_copy(
        update={
            "method": fork.method or plan.explain.method,
            "seed": plan.explain.seed if fork.seed is None else fork.seed,
        }
    )
    plain = plan.reliance.model_copy(update={"layers": (), "slices": (), "proxies": False})
    return plan.model_copy(
        update={"explain": explained, "reliance": plain, "measure": MeasurePlan(further=False)}
    )


def _model(fork: Fork, asked: Asked) -> tuple[Prepared, Cohort]:
    """The model and the cohort of a fork; embeddings come with a cohort in their directions."""
    target = asked.prepared.target
    if isinstance(fork.model, Embeddings):
        turned = fork.model.audited(fork.cohort or asked.given, target=target)
        return turned.model, turned.cohort
    people = fork.cohort or asked.cohort
    if fork.model is None:
        return prepare(asked.prepared, people, target=asked.prepared.column), people
    return prepare(fork.model, people, target=target), people


def _by_region(explained: Explained, asked: Asked) -> Explained:
    """Maps summed over regions, as they were audited; kept where a question asks about them."""
    sets, made = asked.sets, explained.made
    if sets is None or made.values.ndim == 2:
        return explained
    repeats = tuple(one.by(sets) for one in explained.repeats)
    maps = made if any(answer.measure == "map" for answer in asked.answers) else None
    return replace(explained, made=made.by(sets), repeats=repeats, maps=maps)


def _quiet(stage: str) -> None:
    pass
