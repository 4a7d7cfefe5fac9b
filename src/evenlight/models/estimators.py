"""scikit-learn estimators and pipelines, and whatever else has their methods.

They are judged by what they do on rows, never by the name of their class.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.special import expit, softmax

from evenlight.arrays import Float
from evenlight.data.coefficients import Link
from evenlight.data.digits import percent
from evenlight.data.outcome import Kind as Outcome
from evenlight.errors import ModelError
from evenlight.models import outputs
from evenlight.models.adapted import Adapted, Declared
from evenlight.models.affine import with_weights
from evenlight.models.boosters import adapt_booster, is_booster, raw_option
from evenlight.models.classes import coded
from evenlight.models.frames import as_fitted
from evenlight.models.links import margin_of, response_of, rival_margins
from evenlight.models.wrapped import chosen

Score = Callable[[Float], Float]


def adapt_estimator(model: Any, declared: Declared) -> Adapted:
    """An estimator as a model. Its `feature_names_in_` are its features.

    Classifiers: the decision function, or a booster's sum of trees, is the margin where it agrees
    with the probabilities, else log p / (1 - p). A classifier that says exactly 0 or 1 has a
    probability only; so has one that averages the votes of trees, unless link="logit" is declared.
    Of two classes that are 0 and 1 (or False and True) the one target is the second; of two others
    both are targets, since their sorted order does not tell which one is the event. Without
    probabilities the decision function is the response, a score that only ranks.
    Regressors: `predict` is the response (the margin with `gives="margin"`), link identity unless
    declared. Of a search over settings the best model is read (`wrapped`).
    """
    if is_booster(model):
        return adapt_booster(model, declared)
    model, notes = chosen(model)
    name = type(model).__name__
    features = _features(model, declared)

    def settle(x: Float, names: tuple[str, ...] | None, outcome: Outcome | None) -> Adapted:
        rows = np.concatenate([x, _shuffled(x)])
        read = _classifier if hasattr(model, "classes_") else _regressor
        made = read(model, rows, declared)
        told = (*notes, *made.notes)
        made = replace(made, features=features, unit=declared.unit, estimator=model, notes=told)
        return with_weights(made, model, x)

    return Adapted(
        name, "sklearn", link=declared.link, features=features, unit=declared.unit,
        estimator=model, settle=settle,
    )  # fmt: skip


def _features(model: Any, declared: Declared) -> tuple[str, ...] | None:
    """The names that a model was trained on; lightgbm writes "_" for the spaces in them."""
    names = getattr(model, "feature_names_in_", None)
    if names is None:
        return declared.features
    own = tuple(str(name) for name in names)
    plain = tuple("_".join(name.split(" ")) for name in declared.features or ())
    return declared.features if plain == own else own


def called(model: Any, method: str, x: Float, options: Mapping[str, bool] | None = None) -> Float:
    """What `method` says of rows x (n, p), as (n, t) float64."""
    name = type(model).__name__
    width = getattr(model, "n_features_in_", None)
    if x.ndim != 2 or (width is not None and x.shape[1] != width):
        raise ModelError(f"{name} takes (n, {width or 'p'}), found shape {x.shape}")
    try:
        said = getattr(model, method)(as_fitted(model, x), **(options or {}))
    except ValueError as error:
        if type(error).__name__ != "NotFittedError":
            raise
        raise ModelError(f"{name} is not fitted; fit it before it is audited") from error
    return outputs.as_columns(said, len(x), name=f"{name}.{method}")


def _said(model: Any, method: str, options: Mapping[str, bool]) -> Score:
    """What `method` says with options, as a function of rows."""

    def score(x: Float) -> Float:
        return called(model, method, x, options)

    return score


def _regressor(model: Any, rows: Float, declared: Declared) -> Adapted:
    if hasattr(model, "predict_proba"):
        raise ModelError(f"{type(model).__name__} is not fitted: it has no classes_; fit it first")
    link: Link = declared.link or "identity"
    gives = declared.gives or "response"

    def score(x: Float) -> Float:
        return outputs.margin_from(called(model, "predict", x), link, gives)

    raw = _agreeing_sum(model, rows, link) if gives == "response" else None
    targets = outputs.target_names(score(rows).shape[1], declared.targets)
    return Adapted(
        type(model).__name__, "sklearn", raw or score, link, targets=targets, gives=gives
    )


def _agreeing_sum(model: Any, rows: Float, link: Link) -> Score | None:
    """A booster's sum of trees, if the declared link leads from it to what `predict` says."""
    option = raw_option(model)
    if option is None or link == "identity":
        return None
    margin, response = _said(model, "predict", option), called(model, "predict", rows)
    agrees = np.allclose(response_of(margin(rows), link), response, rtol=1e-5, atol=0)
    return margin if agrees else None


