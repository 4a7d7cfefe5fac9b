"""What stands beside the answers, where the plan wants further measures or sets are given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.probed import Predictions
from evenlight.explore import explore, nest, overturned
from evenlight.further import Further
from evenlight.journal.keep import Keep
from evenlight.measured.given import Aside, Progress
from evenlight.measured.grouped import Own
from evenlight.measured.rules import judging_by
from evenlight.measures.clusters import clusters
from evenlight.measures.comparison import Comparison
from evenlight.measures.nested import Hierarchy
from evenlight.measures.prepare import as_variables
from evenlight.measures.reliance import Reliance
from evenlight.measures.testing import Testing
from evenlight.measures.tipped import Tipping
from evenlight.plan import Plan
from evenlight.policy import error_rates


@dataclass(frozen=True, slots=True)
class Beyond:
    """Further measures, and sentences on what could not be had."""

    further: Further
    notes: tuple[str, ...]


def beyond(
    made: Attributions,
    predicted: Predictions,
    cohort: Cohort,
    plan: Plan,
    given: tuple[Sequence[Own], Aside],
    say: Progress,
) -> Beyond:
    """Further measures and sentences on what could not be had.

    `given` is what was judged, which tipping points and sets go by, and what was given aside.
    """
    by, aside = given
    sets = aside.sets
    further, notes = _further(made, predicted, cohort, plan, aside.keep, say)
    tipped, less = _overturned(made, cohort, plan, [own.relied for own in by])
    nested, more = _nested(made, cohort, plan, sets, [own.compared for own in by])
    told = replace(further, hierarchies=nested, tippings=further.tippings + tipped)
    return Beyond(told, notes + less + more)


def _further(
    made: Attributions,
    predicted: Predictions,
    cohort: Cohort,
    plan: Plan,
    keep: Keep,
    say: Progress,
) -> tuple[Further, tuple[str, ...]]:
    """The exploratory measures, where the plan wants them."""
    if not plan.measure.further or made.values.ndim != 2:
        return Further(), ()
    say("looking further")
    testing = Testing(margin=plan.policy.margins.attribution, alpha=plan.policy.alpha)
    rates = error_rates(plan.question, plan.policy.alpha)
    judging = {
        name: judging_by(plan.policy, rates.get(("performance", name, "")))
        for name in (groups.name for groups in cohort.groups)
    }
    return explore(
        made, predicted, cohort, judging, testing, seed=plan.explain.seed,
        genotypes=_named(plan.measure.genotypes), keep=keep,
    )  # fmt: skip


def _named(genotypes: tuple[str, ...] | bool) -> tuple[str, ...]:
    """The columns that a completed plan names."""
    return genotypes if isinstance(genotypes, tuple) else ()


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
