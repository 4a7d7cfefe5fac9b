"""How far a representation tells the group among units of one outcome and stratum.

A classifier sees the representation and the outcome, and is judged within the outcome: the
cross-fitted, stratified AUC of a shrunken linear discriminant on whatever varies within strata
(`stats.two_sample`), from units that it has not seen. The outcome alone says nothing there, so an
AUC above a half is what the representation adds. The classifier is fitted anew under every
permutation of the group within strata, a conditional randomisation test (Candes, Fan, Janson and
Lv 2018, J R Stat Soc B 80:551; Berrett, Wang, Barber and Samworth 2020, J R Stat Soc B 82:175):
exact where the group is exchangeable within strata.

An embedding or an attribution that tells the group shows that it is encoded, not that it is used
(Glocker, Jones, Bernhardt and Winzeck 2023, eBioMedicine 89:104467). Only what the output itself
tells, given the outcome, bears on use, and only in excess of a twin that was trained with the group
held fixed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Float, Int, Text
from evenlight.stats.cells import Design
from evenlight.stats.delong import auc_interval, stratified_auc
from evenlight.stats.equivalence import SIMILAR_FROM
from evenlight.stats.multiplicity import GUARD
from evenlight.stats.permutation import permuted_labels, pivoted
from evenlight.stats.rosters import rosters
from evenlight.stats.two_sample import cross_kernel, cross_scores, fitted_scores

STILL = 1e-6
"""A column whose spread is less than this share of its largest value is rounding, and no signal."""


@dataclass(frozen=True, slots=True)
class Leak:
    """AUC with its limits, its mean under no difference, and how often chance tells as well."""

    auc: float
    low: float
    high: float
    expected: float
    p: float


def leak_of(
    values: Float,
    plan: Design,
    folds: Int,
    *,
    draws: int,
    alpha: float = 0.05,
    rng: np.random.Generator,
) -> Leak:
    """How far cells' values (m, q) tell the group of their units, over folds (u,) of whole units.

    Columns count by what they vary within strata, each with spread 1; one column enters with its
    square too, since an output may tell a group by its spread. Limits are DeLong's, with an error
    stretched by what the fit adds under permutation (see `stats.two_sample`).
    """
    x = probed(values, plan)
    drawn = permuted_labels(plan, draws=draws, rng=rng)
    labels = np.vstack([plan.member.astype(np.int8)[None], drawn])
    seen, every, kept = fitted_scores(x, plan, labels, folds)
    fixed = float(kept[1:].std())
    stretch = max(1.0, float(every[1:].std()) / fixed) if fixed > 0 else 1.0
    auc, low, high = auc_interval(seen, plan, alpha=alpha, stretch=stretch)
    reached = int((every[1:] >= every[0] - GUARD).sum())
    return Leak(auc, low, high, float(every[1:].mean()), (1 + reached) / (1 + draws))


def leak_auc(values: Float, plan: Design, folds: Int) -> float:
    """The same AUC, without test or limits.

    >>> from evenlight.stats.cells import cells, design
    >>> values = np.repeat([[0.0], [1.0]], 20, axis=0)
    >>> made = cells(values, np.arange(40), np.zeros(40, dtype=int))
    >>> plan = design(made, np.arange(40) >= 20)
    >>> leak_auc(made.values, plan, np.arange(40) % 2)
    1.0
    """
    labels = plan.member[None].astype(np.int8)
    kernel = cross_kernel(probed(values, plan), plan, folds)
    return float(stratified_auc(cross_scores(kernel, plan, folds, labels), plan, labels)[0])


def probed(values: Float, plan: Design) -> Float:
    """What the classifier sees of values (m, q): spread 1 within strata; one column and its square.

    No label plays a part, so a permutation of labels leaves it as it is.
    """
    x = scaled(values, plan)
    return scaled(np.hstack([x, x**2]), plan) if x.shape[1] == 1 else x


def scaled(values: Float, plan: Design) -> Float:
    """Values (m, q) around the mean of their stratum with SD 1, 0 where but rounding varies.

    Cells outside the design are 0.
    """
    own = np.unique(np.concatenate([r.cells for r in rosters(plan)]))
    x = np.zeros(values.shape)
    x[own] = pivoted(values, plan)[own]
    spread = np.sqrt((x[own] ** 2).mean(axis=0))
    floor = STILL * np.abs(values[own]).max(axis=0, initial=0.0)
    out: Float = np.divide(x, spread, out=np.zeros_like(x), where=spread > floor)
    return out


def told(low: Float, high: Float, p: Float, *, margin: float, alpha: float, smallest: Int) -> Text:
    """Whether the groups can be told apart, from each AUC's limits and its p.

    *different*: p below alpha and limits above a half; *similar*: the upper limit at most
    `margin` above a half, with 20 units in the smaller arm; else *cannot_tell*. An AUC below a half
    tells nothing: it is what cross-fitting does to noise.

    >>> limits = np.array([0.45, 0.7]), np.array([0.53, 0.9])
    >>> told(*limits, np.array([0.4, 0.001]), margin=0.05, alpha=0.05, smallest=np.array([30, 30]))
    array(['similar', 'different'], dtype='<U13')
    """
    out = np.full(low.shape, "cannot_tell", dtype="<U13")
    near = (high <= 0.5 + margin) & (smallest >= SIMILAR_FROM)
    out[near] = "similar"
    out[(p < alpha) & (low > 0.5) & ~near] = "different"
    out[np.isnan(low)] = "not_estimable"
    return out


def group_shift(values: Float, group: Int, stratum: Int, *, weight: Float) -> Float:
    """What to take off each row (n, d) so that groups have one mean in each stratum.

    The mean of the row's own group minus the middle (the plain mean) of all groups of its stratum,
    from rows of `weight` (n,) above 0; 0 for a row of unknown group or stratum (-1), and where a
    stratum holds one group only.

    >>> values = np.array([[1.0], [3.0], [7.0], [9.0]])
    >>> ones, none = np.ones(4), np.zeros(4, dtype=int)
    >>> group_shift(values, np.array([0, 0, 1, 1]), none, weight=ones).ravel().tolist()
    [-3.0, -3.0, 3.0, 3.0]
    """
    out = np.zeros(values.shape)
    known = (group >= 0) & (stratum >= 0)
    for s in np.unique(stratum[known]):
        own = [np.flatnonzero(known & (stratum == s) & (group == g)) for g in np.unique(group)]
        filled = [rows for rows in own if weight[rows].sum() > 0]
        if len(filled) < 2:
            continue
        mean = np.stack([weight[rows] @ values[rows] / weight[rows].sum() for rows in filled])
        for rows, apart in zip(filled, mean - mean.mean(axis=0), strict=True):
            out[rows] = apart
    return out
