"""Does the answer hold? The primary questions asked again where one choice is made otherwise."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, get_args

import numpy as np

from evenlight.data.cohort import Cohort
from evenlight.data.groups import SMALLEST_GROUP
from evenlight.errors import EvenlightError, EvenlightWarning, InputError
from evenlight.explainers.background import draw
from evenlight.explainers.baseline import starts_of
from evenlight.explainers.explain import explain
from evenlight.findings import Answer, Part
from evenlight.judge import fragile, judge, with_fragile
from evenlight.measured import Aside, Explained, measured
from evenlight.measures.specification import UNTOUCHED, Specification, Unrun
from evenlight.measures.words import SPOKEN, gravest
from evenlight.models.adapt import adapt
from evenlight.models.probe import Prepared, prepare
from evenlight.plan import Plan
from evenlight.plan_parts import ForkKind, MeasurePlan
from evenlight.probes.embedded import Embeddings
from evenlight.probes.faithfulness import faithfulness
from evenlight.probes.redraws import redraws
from evenlight.record import Audit

OTHERS: Mapping[str, tuple[str, ...]] = {
    "ig": ("captum.gradient_shap",),
    "trees": ("shapley",),
    "shapley": ("occlusion",),
    "smoothgrad": ("ig",),
}
"""Explainers that could as well have been chosen, by the one that was."""

FEW_COLUMNS = 100
"""Columns up to which explainers that call the model for each of them are asked."""

SEEDS = 2
"""Other draws of everything that is drawn."""

KINDS: tuple[ForkKind, ...] = get_args(ForkKind)
"""Forks that need nothing but the model and the cohort."""


@dataclass(frozen=True, slots=True, eq=False)
class Fork:
    """One choice made otherwise: `name` says which, `setting` how.

    Another `model` (a training seed, a layer or pooling) or `cohort` (the same rows, prepared
    otherwise); another `method`, `background` or `options` of the explanation; or another `seed`.
    What is None stays as audited. Two refits and a normalisation:

    >>> forks = [Fork("training seed", "2", model=print), Fork("explainer", "ig", method="ig")]
    >>> [(fork.name, fork.setting) for fork in forks]
    [('training seed', '2'), ('explainer', 'ig')]
    """

    name: str
    setting: str
    model: object | None = None
    cohort: Cohort | None = None
    method: str | None = None
    background: Cohort | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None


def hold(
    audit: Audit,
    model: object,
    cohort: Cohort,
    *,
    forks: Sequence[Fork] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Specification:
    """Every primary answer of an audit asked again under each fork.

    `model` and `cohort` are those of the audit; `forks` (None: `usual`) each change one choice. A
    fork that cannot be run is told with its reason and does not count.

    Raises InputError for another cohort than the audited one, a fork whose cohort has other rows,
    or forks that share name and setting.
    """
    if isinstance(model, Embeddings):
        turned = model.audited(cohort, target=Plan.from_data(audit.plan).model.target)
        model, cohort = turned.model, turned.cohort
    if audit.cohort.digest != cohort.digest:
        raise InputError("the cohort is not the one that was audited; hand over that one")
    plan = Plan.from_data(audit.plan)
    prepared = prepare(model, cohort, target=plan.model.target)
    chosen = usual(prepared, cohort, plan, audit.model.method) if forks is None else tuple(forks)
    _sound(chosen, cohort)
    say = progress or _quiet
    found, unrun = [], []
    for fork in chosen:
        say(f"does it hold: {fork.name}, {fork.setting}")
        try:
            found.append((fork, _answers(fork, prepared, cohort, plan)))
        except EvenlightError as error:
            unrun.append(Unrun(fork.name, fork.setting, str(error)))
    return _brought_together(audit.answers, found, tuple(unrun))


def with_holds(audit: Audit, made: Specification) -> Audit:
    """The audit with a specification: on its page (B9), in its tables, and in its findings.

    An answer that holds in less than 80 % of the forks that enter it is a finding to watch.
    """
    found = fragile(made, audit.answers, audit.model.target)
    return replace(
        audit,
        further=replace(audit.further, holds=(*audit.further.holds, made)),
        findings=with_fragile(audit.findings, found),
    )


def usual(
    prepared: Prepared,
    cohort: Cohort,
    plan: Plan,
    method: str,
    kinds: Sequence[str] = KINDS,
) -> tuple[Fork, ...]:
    """The forks that every audit can ask, of those `kinds`.

    Two other seeds; the people of one group as background, for each group of the first grouping
    with at least 11 units; the other baseline of integrated gradients; another explainer; and the
    response in place of the margin.

    Raises InputError for an unknown kind.
    """
    for kind in kinds:
        if kind not in KINDS:
            raise InputError(f"no fork {kind!r}; known: {', '.join(KINDS)}")
    made = {
        "seed": _seeds(plan),
        "background": _backgrounds(cohort),
        "baseline": _baselines(prepared, cohort, method),
        "explainer": _explainers(cohort, method),
        "scale": _scales(prepared, cohort),
    }
    return tuple(fork for kind in KINDS if kind in kinds for fork in made[kind])


def _seeds(plan: Plan) -> Iterator[Fork]:
    for i in range(1, SEEDS + 1):
        seed = plan.explain.seed + i
        yield Fork("seed", str(seed), seed=seed)


def _backgrounds(cohort: Cohort) -> Iterator[Fork]:
    first = cohort.groups[0]
    for code, level in enumerate(first.levels):
        own = first.codes == code
        if len(np.unique(cohort.units[own])) >= SMALLEST_GROUP:
            yield Fork("background", f"{level} alone", background=cohort.take(own))


def _baselines(prepared: Prepared, cohort: Cohort, method: str) -> Iterator[Fork]:
    """The baseline that integrated gradients did not choose; codes have no mean."""
    if method == "ig" and not prepared.adapted.codes:
        drawn = draw(cohort, rng=np.random.default_rng(0))
        other = "rows" if starts_of("auto", cohort, drawn)[1] == "mean" else "mean"
        yield Fork("baseline", other, options={"baseline": other})


def _explainers(cohort: Cohort, method: str) -> Iterator[Fork]:
    dear = cohort.x.ndim != 2 or cohort.x.shape[1] > FEW_COLUMNS
    for name in OTHERS.get(method, ()):
        if not (dear and name in ("shapley", "occlusion")):
            yield Fork("explainer", name, method=name)


def _scales(prepared: Prepared, cohort: Cohort) -> Iterator[Fork]:
    """The response taken for the additive scale, where the link bends and columns are few."""
    adapted = prepared.adapted
    if adapted.link == "identity" or cohort.x.ndim != 2 or cohort.x.shape[1] > FEW_COLUMNS:
        return
    column = prepared.column

    def response(x: np.ndarray[Any, Any]) -> object:
        return adapted.response(x)[:, column]

    made = adapt(response, link="identity", targets=[prepared.target], unit=adapted.unit)
    yield Fork("scale", "response", model=made, method="shapley")


def _sound(forks: Sequence[Fork], cohort: Cohort) -> None:
    seen = set()
    for fork in forks:
        if (fork.name, fork.setting) in seen:
            raise InputError(
                f"two forks are {fork.name}, {fork.setting}; name their settings apart"
            )
        seen.add((fork.name, fork.setting))
        other = fork.cohort
        if other is not None and not np.array_equal(np.sort(other.rows), np.sort(cohort.rows)):
            raise InputError(
                f"the cohort of {fork.name}, {fork.setting} has other rows ({other.n}) than the "
                f"audited one ({cohort.n}); a fork changes values, not people"
            )


def _answers(fork: Fork, prepared: Prepared, cohort: Cohort, plan: Plan) -> tuple[Answer, ...]:
    """The primary answers under one fork, by the way of an audit without what stands beside."""
    people = fork.cohort or cohort
    asked = plan.explain.model_copy(
        update={
            "method": fork.method or plan.explain.method,
            "seed": plan.explain.seed if fork.seed is None else fork.seed,
        }
    )
    own = plan.model_copy(update={"explain": asked, "measure": MeasurePlan(further=False)})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EvenlightWarning)  # what holds of the audit was told there
        made = prepare(
            prepared if fork.model is None else fork.model, people, target=_target(fork, prepared)
        )
        told = explain(
            made, people, method=asked.method, target=made.column, seed=asked.seed,
            background=fork.background, **fork.options,
        )  # fmt: skip
        repeats = redraws(made, people, told, count=asked.repeats) if _as_drawn(fork) else ()
        checked = faithfulness(made, people, told, background=fork.background, seed=asked.seed)
        explained = Explained(told, repeats, checked)
        found = measured(made, explained, people, own, _quiet, Aside())
    return judge(found.measures, own.question, own.policy)[1]


def _as_drawn(fork: Fork) -> bool:
    """Whether other draws of the cohort's background are draws of the same explanation."""
    return fork.background is None and not fork.options


