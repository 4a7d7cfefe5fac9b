"""An audit of attributions that were made elsewhere: what can be measured without the model."""

from __future__ import annotations

import platform
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import numpy as np

from evenlight.data.attributions import Attributions
from evenlight.data.coefficients import Link
from evenlight.data.cohort import Cohort
from evenlight.data.faithful import CHECKS, Faithfulness
from evenlight.data.mistaken import mistaken
from evenlight.data.name_diff import name_diff
from evenlight.data.probed import HAZARD_UNIT, Predictions
from evenlight.data.training import TrainingSummary
from evenlight.doubts import cohort_notes, coverage, doubts, unasked, unused_roles
from evenlight.energy import Began
from evenlight.errors import AttributionError, EvenlightWarning, InputError, PlanError
from evenlight.findings import Waiver
from evenlight.further import Further
from evenlight.gates import strictly
from evenlight.judge import judge
from evenlight.measured.before import (
    check_regions,
    comparable,
    entered,
    fixed,
    suspected,
)
from evenlight.measured.beyond import beyond
from evenlight.measured.certain import strange_values, uncertain
from evenlight.measured.explaining import by_region
from evenlight.measured.given import Aside, Explained, Outputs, Progress
from evenlight.measured.grouped import Own, grouped
from evenlight.measured.looked import Looked, looked
from evenlight.measured.moved import drawn
from evenlight.measured.placed import Placed, placed
from evenlight.measured.regions import settled_regions
from evenlight.measures.own_outcome import own_outcome
from evenlight.measures.people import compose
from evenlight.models.links import response_of
from evenlight.plan import Plan
from evenlight.plan_genotypes import settled_local, settled_maf
from evenlight.plan_people import described
from evenlight.provenance import cohort_card, date, versions
from evenlight.record import Audit, ModelCard
from evenlight.results import Measures
from evenlight.slicing import Slicing, slicing
from evenlight.stats.fidelity import relative_residual

NO_MODEL = "only attributions were given, and no model that could be called"

WITHOUT = (
    "Only attributions were given, made elsewhere ({method}), and no model. What the same change "
    "of a feature, another background, small changes of the data or a training without the group "
    "would do was not asked, nor what a reliance rests on; use is told by attributions at the same "
    "own value alone. It is known that the attributions add up to the outputs, not that they are "
    "right."
)

UNLINKED = (
    "Nobody said what the outputs are on the margin, so they rank people and are no probabilities; "
    'if they are log odds, say link="logit" where the attributions are made.'
)


@dataclass(frozen=True, slots=True)
class Given:
    """What came beside attributions and plan: digest and ledger, training values and waivers."""

    aside: Aside = field(default_factory=Aside)
    plan_digest: str | None = None
    ledger: Path | None = None
    training: TrainingSummary | None = None
    waivers: Sequence[Waiver] = ()


