"""One audit from what was asked and what was found, with a model and without, in one way."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.mistaken import mistaken
from evenlight.data.training import TrainingSummary
from evenlight.data.twins import Twin
from evenlight.doubts import cohort_notes, doubts, unasked, unused_roles
from evenlight.errors import EvenlightWarning
from evenlight.findings import Waiver
from evenlight.gates import strictly
from evenlight.judge import judge
from evenlight.measured.before import check_regions, comparable, fixed
from evenlight.measured.certain import strange_values, uncertain
from evenlight.measured.given import Aside
from evenlight.measured.regions import settled_regions
from evenlight.measured.verb import Found
from evenlight.measures.demographic import Demographics
from evenlight.measures.people import compose
from evenlight.models.probe import Prepared
from evenlight.plan import Plan
from evenlight.plan_genotypes import settled_local, settled_maf
from evenlight.plan_people import described
from evenlight.provenance import cohort_card
from evenlight.record import Audit, ModelCard


@dataclass(frozen=True, slots=True)
class Given:
    """What came beside model, cohort and plan: digest and ledger, training values and waivers."""

    aside: Aside = field(default_factory=Aside)
    plan_digest: str | None = None
    ledger: Path | None = None
    training: TrainingSummary | None = None
    waivers: Sequence[Waiver] = ()

    @property
    def known(self) -> TrainingSummary | Twin | Cohort | None:
        """What is known of the people that the model was trained on."""
        return self.training or self.aside.twin


@dataclass(frozen=True, slots=True)
class Asked:
    """A plan completed for its cohort, who the people are, and what came beside."""

    plan: Plan
    cohort: Cohort
    given: Given
    people: tuple[Demographics, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Where the numbers come from: attributions, the model (None: they were given), its card."""

    made: Attributions
    prepared: Prepared | None
    card: ModelCard
    provenance: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Noted:
    """Sentences on the way: what stands `first`, an earlier plan, suspects, and what was warned."""

    first: Sequence[str] = ()
    changed: Sequence[str] = ()
    suspect: Sequence[str] = ()
    told: Sequence[str] = ()


def asked(plan: Plan, cohort: Cohort, given: Given) -> Asked:
    """The completed `plan`, once nothing of it, of cohort and of `given` stands in the way.

    Raises InputError or PlanError for what does not fit, before any compute.
    """
    sets = settled_regions(plan, cohort, given.aside.sets)
    fixed(plan, given.plan_digest)
    people = described(plan.demographics, cohort, given.known)
    comparable(cohort)
    check_regions(cohort, sets)
    settled_local(plan.local, cohort, given.aside.local)
    rarity = settled_maf(plan.maf, cohort, plan.measure.genotypes)
    aside = replace(given.aside, sets=sets, rarity=rarity)
    return Asked(plan, cohort, replace(given, aside=aside), people)


def warned(caught: Sequence[warnings.WarningMessage]) -> list[str]:
    """Our own warnings among those that were caught, in words."""
    return [str(w.message) for w in caught if issubclass(w.category, EvenlightWarning)]


def assembled(asked: Asked, found: Found, source: Source, noted: Noted) -> Audit:
    """The audit: findings, answers and gate of what was `found`, and everything beside them."""
    plan, cohort, given, measures = asked.plan, asked.cohort, asked.given, found.measures
    findings, answers, gate = judge(measures, plan.question, plan.policy, given.waivers)
    unsure = uncertain(source.prepared, cohort, given.known)
    card = replace(cohort_card(cohort, plan), notes=cohort_notes(cohort, given.aside.twin))
    return Audit(
        plan=plan.data(),
        plan_digest=plan.digest,
        plan_fixed=given.plan_digest is not None,
        model=source.card,
        cohort=card,
        compositions=tuple(compose(cohort, by=g) for g in cohort.groups),
        performances=measures.performances,
        comparisons=measures.comparisons,
        reliances=measures.reliances,
        dependences=found.dependences,
        sensitivities=found.sensitivities,
        flips=found.flips,
        qualities=measures.qualities,
        further=replace(found.further, demographics=asked.people),
        answers=answers,
        findings=findings,
        verdict=strictly(gate, plan.policy, unsure),
        warnings=_warnings(asked, found, source.made, noted, unsure.get("features", "")),
        provenance=dict(source.provenance),
    )


def _warnings(
    asked: Asked, found: Found, made: Attributions, noted: Noted, unnamed: str
) -> tuple[str, ...]:
    """Every sentence of warning once; maps have no further measures."""
    plan, cohort, given = asked.plan, asked.cohort, asked.given
    further = plan.measure.further and made.values.ndim == 2
    return tuple(dict.fromkeys([
        *noted.first, *cohort_notes(cohort, given.aside.twin), *mistaken(cohort),
        *strange_values(cohort, given.known), *([unnamed] if unnamed else []), *noted.changed,
        *unused_roles(cohort, further=further), *noted.suspect,
        *unasked([g.name for g in cohort.groups], [q.grouping for q in plan.question]),
        *doubts(made, found.measures, plan.policy), *found.notes, *noted.told,
    ]))  # fmt: skip
