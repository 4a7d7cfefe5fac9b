"""Shares of a whole against declared ones: limits that hold together, and their exact p."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import binom

from evenlight.arrays import Float
from evenlight.stats.binomial import exact


@dataclass(frozen=True, slots=True)
class Against:
    """k shares of one whole against k targets, each (k,); p is adjusted for the k levels."""

    share: Float
    low: Float
    high: Float
    p: Float


def against(counts: Float, target: Float, *, whole: float, alpha: float) -> Against:
    """Shares of `counts` (k,) in `whole` people against targets (k,); NaN where a count is hidden.

    Limits hold all k shares together with probability 1 - alpha at least (Clopper and Pearson 1934,
    each at alpha / k; Goodman 1965, Technometrics 7:247, for that division). p is k times the exact
    binomial p of the target (twice the smaller tail): at most alpha where the target lies outside
    of the limits, and only there.

    >>> made = against(np.array([10.0, 90.0]), np.array([0.25, 0.75]), whole=100, alpha=0.05)
    >>> made.share.tolist(), made.high.round(3).tolist(), made.p.round(4).tolist()
    ([0.1, 0.9], [0.188, 0.956], [0.0005, 0.0005])
    """
    k = len(counts)
    share = counts / max(whole, 1.0)
    low, high = exact(share, np.full(k, whole), alpha / k)
    hits = np.round(counts)
    below = binom.cdf(hits, whole, target)
    above = binom.sf(hits - 1, whole, target)
    p = np.minimum(1.0, 2 * k * np.minimum(below, above))
    told = np.isfinite(counts)
    return Against(share, *(np.where(told, values, np.nan) for values in (low, high, p)))