def audit_attributions(
    given: Attributions, cohort: Cohort, plan: Plan, beside: Given, say: Progress
) -> Audit:
    """The audit of `given`, by a plan that asks for nothing that calls a model.

    Attributions, performance of their outputs and reliance are compared and judged as in any other
    audit; the default questions ask for attributions in place of use.

    Raises AttributionError where the features are not the cohort's, PlanError where the plan asks
    for what needs the model.
    """
    began, made = Began(), _fitting(given, cohort)
    callers(plan)
    chosen = plan.completed(cohort, margin=False)
    sets = settled_regions(chosen, cohort, beside.aside.sets)
    fixed(chosen, beside.plan_digest)
    people = described(chosen.demographics, cohort, beside.training)
    comparable(cohort)
    check_regions(cohort, sets)
    settled_local(chosen.local, cohort, beside.aside.local)
    rarity = settled_maf(chosen.maf, cohort, chosen.measure.genotypes)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", EvenlightWarning)
        own_outcome(made.target, cohort)
        digest = attributions_digest(made, cohort)
        changed = entered(beside.ledger, chosen, digest, cohort)
        aside = replace(beside.aside, sets=sets, rarity=rarity)
        found = _measured(made, cohort, chosen, aside, say)
        suspect = tuple(suspected(found.made, cohort, chosen.explain.seed))
    say("judging")
    findings, answers, gate = judge(found.measures, chosen.question, chosen.policy, beside.waivers)
    told = [str(w.message) for w in caught if issubclass(w.category, EvenlightWarning)]
    own = list(cohort_notes(cohort))
    return Audit(
        plan=chosen.data(), plan_digest=chosen.digest, plan_fixed=beside.plan_digest is not None,
        model=_card(made, found.predicted, digest), cohort=cohort_card(cohort, chosen),
        compositions=tuple(compose(cohort, by=g) for g in cohort.groups),
        performances=found.measures.performances, comparisons=found.measures.comparisons,
        reliances=found.measures.reliances, dependences=found.dependences, sensitivities=(),
        flips=(), qualities=found.measures.qualities,
        further=replace(found.further, demographics=people), answers=answers, findings=findings,
        verdict=strictly(gate, chosen.policy, uncertain(None, cohort, beside.training)),
        warnings=tuple(dict.fromkeys([
            WITHOUT.format(method=made.method), *own, *mistaken(cohort),
            *strange_values(cohort, beside.training), *changed,
            *unused_roles(cohort, further=chosen.measure.further and found.made.values.ndim == 2),
            *suspect,
            *unasked([g.name for g in cohort.groups], [q.grouping for q in chosen.question]),
            *doubts(found.made, found.measures, chosen.policy), *found.notes, *told,
        ])),
        provenance=_provenance(made, chosen, began.until_now(0.0)),
    )  # fmt: skip


def callers(plan: Plan) -> None:
    """Raise PlanError for what the plan asks for by name and only a model can answer."""
    asked = {
        "holds.forks": plan.holds.forks, "holds.perturb": plan.holds.perturb,
        "holds.worst": plan.holds.worst, "uncertainty.levels": plan.uncertainty.levels,
        "reliance.layers": plan.reliance.layers, "reliance.proxies": plan.reliance.proxies,
        "explain.repeats": plan.explain.repeats,
    }  # fmt: skip
    named = [name for name, value in asked.items() if value]
    if named:
        raise PlanError(
            f"the plan asks for {', '.join(named)}, which calls the model, and {NO_MODEL}; leave "
            "it out, or call audit(model, cohort)"
        )


def predicted_by(made: Attributions, cohort: Cohort) -> Predictions:
    """The outputs that the attributions add up to, as predictions of the outcome.

    On the margin they are a response by the link that was said; of classes without one they are a
    score, which ranks; of a survival time the log of a hazard.
    """
    margin, unit = made.output, ""
    link = str(made.settings.get("link", ""))
    score = not link and cohort.outcome_kind in ("binary", "categorical")
    if not link and cohort.outcome_kind == "survival":
        link, unit = "log", HAZARD_UNIT
    response, score = margin, score and made.scale == "margin"
    if made.scale == "margin":
        response = response_of(margin, cast(Link, link or "identity"))
    return Predictions(
        made.rows, margin, response, made.target, link or "identity", made.scale,
        "the given outputs", unit, score,
    )  # fmt: skip


def attributions_digest(made: Attributions, cohort: Cohort) -> str:
    """sha256 of method, target, features and numbers, whatever the order of the rows."""
    told = "\x1f".join((made.method, made.target, made.scale, *made.features.names))
    state = sha256(told.encode("utf-8", "surrogatepass"))
    for values, kind in ((made.values, "<f4"), (made.output, "<f8"), (made.base, "<f8")):
        state.update(np.ascontiguousarray(np.asarray(values)[cohort.order], dtype=kind).tobytes())
    return state.hexdigest()


@dataclass(frozen=True, slots=True)
class _Found:
    """What was measured; `made` are the attributions, of images by region."""

    made: Attributions
    predicted: Predictions
    measures: Measures
    further: Further
    dependences: tuple[Any, ...]
    notes: tuple[str, ...]


