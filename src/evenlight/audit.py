"""The verb that wires it all: a model and a cohort in, an audit out."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.probed import Contrasts, Faithfulness
from evenlight.doubts import coverage, doubts, other_backgrounds, unasked, unused_roles
from evenlight.errors import EvenlightWarning, InputError, PlanError
from evenlight.explainers.explain import explain
from evenlight.explainers.progress import Pace
from evenlight.judge import judge
from evenlight.ledger import enter
from evenlight.measures.assess import assess
from evenlight.measures.compare import compare
from evenlight.measures.comparison import Comparison
from evenlight.measures.dependence import Dependence
from evenlight.measures.people import compose, depend, flips, sensitivities
from evenlight.measures.perform import MARGINS, Judging, perform
from evenlight.measures.performance import Performance
from evenlight.measures.prepare import as_variables, is_direct
from evenlight.measures.rely import rely
from evenlight.measures.sensitivity import Flip, Sensitivity
from evenlight.measures.testing import Testing
from evenlight.measures.withhold import withheld, withheld_reliance
from evenlight.models.probe import Prepared, prepare
from evenlight.plan import Plan
from evenlight.policy import Policy
from evenlight.probes.contrasts import contrasts
from evenlight.probes.faithfulness import faithfulness
from evenlight.probes.flip import flip
from evenlight.probes.predict import predict
from evenlight.probes.redraws import redraws
from evenlight.provenance import cohort_card, date, model_card, model_digest, provenance
from evenlight.record import CHANGED, Audit
from evenlight.results import Measures

MOST_CONTRASTS = 2_000
"""Subjects that get a common contrast; beyond it, those with the largest attributions."""

MOST_DEPENDENCES = 6
"""Subjects whose dependence on their own value is drawn for the first grouping; half for others."""

PATIENCE = 30.0
"""Seconds between two lines on how far an explanation is."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Found:
    """What was measured, before anything is judged."""

    measures: Measures
    dependences: tuple[Dependence, ...]
    sensitivities: tuple[Sensitivity, ...]
    flips: tuple[Flip, ...]


def audit(
    model: object,
    cohort: Cohort,
    *,
    plan: Plan | None = None,
    plan_digest: str | None = None,
    ledger: Path | None = None,
    progress: Progress | None = None,
) -> Audit:
    """Audit a model on a cohort by a plan (None: the defaults, with three primary questions).

    The plan is completed and hashed before attributions are read; `plan_digest` is the digest that
    was fixed in advance, `ledger` the file that remembers every plan used. `progress` is told the
    name of each stage.

    Raises InputError before any compute where model, cohort or plan do not fit together.
    """
    if not isinstance(cohort, Cohort):
        raise InputError(f"cohort is a {type(cohort).__name__}; call audit(model, cohort)")
    say = progress or _quiet
    begun = time.perf_counter()
    chosen = (plan or Plan()).completed(cohort)
    _fixed(chosen, plan_digest)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", EvenlightWarning)
        say("checking the model")
        prepared = prepare(model, cohort, target=chosen.model.target)
        digest = model_digest(prepared)
        changed = _entered(ledger, chosen, digest, cohort)
        explained = _explained(prepared, cohort, chosen, say)
        made = explained.made
        found = _measured(prepared, explained, cohort, chosen, say)
    say("judging")
    findings, answers, gate = judge(found.measures, chosen.question, chosen.policy)
    told = [str(w.message) for w in caught if issubclass(w.category, EvenlightWarning)]
    return Audit(
        plan=chosen.data(),
        plan_digest=chosen.digest,
        plan_fixed=plan_digest is not None,
        model=model_card(
            prepared,
            made,
            digest,
            source=getattr(model, "source", ""),
            checked=other_backgrounds(made, explained.repeats, explained.checked, cohort),
        ),
        cohort=cohort_card(cohort, chosen),
        compositions=tuple(compose(cohort, by=g) for g in cohort.groups),
        performances=found.measures.performances,
        comparisons=found.measures.comparisons,
        reliances=found.measures.reliances,
        dependences=found.dependences,
        sensitivities=found.sensitivities,
        flips=found.flips,
        qualities=found.measures.qualities,
        answers=answers,
        findings=findings,
        verdict=gate,
        warnings=tuple(dict.fromkeys([
            *cohort.notes, *changed, *unused_roles(cohort),
            *unasked([g.name for g in cohort.groups], [q.grouping for q in chosen.question]),
            *doubts(made, found.measures, chosen.policy), *told,
        ])),
        provenance=provenance(chosen, made, seconds=time.perf_counter() - begun),
    )  # fmt: skip


def _quiet(stage: str) -> None:
    pass


def _fixed(plan: Plan, digest: str | None) -> None:
    if digest is not None and digest != plan.digest:
        raise PlanError(
            f"the plan's digest is {plan.digest[:12]}, but {digest[:12]} was fixed in advance; "
            "the plan has changed since"
        )


def _entered(ledger: Path | None, plan: Plan, model: str, cohort: Cohort) -> tuple[str, ...]:
    """The run enters the ledger; a sentence if this model and cohort had another plan before."""
    if ledger is None:
        return ()
    earlier = enter(ledger, plan=plan.digest, model=model, cohort=cohort.digest, date=date())
    if not earlier:
        return ()
    return (
        f"{CHANGED} {len(earlier)} other plan(s) for this model and cohort "
        f"({', '.join(d[:12] for d in earlier[:3])}): the plan was changed after an earlier run.",
    )


