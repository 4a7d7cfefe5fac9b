"""What is judged by one grouping: performance, trust, comparison and reliance."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.explore import performable
from evenlight.journal.keep import Keep
from evenlight.leaning import structure
from evenlight.measured.given import Explained, Outputs, Progress, unsaid
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
from evenlight.progress import now_and_then


@dataclass(frozen=True, slots=True)
class Own:
    """What is judged by one grouping."""

    performed: Performance | None
    checked: Quality
    compared: Comparison
    relied: Reliance


def grouped(
    explained: Explained, outputs: Outputs, cohort: Cohort, plan: Plan, keep: Keep, say: Progress
) -> list[Own]:
    """What is judged, by every grouping; each draw has its own stream of the plan's seed."""
    found, every = [], [Grouping(g, explained, outputs, cohort, plan, i, say)
                        for i, g in enumerate(cohort.groups)]  # fmt: skip
    keep.ahead(part for one in every for part in one.parts())
    for i, (groups, one) in enumerate(zip(cohort.groups, every, strict=True)):
        say(f"comparing by {groups.name}")
        performed = None
        if performable(outputs.predicted, cohort):
            performed = keep(f"performed-{i}", Performance, one.performed)
        checked = keep(f"assessed-{i}", Quality, one.checked)
        compared = keep(f"compared-{i}", Comparison, one.compared)
        say(f"reliance on {groups.name}")
        relied = keep(f"relied-{i}", Reliance, one.relied)
        compared = withheld(compared, checked.withheld())
        found.append(
            Own(performed, checked, compared, withheld_reliance(relied, checked.unreliable))
        )
    return found


def unreliable(by: Sequence[Own]) -> dict[str, str]:
    """Why the explanations of a grouping cannot be trusted, by its name, where they cannot."""
    return {own.checked.grouping: own.checked.unreliable for own in by if own.checked.unreliable}


@dataclass(frozen=True, slots=True)
class Grouping:
    """What is asked by the i-th grouping."""

    groups: Groups
    explained: Explained
    outputs: Outputs
    cohort: Cohort
    plan: Plan
    i: int
    say: Progress = unsaid

    def parts(self) -> Iterator[tuple[str, Callable[[], Any]]]:
        """What needs nothing of each other."""
        if performable(self.outputs.predicted, self.cohort):
            yield f"performed-{self.i}", self.performed
        yield f"compared-{self.i}", self.compared
        yield f"relied-{self.i}", self.relied

    def performed(self) -> Performance:
        """How well the model does in each group."""
        judging = judging_by(self.plan.policy, self.rates().get(("performance", self.name, "")))
        return perform(
            self.outputs.predicted, self.cohort, by=self.groups, judging=judging, rng=self.rng(0)
        )

    def checked(self) -> Quality:
        """Whether its explanations can be trusted in each group."""
        checked, made = self.explained.checked, self.explained.made
        return assess(checked, made, self.cohort, by=self.groups, rng=self.rng(3))

    def compared(self) -> Comparison:
        """Whether it uses the same features."""
        policy = self.plan.policy
        return compare(
            self.explained.made,
            self.cohort,
            by=self.groups,
            contrasts=self.outputs.moved,
            repeats=self.explained.repeats,
            testing=testing(policy, policy.margins.attribution, self.name, self.rates()),
            rng=self.rng(1),
            progress=now_and_then(self.say, f"comparing by {self.name}"),
        )

    def relied(self) -> Reliance:
        """How far its output follows the group, and through what."""
        return rely(
            self.explained.made, self.cohort, by=self.groups,
            testing=share_testing(self.plan, self.name), adjust=structure(self.plan),
            rng=self.rng(2),
        )  # fmt: skip

    @property
    def name(self) -> str:
        """That of the grouping."""
        return self.groups.name

    def rates(self) -> dict[tuple[str, str, str], float]:
        """The error rate of each primary question."""
        return error_rates(self.plan.question, self.plan.policy.alpha)

    def rng(self, j: int) -> np.random.Generator:
        """The j-th stream of this grouping."""
        return np.random.default_rng([self.plan.explain.seed, self.i, j])
