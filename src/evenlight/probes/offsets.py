"""The twin of any other model: what the group adds to the outcome is taken out of the training.

The effect a_g of each group on the margin is estimated jointly with the model f, by alternation:

    a_g from  y ~ a_g + b f(x),  f out of fold;    f trained with a_g taken out

A continuous outcome is y - a_g. For classes the case weights exp(-a_gy), scaled to keep the weight
of each group, shift the log odds of a group by just a_g (Prentice and Pyke 1979, Biometrika 66:403)
and leave what goes on within groups. The slope b is free, because a penalised or boosted f is
flatter than the truth, and what it lacks between groups would else be credited to the group.
Weighting groups to equal prevalence instead takes out what differs for good reason as well.

What is said out of fold is noisy, so b is too small where few people were trained on, and a part of
what the features carry between the groups is then credited to the group: the excess over such a
twin is too large. A table's twin has the group as a covariate instead (`probes.covariate`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp

from evenlight.arrays import Bool, Float, Int
from evenlight.models.adapted import Adapted
from evenlight.probes.refitting import Trainer

MOST_SHRINK = 0.9
"""Steps are lengthened ten times at most: what shrinks less is no better known than that."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Training rows x (n, *s), y (n,), group codes (n,), and fold (n,), one for all of a person."""

    x: Float
    y: Float
    group: Int
    fold: Int

    def take(self, index: Bool) -> Rows:
        """Some of the rows."""
        return Rows(self.x[index], self.y[index], self.group[index], self.fold[index])


def offset_twin(how: Trainer, rows: Rows, *, rounds: int, seed: int) -> tuple[Adapted, Float]:
    """The twin, and the effects (k, c) that were taken out: k groups, c classes or one number."""
    k = int(rows.group.max()) + 1
    classes = 0 if how.outcome == "continuous" else int(rows.y.max()) + 1

    def again(effect: Float) -> Float:
        said = _out_of_fold(how, rows, effect, seed)
        return group_effects(said, rows.y, rows.group, classes=classes)

    effect = settled_effect(again, np.zeros((k, max(classes, 1))), rounds=rounds)
    return _trained(how, rows, effect, seed), effect


def settled_effect(again: Callable[[Float], Float], start: Float, *, rounds: int) -> Float:
    """The fixed point of `again`, from `rounds` calls of it.

    The more of the group a model can tell from other features, the more of its effect the next
    round finds as it was left, and the slower plain alternation is: steps shrink by a factor that
    the first two tell, and are lengthened by what is to come (Aitken 1926, Proc R Soc
    Edinb 46:289).

    >>> settled_effect(lambda a: 0.3 + 0.8 * a, np.zeros(1), rounds=3).round(6).tolist()
    [1.5]
    """
    effect, last, longer = start, None, 1.0
    for _ in range(rounds):
        step = again(effect) - effect
        if last is not None and longer == 1.0:
            shrink = float((step * last).sum()) / max(float((last**2).sum()), 1e-300)
            longer = 1 / (1 - min(max(shrink, 0.0), MOST_SHRINK))
        effect, last = effect + longer * step, step
    return effect


def group_effects(said: Float, y: Float, group: Int, *, classes: int) -> Float:
    """Effects of k groups beyond b times what is `said`, (k, c), centred over the rows.

    `said` (n, 1) is a number for y (n,) where `classes` is 0, else (n, c) log probabilities of c
    classes, of which y is the code; the slope b is free, and at least 0.

    >>> y, group = np.array([0.0, 1.0, 3.0, 4.0]), np.array([0, 0, 1, 1])
    >>> said = np.array([[0.0], [1.0], [1.0], [2.0]])
    >>> group_effects(said, y, group, classes=0).round(6).tolist()
    [[-1.0], [1.0]]
    """
    hot = np.eye(int(group.max()) + 1)[group]
    made = _of_numbers(said[:, 0], y, hot) if classes == 0 else _of_classes(said, y, hot)
    out: Float = made - made[group].mean(axis=0)
    return out


def _of_numbers(said: Float, y: Float, hot: Float) -> Float:
    found = np.linalg.lstsq(np.column_stack([hot, said]), y, rcond=None)[0]
    if found[-1] < 0:
        found = np.linalg.lstsq(hot, y, rcond=None)[0]
    return np.asarray(found[: hot.shape[1], None], dtype=np.float64)


def _of_classes(said: Float, y: Float, hot: Float) -> Float:
    (n, c), k = said.shape, hot.shape[1]
    wanted = np.eye(c)[y.astype(np.int64)]

    def loss(theta: Float) -> tuple[float, Float]:
        own = np.column_stack([np.zeros(k), theta[:-1].reshape(k, c - 1)])
        score = hot @ own + theta[-1] * said
        log = score - logsumexp(score, axis=1, keepdims=True)
        apart = (np.exp(log) - wanted) / n
        slope = (hot.T @ apart)[:, 1:].ravel()
        return -float((wanted * log).sum()) / n, np.append(slope, float((apart * said).sum()))

    start = np.append(np.zeros(k * (c - 1)), 1.0)
    limits = [(-20.0, 20.0)] * (len(start) - 1) + [(0.0, None)]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=limits, tol=1e-10)
    return np.column_stack([np.zeros(k), found.x[:-1].reshape(k, c - 1)])


def case_weights(y: Float, group: Int, effect: Float) -> Float:
    """Weights (n,) that take effects (k, c) of groups out of the log odds of classes y (n,).

    >>> weight = case_weights(np.array([0.0, 1.0]), np.array([0, 0]), np.log([[1.0, 3.0]]))
    >>> weight.round(3).tolist()
    [1.5, 0.5]
    """
    raw = np.exp(-effect[group, y.astype(np.int64)])
    total, count = np.bincount(group, weights=raw), np.bincount(group)
    return np.asarray(raw * (count / np.maximum(total, 1e-300))[group], dtype=np.float64)


def _trained(how: Trainer, rows: Rows, effect: Float, seed: int) -> Adapted:
    """A refit with the effects of groups taken out."""
    if how.outcome == "continuous":
        return how.fit(rows.x, rows.y - effect[rows.group, 0], None, seed)
    return how.fit(rows.x, rows.y, case_weights(rows.y, rows.group, effect), seed)


def _out_of_fold(how: Trainer, rows: Rows, effect: Float, seed: int) -> Float:
    """What refits on the other folds say of each row, (n, 1) numbers or (n, c) log odds."""
    out = np.empty((len(rows.y), effect.shape[1]))
    for one in np.unique(rows.fold):
        here = rows.fold == one
        made = _trained(how, rows.take(~here), effect, seed)
        out[here] = how.said(made, rows.x[here])
    return out
