"""What is judged by one grouping: performance, trust, comparison and reliance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evenlight.data.cohort import Cohort
from evenlight.explore import performable
from evenlight.leaning import structure
from evenlight.measured.given import Explained, Outputs, Progress
from evenlight.measured.rules import judging_by, share_testing, testing
from evenlight.measures.assess import assess
from evenlight.measures.compare import compare
from evenlight.measures.comparison import Comparison
from evenlight.measures.perform import perform
from evenlight.measures.performance import Performance
from evenlight.measures.quality import Quality
from evenlight.measures.reliance import Reliance
from evenlight.measures.rely import rely
from evenlight.measures.withhold import withheld, withheld_reliance
from evenlight.plan import Plan
from evenlight.policy import error_rates


@dataclass(frozen=True, slots=True)
class Own:
    """What is judged by one grouping."""

    performed: Performance | None
    checked: Quality
    compared: Comparison
    relied: Reliance


def grouped(
    explained: Explained, outputs: Outputs, cohort: Cohort, plan: Plan, say: Progress
) -> list[Own]:
    """What is judged, by every grouping; each draw has its own stream of the plan's seed."""
    return [_by(explained, outputs, cohort, plan, i, say) for i in range(len(cohort.groups))]


def unreliable(by: Sequence[Own]) -> dict[str, str]:
    """Why the explanations of a grouping cannot be trusted, by its name, where they cannot."""
    return {own.checked.grouping: own.checked.unreliable for own in by if own.checked.unreliable}


def _by(
    explained: Explained, outputs: Outputs, cohort: Cohort, plan: Plan, i: int, say: Progress
) -> Own:
    """Performance, trust, comparison and reliance by the i-th grouping."""
    groups, made = cohort.groups[i], explained.made
    rates = error_rates(plan.question, plan.policy.alpha)
    streams = [np.random.default_rng([plan.explain.seed, i, j]) for j in range(4)]
    say(f"comparing by {groups.name}")
    performed = None
    if performable(outputs.predicted, cohort):
        judging = judging_by(plan.policy, rates.get(("performance", groups.name, "")))
        performed = perform(outputs.predicted, cohort, by=groups, judging=judging, rng=streams[0])
    checked = assess(explained.checked, made, cohort, by=groups, rng=streams[3])
    compared = compare(
        made,
        cohort,
        by=groups,
        contrasts=outputs.moved,
        repeats=explained.repeats,
        testing=testing(plan.policy, plan.policy.margins.attribution, groups.name, rates),
        rng=streams[1],
    )
    say(f"reliance on {groups.name}")
    share = share_testing(plan, groups.name)
    relied = rely(made, cohort, by=groups, testing=share, adjust=structure(plan), rng=streams[2])
    return Own(
        performed,
        checked,
        withheld(compared, checked.withheld()),
        withheld_reliance(relied, checked.unreliable),
    )
