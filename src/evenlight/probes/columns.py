"""The twin of a linear model: group columns beyond the reach of the penalty, then dropped.

One-hot columns of the group, centred over the training people and multiplied by `SCALE`, stand
beside the columns that the last step of a pipeline sees. A penalty on their coefficients is
weakened by `SCALE` squared for a ridge and `SCALE` for a lasso. Dropping a centred column leaves
the output of a person of average group.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from evenlight.arrays import Float, Int
from evenlight.models.frames import as_dense, as_fitted
from evenlight.probes.refitting import Trainer, fresh, labels_of

SCALE = 100.0
MORE_STEPS = 10
"""How many times as many iterations the twin may take: scaled columns need more."""


def linear_twin(
    how: Trainer, x: Float, y: Float, group: Int, *, k: int, seed: int
) -> tuple[object, Float] | None:
    """The twin of a linear estimator and the effects of k groups (k,); None where it is not one.

    The effects are those on the target of `how`, centred over the rows.
    """
    if how.estimator is None or not hasattr(_split(how.estimator)[2], "coef_"):
        return None
    made = fresh(how.estimator, seed)
    head, name, last = _split(made)
    inner = as_fitted(how.estimator, x)
    labels = labels_of(how, y)
    seen = as_dense(inner if head is None else head.fit_transform(inner, labels))
    columns = _columns(group, k)
    _more_steps(last)
    last.fit(np.column_stack([seen, columns]), labels)
    cut = _without(last, columns.shape[1], seen)
    if cut is None:
        return None
    kept, weights = cut
    effect = _effects(weights[min(how.column, len(weights) - 1)], group, k)
    if how.turned:  # of two classes the weights are of the second
        effect = -effect
    return (kept if head is None else Pipeline([*head.steps, (name, kept)])), effect


def _split(made: Any) -> tuple[Any, str, Any]:
    """The steps before the last one of a pipeline (None where there are none), and the last."""
    steps = getattr(made, "steps", None)
    if steps is None:
        return None, "", made
    head = Pipeline(steps[:-1]) if len(steps) > 1 else None
    return head, steps[-1][0], steps[-1][1]


def _columns(group: Int, k: int) -> Float:
    """Centred, scaled indicators (n, m) of all levels present but the first."""
    present = [g for g in range(k) if (group == g).any()]
    hot = (group[:, None] == np.array(present[1:])[None, :]).astype(np.float64)
    out: Float = SCALE * (hot - hot.mean(axis=0))
    return out


def _more_steps(last: Any) -> None:
    steps = last.get_params().get("max_iter")
    if isinstance(steps, int) and steps > 0:
        last.set_params(max_iter=MORE_STEPS * steps)


def _without(last: Any, extra: int, seen: Float) -> tuple[Any, Float] | None:
    """The fitted step without its last `extra` columns, and their weights (t, extra).

    None where it shows no weights, or where these do not give its margin.
    """
    coef = getattr(last, "coef_", None)
    p = seen.shape[1]
    if coef is None or np.shape(coef)[-1] != p + extra or not hasattr(last, "intercept_"):
        return None
    kept = deepcopy(last)
    try:
        kept.coef_ = np.ascontiguousarray(np.asarray(coef)[..., :p])
    except AttributeError:  # weights that are computed from something else
        return None
    kept.n_features_in_ = p
    middle = np.column_stack([seen[:256], np.zeros((len(seen[:256]), extra))])
    said, again = (_margin(one, rows) for one, rows in ((last, middle), (kept, seen[:256])))
    straight = seen[:256] @ np.atleast_2d(kept.coef_).T + np.asarray(last.intercept_)
    if not (_close(said, again) and _close(said, straight)):
        return None
    weights: Float = np.atleast_2d(np.asarray(coef, dtype=np.float64))[:, p:]
    return kept, weights


def _margin(model: Any, rows: Float) -> Float:
    said = getattr(model, "decision_function", model.predict)(rows)
    return np.asarray(said, dtype=np.float64).reshape(len(rows), -1)


def _close(a: Float, b: Float) -> bool:
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-6, atol=1e-8))


def _effects(weights: Float, group: Int, k: int) -> Float:
    """The effect of each group (k,) on the margin, centred over the rows; NaN for an absent one."""
    present = [g for g in range(k) if (group == g).any()]
    out = np.full(k, np.nan)
    out[present] = SCALE * np.concatenate([[0.0], weights])
    centred: Float = out - float(np.mean(out[group]))
    return centred
