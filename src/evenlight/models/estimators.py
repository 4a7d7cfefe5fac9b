"""scikit-learn estimators and pipelines, and whatever else has their methods.

They are judged by what they do on rows, never by the name of their class.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy.special import expit, softmax

from evenlight.arrays import Float
from evenlight.data.coefficients import Link
from evenlight.data.outcome import Kind as Outcome
from evenlight.errors import ModelError
from evenlight.models import outputs
from evenlight.models.adapted import Adapted, Declared
from evenlight.models.links import margin_of, rival_margins

Score = Callable[[Float], Float]


def adapt_estimator(model: Any, declared: Declared) -> Adapted:
    """An estimator as a model. Its `feature_names_in_` are its features.

    Classifiers: the decision function is the margin where it agrees with the probabilities, else
    log p / (1 - p); a classifier that says exactly 0 or 1 has a probability only. Regressors:
    `predict` is the response (the margin with `gives="margin"`), link identity unless declared.
    """
    name = type(model).__name__
    names = getattr(model, "feature_names_in_", None)
    features = declared.features if names is None else tuple(str(n) for n in names)

    def settle(x: Float, names: tuple[str, ...] | None, outcome: Outcome | None) -> Adapted:
        rows = np.concatenate([x, _shuffled(x)])
        read = _classifier if hasattr(model, "classes_") else _regressor
        made = read(model, rows, declared)
        return _with_weights(replace(made, features=features, unit=declared.unit), model, x)

    return Adapted(
        name, "sklearn", link=declared.link, features=features, unit=declared.unit, settle=settle
    )


def _call(model: Any, method: str, x: Float) -> Float:
    """What `method` says of rows x (n, p), as (n, t) float64."""
    name = type(model).__name__
    width = getattr(model, "n_features_in_", None)
    if x.ndim != 2 or (width is not None and x.shape[1] != width):
        raise ModelError(f"{name} takes (n, {width or 'p'}), found shape {x.shape}")
    names = getattr(model, "feature_names_in_", None)
    rows = x if names is None else pd.DataFrame(x, columns=list(names))
    try:
        said = getattr(model, method)(rows)
    except ValueError as error:
        if type(error).__name__ != "NotFittedError":
            raise
        raise ModelError(f"{name} is not fitted; fit it before it is audited") from error
    return outputs.as_columns(said, len(x), name=f"{name}.{method}")


def _regressor(model: Any, rows: Float, declared: Declared) -> Adapted:
    if hasattr(model, "predict_proba"):
        raise ModelError(f"{type(model).__name__} is not fitted: it has no classes_; fit it first")
    link: Link = declared.link or "identity"
    gives = declared.gives or "response"

    def score(x: Float) -> Float:
        return outputs.margin_from(_call(model, "predict", x), link, gives)

    targets = outputs.target_names(score(rows).shape[1], declared.targets)
    return Adapted(type(model).__name__, "sklearn", score, link, targets=targets, gives=gives)


def _classifier(model: Any, rows: Float, declared: Declared) -> Adapted:
    name = type(model).__name__
    labels = tuple(str(label) for label in model.classes_)
    names = declared.targets or (labels[1:] if len(labels) == 2 else labels)
    link: Link = "logit" if len(labels) == 2 else "softmax"
    if declared.link not in (None, "identity", "logit", "softmax"):
        raise ModelError(f"{name} is a classifier: link {declared.link!r} does not suit it")
    if not hasattr(model, "predict_proba"):
        return _decides_only(model, rows, names, declared)

    def chance(x: Float) -> Float:
        p = _call(model, "predict_proba", x)
        return p[:, 1:] if len(labels) == 2 else p

    seen = chance(rows)
    targets = outputs.target_names(seen.shape[1], names)
    made = Adapted(name, "sklearn", chance, "identity", "probability", targets, gives="response")
    if declared.link == "identity":
        return made
    score = _agreeing_decision(model, rows, seen)
    sure = ((seen <= 0) | (seen >= 1)).any(axis=1)
    if score is None and sure.any():
        note = f"{name} says exactly 0 or 1 in {sure.mean():.0%} of rows tried: probability only."
        return replace(made, notes=(note,))
    return replace(made, score=score or _log_odds(chance, name), link=link, scale="margin")


def _decides_only(model: Any, rows: Float, names: tuple[str, ...], declared: Declared) -> Adapted:
    """A classifier without probabilities: its decision function is the margin."""

    def score(x: Float) -> Float:
        return _call(model, "decision_function", x)

    note = f"{type(model).__name__} gives no probabilities: its decision function stands for both."
    targets = outputs.target_names(score(rows).shape[1], names)
    link: Literal["identity", "logit"] = "logit" if declared.link == "logit" else "identity"
    notes = () if link == "logit" else (note,)
    return Adapted(type(model).__name__, "sklearn", score, link, targets=targets, notes=notes)


def _agreeing_decision(model: Any, rows: Float, seen: Float) -> Score | None:
    """The decision function as margin, if it says the same as the probabilities; else None."""
    if not hasattr(model, "decision_function"):
        return None
    decision = _call(model, "decision_function", rows)
    if decision.shape != seen.shape:
        return None
    if decision.shape[1] == 1 and np.allclose(expit(decision), seen, atol=1e-6):
        return lambda x: _call(model, "decision_function", x)
    if decision.shape[1] > 1 and np.allclose(softmax(decision, axis=1), seen, atol=1e-6):
        return lambda x: rival_margins(_call(model, "decision_function", x))
    return None


def _log_odds(chance: Score, name: str) -> Score:
    def score(x: Float) -> Float:
        margin = margin_of(chance(x), "logit")
        if np.isinf(margin).any():
            raise ModelError(
                f"{name} said exactly 0 or 1 in {int(np.isinf(margin).any(axis=1).sum())} of "
                f'{len(x)} rows, which has no margin; say ev.adapt(model, link="identity") '
                "to audit the probability itself"
            )
        return margin

    return score


def _shuffled(x: Float) -> Float:
    """The rows with each column shuffled on its own: what explainers will ask about."""
    rng = np.random.default_rng(0)
    return rng.permuted(x, axis=0) if x.ndim == 2 else x


def _with_weights(made: Adapted, model: Any, x: Float) -> Adapted:
    """The same with weights and intercept, where `coef_` reproduces the margin on rows x."""
    weights, intercept = getattr(model, "coef_", None), getattr(model, "intercept_", None)
    if weights is None or intercept is None or made.scale != "margin" or made.score is None:
        return made
    w = np.atleast_2d(np.asarray(weights, dtype=np.float64))
    if w.shape != (len(made.targets), x.shape[1]):
        return made
    b = np.broadcast_to(np.asarray(intercept, dtype=np.float64), (len(w),)).copy()
    margin = made.score(x)
    if not np.allclose(x @ w.T + b, margin, rtol=1e-6, atol=1e-6 * (1 + np.abs(margin).max())):
        return made
    return replace(made, weights=w, intercept=b)