def _target(fork: Fork, prepared: Prepared) -> int | str | None:
    return prepared.column if fork.model is None else prepared.target


def _quiet(stage: str) -> None:
    pass


Found = Sequence[tuple[Fork, tuple[Answer, ...]]]


def _brought_together(
    answers: Sequence[Answer], found: Found, unrun: tuple[Unrun, ...]
) -> Specification:
    """The record: the part that decided each answer, and the same contrast under each fork."""
    decided = [_decided(answer) for answer in answers]
    f, q = len(found), len(answers)
    words, subjects, reasons = (np.full((f, q), "", dtype=object) for _ in range(3))
    numbers = np.full((3, f, q), np.nan)
    holds, touched = np.zeros((f, q), dtype=bool), np.ones((f, q), dtype=bool)
    for i, (_, others) in enumerate(found):
        for k, (answer, part) in enumerate(zip(answers, decided, strict=True)):
            other = others[k]
            same = next((p for p in other.parts if p.contrast == part.contrast), None)
            words[i, k], holds[i, k] = other.verdict, _same(answer, other)
            subjects[i, k] = "" if same is None else same.subject
            numbers[:, i, k] = _numbers(same)
            touched[i, k] = _entered(answer, part, other, same)
            reasons[i, k] = _reason(same) if touched[i, k] else UNTOUCHED
    own = np.array([_numbers(part) for part in decided]).reshape(q, 3)
    return Specification(
        ids=tuple(a.id for a in answers),
        questions=tuple(a.question for a in answers),
        measures=tuple(a.measure for a in answers),
        verdict=np.array([a.verdict for a in answers], dtype=np.str_),
        contrast=tuple(part.contrast for part in decided),
        subject=tuple(part.subject for part in decided),
        effect=own[:, 0], low=own[:, 1], high=own[:, 2],
        margin=np.array([np.nan if p.margin is None else p.margin for p in decided]),
        unit=tuple(part.unit for part in decided),
        names=tuple(fork.name for fork, _ in found),
        settings=tuple(fork.setting for fork, _ in found),
        fork_verdict=words.astype(np.str_), fork_effect=numbers[0], fork_low=numbers[1],
        fork_high=numbers[2], fork_subject=subjects.astype(np.str_),
        reason=reasons.astype(np.str_), holds=holds, touched=touched, unrun=unrun,
    )  # fmt: skip


