"""The naive chain: a test of each feature's attributions, row by row, then Benjamini-Hochberg."""

from __future__ import annotations

import warnings

import numpy as np
from scipy import stats

from evenlight.arrays import Bool, Float
from evenlight.qualify.told import ALPHA, Told
from evenlight.stats.multiplicity import benjamini_hochberg


def welch(phi: Float, member: Bool) -> Told:
    """Welch's t-test of each column of phi (n, p), with its pointwise interval."""
    a, b = phi[member], phi[~member]
    with warnings.catch_warnings():  # a column without variance has no t
        warnings.simplefilter("ignore", RuntimeWarning)
        found = stats.ttest_ind(a, b, equal_var=False)
        limits = found.confidence_interval()
    return listed(
        np.asarray(found.pvalue), low=np.asarray(limits.low), high=np.asarray(limits.high)
    )


def mann_whitney(phi: Float, member: Bool) -> Told:
    """The Mann-Whitney test of each column of phi (n, p)."""
    return listed(np.asarray(stats.mannwhitneyu(phi[member], phi[~member]).pvalue))


def listed(p: Float, *, low: Float | None = None, high: Float | None = None) -> Told:
    """Raw p (p,) turned into a list by Benjamini-Hochberg; a flag is to be on it."""
    p = np.where(np.isfinite(p), p, 1.0)
    flag: Bool = benjamini_hochberg(p) <= ALPHA
    return Told(p[None], flag, flag, low, high)
