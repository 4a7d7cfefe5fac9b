"""A cohort in which a set of features carries a known share of the gap between groups."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets

NAMES = ("s1", "s2", "r", "noise")
SETS = FeatureSets.from_lists({"s": ["s1", "s2"], "r": ["r"], "noise": ["noise"]}, NAMES)
SHARE = 0.6


def cohort(n: int = 600, *, seed: int = 0, levels: str = "AB", **roles: Any) -> Cohort:
    """A set that carries 0.6 of the gap given the outcome, which is commoner in B."""
    rng = np.random.default_rng(seed)
    g = rng.integers(0, len(levels), n)
    y = (rng.random(n) < 0.3 + 0.2 * (g == 1)).astype(int)
    s = 0.3 * (g == 1)[:, None] + 0.7 * y[:, None] + rng.normal(size=(n, 2))
    r = 0.4 * (g == 1) + 0.5 * y + rng.normal(size=n)
    x = np.column_stack([s, r, rng.normal(size=n)])
    people = pd.DataFrame({"anc": np.array(list(levels))[g], "y": y})
    people["score"] = x[:, :3].sum(axis=1) + 2 * rng.normal(size=n)
    people["time"] = rng.exponential(size=n) * np.exp(-people["score"] / 2)
    people["event"] = (rng.random(n) < 0.8).astype(int)
    people.index = pd.Index([f"r{i:04d}" for i in rng.permutation(n)])
    return Cohort(x, people, NAMES, groups=["anc"], **{"outcome": "y", **roles})


def model(x: Float) -> Float:
    """Log-odds: the set and the rest, no noise."""
    said: Float = x[:, :3].sum(axis=1) - 1.5
    return said
