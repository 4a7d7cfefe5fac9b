"""Weights of a linear margin: read where a model shows them, else found by asking it.

A pipeline that scales its columns before a linear model has an affine margin, one with splines,
products or clipping has not. What it does decides, not what it is made of: the weights found by
moving one column at a time must give the margin of real rows, of shuffled ones and of rows far
outside the data.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from evenlight.arrays import Float
from evenlight.models.adapted import Adapted

MOST = 20_000
"""More features than this are not asked about one by one."""

_ROWS = 256
"""Rows asked about at once."""

_FAR = 1000.0
"""How many standard deviations from the mean rows are asked about."""

Score = Callable[[Float], Float]
Weights = tuple[Float, Float]
"""Weights (t, p) and intercept (t,)."""


def with_weights(made: Adapted, model: Any, x: Float) -> Adapted:
    """The same with weights (t, p) and intercept (t,), where they give the margin; x is (m, p)."""
    shown = _shown(model, len(made.targets), x.shape[1]) if x.ndim == 2 else None
    return weighed(made, shown, x, ask=_ends_linear(model))


def weighed(made: Adapted, shown: Weights | None, x: Float, *, ask: bool) -> Adapted:
    """The same with the weights that a model shows, else with those that are found by asking it.

    `shown` are (t, p) and (t,); both kinds are kept only where they give the margin of x (m, p).
    """
    if made.scale != "margin" or made.score is None or not np.isfinite(x).all() or x.ndim != 2:
        return made
    if shown is not None and _gives(made.score, shown, x):
        return replace(made, weights=shown[0], intercept=shown[1])
    found = _found(made.score, x) if ask else None
    return made if found is None else replace(made, weights=found[0], intercept=found[1])


def _shown(model: Any, targets: int, p: int) -> Weights | None:
    weights, intercept = getattr(model, "coef_", None), getattr(model, "intercept_", None)
    if weights is None or intercept is None:
        return None
    w = np.atleast_2d(np.asarray(weights, dtype=np.float64))
    b = np.asarray(intercept, dtype=np.float64)
    if w.shape == (1, p) and targets == 2 and b.size == 1:  # of two classes the second is shown
        w, b = np.concatenate([-w, w]), np.append(-b, b)
    if w.shape != (targets, p):
        return None
    return w, np.broadcast_to(b, (targets,)).copy()


def _ends_linear(model: Any) -> bool:
    """Whether the last step of a pipeline, or of the best one of a search, shows weights."""
    model = getattr(model, "best_estimator_", model)
    return hasattr(model, "steps") and hasattr(model.steps[-1][1], "coef_")


def _found(score: Score, x: Float) -> Weights | None:
    """Weights and intercept of an affine margin; None where it is not affine on all rows tried."""
    if x.shape[1] > MOST:
        return None
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # rows far outside the data are ours, and so are warnings
        try:
            if not _straight(score, x):
                return None
            found = _moved(score, x)
            return found if all(_gives(score, found, rows) for rows in _tried(x)) else None
        except Exception:
            # A step that refuses such rows (unknown categories, logarithms of negative values) is
            # not affine, whatever it raises.
            return None


def _straight(score: Score, x: Float) -> bool:
    """Whether halfway between rows the margin is halfway too: quick, before columns are moved."""
    mixed = _shuffled(x)
    ends, middle = (score(x) + score(mixed)) / 2, score((x + mixed) / 2)
    return bool(np.abs(middle - ends).max() <= 1e-6 * np.ptp(ends) + 1e-12 * np.abs(ends).max())


def _moved(score: Score, x: Float) -> Weights:
    """Weights (t, p) by moving one column of the first row by its standard deviation."""
    start, step = x[0], _scale(x)
    said = score(start[None])[0]
    parts = []
    for first in range(0, len(start), _ROWS):
        columns = np.arange(first, min(first + _ROWS, len(start)))
        rows = np.tile(start, (len(columns), 1))
        rows[np.arange(len(columns)), columns] += step[columns]
        parts.append((score(rows) - said) / step[columns, None])
    weights = np.concatenate(parts).T
    return weights, said - weights @ start


def _tried(x: Float) -> list[Float]:
    """Real rows, shuffled ones, ones ten times as far out, and ones with a few columns far out."""
    rng, mixed = np.random.default_rng(1), _shuffled(x)
    center, scale = x.mean(axis=0), _scale(x)
    size = (_ROWS, x.shape[1])
    far = center + scale * rng.choice([-1, 1], size) * _FAR ** rng.uniform(-0.5, 1, size)
    few = np.where(rng.random(size) < max(0.1, 1 / x.shape[1]), far, np.resize(x, size))
    return [x, mixed, center + 10 * (mixed - center), few]


def _gives(score: Score, found: Weights, x: Float) -> bool:
    """Whether the weights give the margin of each row, to 1e-6 of what moves it from the mean."""
    weights, intercept = found
    margin = score(x)
    moved = np.abs(x - x.mean(axis=0)) @ np.abs(weights.T)
    off = np.abs(x @ weights.T + intercept - margin)
    return bool((off <= 1e-6 * moved + 1e-12 * np.abs(margin).max()).all())


def _scale(x: Float) -> Float:
    """The standard deviation of each column, or its size where it is constant."""
    spread: Float = x.std(axis=0)
    return np.where(spread > 0, spread, np.maximum(1.0, np.abs(x[0])))


def _shuffled(x: Float) -> Float:
    return np.random.default_rng(0).permuted(x, axis=0)
