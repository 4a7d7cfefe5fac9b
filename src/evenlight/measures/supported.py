"""Support within groups: whether a subject's attribution predicts the outcome in each group."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.special import expit

from evenlight.arrays import Float, Text
from evenlight.measures.prepare import ALPHA, Setting
from evenlight.stats.cells import joint
from evenlight.stats.multiplicity import benjamini_hochberg
from evenlight.stats.support import Slopes, within_slopes

HALF_CLAIM = 0.5
"""A slope shown to lie below this half of what the model claims (1) is not supported."""


@dataclass(frozen=True, slots=True, eq=False)
class Support:
    """Slope of the outcome on a subject's attribution within groups, (p,): 1 as claimed, 0 none."""

    slope: Float
    low: Float
    high: Float
    p: Float
    heterogeneity_p: Float
    word: Text
    reason: Text


INVERSE: dict[str, Callable[[Float], Float]] = {
    "identity": lambda y: y,
    "square": lambda y: np.sqrt(np.maximum(y, 0.0)),
    "log": lambda y: np.log(np.maximum(y, 1e-300)),
}
"""From a continuous outcome to the margin, by link."""


def support_within(here: Setting, phi: Float, f: Float, *, link: str) -> Support:
    """Support of each subject (u, p) within groups and strata; f (u,) is the model's margin.

    A continuous outcome is put on the margin by `link`; for a binary one the model's expectation is
    its probability. A slope of 1 is what the model itself claims of the subject, marginally.

    A subject is supported where the outcome rises with it significantly (BH at 5 %), unequally
    where the groups differ in that too; not supported where the upper limit lies below half of what
    the model claims; else unresolved.
    """
    p = phi.shape[1]
    kind = here.cohort.outcome_kind
    if kind not in ("binary", "continuous") or (kind == "continuous" and link not in INVERSE):
        gone = np.full(p, np.nan)
        word = np.full(p, "unresolved", dtype="<U30")
        told = "support needs a binary or continuous outcome"
        told += f", not a continuous one under the link {link}" if kind == "continuous" else ""
        why = np.full(p, told)
        return Support(gone, gone, gone, gone, gone, word, why)
    binary = kind == "binary"
    y = here.per_unit(here.cohort.y if binary else INVERSE[link](here.cohort.y))
    known = (here.unit_group >= 0) & np.isfinite(y)
    group = here.unit_group[known]
    cell = joint([group, here.unit_stratum[known] + 1])
    expected = expit(f[known]) if binary and link in ("logit", "softmax") else f[known]
    found = within_slopes(phi[known], y[known], group, cell, expected=expected, binary=binary)
    z = stats.norm.ppf(1 - ALPHA / 2)
    low, high = found.slope - z * found.se, found.slope + z * found.se
    word = _words(found, high)
    still = np.isnan(found.p)
    reason = np.where(still, "the attribution does not vary within any group", "")
    falls = np.isnan(found.slope) & ~still
    reason = np.where(falls, "the model's own output does not rise with it within groups", reason)
    return Support(found.slope, low, high, found.p, found.heterogeneity_p, word, reason)


def _words(found: Slopes, high: Float) -> Text:
    out = np.full(high.shape, "unresolved", dtype="<U30")
    with np.errstate(invalid="ignore"):
        shown = (benjamini_hochberg(found.p) < ALPHA) & (found.slope > 0)
        out[high < HALF_CLAIM] = "not_supported_within_groups"
        out[shown] = "supported_within_groups"
        out[shown & (benjamini_hochberg(found.heterogeneity_p) < ALPHA)] = "supported_unequally"
    return out
