"""Models of time to an event: scikit-survival's estimators and lifelines' Cox model.

The margin of a Cox model is the log hazard, on which it is additive; the response is the hazard as
a multiple of the baseline. Higher means an earlier event. Neither library is imported here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from evenlight.arrays import Float
from evenlight.data.outcome import Kind as Outcome
from evenlight.data.probed import HAZARD_UNIT
from evenlight.errors import ModelError
from evenlight.models import outputs
from evenlight.models.adapted import Adapted, Declared
from evenlight.models.affine import Score, Weights, weighed
from evenlight.models.estimators import called
from evenlight.models.frames import as_fitted
from evenlight.models.wrapped import chosen

ROWS = 100
"""Rows whose cumulative hazards are looked at."""


def is_hazards(model: Any) -> bool:
    """Whether a model has the methods of those that learn from time and event."""
    inside, _ = chosen(model)
    marks = ("predict_log_partial_hazard", "predict_cumulative_hazard_function")
    return any(hasattr(inside, mark) for mark in (*marks, "_predict_risk_score"))


def adapt_hazards(model: Any, declared: Declared) -> Adapted:
    """A model of time to an event: link log where it is one of proportional hazards.

    scikit-survival: `predict` is the log hazard where the cumulative hazards are the same function
    of time for everyone, times exp(predict), or where a Cox model has no baseline and shows its
    weights. Else (random survival forests) it is a score that ranks people. lifelines: the log
    partial hazard, which is centred at the means of training, as the library does it.

    Raises ModelError for a model that gives times where the outcome is one of survival, since the
    margin is read as risk, and for options that do not suit it.
    """
    if declared.gives == "response" or declared.link not in (None, "log", "identity"):
        raise ModelError(
            f"{type(model).__name__} gives a log hazard: leave gives= and link= out, or say "
            'link="identity"'
        )
    if hasattr(model, "predict_log_partial_hazard"):
        return _lifelines(model, declared)
    return _estimator(model, declared)


def _estimator(model: Any, declared: Declared) -> Adapted:
    model, notes = chosen(model)
    last = model.steps[-1][1] if hasattr(model, "steps") else model
    name = type(model).__name__
    own = getattr(model, "feature_names_in_", None)
    features = declared.features if own is None else tuple(str(one) for one in own)

    def score(x: Float) -> Float:
        return called(model, "predict", x)

    def settle(x: Float, names: tuple[str, ...] | None, outcome: Outcome | None) -> Adapted:
        _risk(last, outcome)
        made = _read(model, score, x, declared)
        told = (*notes, *made.notes, *_penalties(last))
        seen = None if made.score_only else model  # the trees of such a forest hold curves
        made = replace(made, features=features, estimator=seen, notes=told)
        return weighed(made, _shown(model, score, x), x, ask=hasattr(last, "coef_"))

    return Adapted(
        name, "sklearn", link=declared.link, features=features, unit=declared.unit,
        estimator=model, settle=settle,
    )  # fmt: skip


def _read(model: Any, score: Score, x: Float, declared: Declared) -> Adapted:
    """Log hazard, or a score that ranks."""
    name, targets = type(model).__name__, declared.targets
    if _proportional(model, score, x[:ROWS]):
        return Adapted(
            name, "sklearn", score, declared.link or "log",
            targets=outputs.target_names(1, targets or ("hazard",)),
            unit=declared.unit or HAZARD_UNIT,
        )  # fmt: skip
    note = (
        f"{name} is no model of proportional hazards: what it predicts is a score that ranks "
        "people, higher for an earlier event."
    )
    return Adapted(
        name, "sklearn", score, "identity", targets=outputs.target_names(1, targets or ("risk",)),
        unit=declared.unit, score_only=True, notes=(note,),
    )  # fmt: skip


def _proportional(model: Any, score: Score, x: Float) -> bool:
    """Whether the cumulative hazards are those of a baseline times exp(predict)."""
    last = model.steps[-1][1] if hasattr(model, "steps") else model
    if not hasattr(model, "predict_cumulative_hazard_function"):
        return False
    try:
        found = model.predict_cumulative_hazard_function(as_fitted(model, x), return_array=True)
    except ValueError:
        return hasattr(last, "coef_")  # a Cox model that was fitted without a baseline
    with np.errstate(divide="ignore"):
        shift = np.log(np.asarray(found, dtype=np.float64)) - score(x)
    shift = shift[:, np.isfinite(shift).all(axis=0)]
    return bool(shift.size and (np.ptp(shift, axis=0) <= 1e-6 * (1 + np.ptp(score(x)))).all())


def _shown(model: Any, score: Score, x: Float) -> Weights | None:
    """The weights of a bare Cox model: its one column, or the last of a path of penalties."""
    weights = getattr(model, "coef_", None)
    if weights is None or x.ndim != 2 or np.shape(weights)[0] != x.shape[1]:
        return None
    w = np.asarray(weights, dtype=np.float64).reshape(x.shape[1], -1)[:, -1]
    return w[None], score(x[:1])[0] - x[:1] @ w


def _penalties(last: Any) -> tuple[str, ...]:
    path = np.atleast_1d(getattr(last, "alphas_", ()))
    if len(path) < 2:
        return ()
    return (
        f"{type(last).__name__} holds a path of {len(path)} penalties; the last one "
        f"(alpha {path[-1]:.3g}) answers, as its predict does.",
    )


def _risk(last: Any, outcome: Outcome | None) -> None:
    """Raise ModelError for predicted times where the margin is read as risk."""
    if outcome == "survival" and getattr(last, "_predict_risk_score", True) is False:
        raise ModelError(
            f"{type(last).__name__} predicts times, higher for a later event, and of a survival "
            "outcome the margin is the risk; audit ev.adapt(lambda x: -model.predict(x))"
        )


def _lifelines(model: Any, declared: Declared) -> Adapted:
    """A CoxPHFitter; its columns are those that it was fitted with, where it has no formula."""
    name = type(model).__name__
    plain = getattr(model, "formula", None) is None
    own = tuple(str(one) for one in model.params_.index) if plain else None
    features = own or declared.features

    def settle(x: Float, names: tuple[str, ...] | None, outcome: Outcome | None) -> Adapted:
        columns = features or names
        if columns is None or x.shape[1:] != (len(columns),):
            raise ModelError(
                f"{name} takes columns by name, and x has shape {x.shape}: name them with "
                "ev.adapt(model, features=[...])"
            )

        def score(rows: Float) -> Float:
            said = model.predict_log_partial_hazard(pd.DataFrame(rows, columns=list(columns)))
            return outputs.as_columns(np.asarray(said), len(rows), name=name)

        made = Adapted(
            name, "sklearn", score, declared.link or "log",
            targets=outputs.target_names(1, declared.targets or ("hazard",)), features=columns,
            unit=declared.unit or HAZARD_UNIT, notes=_strata(model), estimator=model,
        )  # fmt: skip
        w = np.asarray(model.params_, dtype=np.float64) if plain else None
        shown = None if w is None else (w[None], score(x[:1])[0] - x[:1] @ w)
        return weighed(made, shown, x, ask=True)

    return Adapted(
        name, "sklearn", link=declared.link, features=features, unit=declared.unit,
        estimator=model, settle=settle,
    )  # fmt: skip


def _strata(model: Any) -> tuple[str, ...]:
    strata = getattr(model, "strata", None)
    if not strata:
        return ()
    names = strata if isinstance(strata, str) else ", ".join(map(str, strata))
    return (
        f"{type(model).__name__} has a baseline hazard for each stratum of {names}: its log "
        "hazards compare people of one stratum only; declare strata= in the cohort.",
    )