def _fitting(given: Attributions, cohort: Cohort) -> Attributions:
    """The rows of the cohort, of exactly its features."""
    if tuple(given.features.names) != tuple(cohort.features.names):
        raise AttributionError(
            "the features of the attributions are not the cohort's: "
            f"{name_diff(given.features.names, cohort.features.names).sentence()}"
        )
    return given.at(cohort)


def _measured(
    made: Attributions, cohort: Cohort, plan: Plan, aside: Aside, say: Progress
) -> _Found:
    """Every measure by every grouping that takes records alone."""
    explained = by_region(Explained(made, (), _checked(made, cohort)), aside.sets)
    outputs = Outputs(predicted_by(made, cohort), None, NO_MODEL)
    by = grouped(explained, outputs, cohort, plan, aside.keep, say)
    further = beyond(explained.made, outputs.predicted, cohort, plan, (by, aside), say)
    place = placed(explained.made, cohort, plan, aside, say)
    seen = looked(explained, cohort, plan, aside, say)
    worst = slicing(outputs.predicted, cohort, plan, say)
    notes = further.notes + place.notes + seen.notes + worst.notes
    scored = (UNLINKED,) if outputs.predicted.score_only else ()
    return _Found(
        explained.made, outputs.predicted, _judged(by, (place, seen, worst), made.target, cohort),
        replace(
            further.further, slices=worst.slices, by_local_ancestry=place.locally,
            set_shares=place.shares, maps=seen.maps, region_shares=seen.shares,
            region_telling=seen.telling, images=seen.images, region_within=seen.within,
            artefacts=seen.artefacts,
        ),
        drawn(explained.made, cohort, [own.compared for own in by]), scored + notes,
    )  # fmt: skip


def _judged(
    by: Sequence[Own], found: tuple[Placed, Looked, Slicing], target: str, cohort: Cohort
) -> Measures:
    place, seen, worst = found
    return Measures(
        performances=tuple(own.performed for own in by if own.performed is not None),
        comparisons=tuple(own.compared for own in by), reliances=tuple(own.relied for own in by),
        coverage=coverage(cohort), target=target, qualities=tuple(own.checked for own in by),
        slices=worst.slices, maps=seen.maps, telling=seen.telling + seen.within,
        locally=place.locally, unasked={"use": NO_MODEL},
    )  # fmt: skip


def _checked(made: Attributions, cohort: Cohort) -> Faithfulness:
    """Whether values add up to the output, of every row; nothing else can be checked."""
    none = np.full(made.n, np.nan)
    checks = dict.fromkeys(CHECKS, none)
    checks["residual"] = relative_residual(made.error, made.output, made.base)
    reasons = {name: NO_MODEL for name in CHECKS if name != "residual"}
    return Faithfulness(
        rows=made.rows, **checks, reasons=reasons, method=made.method, target=made.target,
        players="", evaluations=0, explanations=0, cohort_digest=cohort.digest,
    )  # fmt: skip


def _card(made: Attributions, predicted: Predictions, digest: str) -> ModelCard:
    return ModelCard(
        name=f"given attributions ({made.method})", kind="attributions", link=predicted.link,
        scale=made.scale, target=made.target, unit=predicted.unit, digest=digest,
        method=made.method, source="",
        probes=("Attributions and base add up to the outputs that were given with them.",),
    )  # fmt: skip


def _provenance(made: Attributions, plan: Plan, took: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "date": date(), **took, "seed": plan.explain.seed, "device": "cpu",
        "python": platform.python_version(), "versions": versions(),
        "explainer": {"method": made.method, "given": True}, "background": None,
    }  # fmt: skip


def without_model(twin: object, work: object, device: str) -> None:
    """Raise InputError for what was passed beside attributions and only serves a model."""
    passed = {"twin": twin is not None, "work": work is not None, "device": device != "cpu"}
    named = [f"{name}=" for name, there in passed.items() if there]
    if named:
        raise InputError(f"{', '.join(named)} serves a model, and {NO_MODEL}; leave it out")
