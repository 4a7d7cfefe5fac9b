"""What a reliance rests on, in one audit: the gate, interventions, and what tells the group."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from evenlight.data.apart import apart, same_features
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.given_sets import sets_of
from evenlight.data.probed import Predictions
from evenlight.data.twins import Twin
from evenlight.errors import InputError
from evenlight.measures.belongs import same_twin
from evenlight.measures.clusters import clusters
from evenlight.measures.judging import Judging
from evenlight.measures.leak import leak
from evenlight.measures.leakage import Leakage
from evenlight.measures.lever import Levers
from evenlight.measures.levers import levers
from evenlight.measures.prepare import as_variables
from evenlight.measures.reliance import Reliance
from evenlight.measures.rely import rely
from evenlight.measures.shortcut import shortcut
from evenlight.measures.shortcut_evidence import Evidence, unsupported_set
from evenlight.measures.shortcuts import UNSUPPORTED, Shortcut
from evenlight.measures.structure import Structure
from evenlight.measures.testing import Testing
from evenlight.measures.tried import tried
from evenlight.measures.withhold import withheld_reliance
from evenlight.models.probe import Prepared
from evenlight.plan import Plan
from evenlight.probes.patches import patches
from evenlight.probes.refitting import Refitting
from evenlight.probes.shuffle import remove, shuffle
from evenlight.probes.swap import swap
from evenlight.probes.twin import twin as refitted

LOST = "could not be had"

LEVERS = 3
"""Subjects that are neutralised one by one, beside all that lack support: the largest shares."""

WIDE = 5_000
"""Columns beyond which their own values are not asked what they tell."""

MANY = 50
"""More subjects than this are judged by clusters of correlated values, if no sets are given."""

CLUSTERED = 2_000
"""Columns beyond which clusters are not sought."""


@dataclass(frozen=True, slots=True)
class Leaning:
    """One record a grouping whose reliance was asked, and sentences on what could not be had."""

    reliances: tuple[Reliance, ...] = ()
    shortcuts: tuple[Shortcut, ...] = ()
    levers: tuple[Levers, ...] = ()
    leakages: tuple[Leakage, ...] = ()
    notes: tuple[str, ...] = ()

    def __add__(self, other: Leaning) -> Leaning:
        return Leaning(
            self.reliances + other.reliances,
            self.shortcuts + other.shortcuts,
            self.levers + other.levers,
            self.leakages + other.leakages,
            self.notes + other.notes,
        )


def structure(plan: Plan) -> Structure | None:
    """What the plan wants support within groups to be adjusted for."""
    asked = plan.reliance
    if not asked.axes and asked.families is None:
        return None
    return Structure(axes=asked.axes, families=asked.families)


@dataclass(frozen=True, slots=True)
class Audited:
    """What the gate is asked of: the model with its explanation, and training people or a twin.

    `sets` are those that the audit was given, None if there were none; `refits` are made of
    training people; `adjust` as in `rely`; `unreliable` says by which groupings explanations cannot
    be trusted, and why; `testing` is that of a reliance, by grouping.
    """

    prepared: Prepared
    made: Attributions
    predicted: Predictions
    twin: Twin | Cohort | None
    sets: FeatureSets | None
    refits: int
    adjust: Structure | None
    unreliable: Mapping[str, str] = field(default_factory=dict)
    testing: Mapping[str, Testing] = field(default_factory=dict)


def check_evidence(twin: object = None, sets: object = None, *, cohort: Cohort) -> None:
    """Raise an error where what stands beside a model does not fit the cohort, before any compute.

    `twin` is a Twin or training people, `sets` are FeatureSets of the cohort's features or
    variables; None passes. InputError for other types, FeatureError for other sets, CohortError for
    audited rows among the training people or other features, AttributionError or CohortError for a
    twin of another cohort, GroupError for a twin by a grouping that the cohort does not have.
    """
    if sets is not None:
        sets_of(sets, cohort)
    if twin is None:
        return
    if isinstance(twin, Twin):
        twin.at(cohort)
        cohort.grouping(twin.grouping)
    elif isinstance(twin, Cohort):
        same_features(cohort, twin)
        apart(cohort, twin)
    else:
        raise InputError(
            f"twin is a {type(twin).__name__}; wanted the Twin of ev.twin(model, cohort, "
            "training=..., by=...), or the people that the model was trained on, a Cohort"
        )


def leaning(
    evidence: Audited, cohort: Cohort, plan: Plan, judging: Judging, say: Callable[[str], None]
) -> Leaning:
    """The gate, levers and leakage by every grouping whose reliance is a primary question.

    What the data do not allow is left out and said.
    """
    out = Leaning()
    if evidence.made.values.ndim != 2 or not plan.measure.further:
        return out
    asked = dict.fromkeys(q.grouping for q in plan.question if q.measure == "reliance")
    sets = _sets(evidence, cohort)
    for i, by in enumerate(asked):
        say(f"what reliance on {by} rests on")
        rng = np.random.default_rng([plan.explain.seed, 4_000 + i])
        lost: list[str] = []
        ask = partial(_one, evidence, cohort, by, sets, judging, rng)
        found = tried(f"What reliance on {by} rests on was not measured", lost, ask)
        out += found or Leaning(notes=tuple(lost))
    return out


def _sets(evidence: Audited, cohort: Cohort) -> FeatureSets:
    """The sets given, if each feature is in one; else clusters of many features, or each alone."""
    given, names = evidence.sets, evidence.made.features.names
    if given is not None and cohort.x.ndim != 2:  # regions, over which maps are summed already
        return given
    if given is not None and given.fits(names, (len(names),)):
        parts = np.diff(given.membership.tocsc().indptr)
        if (parts == 1).all():
            return given
    alone = cohort.features.variables()
    if len(alone.names) > MANY and len(names) <= CLUSTERED and not cohort.gaps:
        return clusters(evidence.made, cohort)
    return alone


def _one(
    evidence: Audited,
    cohort: Cohort,
    by: str,
    sets: FeatureSets,
    judging: Judging,
    rng: np.random.Generator,
) -> Leaning:
    """Everything by one grouping; the gate is asked last, of what was found before."""
    notes: list[str] = []
    made, adjust, bad = evidence.made, evidence.adjust, evidence.unreliable.get(by, "")
    share = evidence.testing.get(by)
    lean = rely(made.by(sets), cohort, by=by, testing=share, adjust=adjust, rng=rng)
    lean = withheld_reliance(lean, bad)
    moved, beside = None, Evidence()
    if not bad:
        ask = partial(_moved, evidence, cohort, lean, sets)
        moved = tried(f"Interventions by {by} {LOST}", notes, ask, judging=judging, rng=rng)
        beside = _beside(evidence, cohort, by, sets, notes, rng=rng)
    twin, beside = beside.twin, replace(beside, levers=_of_unsupported(moved))
    gated = shortcut(lean, made, cohort, sets=sets, adjust=adjust, evidence=beside)
    ask_told = partial(_told, evidence, cohort, by, twin)
    told = tried(f"What tells {by} {LOST}", notes, ask_told, rng=rng)
    grouped = lean.subjects != as_variables(made, cohort)[0].features.names
    return Leaning(
        (lean,) if grouped else (),
        (gated,),
        () if moved is None else (moved,),
        () if told is None else (told,),
        tuple(notes),
    )


def _beside(
    evidence: Audited, cohort: Cohort, by: str, sets: FeatureSets, notes: list[str], *,
    rng: np.random.Generator,
) -> Evidence:  # fmt: skip
    """The twin with the people whom it was trained on, or why there is none."""
    told: list[str] = []
    ask = partial(_twin, evidence, cohort, by, sets)
    twin = tried(f"A twin by {by} {LOST}", told, ask, rng=rng)
    if told:
        notes += told
        return Evidence(no_twin=told[0].rstrip("."))
    return Evidence(
        twin=twin, training=evidence.twin if isinstance(evidence.twin, Cohort) else None
    )


def _moved(
    evidence: Audited,
    cohort: Cohort,
    lean: Reliance,
    sets: FeatureSets,
    *,
    judging: Judging,
    rng: np.random.Generator,
) -> Levers:
    """Everything without support, and the subjects with the largest shares, neutralised."""
    at = lean.strictest
    size = np.zeros(len(lean.subjects)) if at is None else np.abs(lean.share[at])
    most = [lean.subjects[j] for j in np.argsort(-size, kind="stable")[:LEVERS]]
    chosen = {name: sets.members(name) for name in most}
    if lean.lacking.any():
        chosen |= {UNSUPPORTED: unsupported_set(lean, sets).members(UNSUPPORTED)}
    neutral = FeatureSets.from_lists(chosen, list(sets.features), kind=sets.kind)
    own: dict[str, Any] = {"by": lean.grouping, "sets": neutral, "rng": rng}
    target = evidence.prepared.column
    ways = (swap, shuffle, remove) if cohort.x.ndim == 2 else (patches,)
    done = [way(evidence.prepared, cohort, target=target, **own) for way in ways]
    return levers(done, cohort, by=lean.grouping, judging=judging, rng=rng)


def _of_unsupported(moved: Levers | None) -> Levers | None:
    """The levers, if everything without support is among what was swapped."""
    if moved is None or not (moved.closing.subject == UNSUPPORTED).any():
        return None
    return moved


def _twin(
    evidence: Audited, cohort: Cohort, by: str, sets: FeatureSets, *, rng: np.random.Generator
) -> Twin | None:
    """The twin given, or one refitted on the training people given, None of neither.

    Raises InputError for a twin by another grouping, AttributionError for one of another model.
    """
    given = evidence.twin
    if isinstance(given, Cohort):
        how = Refitting(
            refits=evidence.refits, method=evidence.made.method, sets=sets,
            target=evidence.prepared.column,
        )  # fmt: skip
        return refitted(evidence.prepared, cohort, training=given, by=by, refitting=how, rng=rng)
    if given is None:
        return None
    return same_twin(
        given, cohort, cohort.grouping(by), what="this reliance",
        targets=[evidence.made.target], output=evidence.made.at(cohort).output,
    )  # fmt: skip


def _told(
    evidence: Audited, cohort: Cohort, by: str, twin: Twin | None, *, rng: np.random.Generator
) -> Leakage:
    """How far the output, the attributions and the values tell the groups."""
    wide = cohort.x.ndim != 2 or cohort.x.shape[1] > WIDE
    values = () if cohort.gaps or wide else ("values",)
    made = () if by in evidence.unreliable else (evidence.made,)
    asked = [evidence.predicted, *made, *values]
    return leak(asked, cohort, by=by, twin=twin, rng=rng)
