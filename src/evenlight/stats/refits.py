"""Several refits of one model on one cohort: Rubin's rule for the randomness of training.

    D = mean of D_k,  W = mean of SE_k^2,  B = sum (D_k - D)^2 / (K - 1)
    T = W + (1 + 1/K) B,   rho = B / (W + B)
    df_old = (K - 1) / g^2,  g = (1 + 1/K) B / T,  df_obs = (df + 1) / (df + 3) df (1 - g)
    df* = 1 / (1 / df_old + 1 / df_obs)

Rubin 1987, Multiple Imputation, section 3.1; small samples: Barnard and Rubin 1999, Biometrika
86:948. The people are the same for all refits, so W is their error once. T is the uncertainty about
the difference, in the population, that one further model of the same training has.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Float, Int


@dataclass(frozen=True, slots=True, eq=False)
class Pooled:
    """Per cell: the mean difference, sqrt(T), Barnard and Rubin's df, and rho = B / (W + B)."""

    effect: Float
    se: Float
    df: Float
    rho: Float


def pooled(effect: Float, se: Float, df: Float) -> Pooled:
    """Combine K refits: `effect`, `se`, `df` (K, ...) of each; NaN in one is NaN in all.

    >>> out = pooled(np.array([[1.0], [3.0]]), np.array([[1.0], [1.0]]), np.full((2, 1), 100.0))
    >>> out.effect.tolist(), out.se.round(3).tolist(), out.rho.round(3).tolist()
    ([2.0], [2.0], [0.667])
    """
    k = len(effect)
    between = effect.var(axis=0, ddof=1)
    within = (se**2).mean(axis=0)
    total = within + (1 + 1 / k) * between
    share = _ratio((1 + 1 / k) * between, total)
    complete = df.mean(axis=0)
    seen = (complete + 1) / (complete + 3) * complete * (1 - share)
    turned = share**2 / (k - 1) + _ratio(np.ones_like(seen), seen)
    return Pooled(
        effect.mean(axis=0),
        np.sqrt(total),
        np.where(seen > 0, _ratio(np.ones_like(turned), turned), k - 1.0),
        _ratio(between, within + between),
    )


def _ratio(top: Float, bottom: Float) -> Float:
    """A quotient, 0 where the bottom is 0; NaN stays NaN."""
    out: Float = np.divide(top, bottom, out=np.zeros_like(bottom), where=bottom != 0)
    return out


def agreeing(codes: Int) -> Float:
    """The larger share of K refits that answer 1, or -1: (K, ...) -> (...).

    `codes` are -1 (different, less), 0 (no such answer), 1 (different, more): a flag that changes
    its direction does not hold.

    >>> agreeing(np.array([[1], [1], [-1], [0], [0]])).tolist()
    [0.4]
    """
    up, down = (codes == 1).mean(axis=0), (codes == -1).mean(axis=0)
    out: Float = np.maximum(up, down)
    return out
