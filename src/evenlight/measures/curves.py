"""Calibration by level, in bins of the prediction that hold enough people to be shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import stats

from evenlight.data.groups import SMALLEST_GROUP
from evenlight.measures.prepare import ALPHA, Setting
from evenlight.stats.disclosure import shown_counts
from evenlight.stats.metrics import Case

BINS = 10


def curves(here: Setting, case: Case) -> Mapping[str, Any]:
    """Calibration by level: units in up to ten equal bins of the prediction, 11 or more in each."""
    k = len(here.groups.levels)
    out = {
        f"curve_{name}": np.full((k, BINS), np.nan)
        for name in ("predicted", "observed", "low", "high", "n")
    }
    y, f = here.per_unit(here.cohort.y), np.zeros(len(here.unit_group))
    count = np.bincount(here.unit)
    f += np.bincount(here.unit, weights=case.response) / count
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
