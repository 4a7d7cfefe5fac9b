"""Means of cells at average strata and covariates, with their HC3 variances."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Float, Int


def basis(columns: Float) -> Float:
    """An orthonormal basis (u, rank) of columns (u, r) as they are: small ones are rounding."""
    u, s, _ = np.linalg.svd(columns, full_matrices=False)
    out: Float = u[:, s > 1e-7 * max(float(s.max(initial=0.0)), 1.0)]
    return out


def adjusted_means(
    values: Float, cell: Int, beside: Float, weights: Float | None = None
) -> tuple[Float, Float]:
    """Means of cells (C, m) at average columns `beside` (u, r), and their HC3 variances (C, m).

    `values` (u, m); `weights` (u,) of sampling.
    """
    c = int(cell.max()) + 1
    w = np.ones(len(cell)) if weights is None else weights / weights.mean()
    around = basis(beside - (w @ beside) / w.sum())
    root = np.sqrt(w)[:, None]
    x = np.hstack([np.eye(c)[cell], around])
    a = np.linalg.pinv(root * x)
    leverage = np.minimum(np.einsum("ui,iu->u", root * x, a), 1 - 1e-9)
    coefficients = a @ (root * values)
    left = root * (values - x @ coefficients) / (1 - leverage)[:, None]
    variance: Float = (a[:c] ** 2) @ left**2
    mean: Float = coefficients[:c]
    return mean, variance
