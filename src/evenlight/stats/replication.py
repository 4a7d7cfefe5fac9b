"""From one study to the next: direction, prediction interval, degrees of freedom."""

from __future__ import annotations

import numpy as np
from scipy import stats

from evenlight.arrays import Float


def direction_p(first: Float, again: Float, se: Float, df: Float) -> Float:
    """One-sided p of the second effect in the direction of the first; at least 1e-16.

    Without any spread it is 1e-16 for an effect in that direction, else 1.

    >>> two, many = np.array([2.0, 2.0]), np.full(2, 1e9)
    >>> direction_p(np.array([1.0, -1.0]), two, np.ones(2), many).round(3)
    array([0.023, 0.977])
    """
    along = np.sign(first) * again
    still = se <= 0
    sure = np.where(along > 0, 1e-16, 1.0)
    p = np.asarray(stats.t.sf(along / np.where(still, 1.0, se), df))
    return np.where(still, sure, np.maximum(p, 1e-16))


def welch_df(se_a: Float, df_a: Float, se_b: Float, df_b: Float) -> Float:
    """Welch and Satterthwaite's df of the difference of two independent estimates.

    >>> welch_df(np.array([1.0]), np.array([10.0]), np.array([1.0]), np.array([10.0])).tolist()
    [20.0]
    """
    top = (se_a**2 + se_b**2) ** 2
    bottom = se_a**4 / df_a + se_b**4 / df_b
    out: Float = np.divide(top, bottom, out=np.full_like(top, 1e9), where=bottom > 0)
    return out


def predicted(
    first: Float, se_first: Float, se_again: Float, df: Float, *, alpha: float = 0.05
) -> tuple[Float, Float]:
    """Where a second estimate of the same difference lies with 1 - alpha, pointwise.

    first +- t sqrt(SE_1^2 + SE_2^2) (Patil, Peng and Leek 2016, Perspect Psychol Sci 11:539).
    """
    half = stats.t.isf(alpha / 2, df) * np.hypot(se_first, se_again)
    return first - half, first + half
