"""Many small cells at once: each borrows from an additive model as far as the data say.

Cell means m_c with variance v_c stand for m_c = x_c b + gamma_c + error, gamma_c of variance tau^2.
With weights w_c = 1 / v_c and residual sum Q = sum w (m - x b)^2 of the weighted fit,

    tau^2 = max(0, (Q - (C - rank X)) / (sum w - trace((X'WX)^-1 X'W^2 X)))
    lambda_c = tau^2 / (tau^2 + v_c),    pooled m_c = x_c b + lambda_c (m_c - x_c b)

b refitted with weights 1 / (tau^2 + v_c). DerSimonian and Laird 1986, Control Clin Trials 7:177,
with moderators as in Thompson and Sharp 1999, Stat Med 18:2693; pooled: Morris 1983, JASA 78:47.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Float


@dataclass(frozen=True, slots=True)
class Shrunk:
    """C cells: their additive part, deviation gamma, lambda, pooled mean and its standard error."""

    tau2: float
    additive: Float
    gamma: Float
    weight: Float
    pooled: Float
    se: Float


def between_variance(mean: Float, variance: Float, design: Float) -> float:
    """tau^2 of cell means (C,) around design (C, k), by moments; 0 without spare cells.

    >>> between_variance(np.array([0.0, 4.0]), np.array([1.0, 1.0]), np.ones((2, 1)))
    7.0
    """
    w = 1 / variance
    inverse = np.linalg.pinv((design * w[:, None]).T @ design)
    b = inverse @ (design.T @ (w * mean))
    spare = len(mean) - int(np.linalg.matrix_rank(design))
    bottom = float(w.sum()) - float(np.trace(inverse @ ((design * w[:, None] ** 2).T @ design)))
    if spare < 1 or bottom <= 1e-12 * float(w.sum()):
        return 0.0
    return max(float((w * (mean - design @ b) ** 2).sum() - spare) / bottom, 0.0)


def shrink(mean: Float, variance: Float, design: Float) -> Shrunk:
    """Pool cell means (C,) with positive variances (C,) towards the additive design (C, k).

    `se` is that of the pooled mean given tau^2: lambda v, and what the fit of b adds.
    """
    tau2 = between_variance(mean, variance, design)
    w = 1 / (tau2 + variance)
    inverse = np.linalg.pinv((design * w[:, None]).T @ design)
    additive = design @ (inverse @ (design.T @ (w * mean)))
    weight = tau2 / (tau2 + variance)
    fitted = np.einsum("ck,kl,cl->c", design, inverse, design)
    se = np.sqrt(weight * variance + (1 - weight) ** 2 * fitted)
    gamma = mean - additive
    return Shrunk(tau2, additive, gamma, weight, additive + weight * gamma, se)
