"""What a plan asks of genotypes beside the answers: local ancestry, and shares of importance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.errors import FeatureError
from evenlight.measured.given import Aside, Progress
from evenlight.measures.by_local_ancestry import by_local_ancestry
from evenlight.measures.local_comparison import LocalComparison
from evenlight.measures.prepare import as_variables
from evenlight.measures.set_shares import SetShares, set_shares
from evenlight.measures.testing import Testing
from evenlight.measures.tried import tried
from evenlight.plan import Plan

STREAM = 9_000
"""Where the streams of the seed begin that are drawn here."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Records as in `Further`, and sentences on what could not be had."""

    locally: tuple[LocalComparison, ...] = ()
    shares: tuple[SetShares, ...] = ()
    notes: tuple[str, ...] = ()


def placed(made: Attributions, cohort: Cohort, plan: Plan, aside: Aside, say: Progress) -> Placed:
    """Attributions by local ancestry where it is given, and shares of sets by every grouping.

    Sets are those by how common variants are, where the plan asks for them, and with further
    measures those that were given, where they part the features without overlap.
    """
    if made.values.ndim != 2 or cohort.x.ndim != 2:
        return Placed()
    notes: list[str] = []
    locally = _locally(made, cohort, plan, aside, say, notes)
    shares: list[SetShares] = []
    for own, sets in _parting(made, cohort, plan, aside):
        for groups in cohort.groups:
            words = f"Shares of importance by {groups.name} could not be measured"
            ask = partial(set_shares, own, cohort, sets, by=groups)
            found = tried(words, notes, ask)
            shares += [] if found is None else [found]
    return Placed(locally, tuple(shares), tuple(notes))


def _locally(
    made: Attributions,
    cohort: Cohort,
    plan: Plan,
    aside: Aside,
    say: Progress,
    notes: list[str],
) -> tuple[LocalComparison, ...]:
    """The comparison by copies of the ancestry that the plan names."""
    asked = plan.local
    if aside.local is None or asked.ancestry is None:
        return ()
    say("comparing by local ancestry")
    testing = Testing(margin=plan.policy.margins.attribution, alpha=plan.policy.alpha)
    found = tried(
        "Attributions by local ancestry could not be measured",
        notes,
        partial(
            by_local_ancestry, made, cohort, aside.local, ancestry=asked.ancestry,
            beside=next((axes for axes in cohort.axes if axes.name == asked.beside), None),
            over=asked.over, testing=testing,
            rng=np.random.default_rng([plan.explain.seed, STREAM]),
        ),
    )  # fmt: skip
    return () if found is None else (found,)


def _parting(
    made: Attributions, cohort: Cohort, plan: Plan, aside: Aside
) -> Iterator[tuple[Attributions, FeatureSets]]:
    """Attributions and the sets that part their features."""
    if aside.rarity is not None:
        yield made, aside.rarity
    if aside.sets is not None and plan.measure.further and _part(aside.sets):
        yield as_variables(made, cohort)[0], aside.sets


def _part(sets: FeatureSets) -> bool:
    """Whether each feature is in one set, and no more."""
    try:
        owners: Sequence[int] = sets.owners().tolist()
    except FeatureError:
        return False
    return len(set(owners)) > 1
