"""Every measure of an audit, by every grouping, from one explanation of one model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from evenlight.beside import Given, beside
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.probed import Contrasts, Faithfulness, Predictions
from evenlight.data.twins import Twin
from evenlight.doubts import coverage
from evenlight.explore import explore, nest, overturned, performable
from evenlight.further import Further
from evenlight.leaning import Audited, leaning, structure
from evenlight.measures.assess import assess
from evenlight.measures.clusters import clusters
from evenlight.measures.compare import compare
from evenlight.measures.comparison import Comparison
from evenlight.measures.dependence import Dependence
from evenlight.measures.judging import MARGINS, Judging
from evenlight.measures.nested import Hierarchy
from evenlight.measures.people import depend, flips, sensitivities
from evenlight.measures.perform import perform
from evenlight.measures.performance import Performance
from evenlight.measures.prepare import as_variables, is_direct
from evenlight.measures.quality import Quality
from evenlight.measures.reliance import Reliance
from evenlight.measures.rely import rely
from evenlight.measures.sensitivity import Flip, Sensitivity
from evenlight.measures.testing import Testing
from evenlight.measures.tipped import Tipping
from evenlight.measures.withhold import withheld, withheld_reliance
from evenlight.models.probe import Prepared
from evenlight.plan import Plan
from evenlight.policy import Policy, error_rates
from evenlight.probes.contrasts import contrasts, movable
from evenlight.probes.flip import flip
from evenlight.probes.predict import predict
from evenlight.results import Measures

Progress = Callable[[str], None]

MOST_CONTRASTS = 2_000
"""Subjects that get a common contrast; beyond it, those with the largest attributions."""

MOST_DEPENDENCES = 6
"""Subjects whose dependence on their own value is drawn for the first grouping; half for others."""


@dataclass(frozen=True, slots=True)
class Explained:
    """Attributions, the same on other backgrounds, and how far they can be trusted."""

    made: Attributions
    repeats: tuple[Attributions, ...]
    checked: Faithfulness


@dataclass(frozen=True, slots=True)
class Aside:
    """What an audit was given beside model and cohort: sets, and a twin or people to train one."""

    sets: FeatureSets | None = None
    twin: Twin | Cohort | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What was measured, before anything is judged; `notes` say what could not be."""

    measures: Measures
    dependences: tuple[Dependence, ...]
    sensitivities: tuple[Sensitivity, ...]
    flips: tuple[Flip, ...]
    further: Further
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outputs:
    """What the model gave: predictions, and common contrasts, None where it has no margin."""

    predicted: Predictions
    moved: Contrasts | None


