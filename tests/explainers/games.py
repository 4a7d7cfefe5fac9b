"""Games for the tests of Shapley values: cohorts, models, and the definition written out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd

from evenlight.arrays import Float
from evenlight.data.attributions import Attributions, Background
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features
from evenlight.explainers import shapley
from evenlight.explainers.background import Reference

Model = Callable[[Float], Float]


def cohort_of(x: Float, features: Sequence[str] | Features | None = None) -> Cohort:
    """Rows r000, r001, ... with these values."""
    people = pd.DataFrame({"one": 1}, index=[f"r{i:04d}" for i in range(len(x))])
    return Cohort(x, people, features)


def values_of(
    model: object, cohort: Cohort, backs: Float, *, seed: int = 0, **own: Any
) -> Attributions:
    """Shapley values of a model with one output, against the background rows as they are."""
    reference = Reference(backs, Background("given", len(backs)))
    rng = np.random.default_rng([seed, 1])
    return shapley.explain(model, cohort, target=None, background=reference, rng=rng, **own)


def by_orders(model: Model, row: Float, backs: Float, sets: Sequence[Sequence[int]]) -> Float:
    """The definition: the mean over all orders of the sets of what each one adds when it joins."""
    total = np.zeros(len(sets))
    orders = list(permutations(range(len(sets))))
    for order in orders:
        mixed = backs.copy()
        before = model(mixed).mean()
        for player in order:
            mixed[:, list(sets[player])] = row[list(sets[player])]
            after = model(mixed).mean()
            total[player] += after - before
            before = after
    return total / len(orders)


def pairs(x: Float) -> Float:
    """Additive, with two interactions of two columns."""
    said: Float = 2 * x[:, 0] - x[:, 1] ** 3 + 3 * x[:, 2] * x[:, 3] + np.sin(x[:, 0]) * x[:, 1]
    return said


def deep(x: Float) -> Float:
    """Interactions of all orders, skewed."""
    said: Float = np.exp(x @ np.linspace(-0.6, 0.8, x.shape[1])) + np.maximum(x, 0).prod(axis=1)
    return said
