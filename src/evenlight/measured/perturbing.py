"""What small changes of the data do to each group in one audit, and the worst of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from evenlight.data.cohort import Cohort
from evenlight.data.perturbed import Perturbed
from evenlight.data.searched import Search, Worst
from evenlight.errors import EvenlightError, PlanError
from evenlight.measures.fragile import Fragility
from evenlight.measures.fragility import fragility
from evenlight.measures.testing import Testing
from evenlight.models.probe import Prepared
from evenlight.plan import Plan
from evenlight.plan_parts import HoldsPlan
from evenlight.probes.perturb import perturb
from evenlight.probes.perturb_again import perturb_again
from evenlight.probes.perturbations.perturbation import Suite
from evenlight.probes.perturbations.suites import suite_of
from evenlight.probes.worst import worst

STREAM = 7_000
"""Where the streams of the seed begin that are drawn here."""


@dataclass(frozen=True, slots=True)
class Perturbing:
    """One record of either kind a grouping, and sentences on what could not be had."""

    fragilities: tuple[Fragility, ...] = ()
    worsts: tuple[Worst, ...] = ()
    notes: tuple[str, ...] = ()


def check_suite(cohort: Cohort, asked: HoldsPlan) -> Suite | None:
    """The suite that a plan names, made for the cohort; None where it names none.

    Raises PlanError for data that are not what it asks for, what it is told that it does not take,
    and a perturbation to search that it does not have.
    """
    if asked.perturb is None:
        return None
    try:
        made = suite_of(asked.perturb, cohort)
    except EvenlightError as error:
        raise PlanError(f"holds.perturb: {error}") from None
    except (AttributeError, TypeError) as error:
        raise PlanError(f"holds.perturb: {asked.perturb} cannot be read: {error}") from None
    try:
        searched(made, asked)
    except EvenlightError as error:
        raise PlanError(f"holds.worst: {error}") from None
    return made


def searched(suite: Suite, asked: HoldsPlan) -> Suite:
    """The part of a suite that the worst is searched in; UnknownName for what it does not have."""
    names = asked.worst if isinstance(asked.worst, tuple) else ()
    return suite.taking(*names) if names else suite


def perturbing(
    prepared: Prepared,
    cohort: Cohort,
    plan: Plan,
    suite: Suite | None,
    method: str,
    say: Callable[[str], None],
) -> Perturbing:
    """Each step of the suite by every grouping, and the worst combination where it is asked for.

    Outputs of people before and after are not kept. `method` is the explainer of the audit, by
    which explanations are compared where the plan asks for it. What the data do not allow is left
    out and said.
    """
    if suite is None:
        return Perturbing()
    say(f"perturbing: {suite.name}")
    try:
        made, again = _perturbed(prepared, cohort, plan, suite, method)
    except EvenlightError as error:
        return Perturbing(notes=(f"What perturbations do could not be had: {error}",))
    notes: list[str] = []
    found = [_fragile(made, again, cohort, plan, i, notes) for i in range(len(cohort.groups))]
    worsts: list[Worst | None] = []
    if plan.holds.worst:
        say(f"searching the worst of {suite.name}")
        own = searched(suite, plan.holds)
        worsts = [_worst(prepared, cohort, plan, own, i, notes) for i in range(len(cohort.groups))]
    return Perturbing(
        tuple(one for one in found if one is not None),
        tuple(one for one in worsts if one is not None),
        tuple(notes),
    )


def _perturbed(
    prepared: Prepared, cohort: Cohort, plan: Plan, suite: Suite, method: str
) -> tuple[Perturbed, tuple[Perturbed, ...]]:
    """The perturbations, and those of them that all people share a draw of again."""
    asked, seed = plan.holds, plan.explain.seed
    explain = method if asked.attributions else None
    how: dict[str, Any] = {"target": prepared.column, "draws": asked.draws, "explain": explain}
    first, other = (np.random.default_rng([seed, STREAM + i]) for i in range(2))
    made = perturb(prepared, cohort, suite=suite, rng=first, **how)
    return made, perturb_again(prepared, cohort, suite=suite, rng=other, **how)


def _fragile(
    made: Perturbed,
    again: tuple[Perturbed, ...],
    cohort: Cohort,
    plan: Plan,
    i: int,
    notes: list[str],
) -> Fragility | None:
    """What each step does by the i-th grouping."""
    name, policy = cohort.groups[i].name, plan.policy
    testing = Testing(margin=policy.margins.attribution, alpha=policy.alpha)
    rng = np.random.default_rng([plan.explain.seed, STREAM + 2, i])
    try:
        return fragility(
            made, cohort, by=name, threshold=policy.threshold, repeats=again, testing=testing,
            rng=rng,
        )  # fmt: skip
    except EvenlightError as error:
        notes.append(f"What perturbations do by {name} could not be told: {error}")
        return None


def _worst(
    prepared: Prepared, cohort: Cohort, plan: Plan, suite: Suite, i: int, notes: list[str]
) -> Worst | None:
    """The combination that moves one group of the i-th grouping more than another."""
    name, policy = cohort.groups[i].name, plan.policy
    rng = np.random.default_rng([plan.explain.seed, STREAM + 3, i])
    how = Search(margin=policy.margins.attribution, alpha=policy.alpha)
    try:
        return worst(
            prepared, cohort, suite=suite, by=name, target=prepared.column, search=how, rng=rng
        )
    except EvenlightError as error:
        notes.append(f"The worst perturbation by {name} could not be searched: {error}")
        return None
