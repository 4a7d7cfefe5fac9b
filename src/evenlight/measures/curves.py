"""Calibration by level, in bins of the prediction that hold enough people to be shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import stats

from evenlight.data.groups import SMALLEST_GROUP
from evenlight.measures.prepare import ALPHA, Setting
from evenlight.stats.disclosure import shown_counts
from evenlight.stats.effects import unit_means
from evenlight.stats.metrics import Case

BINS = 10


def no_curves(here: Setting) -> Mapping[str, Any]:
    """Curves without a point, where a prediction is not set against an outcome of its own scale."""
    names = ("predicted", "observed", "low", "high", "n")
    return {f"curve_{name}": np.full((len(here.groups.levels), BINS), np.nan) for name in names}


def curves(here: Setting, case: Case) -> Mapping[str, Any]:
    """Calibration by level: units in up to ten equal bins of the prediction, 11 or more in each."""
    k, out = len(here.groups.levels), {name: a.copy() for name, a in no_curves(here).items()}
    y, f = (unit_means(values, here.unit, here.order) for values in (case.y, case.response))
    for g in range(k):
        at = np.flatnonzero(here.unit_group == g)
        bins = min(BINS, len(at) // (2 * SMALLEST_GROUP))
        if bins < 1:
            continue
        for b, own in enumerate(np.array_split(at[np.argsort(f[at], kind="stable")], bins)):
            half = stats.t.ppf(1 - ALPHA / 2, len(own) - 1) * y[own].std(ddof=1) / np.sqrt(len(own))
            seen = (f[own].mean(), y[own].mean(), y[own].mean() - half, y[own].mean() + half)
            for name, number in zip(("predicted", "observed", "low", "high"), seen, strict=True):
                out[f"curve_{name}"][g, b] = number
            out["curve_n"][g, b] = len(own)
    out["curve_n"] = shown_counts(out["curve_n"], rounded=here.rounded)
    return out
