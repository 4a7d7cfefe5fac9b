"""What a robust covariance is worth: its degrees of freedom, if spread were equal."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Float, Int


def intercepts(at: Int) -> Float:
    """Orthonormal indicators (u, blocks) of the blocks 0 to k - 1 of units (u,)."""
    count = np.bincount(at)
    out: Float = np.eye(len(count))[at] / np.sqrt(count)[at][:, None]
    return out


def worth(each: Float, basis: Float) -> float:
    """Degrees of freedom of the covariance sum_i each_i each_i' e_i^2, e the residuals.

    `each` (u, q), `basis` (u, m) orthonormal of the whole design. With the covariance whitened to
    Omega of mean I, eta = q (q + 1) / sum_st Var(Omega_st): Satterthwaite's df of Bell and
    McCaffrey (2002, Surv Methodol 28:169) for one slope, of Pustejovsky and Tipton (2018, J Bus
    Econ Stat 36:672) for several.
    """
    h = (basis**2).sum(axis=1)
    mean = each.T @ (each * (1 - h)[:, None])
    values, turn = np.linalg.eigh(mean)
    white = each @ (turn / np.sqrt(np.maximum(values, 1e-300)))
    q, total = int(white.shape[1]), 0.0
    for s in range(q):
        for t in range(q):
            d = white[:, s] * white[:, t]
            cross = (basis * d[:, None]).T @ basis
            total += 2 * float((d**2 * (1 - 2 * h)).sum() + (cross**2).sum())
    return float(q * (q + 1)) / max(total, 1e-300)