def _classifier(model: Any, rows: Float, declared: Declared) -> Adapted:
    """One target an event: both of two classes whose names do not say which one is 1."""
    labels = tuple(str(label) for label in model.classes_)
    if len(labels) != 2 or coded(labels):
        return _read(model, rows, labels, declared)
    targets = outputs.target_names(2, declared.targets or labels)
    made = _read(model, rows, labels, replace(declared, targets=labels[1:]))
    second = made.score
    assert second is not None

    def both(x: Float) -> Float:
        said = second(x)
        return np.column_stack([1 - said if made.scale == "probability" else -said, said])

    return replace(made, score=both, targets=targets)


def _read(model: Any, rows: Float, labels: tuple[str, ...], declared: Declared) -> Adapted:
    """A classifier with the second of two classes, or each of several, as targets."""
    name = type(model).__name__
    names = declared.targets or (labels[1:] if len(labels) == 2 else labels)
    link: Link = "logit" if len(labels) == 2 else "softmax"
    if declared.link not in (None, "identity", "logit", "softmax"):
        raise ModelError(f"{name} is a classifier: link {declared.link!r} does not suit it")
    if not hasattr(model, "predict_proba"):
        return _decides_only(model, rows, names, declared)

    def chance(x: Float) -> Float:
        p = called(model, "predict_proba", x)
        return p[:, 1:] if len(labels) == 2 else p

    seen = chance(rows)
    targets = outputs.target_names(seen.shape[1], names)
    made = Adapted(name, "sklearn", chance, "identity", "probability", targets, gives="response")
    if declared.link == "identity":
        return made
    score = _agreeing_margin(model, rows, seen)
    if score is None and declared.link is None and _votes(model, rows, seen):
        note = f"{name} averages the votes of trees: probability only."
        return replace(made, notes=(note,))
    sure = ((seen <= 0) | (seen >= 1)).any(axis=1)
    if score is None and sure.any():
        some = percent(float(sure.mean()))
        note = f"{name} says exactly 0 or 1 in {some} of rows tried: probability only."
        return replace(made, notes=(note,))
    return replace(made, score=score or _log_odds(chance, name), link=link, scale="margin")


def _decides_only(model: Any, rows: Float, names: tuple[str, ...], declared: Declared) -> Adapted:
    """A classifier without probabilities: its decision function is the margin, and only ranks."""

    def score(x: Float) -> Float:
        return called(model, "decision_function", x)

    name = type(model).__name__
    targets = outputs.target_names(score(rows).shape[1], names)
    made = Adapted(name, "sklearn", score, "identity", targets=targets, score_only=True)
    if declared.link == "logit":
        return replace(made, link="logit", score_only=False)
    note = f"{name} gives no probabilities: its decision function ranks people, and says no more."
    return replace(made, notes=(note,))


def _agreeing_margin(model: Any, rows: Float, seen: Float) -> Score | None:
    """Decision function or sum of trees, if it says the same as the probabilities; else None."""
    option = raw_option(model)
    if hasattr(model, "decision_function"):
        margin = _said(model, "decision_function", {})
    elif option is not None:
        margin = _said(model, "predict", option)
    else:
        return None
    said = margin(rows)
    if said.shape != seen.shape:
        return None
    if said.shape[1] == 1 and np.allclose(expit(said), seen, atol=1e-6):
        return margin
    if said.shape[1] > 1 and np.allclose(softmax(said, axis=1), seen, atol=1e-6):
        return lambda x: rival_margins(margin(x))
    return None


def _votes(model: Any, rows: Float, seen: Float) -> bool:
    """Whether the probabilities are those of one tree, or the mean of those of several."""
    last = model.steps[-1][1] if hasattr(model, "steps") else model
    if hasattr(last, "tree_"):
        return True
    trees = getattr(last, "estimators_", [])
    if not len(trees) or not all(
        hasattr(t, "tree_") and hasattr(t, "predict_proba") for t in trees
    ):
        return False
    inner = rows if last is model else model[:-1].transform(as_fitted(model, rows))
    if any(tree.n_features_in_ != inner.shape[1] for tree in trees):
        return False
    inner = np.asarray(inner, dtype=np.float32)
    mean = sum(tree.predict_proba(inner) for tree in trees) / len(trees)
    return bool(np.allclose(mean[:, -seen.shape[1] :], seen))


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
