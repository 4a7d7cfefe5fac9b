"""What was audited, with what, when: digests, versions and cards. No path, host or person."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import numpy as np

from evenlight.clock import date as date
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.outcome import Survival
from evenlight.explainers import EXPLAINERS, UNORDERED
from evenlight.explainers.device import standing
from evenlight.journal.manifests import installed
from evenlight.models.probe import Prepared
from evenlight.plan import Plan
from evenlight.record import CohortCard, ModelCard

PACKAGES = ("evenlight", "numpy", "scipy", "pandas", "torch", "captum", "shap", "scikit-learn")


def model_digest(prepared: Prepared) -> str:
    """sha256 of what is known of the model: weights, state, or else its outputs on this cohort."""
    adapted = prepared.adapted
    state = sha256(f"{adapted.kind}|{adapted.link}|{adapted.targets}".encode())
    if adapted.weights is not None and adapted.intercept is not None:
        state.update(json.dumps(adapted.features).encode())
        arrays = [adapted.weights, adapted.intercept]
    elif adapted.module is not None:
        named = sorted(adapted.module.state_dict().items())
        state.update("|".join(name for name, _ in named).encode())
        arrays = [tensor.detach().cpu().double().numpy() for _, tensor in named]
    else:
        arrays = [np.sort(prepared.output)]
    for array in arrays:
        state.update(np.ascontiguousarray(array, dtype="<f8").tobytes())
    return state.hexdigest()


def model_card(
    prepared: Prepared, made: Attributions, digest: str, *, source: str, checked: str
) -> ModelCard:
    """The audited model, as it was read, checked and explained."""
    adapted = prepared.adapted
    return ModelCard(
        name=adapted.name,
        kind=adapted.kind,
        link=str(adapted.link),
        scale=adapted.scale,
        target=prepared.target,
        unit=adapted.unit,
        digest=digest,
        method=made.method,
        source=source,
        probes=(*prepared.checked, checked),
    )


def cohort_card(cohort: Cohort, plan: Plan) -> CohortCard:
    """The audited people, in numbers."""
    outcome = cohort.outcome
    name = f"{outcome.time}, {outcome.event}" if isinstance(outcome, Survival) else outcome
    return CohortCard(
        name=plan.cohort.builtin or plan.cohort.table or "cohort",
        rows=cohort.n,
        units=cohort.u,
        features=len(cohort.features),
        outcome=name or "",
        outcome_kind=cohort.outcome_kind or "",
        unit=cohort.unit or "row",
        strata=cohort.strata,
        digest=cohort.digest,
        source=cohort.source,
        notes=cohort.notes,
        flow=cohort.flow,
    )


def provenance(
    prepared: Prepared, plan: Plan, made: Attributions, *, took: Mapping[str, Any]
) -> dict[str, Any]:
    """Versions, seeds, settings of the explainer, background; and what the work took."""
    background = made.background
    return {
        "date": date(),
        **took,
        "seed": plan.explain.seed,
        "device": standing(prepared.adapted),
        "grade": grade(made),
        "python": platform.python_version(),
        "versions": versions(),
        "explainer": {"method": made.method, **{k: _word(v) for k, v in made.settings.items()}},
        "background": None
        if background is None
        else {
            "digest": background.digest,
            "size": background.size,
            "composition": dict(background.composition),
        },
    }


def grade(made: Attributions) -> str:
    """How far the same call gives the same numbers again (D0, D1, docs/attribution.md).

    What a function of the user's own does is not known.
    """
    if "grade" in made.settings:
        return str(made.settings["grade"])
    if made.method not in EXPLAINERS:
        return "not known"
    return "D1" if made.method in UNORDERED else "D0"


def versions() -> dict[str, str]:
    """Versions of what computes."""
    return {name: installed(name).split("+")[0] for name in PACKAGES}


def _word(value: Any) -> Any:
    """A setting as plain data: numbers and words stay, anything else becomes its type's name."""
    if isinstance(value, dict):
        return {str(k): _word(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_word(v) for v in value]
    return value if isinstance(value, str | int | float | bool | None) else type(value).__name__
