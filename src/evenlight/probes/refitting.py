"""The audited model's class, trained anew on other rows: how, with what outcome and weights."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from sklearn.base import clone

from evenlight.arrays import Float, Values
from evenlight.data.features import FeatureSets
from evenlight.data.twins import FEWEST
from evenlight.errors import EvenlightError, InputError, ModelError
from evenlight.models.adapt import adapt
from evenlight.models.adapted import Adapted
from evenlight.models.frames import as_fitted

CALLED = "refit(x, y, weight=..., seed=...)"

LEAST = 1e-4
"""Probabilities are kept this far from 0 and 1."""

Refit = Callable[..., object]
"""refit(x, y, *, weight, seed) -> a fitted model that `evenlight.adapt` takes."""


@dataclass(frozen=True, slots=True, eq=False)
class Refitting:
    """How refits are made and explained.

    `refits` pairs, 5 or more, since the spread of training is read from them. `refit(x, y, *,
    weight, seed)` trains the audited class on rows x (n, *s), outcome y (n,) (the margin where the
    outcome is continuous) and case weights (n,), for models that scikit-learn cannot clone;
    `method` and `options` are those of `evenlight.explain`;
    `sets` sums attributions at once, which saves memory; `target` names one output of several;
    `how` the group is accounted for: *auto* is columns for a linear scikit-learn model, covariate
    for any other model of a table (`refit` is then handed the columns of the group at the end of
    x, one less than there are groups, and must take them: a network of `x.shape[1]` inputs), offset
    for images; `folds` and `rounds` serve the offset.
    """

    refits: int = 10
    refit: Refit | None = None
    method: str = "auto"
    options: Mapping[str, Any] = field(default_factory=dict)
    sets: FeatureSets | None = None
    target: int | str | None = None
    how: Literal["auto", "covariate", "offset"] = "auto"
    folds: int = 5
    rounds: int = 3

    def __post_init__(self) -> None:
        for name, least in (("refits", FEWEST), ("folds", 2), ("rounds", 1)):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise InputError(f"{name} is {value!r}; wanted a whole number of at least {least}")
        if self.how not in ("auto", "covariate", "offset"):
            raise InputError(f"how is {self.how!r}; known: auto, covariate, offset")
        if self.refit is not None:
            _takes_keywords(self.refit)


def _takes_keywords(refit: object) -> None:
    """InputError unless a function can be called as refits are made."""
    if not callable(refit):
        raise InputError(f"refit is a {type(refit).__name__}; wanted a function {CALLED}")
    try:
        own = inspect.signature(refit)
    except (TypeError, ValueError):  # compiled functions may have none
        return
    try:
        own.bind(None, None, weight=None, seed=0)
    except TypeError as error:
        name = getattr(refit, "__name__", type(refit).__name__)
        raise InputError(
            f"refit is {name}{own}, and refits are made by {CALLED}: {error}; give it these four "
            "arguments, and use weight and seed in training"
        ) from None


@dataclass(frozen=True, slots=True, eq=False)
class Trainer:
    """Trains the audited class: `fit` (x, y, weight, seed) gives a settled model of one `column`.

    `estimator` is the scikit-learn estimator that is cloned, None where a function refits. The last
    `beside` columns of its x are of the group.
    """

    audited: Adapted
    column: int
    estimator: Any
    refit: Refit | None
    outcome: str
    names: tuple[str, ...]
    beside: int = 0

    @property
    def turned(self) -> bool:
        """Whether the event, outcome 1, is the first of two classes."""
        return self.outcome == "binary" and len(self.audited.targets) == 2 and self.column == 0

    def fit(self, x: Float, y: Float, weight: Float | None, seed: int) -> Adapted:
        """One refit on rows x, y with case weights (None: all alike)."""
        if self.refit is None:
            return self.read(_fitted(self, x, y, weight, seed), x)
        own = np.ones(len(y)) if weight is None else weight
        try:
            return self.read(self.refit(x, y, weight=own, seed=seed), x)
        except EvenlightError:
            raise
        except Exception as error:
            raise ModelError(
                f"refit(x, y) failed on x of shape {x.shape}{self._extra()}: "
                f"{type(error).__name__}: {error}"
            ) from error

    def _extra(self) -> str:
        """That the group has columns in x, where it does."""
        if not self.beside:
            return ""
        count = "column is" if self.beside == 1 else f"{self.beside} columns are"
        return (
            f" (the twin's x: its last {count} of the group, beside the "
            f"{len(self.names) - self.beside} features; take the width of a model from x.shape[1])"
        )

    def read(self, model: object, x: Float) -> Adapted:
        """A fitted model read as the audited one is; ModelError where its targets differ."""
        made = model if isinstance(model, Adapted) else adapt(model, **_declared(self, model))
        if made.settle is not None:
            made = made.settle(x[:1000], self.names, self.outcome)  # type: ignore[arg-type]
        if made.targets != self.audited.targets or made.scale != self.audited.scale:
            raise ModelError(
                f"a refit gives {made.targets} on the {made.scale} scale, the audited model "
                f"{self.audited.targets} on the {self.audited.scale} scale; refit the same class"
            )
        return made

    def said(self, model: Adapted, x: Float) -> Float:
        """What a model says of rows x: the margin (n, 1), or log probabilities of classes (n, c).

        Classes stand in the order of the outcome's codes: the event last, of several the sorted
        order of their names.
        """
        if self.outcome == "continuous":
            return model.margin(x)[:, [self.column]]
        p = np.clip(model.response(x), LEAST, 1 - LEAST)
        if p.shape[1] == 1:
            return np.log(np.column_stack([1 - p, p]))
        if self.outcome == "binary" and p.shape[1] == 2:
            return np.log(p[:, [1 - self.column, self.column]])
        order = sorted(range(p.shape[1]), key=lambda i: model.targets[i])
        return np.log(p[:, order])


def trainer(
    audited: Adapted, column: int, *, outcome: str, names: tuple[str, ...], refit: Refit | None
) -> Trainer:
    """How `audited` is trained anew; ModelError where it can be cloned by nobody."""
    estimator = audited.estimator
    if refit is None and not (hasattr(estimator, "fit") and hasattr(estimator, "get_params")):
        raise ModelError(
            f"{audited.name} cannot be cloned and trained anew; make the twin by "
            "twin(..., refitting=Refitting(refit=...)), with a function refit(x, y, *, weight, "
            "seed) that returns a model of the same class, or train models and twins yourself and "
            "hand them to twin_of; an audit takes either as twin="
        )
    kept = None if refit is not None else estimator
    return Trainer(audited, column, kept, refit, outcome, names)


def fresh(estimator: Any, seed: int) -> Any:
    """An unfitted copy, with its random states set from `seed` in the order of their names."""
    made = clone(estimator)
    states = [name for name in sorted(made.get_params()) if name.split("__")[-1] == "random_state"]
    return made.set_params(**{name: (seed + i) % 2**31 for i, name in enumerate(states)})


def labels_of(how: Trainer, y: Float) -> Values:
    """The outcome as the estimator learns it: its own class labels, or numbers."""
    classes = getattr(how.estimator, "classes_", None)
    if classes is None:
        return y
    by_text = sorted(range(len(classes)), key=lambda i: str(classes[i]))
    two = [1, 0] if how.turned else [0, 1]
    order = np.array(two if len(classes) == 2 else by_text)
    labels: Values = np.asarray(classes)[order[y.astype(np.int64)]]
    return labels


def takes_weight(estimator: Any) -> str | None:
    """The keyword of `fit` by which the last step takes case weights, None if it takes none."""
    steps = getattr(estimator, "steps", None)
    last, prefix = (estimator, "") if steps is None else (steps[-1][1], f"{steps[-1][0]}__")
    parameters = inspect.signature(last.fit).parameters
    return f"{prefix}sample_weight" if "sample_weight" in parameters else None


def _fitted(how: Trainer, x: Float, y: Float, weight: Float | None, seed: int) -> object:
    made = fresh(how.estimator, seed)
    key = takes_weight(made)
    if weight is not None and key is None:
        rng = np.random.default_rng(seed)
        drawn = rng.choice(len(y), len(y), p=weight / weight.sum())
        x, y, weight = x[drawn], y[drawn], None
    own = {} if weight is None or key is None else {key: weight}
    return made.fit(as_fitted(how.estimator, x), labels_of(how, y), **own)


def _declared(how: Trainer, model: object) -> dict[str, Any]:
    """What was declared of the audited model, said again of its refit."""
    audited = how.audited
    own: dict[str, Any] = {"link": audited.link, "unit": audited.unit}
    if hasattr(model, "classes_") or (hasattr(model, "predict") and not hasattr(model, "modules")):
        own["targets"] = audited.targets
        if not hasattr(model, "classes_"):
            own["gives"] = audited.gives
        return own
    return own | {"targets": audited.targets, "gives": audited.gives, "codes": audited.codes}
