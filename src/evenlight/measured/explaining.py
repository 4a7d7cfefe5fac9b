"""The explanation that an audit rests on: made, made again on other backgrounds, and checked."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.faithful import Faithfulness
from evenlight.data.features import FeatureSets
from evenlight.explainers.explain import explain
from evenlight.journal import Keep
from evenlight.journal.explanation import kept
from evenlight.measured.given import Explained, Progress
from evenlight.measured.looked import with_slopes
from evenlight.models.probe import Prepared
from evenlight.plan import Plan
from evenlight.probes.faithfulness import faithfulness
from evenlight.probes.redraws import redraws
from evenlight.progress import now_and_then


def made_for(
    prepared: Prepared, cohort: Cohort, plan: Plan, keep: Keep, say: Progress
) -> Attributions:
    """Attributions by the plan, before anything is asked of them."""
    say("explaining")
    asked = plan.explain
    options = asked.options | with_slopes(prepared, cohort, plan)

    def ask() -> Attributions:
        return explain(
            prepared, cohort, method=asked.method, target=prepared.column, seed=asked.seed,
            progress=now_and_then(say), tiles=keep.rows("explained"), **options,
        )  # fmt: skip

    return kept(keep, "explained", cohort, ask)


def checked_for(
    prepared: Prepared,
    cohort: Cohort,
    made: Attributions,
    plan: Plan,
    *,
    keep: Keep,
    say: Progress,
) -> Explained:
    """`made`, `repeats` of it on other draws of the background, and its checks."""
    asked = plan.explain
    say("explaining on other backgrounds")
    one = partial(kept, keep, cohort=cohort)
    repeats = redraws(
        prepared, cohort, made, count=asked.repeats,
        each=lambda i, make: one(f"again-{i}", make=make),
    )  # fmt: skip
    say("checking the explanations")
    check = partial(faithfulness, prepared, cohort, made, seed=asked.seed)
    return Explained(made, repeats, keep("checked", Faithfulness, check))


def explained_for(
    prepared: Prepared, cohort: Cohort, plan: Plan, keep: Keep, say: Progress
) -> Explained:
    """Attributions by the plan, with all that an audit wants to know of them."""
    made = made_for(prepared, cohort, plan, keep, say)
    return checked_for(prepared, cohort, made, plan, keep=keep, say=say)


def by_region(explained: Explained, sets: FeatureSets | None) -> Explained:
    """Maps, and those on other backgrounds, summed over the regions given."""
    if explained.made.values.ndim == 2 or sets is None:
        return explained
    repeats = tuple(one.by(sets) for one in explained.repeats)
    made = explained.made
    return replace(explained, made=summed(made, sets), repeats=repeats, maps=made)


def summed(made: Attributions, sets: FeatureSets | None) -> Attributions:
    """Maps summed over the regions given; anything else as it is."""
    return made if made.values.ndim == 2 or sets is None else made.by(sets)
