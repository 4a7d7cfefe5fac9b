"""Support within groups: whether a subject's attribution predicts the outcome in each group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from evenlight.arrays import Bool, Float, Text
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.measures.decided import lacking
from evenlight.measures.observed import Observed, observed
from evenlight.measures.prepare import ALPHA, Setting
from evenlight.measures.structure import Structure, can_be_adjusted, unit_axes, unit_families
from evenlight.stats.cells import joint
from evenlight.stats.multiplicity import benjamini_hochberg
from evenlight.stats.support import Slopes, Within, within_slopes

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

    @property
    def lacking(self) -> Bool:
        """Mask (p,) of what has no demonstrated support."""
        return lacking(self.word)


def link_of(made: Attributions, cohort: Cohort) -> str:
    """The link of the model; where nobody said, logit for a margin and an outcome of classes."""
    natural = made.scale == "margin" and cohort.outcome_kind in ("binary", "categorical")
    return str(made.settings.get("link", "logit" if natural else "identity"))


def support_within(
    here: Setting,
    phi: Float,
    f: Float,
    *,
    link: str,
    target: str = "",
    adjust: Structure | None = None,
) -> Support:
    """Support of each column of phi (u, p), given the model's own output f (u,).

    A continuous outcome is put on the margin by `link`; for a binary one the model's expectation is
    its probability, for one of several classes that of `target` against the rest; a survival time
    is judged by the stratified log-rank score, with the margin as log hazard. A slope of 1 is what
    the model itself claims of the subject, marginally.

    A subject is supported where the outcome rises with it significantly (BH at 5 %), unequally
    where the groups differ in that too; not supported where the upper limit lies below half of what
    the model claims; else unresolved. With `adjust`, axes are cleared away inside each group, and
    groups of fewer than 11 units more than axes do not enter; the variance is robust to families.
    Shares of a unit's rows by stratum are cleared away as axes are (`data.units.unit_strata`).

    Columns may be subjects, or sums of them: the model's own partial score of a set.
    """
    strata, family = here.unit_strata, unit_families(here, adjust)
    axes = _beside(unit_axes(here, adjust), strata.share)
    enough = np.append(can_be_adjusted(here, axes), False)
    group = np.where(enough[here.unit_group], here.unit_group, -1)
    cell = np.where(group >= 0, joint([group, strata.code + 1]), -1)
    seen = observed(here, f, cell, link=link, target=target)
    if seen.reason:
        return _unresolved(phi.shape[1], seen.reason)
    known = (group >= 0) & np.isfinite(seen.y)
    if not known.any():
        return _unresolved(phi.shape[1], "no group has known outcomes of enough units to adjust")
    if seen.timed and family is None:
        family = np.arange(len(group))
    within = Within(
        group[known], cell[known], None if axes is None else axes[known],
        None if family is None else family[known],
    )  # fmt: skip
    return _judged(phi[known], seen, known, within)


def partial_support(
    here: Setting,
    phi_s: Float,
    f: Float,
    *,
    link: str,
    target: str = "",
    adjust: Structure | None = None,
) -> Support:
    """Support of the model's own partial scores of m sets, Phi_S (u, m), each judged by itself.

    The slope within groups is 1 where the outcome follows the partial score as the model claims, 0
    where it does not at all. Where the set was chosen for lack of support in the same people, the
    slope is too low by that choice. The words are those of `support_within` for one test.
    """
    each = [
        support_within(here, phi_s[:, [m]], f, link=link, target=target, adjust=adjust)
        for m in range(phi_s.shape[1])
    ]
    if not each:
        return _unresolved(0, "")
    names = Support.__dataclass_fields__
    return Support(**{n: np.concatenate([getattr(one, n) for one in each]) for n in names})


def _judged(phi: Float, seen: Observed, known: Bool, within: Within) -> Support:
    found = within_slopes(
        phi, seen.y[known], within, expected=seen.expected[known], binary=seen.chance
    )
    z = stats.norm.ppf(1 - ALPHA / 2)
    low, high = found.slope - z * found.se, found.slope + z * found.se
    still = np.isnan(found.p)
    reason = np.where(still, "the attribution does not vary within any group", "")
    falls = np.isnan(found.slope) & ~still
    reason = np.where(falls, "the model's own output does not rise with it within groups", reason)
    word = _words(found, high)
    return Support(found.slope, low, high, found.p, found.heterogeneity_p, word, reason)


def _beside(axes: Float | None, share: Float) -> Float | None:
    """Axes (u, q), None without, and beside them what of a unit's mix differs inside its stratum.

    The columns of shares are put in units of their SD, as axes are.
    """
    spread = share.std(axis=0)
    held = share[:, spread > 0] / spread[spread > 0]
    if axes is None:
        return held if held.shape[1] else None
    return np.hstack([axes, held])


def _unresolved(p: int, reason: str) -> Support:
    gone = np.full(p, np.nan)
    word = np.full(p, "unresolved", dtype="<U30")
    return Support(gone, gone, gone, gone, gone, word, np.full(p, reason))


def _words(found: Slopes, high: Float) -> Text:
    out = np.full(high.shape, "unresolved", dtype="<U30")
    with np.errstate(invalid="ignore"):
        shown = (benjamini_hochberg(found.p) < ALPHA) & (found.slope > 0)
        out[high < HALF_CLAIM] = "not_supported_within_groups"
        out[shown] = "supported_within_groups"
        out[shown & (benjamini_hochberg(found.heterogeneity_p) < ALPHA)] = "supported_unequally"
    return out
