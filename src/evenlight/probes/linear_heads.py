"""Linear heads: ridge, logistic and multinomial regression with a penalty found inside the fold.

The penalty is on the sum of squared weights (Hoerl and Kennard 1970; le Cessie and van
Houwelingen 1992), so a rotation of the embedding changes no prediction. Its size is the one with
the smallest loss on inner folds of whole units (Varma and Simon 2006: chosen on what the head is
judged by, it would flatter the head).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.special import logsumexp
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from evenlight.arrays import Float, Int
from evenlight.errors import EvenlightWarning
from evenlight.probes.crossfit import Fit, inner_folds

INNER = 4
"""Inner folds in which the penalty is found."""

PENALTIES = tuple(10.0**e for e in range(1, -5, -1))
"""Penalties a row that are tried, the strongest first; columns have variance 1 on average."""

DIRECT = 200
"""Most weights for which Newton's method is the quicker way to the logistic fit."""

STEPS = 2_000
"""Most steps of either way."""


@dataclass(frozen=True, slots=True, eq=False)
class LinearHead:
    """Scores x W' + b: `weights` (t, d), `intercept` (t,), and the `penalty` a row.

    `converged` says whether the fit came to rest.
    """

    weights: Float
    intercept: Float
    penalty: float
    converged: bool = True

    def score(self, x: Float) -> Float:
        """Scores (n, t) of rows (n, d)."""
        out: Float = x @ self.weights.T + self.intercept
        return out


def linear_fit(kind: str) -> Fit:
    """How a linear head for a binary, categorical or continuous outcome is fitted."""
    return partial(_chosen, classes=kind != "continuous")


def _chosen(x: Float, y: Float, unit: Int, *, classes: bool) -> LinearHead:
    """The head with the penalty of the smallest loss on inner folds; the stronger of equals."""
    count = min(INNER, len(np.unique(unit)))
    fold = inner_folds(y, unit, count=count, classes=classes)
    loss = np.zeros(len(PENALTIES))
    for k in range(count):
        seen, held = fold != k, fold == k
        if classes and len(np.unique(y[seen])) < len(np.unique(y)):
            continue
        for i, head in enumerate(path(x[seen], y[seen], PENALTIES, classes=classes)):
            loss[i] += _loss(head.score(x[held]), y[held], classes=classes)
    best = PENALTIES[int(loss.argmin())]
    made = path(x, y, (best,), classes=classes)[0]
    if not made.converged:
        warnings.warn(
            f"A linear head did not converge in {STEPS:,} steps; its weights are approximate.",
            EvenlightWarning, stacklevel=2,
        )  # fmt: skip
    return made


def path(x: Float, y: Float, penalties: tuple[float, ...], *, classes: bool) -> list[LinearHead]:
    """A head on rows x (m, d) with outcome y (m,) for each penalty; classes are codes 0, 1, ...

    It minimises sum of losses / m + penalty / 2 sum of squared weights, the loss being half the
    squared error, or minus the logarithm of the probability.

    >>> x = np.array([[0.0], [1.0], [2.0]])
    >>> path(x, np.array([1.0, 3.0, 5.0]), (0.0,), classes=False)[0].weights
    array([[2.]])
    """
    return _logistic(x, y, penalties) if classes else _ridge(x, y, penalties)


def _ridge(x: Float, y: Float, penalties: tuple[float, ...]) -> list[LinearHead]:
    """All penalties from one decomposition: w = V s / (s^2 + m penalty) U' (y - mean)."""
    centre, level = x.mean(axis=0), float(y.mean())
    u, s, v = np.linalg.svd(x - centre, full_matrices=False)
    own = u.T @ (y - level)
    kept = s > s.max(initial=0.0) * max(x.shape) * np.finfo(np.float64).eps
    heads = []
    for penalty in penalties:
        size = np.divide(s, s**2 + len(x) * penalty, out=np.zeros_like(s), where=kept)
        w = (size * own) @ v
        heads.append(LinearHead(w[None], np.array([level - centre @ w]), penalty))
    return heads


def _logistic(x: Float, y: Float, penalties: tuple[float, ...]) -> list[LinearHead]:
    """One penalty after another, by Newton's method where weights are few."""
    many = len(np.unique(y))
    few = x.shape[1] * (1 if many == 2 else many) <= DIRECT
    heads = []
    for penalty in penalties:
        made = LogisticRegression(
            C=1 / (len(x) * penalty),
            solver="newton-cholesky" if few else "lbfgs",
            tol=1e-7,
            max_iter=STEPS,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # told where the head is used
            made.fit(x, y.astype(np.int64))
        done = int(np.max(made.n_iter_)) < STEPS
        heads.append(LinearHead(made.coef_.copy(), made.intercept_.copy(), penalty, done))
    return heads


def _loss(score: Float, y: Float, *, classes: bool) -> float:
    """Squared error, or minus the logarithm of the probability of what was observed; a sum."""
    if not classes:
        return float(((y - score[:, 0]) ** 2).sum())
    code = y.astype(np.int64)
    logits = np.column_stack([np.zeros(len(y)), score[:, 0]]) if score.shape[1] == 1 else score
    own = np.take_along_axis(logits, code[:, None], axis=1)[:, 0]
    return float((logsumexp(logits, axis=1) - own).sum())