def measured(
    prepared: Prepared,
    explained: Explained,
    cohort: Cohort,
    plan: Plan,
    say: Progress,
    aside: Aside,
) -> Found:
    """Every measure by every grouping; each draw has its own stream of the plan's seed."""
    say("moving every feature")
    made = explained.made
    predicted = predict(prepared, cohort, target=prepared.column)
    outputs = Outputs(predicted, _contrasts(prepared, made, cohort))
    moved = outputs.moved
    by = [_by(explained, outputs, cohort, plan, i, say) for i in range(len(cohort.groups))]
    most = [MOST_DEPENDENCES if i == 0 else MOST_DEPENDENCES // 2 for i in range(len(by))]
    drawn = [_dependences(made, cohort, own.compared, m) for own, m in zip(by, most, strict=True)]
    unit = prepared.adapted.unit
    sensed = [
        sensitivities(moved, cohort, by=groups, unit=unit)
        for groups in cohort.groups
        if moved is not None
    ]
    flipped = [_flips(prepared, cohort, groups.name, plan.policy) for groups in cohort.groups]
    further, notes = _further(explained.made, predicted, cohort, plan, say)
    tipped, less = _overturned(made, cohort, plan, [own.relied for own in by])
    nested, more = _nested(made, cohort, plan, aside.sets, [own.compared for own in by])
    bad = {own.checked.grouping: own.checked.unreliable for own in by if own.checked.unreliable}
    evidence = Audited(
        prepared, made, predicted, aside.twin, aside.sets, plan.reliance.refits, structure(plan),
        bad, {groups.name: _share(plan, groups.name) for groups in cohort.groups},
    )  # fmt: skip
    judging = _judging(plan.policy, None)
    lean = leaning(evidence, cohort, plan, judging, say)
    asked = beside(Given(prepared, predicted, made, judging), cohort, plan, say)
    measures = Measures(
        tuple(own.performed for own in by if own.performed is not None),
        tuple(own.compared for own in by),
        tuple(own.relied for own in by),
        coverage(cohort),
        prepared.target,
        tuple(own.checked for own in by),
        lean.shortcuts,
        asked.encoded,
        asked.slices,
        lean.reliances,
    )
    every = replace(
        further, hierarchies=nested, tippings=further.tippings + tipped,
        set_reliances=lean.reliances, shortcuts=lean.shortcuts, levers=lean.levers,
        leakages=lean.leakages,
        encoded=asked.encoded, slices=asked.slices, proxies=asked.proxies,
    )  # fmt: skip
    return Found(
        measures,
        tuple(d for own in drawn for d in own),
        tuple(sensed),
        tuple(f for own in flipped for f in own),
        every,
        _unmoved(cohort) + notes + less + more + lean.notes + asked.notes,
    )


@dataclass(frozen=True, slots=True)
class _Own:
    """What is judged by one grouping."""

    performed: Performance | None
    checked: Quality
    compared: Comparison
    relied: Reliance


def _by(
    explained: Explained, outputs: Outputs, cohort: Cohort, plan: Plan, i: int, say: Progress
) -> _Own:
    """Performance, trust, comparison and reliance by the i-th grouping."""
    groups, made = cohort.groups[i], explained.made
    rates = error_rates(plan.question, plan.policy.alpha)
    streams = [np.random.default_rng([plan.explain.seed, i, j]) for j in range(4)]
    say(f"comparing by {groups.name}")
    performed = None
    if performable(outputs.predicted, cohort):
        judging = _judging(plan.policy, rates.get(("performance", groups.name, "")))
        performed = perform(outputs.predicted, cohort, by=groups, judging=judging, rng=streams[0])
    checked = assess(explained.checked, made, cohort, by=groups, rng=streams[3])
    compared = compare(
        made,
        cohort,
        by=groups,
        contrasts=outputs.moved,
        repeats=explained.repeats,
        testing=_testing(plan.policy, plan.policy.margins.attribution, groups.name, rates),
        rng=streams[1],
    )
    say(f"reliance on {groups.name}")
    share = _share(plan, groups.name)
    relied = rely(made, cohort, by=groups, testing=share, adjust=structure(plan), rng=streams[2])
    return _Own(
        performed,
        checked,
        withheld(compared, checked.withheld()),
        withheld_reliance(relied, checked.unreliable),
    )


def _further(
    made: Attributions, predicted: Predictions, cohort: Cohort, plan: Plan, say: Progress
) -> tuple[Further, tuple[str, ...]]:
    """The exploratory measures, where the plan wants them."""
    if not plan.measure.further or made.values.ndim != 2:
        return Further(), ()
    say("looking further")
    testing = Testing(margin=plan.policy.margins.attribution, alpha=plan.policy.alpha)
    rates = error_rates(plan.question, plan.policy.alpha)
    judging = {
        name: _judging(plan.policy, rates.get(("performance", name, "")))
        for name in (groups.name for groups in cohort.groups)
    }
    return explore(made, predicted, cohort, judging, testing, seed=plan.explain.seed)


def _overturned(
    made: Attributions, cohort: Cohort, plan: Plan, relied: Sequence[Reliance]
) -> tuple[tuple[Tipping, ...], tuple[str, ...]]:
    """Tipping points of reliance, where the plan wants further measures."""
    if not plan.measure.further or made.values.ndim != 2:
        return (), ()
    return overturned(made, cohort, relied, seed=plan.explain.seed)


def _nested(
    made: Attributions,
    cohort: Cohort,
    plan: Plan,
    sets: FeatureSets | None,
    compared: Sequence[Comparison],
) -> tuple[tuple[Hierarchy, ...], tuple[str, ...]]:
    """Sets before features, where sets are given or the plan asks for clusters."""
    if cohort.x.ndim != 2 or (sets is None and not plan.sets.clusters):  # regions are the features
        return (), ()
    if sets is None:
        grouped, kind = as_variables(made, cohort)
        coded = kind == "variable"
        sets = clusters(grouped, cohort, of="attributions" if coded else "values")
    return nest(made, cohort, sets, compared, seed=plan.explain.seed)


def _share(plan: Plan, grouping: str) -> Testing:
    """How a share of variance is tested."""
    rates = error_rates(plan.question, plan.policy.alpha)
    return _testing(plan.policy, plan.policy.margins.reliance, grouping, rates)


def _testing(
    policy: Policy, margin: float, grouping: str, rates: Mapping[tuple[str, str, str], float]
) -> Testing:
    """The policy's error rate, and the part of it that a primary question about a view has."""
    own = {f"{kind}|{given}": a for (kind, by, given), a in rates.items() if by == grouping}
    if "use|nothing" in own:  # without common contrasts, location and slope answer for them
        own |= {"location|value": own["use|nothing"], "slope|value": own["use|nothing"]}
    return Testing(margin=margin, alpha=policy.alpha, alphas=own)


def _judging(policy: Policy, alpha: float | None) -> Judging:
    margins = policy.margins.model_dump()
    share = margins.pop("mae_share")
    own = {name: value for name, value in margins.items() if name in MARGINS}
    return Judging(
        threshold=policy.threshold, margins=own, mae_share=share, alpha=alpha or policy.alpha
    )


def _contrasts(prepared: Prepared, made: Attributions, cohort: Cohort) -> Contrasts | None:
    """Common contrasts on the margin, where the model has one and x is a table."""
    if made.scale != "margin" or cohort.x.ndim != 2:
        return None
    names = movable(cohort)
    if not names:
        return None
    if len(names) > MOST_CONTRASTS:
        grouped, _ = as_variables(made, cohort)
        own = [grouped.features.place[name] for name in names]
        size = np.abs(grouped.values).mean(axis=0)[own]
        names = tuple(names[j] for j in np.sort(np.argsort(-size)[:MOST_CONTRASTS]))
    return contrasts(prepared, cohort, target=prepared.column, subjects=names)


def _unmoved(cohort: Cohort) -> tuple[str, ...]:
    """A note on the variables that have no common contrast, since values are missing in them."""
    if not cohort.gaps or cohort.x.ndim != 2:
        return ()
    every, free = cohort.features.variables().names, movable(cohort)
    left = [name for name in every if name not in set(free)]
    told = ", ".join(left[:5]) + (f" and {len(left) - 5} more" if len(left) > 5 else "")
    rest = f"is of the other {len(free)} features" if free else "is not asked"
    return (
        f"Values are missing (NaN) in {told}: a gap moved to a number is not the same change for "
        f"everyone, so whether the same change of each feature moves the output alike {rest}.",
    )


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
