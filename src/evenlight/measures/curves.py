"""Calibration by level, in bins of the prediction that hold enough people to be shown.

The events of a level's bins are all of its events. Where events or people of another level are
hidden, bins are larger and their means told to a step (`stats.disclosure`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import stats

from evenlight.arrays import Float
from evenlight.measures.prepare import ALPHA, Setting
from evenlight.small_groups import least_shown
from evenlight.stats.disclosure import shown_counts, told_limits, told_step, told_values
from evenlight.stats.effects import unit_means
from evenlight.stats.metrics import Case

BINS = 10
COARSE = 50
"""Fewest people in a bin whose mean is told to a step: 0.1 or less of a share."""


def no_curves(here: Setting) -> Mapping[str, Any]:
    """Curves without a point, where a prediction is not set against an outcome of its own scale."""
    names = ("predicted", "observed", "low", "high", "n")
    return {f"curve_{name}": np.full((len(here.groups.levels), BINS), np.nan) for name in names}


def curves(here: Setting, case: Case, coarse: bool) -> Mapping[str, Any]:
    """Calibration by level: units in up to ten equal bins of the prediction, 11 or more in each.

    `coarse` bins have 50 or more, and their means are told to a step.
    """
    least = COARSE if coarse else 2 * least_shown()
    event = bool(np.isin(case.y, (0, 1)).all())
    k, out = len(here.groups.levels), {name: a.copy() for name, a in no_curves(here).items()}
    y, f = (unit_means(values, here.unit, here.order) for values in (case.y, case.response))
    for g in range(k):
        at = np.flatnonzero(here.unit_group == g)
        bins = min(BINS, len(at) // least)
        if bins < 1:
            continue
        for b, own in enumerate(np.array_split(at[np.argsort(f[at], kind="stable")], bins)):
            seen = _bin(f[own], y[own], event if coarse else None)
            for name, number in zip(("predicted", "observed", "low", "high"), seen, strict=True):
                out[f"curve_{name}"][g, b] = number
            out["curve_n"][g, b] = len(own)
    out["curve_n"] = shown_counts(out["curve_n"], rounded=coarse)
    return out


def _bin(f: Float, y: Float, event: bool | None) -> tuple[float, ...]:
    """Mean prediction, mean outcome and its limits, to steps where `event` is not None."""
    n, middle = len(y), np.array([f.mean(), y.mean()])
    se = np.array([f.std(ddof=1), y.std(ddof=1)]) / np.sqrt(n)
    half = stats.t.ppf(1 - ALPHA / 2, n - 1) * se[1]
    low, high = middle[1] - half, middle[1] + half
    if event is None:
        return (*middle.tolist(), low, high)
    step = told_step(se, np.array([n, n]), share=np.array([False, event]))
    told = told_values(middle, step)
    ends = told_limits(np.array([low]), np.array([high]), step[1:])
    return (*told.tolist(), *(float(end[0]) for end in ends))
