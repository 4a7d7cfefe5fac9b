"""Totals of a reliance, and how they move with the number of bins of the outcome."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.data.cohort import Cohort
from evenlight.measures.prepare import Setting
from evenlight.measures.reliance import TOTALS, Cuts
from evenlight.measures.stratified import BINNED, strata_given
from evenlight.measures.supported import Support
from evenlight.stats.decomposition import (
    Layout,
    bootstrap_shares,
    independent,
    null_shares,
    shares,
)
from evenlight.stats.intervals import expanded

BINS = (5, 10, 20)
"""Bins of a continuous outcome, or of the martingale residual, at which the totals are told."""


def masks(support: Support) -> Bool:
    """Which subjects enter each of `TOTALS`, (3, p)."""
    every = np.ones(len(support.word), dtype=bool)
    return np.stack([every, support.lacking, support.word == "unresolved"])


def limits(total: Float, drawn: Float, plan: Layout, alpha: float) -> tuple[Float, Float]:
    """Limits (t,) of totals (t,) from draws (r, t) of the plan, each by itself, re-centred."""
    cells = len(np.unique(plan.stratum * plan.k + plan.group))
    return expanded(total, drawn, units=independent(plan), cells=cells, alpha=alpha)


def cuts(
    here: Setting,
    parts: tuple[Float, Float, Int | None],
    given: tuple[str, ...],
    *,
    alphas: Float,
    draws: int,
    rng: np.random.Generator,
) -> Cuts | None:
    """The totals at 5, 10 and 20 bins of the outcome, None where it is not cut into bins.

    `parts` are the sums of attributions of each total (u, 3), the output (u,), and families (u,).
    """
    if not binned(here.cohort, given):
        return None
    asked = [g for g in given if g != "nothing"]
    shape = (len(asked), len(BINS), len(TOTALS))
    value, low, high = (np.full(shape, np.nan) for _ in range(3))
    reason = np.full(shape[:2], "", dtype=object)
    for i, name in enumerate(asked):
        alpha = float(alphas[given.index(name)])
        for b, count in enumerate(BINS):
            strata = strata_given(here, name, bins=count)
            reason[i, b] = strata.reason
            if not strata.reason:
                value[i, b], low[i, b], high[i, b] = _one(strata.laid(*parts), alpha, draws, rng)
    bins: Int = np.array(BINS, dtype=np.int64)
    return Cuts(tuple(asked), bins, value, low, high, reason.astype(np.str_))


def binned(cohort: Cohort, given: tuple[str, ...]) -> bool:
    """Whether a condition rests on bins of the outcome."""
    return cohort.outcome_kind in BINNED and len(given) > 1


def _one(
    plan: Layout, alpha: float, draws: int, rng: np.random.Generator
) -> tuple[Float, Float, Float]:
    total = shares(plan) - null_shares(plan, draws=draws, rng=rng).mean(axis=0)
    return total, *limits(total, bootstrap_shares(plan, draws=draws, rng=rng), plan, alpha)