def _decided(answer: Answer) -> Part:
    """The part that decided an answer: the gravest, the furthest out among equals."""
    word = gravest(part.verdict for part in answer.parts)
    return max((p for p in answer.parts if p.verdict == word), key=_far)


def _far(part: Part) -> float:
    return abs(part.effect) / part.margin if part.effect is not None and part.margin else 0.0


def _same(own: Answer, other: Answer) -> bool:
    """The same word; where it is *different*, of the same contrast, subject and direction.

    Nor may any contrast that differed do so in the other direction.
    """
    if own.verdict != other.verdict:
        return False
    if own.verdict != "different":
        return True
    found = {p.contrast: p for p in other.parts if p.verdict == "different"}
    decided = _decided(own)
    again = found.get(decided.contrast)
    return (
        again is not None
        and again.subject == decided.subject
        and not any(_turned(p, found.get(p.contrast)) for p in own.parts)
    )


def _turned(part: Part, again: Part | None) -> bool:
    """Whether the same subject of the same contrast differs in the other direction."""
    if part.verdict != "different" or again is None or again.subject != part.subject:
        return False
    return (part.effect or 0.0) * (again.effect or 0.0) < 0


def _entered(own: Answer, part: Part, other: Answer, same: Part | None) -> bool:
    """Whether a fork enters a question: its effect or its answer moves, not its draws alone."""
    unlike = not np.allclose(_numbers(part)[0], _numbers(same)[0], rtol=1e-9, equal_nan=True)
    return unlike or own.verdict != other.verdict


def _numbers(part: Part | None) -> list[float]:
    """Effect and limits; NaN where there are none."""
    if part is None:
        return [np.nan] * 3
    return [np.nan if v is None else v for v in (part.effect, part.low, part.high)]


def _reason(part: Part | None) -> str:
    if part is None:
        return "this contrast was not asked under the fork"
    silent = part.effect is None and not part.reason
    return SPOKEN[part.verdict] if silent else part.reason
