"""Whether a feature, or the model's partial score of a set, predicts the outcome within groups.

With x centred within each cell (group x nuisance stratum):

    binary y:      U = sum (x - xbar)(y - ybar),  V = sum_cells ybar (1 - ybar) S,  b = U / V
    continuous y:  V = sum_cells s2_y S,                                           b = U / sum S
    Z = U / sqrt(V);   heterogeneity Q = sum_g U_g^2 / V_g - U^2 / V  on k - 1 df

(Cochran-Mantel-Haenszel type score tests; S = sum (x - xbar)^2 in a cell.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from evenlight.arrays import Float, Int


@dataclass(frozen=True, slots=True, eq=False)
class Slopes:
    """Pooled within-group slope (p,), its standard error, p and p of heterogeneity over groups.

    NaN where a column does not vary within any cell.
    """

    slope: Float
    se: Float
    p: Float
    heterogeneity_p: Float


def within_slopes(x: Float, y: Float, group: Int, cell: Int, *, binary: bool) -> Slopes:
    """Slopes of y (u,) on columns of x (u, p) within cells; `cell` (u,) refines `group` (u,)."""
    k = int(group.max(initial=-1)) + 1
    u, v, s = (np.zeros((k, x.shape[1])) for _ in range(3))
    for code in np.unique(cell):
        at = cell == code
        if at.sum() < 2:
            continue
        centred, yc = x[at] - x[at].mean(axis=0), y[at] - y[at].mean()
        spread = (centred**2).sum(axis=0)
        noise = y[at].mean() * (1 - y[at].mean()) if binary else yc @ yc / (at.sum() - 1)
        g = group[at][0]
        u[g] += yc @ centred
        v[g] += noise * spread
        s[g] += spread
    return _pooled(u, v, v if binary else s, np.abs(x).max(axis=0, initial=0.0))


def _pooled(u: Float, v: Float, s: Float, size: Float) -> Slopes:
    top, var, bottom = u.sum(axis=0), v.sum(axis=0), s.sum(axis=0)
    live = (bottom > 1e-18 * size**2) & (var > 0)
    z = np.divide(top, np.sqrt(var), out=np.full_like(top, np.nan), where=live)
    slope = np.divide(top, bottom, out=np.full_like(top, np.nan), where=live)
    se = np.divide(np.sqrt(var), bottom, out=np.full_like(top, np.nan), where=live)
    own = np.divide(u**2, v, out=np.zeros_like(u), where=v > 0).sum(axis=0)
    groups = (v > 0).sum(axis=0)
    q = np.maximum(own - np.where(live, z, 0.0) ** 2, 0.0)
    mixed = np.where(groups > 1, stats.chi2.sf(q, np.maximum(groups - 1, 1)), 1.0)
    return Slopes(slope, se, 2 * stats.norm.sf(np.abs(z)), np.where(live, mixed, np.nan))
