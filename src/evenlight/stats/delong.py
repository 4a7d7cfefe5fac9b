"""The area under the ROC curve within strata, and its interval after DeLong.

    AUC_s = P(score_A > score_B) + P(score_A = score_B) / 2 over pairs inside stratum s
    AUC = sum_s w_s AUC_s / sum_s w_s,   w_s = n_As n_Bs / (n_As + n_Bs)

Variance from placements (DeLong, DeLong and Clarke-Pearson 1988, Biometrics 44:837): of a unit at
the level the share of the reference that it exceeds, and conversely. A unit in several strata adds
its parts up before they are squared (Obuchowski 1997, Biometrics 53:567). The interval is Wald's on
the logit scale (Qin and Hotilovac 2008, Stat Methods Med Res 17:207).
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit, ndtri
from scipy.stats import rankdata

from evenlight.arrays import Bool, Float
from evenlight.stats.cells import Design
from evenlight.stats.permutation import Labels
from evenlight.stats.rosters import rosters


def stratified_auc(scores: Float, plan: Design, labels: Labels) -> Float:
    """AUC (draws,) of scores (draws, m) of cells, or (1, m) for all draws, under labels (draws, u).

    >>> from evenlight.stats.cells import cells, design
    >>> made = cells(np.array([[0.0], [1.0], [2.0], [3.0]]), np.arange(4), np.zeros(4, int))
    >>> plan = design(made, np.array([False, True, False, True]))
    >>> stratified_auc(made.values.T, plan, plan.member[None].astype(np.int8)).tolist()
    [0.75]
    """
    out = np.zeros(len(labels))
    for own in rosters(plan):
        ranks = rankdata(scores[:, own.cells], axis=1)
        at = labels[:, own.units].astype(np.float64)
        a, b = own.n_level, own.n_reference
        top = np.einsum("bm,bm->b", np.broadcast_to(ranks, at.shape), at)
        out += own.weight * (top - a * (a + 1) / 2) / (a * b)
    return out


def auc_interval(
    scores: Float, plan: Design, *, alpha: float = 0.05, stretch: float = 1.0
) -> tuple[float, float, float]:
    """AUC of scores (m,) of cells, with 1 - alpha limits.

    DeLong's error is that of scores that are given. Scores of a cross-fitted classifier also depend
    on the labels of the other folds: `stretch` multiplies the standard error for it.

    Where the groups are apart in full (AUC 0 or 1) the placements do not vary, and the limit is
    the exact one for no exception among the units of the smaller arm.
    """
    auc, influence = 0.0, np.zeros(len(plan.units))
    for own in rosters(plan):
        at = plan.member[own.units]
        placed = _placements(scores[own.cells], at)
        here = float(placed[at].mean())
        auc += own.weight * here
        for side, n in ((at, own.n_level), (~at, own.n_reference)):
            part = (placed[side] - here) / np.sqrt(n * (n - 1.0))
            influence[own.units[side]] += own.weight * part
    variance = float(influence @ influence)
    if variance <= 0 or not 0 < auc < 1:
        n = int(min(plan.member.sum(), (~plan.member).sum()))
        room = 1 - alpha ** (1 / n)
        return auc, max(auc - room, 0.0), min(auc + room, 1.0)
    half = stretch * float(ndtri(1 - alpha / 2)) * np.sqrt(variance) / (auc * (1 - auc))
    middle = float(logit(auc))
    return auc, float(expit(middle - half)), float(expit(middle + half))


def _placements(scores: Float, at: Bool) -> Float:
    """Of each cell of A the share of B below it, of each of B the share of A above it, (m,)."""
    a, b = int(at.sum()), int((~at).sum())
    every = rankdata(scores)
    out = np.empty(len(scores))
    out[at] = (every[at] - rankdata(scores[at])) / b
    out[~at] = 1 - (every[~at] - rankdata(scores[~at])) / a
    return out