def _explained(prepared: Prepared, cohort: Cohort, plan: Plan, say: Progress) -> Explained:
    say("explaining")
    asked = plan.explain
    made = explain(
        prepared, cohort, method=asked.method, target=prepared.column, seed=asked.seed,
        progress=_now_and_then(say),
    )  # fmt: skip
    say("explaining on other backgrounds")
    repeats = redraws(prepared, cohort, made, count=asked.repeats)
    say("checking the explanations")
    return Explained(made, repeats, faithfulness(prepared, cohort, made, seed=asked.seed))


def _now_and_then(say: Progress) -> Callable[[Pace], None]:
    """A line every 30 s of a long explanation."""
    last = 0.0

    def tell(pace: Pace) -> None:
        nonlocal last
        if pace.seconds - last >= PATIENCE:
            last = pace.seconds
            say(f"explaining, {pace}")

    return tell


@dataclass(frozen=True, slots=True)
class Explained:
    """Attributions, the same on other backgrounds, and how far they can be trusted."""

    made: Attributions
    repeats: tuple[Attributions, ...]
    checked: Faithfulness


def _measured(
    prepared: Prepared, explained: Explained, cohort: Cohort, plan: Plan, say: Progress
) -> Found:
    """Every measure by every grouping; each draw has its own stream of the plan's seed."""
    say("moving every feature")
    made = explained.made
    moved = _contrasts(prepared, made, cohort)
    predicted = predict(prepared, cohort, target=prepared.column)
    judging = _judging(plan.policy)
    seed, margins = plan.explain.seed, plan.policy.margins
    performances: list[Performance] = []
    comparisons: list[Comparison] = []
    reliances, dependences, sensed, flipped, qualities = [], [], [], [], []
    for i, groups in enumerate(cohort.groups):
        streams = [np.random.default_rng([seed, i, j]) for j in range(4)]
        say(f"comparing by {groups.name}")
        if cohort.outcome_kind in ("binary", "continuous"):
            own = perform(predicted, cohort, by=groups, judging=judging, rng=streams[0])
            performances.append(own)
        qualities.append(assess(explained.checked, made, cohort, by=groups, rng=streams[3]))
        compared = compare(
            made,
            cohort,
            by=groups,
            contrasts=moved,
            repeats=explained.repeats,
            testing=Testing(margin=margins.attribution),
            rng=streams[1],
        )
        comparisons.append(withheld(compared, qualities[-1].withheld()))
        say(f"reliance on {groups.name}")
        relied = rely(made, cohort, by=groups, margin=margins.reliance, rng=streams[2])
        reliances.append(withheld_reliance(relied, qualities[-1].unreliable))
        most = MOST_DEPENDENCES if i == 0 else MOST_DEPENDENCES // 2
        dependences += _dependences(made, cohort, comparisons[-1], most)
        if moved is not None:
            sensed.append(sensitivities(moved, cohort, by=groups, unit=prepared.adapted.unit))
        flipped += _flips(prepared, cohort, groups.name, plan.policy)
    measures = Measures(
        tuple(performances),
        tuple(comparisons),
        tuple(reliances),
        coverage(cohort),
        prepared.target,
        tuple(qualities),
    )
    return Found(measures, tuple(dependences), tuple(sensed), tuple(flipped))


def _judging(policy: Policy) -> Judging:
    margins = policy.margins.model_dump()
    share = margins.pop("mae_share")
    own = {name: value for name, value in margins.items() if name in MARGINS}
    return Judging(threshold=policy.threshold, margins=own, mae_share=share)


def _contrasts(prepared: Prepared, made: Attributions, cohort: Cohort) -> Contrasts | None:
    """Common contrasts on the margin, where the model has one and x is a table."""
    if made.scale != "margin" or cohort.x.ndim != 2:
        return None
    names = cohort.features.variables().names
    if len(names) > MOST_CONTRASTS:
        grouped, _ = as_variables(made, cohort)
        size = np.abs(grouped.values).mean(axis=0)
        names = tuple(names[j] for j in np.sort(np.argsort(-size)[:MOST_CONTRASTS]))
    return contrasts(prepared, cohort, target=prepared.column, subjects=names)


def _dependences(
    made: Attributions, cohort: Cohort, comparison: Comparison, most: int
) -> list[Dependence]:
    """The subjects that differ most, then those that matter most."""
    grouped, _ = as_variables(made, cohort)
    apart = np.abs(np.nan_to_num(comparison.effect[comparison.view("signed", scale=made.scale)]))
    size = np.abs(grouped.values.reshape(grouped.n, -1)).mean(axis=0)
    order = np.lexsort((-size, -apart.max(axis=0)))[:most]
    names = [comparison.subjects[j] for j in order]
    return [depend(grouped, cohort, by=comparison.grouping, subject=name) for name in names]


def _flips(prepared: Prepared, cohort: Cohort, grouping: str, policy: Policy) -> list[Flip]:
    """The recorded attribute set to each of its states, where the model has it as an input."""
    groups = cohort.grouping(grouping)
    if cohort.x.ndim != 2:
        return []
    coded = [i.variable for i in cohort.features.indicators]
    names = [v for v in coded if is_direct(cohort, v, groups)]
    unit = prepared.adapted.unit
    return [
        flips(
            flip(prepared, cohort, name, target=prepared.column),
            cohort,
            unit=unit,
            threshold=policy.threshold,
        )
        for name in names
    ]
