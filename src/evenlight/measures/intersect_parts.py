"""Tests of cells against the sum of their groupings, and the numbers of each cell."""

from __future__ import annotations

import numpy as np
from scipy import stats

from evenlight.arrays import Float, Int
from evenlight.measures.crossing import Cross
from evenlight.measures.intersection import CELL
from evenlight.measures.nuisance import Blocked
from evenlight.small_groups import least_shown
from evenlight.stats.cell_means import adjusted_means, basis
from evenlight.stats.f_scale import at_least_normal, one_sided
from evenlight.stats.freedman_lane import (
    centred,
    joint_score,
    null_wald,
    orthonormal,
    regression,
    wald,
)
from evenlight.stats.multiplicity import benjamini_hochberg
from evenlight.stats.shrinkage import shrink
from evenlight.stats.shuffles import Shuffles


def _deviations(cross: Cross, own: Blocked, main: Float) -> Float:
    """Columns (u, r) that span all differences of cells beyond the main effects."""
    cell = np.unique(cross.here.unit_group[own.unit], return_inverse=True)[1]
    block = np.zeros(len(cell), dtype=np.int64)
    spanned = orthonormal(centred(main, block))
    each = centred(np.eye(int(cell.max(initial=0)) + 1)[cell], block)
    left = each - spanned @ (spanned.T @ each)
    return basis(np.where(np.abs(left) > 1e-9, left, 0.0))


def cannot(cross: Cross, own: Blocked, beside: Float, large: Int) -> str:
    """Why the interaction cannot be tested, "" if it can."""
    if len(large) < 2:
        return f"fewer than two cells have {least_shown()} units; more people are needed"
    main = np.hstack(cross.indicators(cross.here.unit_group[own.unit]))
    cells = _deviations(cross, own, main)
    if not cells.shape[1]:
        return "the cells with enough units leave no interaction to estimate"
    try:
        regression(cells, np.hstack([main, beside]), own.block, own.weights)
    except ValueError:
        return (
            "the interaction cannot be told apart from strata and covariates; people of these "
            "cells from the same strata are needed"
        )
    return ""


def tests(cross: Cross, own: Blocked, beside: Float, drawn: Shuffles) -> dict[str, Float]:
    """The interaction beside all main effects, and each main effect beside the others."""
    parts = cross.indicators(cross.here.unit_group[own.unit])
    main = np.hstack(parts)
    p, most = _joint(own, _deviations(cross, own, main), np.hstack([main, beside]), drawn)
    alone = np.full((len(parts), own.values.shape[1]), np.nan)
    for g, part in enumerate(parts):
        others = np.hstack([np.zeros((len(part), 0)), *parts[:g], *parts[g + 1 :], beside])
        columns = basis(centred(part, np.zeros(len(part), dtype=np.int64)))
        alone[g] = _joint(own, columns, others, drawn)[0]
    return {"p": p, "p_maxt": most, "q": benjamini_hochberg(p), "main_p": alone}


def _joint(own: Blocked, columns: Float, beside: Float, drawn: Shuffles) -> tuple[Float, Float]:
    """P and max-T p (m,) of all columns at once; 1 where they cannot be told apart or vary not."""
    one = np.ones(own.values.shape[1])
    try:
        made = regression(columns, beside, own.block, own.weights)
    except ValueError:
        return one, one
    seen = wald(own.values, made)
    null = joint_score(null_wald(own.values, made, drawn), made)
    p, most = one_sided(joint_score(seen, made), at_least_normal(null))
    return np.where(seen == 0, one, p), np.where(seen == 0, one, most)


def numbers(
    cross: Cross, own: Blocked, beside: Float, large: Int, alpha: float
) -> dict[str, Float]:
    """Numbers of the large cells (C', m): adjusted means, and pooled towards the main effects."""
    at = np.searchsorted(large, cross.here.unit_group[own.unit])
    strata = np.eye(int(own.block.max(initial=0)) + 1)[own.block]
    mean, variance = adjusted_means(own.values, at, np.hstack([beside, strata]), own.weights)
    n = np.bincount(at, minlength=len(large))
    t = np.asarray(stats.t.ppf(1 - alpha / 2, n - 1))
    half = t[:, None] * np.sqrt(variance)
    out = {name: np.zeros_like(mean) for name in CELL}
    out |= {"mean": mean, "low": mean - half, "high": mean + half, "tau": np.zeros(mean.shape[1])}
    x = np.hstack([np.ones((len(large), 1)), *cross.indicators(large)])
    for j in range(mean.shape[1]):
        pooled = _pooled(mean[:, j], variance[:, j], x, t)
        for name, column in pooled.items():
            out[name][..., j] = column
    return out


def _pooled(mean: Float, variance: Float, x: Float, t: Float) -> dict[str, Float | float]:
    """One subject's cells (c,) drawn towards the main effects x (c, r), with t-limits (t (c,))."""
    least = max(float(np.ptp(mean)) ** 2, float(variance.max()))
    if least < 1e-200:  # the subject does not vary: there is nothing to pool
        return {"pooled": mean, "pooled_low": mean, "pooled_high": mean}
    made = shrink(mean, np.maximum(variance, 1e-9 * least), x)
    wide = t * made.se
    return {
        "pooled": made.pooled, "gamma": made.gamma, "weight": made.weight,
        "pooled_low": made.pooled - wide, "pooled_high": made.pooled + wide,
        "tau": float(np.sqrt(made.tau2)),
    }  # fmt: skip
