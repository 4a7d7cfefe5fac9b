"""Classifier two-sample tests: a logistic model tells the groups from their explanations."""

from __future__ import annotations

import numpy as np
from scipy.stats import mannwhitneyu, rankdata
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from evenlight.arrays import Bool, Float, Int
from evenlight.qualify.told import ALPHA, Told

FOLDS = 5
DRAWS = 999


def fitted(phi: Float, member: Bool) -> Told:
    """Scores of the rows that were fitted, by Mann-Whitney: what explanationspace leaves one to."""
    scores = _model(phi, member).decision_function(_scaled(phi))
    return _one(float(mannwhitneyu(scores[member], scores[~member], alternative="greater").pvalue))


def cross_fitted(phi: Float, member: Bool, unit: Int, rng: np.random.Generator) -> Told:
    """Scores of rows whose unit was held out; AUC against permuted labels, whole units."""
    scores, scaled = np.empty(len(phi)), _scaled(phi)
    for train, test in GroupKFold(FOLDS).split(phi, groups=unit):
        part = member[train]
        if part.all() or not part.any():
            scores[test] = 0.0
            continue
        scores[test] = _model(phi[train], part).decision_function(scaled[test])
    mean = np.bincount(unit, weights=scores) / np.bincount(unit)
    group = np.zeros(len(mean), dtype=bool)
    group[unit] = member
    ranks = rankdata(mean)
    seen = ranks[group].sum()
    null = np.array([ranks[rng.permutation(group)].sum() for _ in range(DRAWS)])
    return _one(float((1 + (null >= seen - 1e-9).sum()) / (1 + DRAWS)))


def _model(phi: Float, member: Bool) -> LogisticRegression:
    return LogisticRegression(C=0.1, max_iter=500).fit(_scaled(phi), member)


def _scaled(phi: Float) -> Float:
    size = phi.std(axis=0)
    out: Float = (phi - phi.mean(axis=0)) / np.where(size > 0, size, 1.0)
    return out


def _one(p: float) -> Told:
    flag = np.array([p <= ALPHA])
    return Told(np.array([[p]]), flag, flag)
