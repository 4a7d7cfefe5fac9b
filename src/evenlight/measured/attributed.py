"""An audit of attributions that were made elsewhere: what can be measured without the model."""

from __future__ import annotations

import platform
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any, cast

import numpy as np

from evenlight.data.attributions import Attributions
from evenlight.data.coefficients import Link
from evenlight.data.cohort import Cohort
from evenlight.data.faithful import CHECKS, Faithfulness
from evenlight.data.given_values import in_order, unchanged
from evenlight.data.name_diff import name_diff
from evenlight.data.probed import HAZARD_UNIT, Predictions
from evenlight.data.sources import lazy
from evenlight.doubts import coverage
from evenlight.energy import Began
from evenlight.errors import AttributionError, EvenlightWarning, InputError, PlanError
from evenlight.measured.assembled import Asked, Given, Noted, Source, asked, assembled, warned
from evenlight.measured.before import (
    entered,
    suspected,
)
from evenlight.measured.beyond import beyond
from evenlight.measured.explaining import by_region
from evenlight.measured.given import Explained, Outputs, Progress
from evenlight.measured.grouped import Own, grouped
from evenlight.measured.looked import Looked, looked
from evenlight.measured.moved import drawn
from evenlight.measured.placed import Placed, placed
from evenlight.measured.verb import Found
from evenlight.measures.own_outcome import own_outcome
from evenlight.models.links import response_of
from evenlight.plan import Plan
from evenlight.provenance import date, versions
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
    here = asked(plan.completed(cohort, margin=False), cohort, beside)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", EvenlightWarning)
        own_outcome(made.target, cohort)
        digest = attributions_digest(made, cohort)
        changed = entered(beside.ledger, here.plan, digest, cohort)
        explained = by_region(Explained(made, (), _checked(made, cohort)), here.given.aside.sets)
        predicted = predicted_by(made, cohort)
        found = _measured(here, explained, predicted, say)
        suspect = tuple(suspected(explained.made, cohort, here.plan.explain.seed))
    say("judging")
    source = Source(
        explained.made, None, _card(made, predicted, digest),
        _provenance(made, here.plan, began.until_now(0.0)),
    )  # fmt: skip
    first = (WITHOUT.format(method=made.method),)
    return assembled(here, found, source, Noted(first, changed, suspect, warned(caught)))


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
        for part in in_order(values, cohort.order):
            state.update(np.ascontiguousarray(part, dtype=kind).tobytes())
    return state.hexdigest()


def _fitting(given: Attributions, cohort: Cohort) -> Attributions:
    """The rows of the cohort, of exactly its features."""
    if tuple(given.features.names) != tuple(cohort.features.names):
        raise AttributionError(
            "the features of the attributions are not the cohort's: "
            f"{name_diff(given.features.names, cohort.features.names).sentence()}"
        )
    shape = tuple(given.values.shape[1:])
    if shape != tuple(cohort.x.shape[1:]):
        raise AttributionError(
            f"the attributions have rows of shape {shape}, the cohort of {cohort.x.shape[1:]}: "
            "give a value for each position and channel, or images that are explained as they are"
        )
    if lazy(given.values):
        unchanged(given.values, given.output - given.base - given.error)
    return given.at(cohort)


def _measured(here: Asked, explained: Explained, predicted: Predictions, say: Progress) -> Found:
    """Every measure by every grouping that takes records alone."""
    plan, cohort, aside = here.plan, here.cohort, here.given.aside
    made, outputs = explained.made, Outputs(predicted, None, NO_MODEL)
    by = grouped(explained, outputs, cohort, plan, aside.keep, say)
    further = beyond(made, predicted, cohort, plan, (by, aside), say)
    place = placed(made, cohort, plan, aside, say)
    seen = looked(explained, cohort, plan, aside, say)
    worst = slicing(predicted, cohort, plan, say)
    scored = (UNLINKED,) if predicted.score_only else ()
    return Found(
        _judged(by, (place, seen, worst), made.target, cohort),
        drawn(made, cohort, [own.compared for own in by]), (), (),
        replace(
            further.further, slices=worst.slices, by_local_ancestry=place.locally,
            set_shares=place.shares, maps=seen.maps, region_shares=seen.shares,
            region_telling=seen.telling, images=seen.images, region_within=seen.within,
            artefacts=seen.artefacts,
        ),
        scored + further.notes + place.notes + seen.notes + worst.notes,
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
        "grade": "not known",
        "python": platform.python_version(), "versions": versions(),
        "explainer": {"method": made.method, "given": True}, "background": None,
    }  # fmt: skip


def without_model(twin: object, work: object, device: str) -> None:
    """Raise InputError for what was passed beside attributions and only serves a model."""
    passed = {"twin": twin is not None, "work": work is not None, "device": device != "cpu"}
    named = [f"{name}=" for name, there in passed.items() if there]
    if named:
        raise InputError(f"{', '.join(named)} serves a model, and {NO_MODEL}; leave it out")
