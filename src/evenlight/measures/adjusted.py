"""Differences between groups adjusted for declared covariates, within strata.

The group is one column of a regression beside the covariates and an intercept in every block of
strata; it is tested as Freedman and Lane (1983) say, with HC3 errors. Without covariates the effect
is the stratified difference of `evenlight.stats.permutation`, up to the weights of units that
occupy several strata.
"""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.data.digits import percent
from evenlight.measures.arms import Arms, arms_of
from evenlight.measures.nuisance import nuisance
from evenlight.measures.prepare import Setting, overlap_reason
from evenlight.measures.sloped import Sloped
from evenlight.measures.streamed import Streamed
from evenlight.measures.weighing import sampling_weights
from evenlight.stats.effects import unit_means
from evenlight.stats.freedman_lane import own_part, regression
from evenlight.stats.shuffles import shuffles

LEAST_OWN = 0.05
"""A group of which the covariates leave less than this share cannot be told apart from them."""


def adjusted_arms(
    here: Setting, given: str, values: Float | Streamed, *, draws: int, rng: np.random.Generator
) -> list[Sloped]:
    """The regression of every contrast, or why it cannot be asked; as `arms_of`, for `judged`.

    Units with an unknown covariate are left out and count as lost.
    """
    wide, known = nuisance(here, given)
    return [
        _asked(here, arm, wide, known, draws=draws, rng=rng)
        for arm in arms_of(here, given, values, draws=0, rng=np.random.default_rng(0))
    ]


def _asked(
    here: Setting,
    arm: Arms,
    wide: Float,
    known: Bool,
    *,
    draws: int,
    rng: np.random.Generator,
) -> Sloped:
    """One contrast: its units with overlap and known covariates, or why not."""
    place, block, values = _units(arm)
    code = arm.plan.units[place]
    stay = known[code] & _both(block, arm.plan.member[place], known[code])
    side = arm.plan.member[place][stay]
    left = (int(side.sum()), int((~side).sum()))
    drawn = shuffles(block[stay], draws=draws, rng=rng)
    reason = arm.reason or overlap_reason(
        arm.total, left, arm.names, dropped=int(not stay.all()), rounded=here.rounded
    )
    made, nuisances = None, wide[code][stay]
    if not reason:
        own = float(own_part(side[:, None].astype(float), nuisances, block[stay])[0])
        reason = told_apart(arm.names, own, here) or few_units(len(side), block[stay], nuisances)
    if not reason:
        weights = sampling_weights(here)
        own_weights = None if weights is None else weights[code][stay]
        made = regression(side[:, None].astype(float), nuisances, block[stay], own_weights)
    return Sloped(arm.names, values[stay], made, drawn, side, 1.0, arm.total, left, reason)


def told_apart(names: tuple[str, str], own: float, here: Setting) -> str:
    """Why a contrast cannot be adjusted, "" if covariates leave enough of it."""
    if own >= LEAST_OWN:
        return ""
    listed = ", ".join((*here.cohort.covariates, *here.cohort.strata))
    return (
        f"{names[0]} and {names[1]} cannot be told apart from {listed}, which leave "
        f"{percent(own, places=1)} of the variation between them; people of both with like values "
        "are needed"
    )


def few_units(n: int, block: Int, nuisances: Float) -> str:
    """Why a regression has too few units, "" if ten residual degrees of freedom are left."""
    df = n - len(np.unique(block)) - nuisances.shape[1] - 1
    if df >= 10:
        return ""
    return (
        f"{n} units for {nuisances.shape[1]} columns of covariates and {len(np.unique(block))} "
        "strata leave fewer than 10 to judge by; more people or fewer covariates are needed"
    )


def _units(arm: Arms) -> tuple[Int, Int, Float]:
    """Places in the plan, block and values (u, columns) of the units that enter."""
    place, block, values = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)], []
    width = arm.cells.values.shape[1]
    values.append(np.zeros((0, width)))
    for i, own in enumerate(arm.plan.blocks):
        place.append(own.units)
        block.append(np.full(len(own.units), i, dtype=np.int64))
        u, r = own.cells.shape
        flat = arm.cells.values[own.cells.ravel()]
        values.append(unit_means(flat, np.repeat(np.arange(u), r), np.arange(u * r)))
    order = np.argsort(np.concatenate(place), kind="stable")
    return np.concatenate(place)[order], np.concatenate(block)[order], np.vstack(values)[order]


def _both(block: Int, side: Bool, known: Bool) -> Bool:
    """Units (u,) whose block still holds one known unit of each side or more."""
    k = int(block.max(initial=-1)) + 1
    counts = [np.bincount(block[known & s], minlength=k) for s in (side, ~side)]
    return ((counts[0] > 0) & (counts[1] > 0))[block]
