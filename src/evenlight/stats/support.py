"""Whether a feature, or the model's own partial score of a set, predicts the outcome within groups.

With x centred within each cell (group x nuisance stratum), and e the model's own expectation of y:

    U = sum (x - xbar)(y - ybar),   C = sum (x - xbar)(e - ebar),   b = U / C
    V = sum over cells of s2_y sum (x - xbar)^2,  s2_y = ybar (1 - ybar) where y is binary
    Z = U / sqrt(V);   heterogeneity Q = sum_g U_g^2 / V_g - U^2 / V  on k - 1 df

(score tests of the Cochran-Mantel-Haenszel type). b is the association that the outcome shows, in
units of the one that the model claims: 1 is as claimed, 0 none. Both are marginal in x, so that
features which share their credit are judged alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from evenlight.arrays import Float, Int


@dataclass(frozen=True, slots=True, eq=False)
class Slopes:
    """b (p,), its standard error, p, and p of heterogeneity over groups.

    All NaN where a column does not vary within any cell; b alone where the model's own expectation
    does not rise with it.
    """

    slope: Float
    se: Float
    p: Float
    heterogeneity_p: Float


def within_slopes(
    x: Float, y: Float, group: Int, cell: Int, *, expected: Float, binary: bool
) -> Slopes:
    """Support of columns of x (u, p) for y (u,) within cells; `cell` (u,) refines `group` (u,).

    `expected` (u,) is the model's own expectation of y on y's scale.
    """
    k = int(group.max(initial=-1)) + 1
    u, v, claim = (np.zeros((k, x.shape[1])) for _ in range(3))
    for code in np.unique(cell):
        at = cell == code
        if at.sum() < 2:
            continue
        centred, yc = x[at] - x[at].mean(axis=0), y[at] - y[at].mean()
        noise = y[at].mean() * (1 - y[at].mean()) if binary else yc @ yc / (at.sum() - 1)
        g = group[at][0]
        u[g] += yc @ centred
        v[g] += noise * (centred**2).sum(axis=0)
        claim[g] += (expected[at] - expected[at].mean()) @ centred
    return _pooled(u, v, claim, floor=1e-18 * np.abs(x).max(axis=0, initial=0.0) ** 2)


def _pooled(u: Float, v: Float, claim: Float, *, floor: Float) -> Slopes:
    top, var, bottom = u.sum(axis=0), v.sum(axis=0), claim.sum(axis=0)
    live = var > floor * len(u)
    rises = live & (bottom > 1e-9 * np.sqrt(np.maximum(var, 1e-300)))
    z = np.divide(top, np.sqrt(var), out=np.full_like(top, np.nan), where=live)
    slope = np.divide(top, bottom, out=np.full_like(top, np.nan), where=rises)
    se = np.divide(np.sqrt(var), bottom, out=np.full_like(top, np.nan), where=rises)
    own = np.divide(u**2, v, out=np.zeros_like(u), where=v > 0).sum(axis=0)
    groups = (v > 0).sum(axis=0)
    q = np.maximum(own - np.where(live, z, 0.0) ** 2, 0.0)
    mixed = np.where(groups > 1, stats.chi2.sf(q, np.maximum(groups - 1, 1)), 1.0)
    p: Float = 2 * stats.norm.sf(np.abs(z))
    return Slopes(slope, se, p, np.where(live, mixed, np.nan))
