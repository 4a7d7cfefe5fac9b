"""What xgboost and lightgbm say before their link, and their own Boosters; neither is imported."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import softmax

from evenlight.arrays import Float
from evenlight.data.coefficients import Link
from evenlight.data.outcome import Kind as Outcome
from evenlight.errors import ModelError
from evenlight.models import outputs
from evenlight.models.adapted import Adapted, Declared
from evenlight.models.links import response_of, rival_margins

_OPTIONS = ("output_margin", "raw_score")
"""Of xgboost's and lightgbm's `predict`."""


def raw_option(model: Any) -> dict[str, bool] | None:
    """The option with which `predict` gives the sum of the trees; None where it has none."""
    try:
        known = inspect.signature(model.predict).parameters
    except (AttributeError, TypeError, ValueError):
        return None
    return next(({name: True} for name in _OPTIONS if name in known), None)


def is_booster(model: Any) -> bool:
    """Whether it is a Booster itself, with neither `classes_` nor `get_params`."""
    has = [hasattr(model, name) for name in ("inplace_predict", "dump_model")]
    return any(has) and not hasattr(model, "get_params")


def adapt_booster(model: Any, declared: Declared) -> Adapted:
    """A Booster as a model; its link is the one that leads from its margin to its response.

    Raises ModelError where none of identity, logit, softmax and log does.
    """
    name = type(model).__name__
    own = _names(model)

    def settle(x: Float, names: tuple[str, ...] | None, outcome: Outcome | None) -> Adapted:
        margin, response = _calls(model)
        link = _link(name, margin(x), response(x), declared)

        def score(rows: Float) -> Float:
            return rival_margins(margin(rows)) if link == "softmax" else margin(rows)

        targets = outputs.target_names(margin(x[:1]).shape[1], declared.targets)
        return Adapted(
            name, "sklearn", score, link, targets=targets, features=own or declared.features,
            unit=declared.unit, estimator=model,
        )  # fmt: skip

    return Adapted(
        name, "sklearn", link=declared.link, features=own or declared.features, unit=declared.unit,
        estimator=model, settle=settle,
    )  # fmt: skip


def _calls(model: Any) -> tuple[Callable[[Float], Float], Callable[[Float], Float]]:
    """Margin and response of rows (n, p), each (n, t)."""
    name = type(model).__name__
    width = model.num_features() if hasattr(model, "num_features") else model.num_feature()

    def said(x: Float, raw: bool) -> Float:
        if x.shape[1:] != (width,):
            raise ModelError(f"{name} takes (n, {width}), found shape {x.shape}")
        if hasattr(model, "inplace_predict"):
            found = model.inplace_predict(x, predict_type="margin" if raw else "value")
        else:
            found = model.predict(x, raw_score=raw)
        return outputs.as_columns(found, len(x), name=name)

    return lambda x: said(x, True), lambda x: said(x, False)


def _link(name: str, margin: Float, response: Float, declared: Declared) -> Link:
    known: tuple[Link, ...] = ("identity", "logit", "log") if margin.shape[1] == 1 else ("softmax",)
    for link in known:
        said = softmax(margin, axis=1) if link == "softmax" else response_of(margin, link)
        if said.shape != response.shape or not np.allclose(said, response, rtol=1e-5, atol=1e-6):
            continue
        if declared.link not in (None, link):
            raise ModelError(f"{name} has link {link!r} of its own; leave link= out")
        return link
    raise ModelError(
        f"{name}: none of {', '.join(known)} leads from its margin to its response; hand over the "
        "scikit-learn class of its library, or a function of x"
    )


def _names(model: Any) -> tuple[str, ...] | None:
    """The features that it was trained on; None where it made the names up."""
    names = model.feature_name() if hasattr(model, "feature_name") else model.feature_names
    made_up = names is None or all(re.fullmatch(r"Column_\d+", name) for name in names)
    return None if made_up else tuple(names)
