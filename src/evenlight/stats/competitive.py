"""Whether the members of a set differ more than other features do: a competitive test.

    t = (mean z in the set - mean z of the others) / sqrt(s^2 (VIF / m + 1 / (p - m)))
    VIF = 1 + (m - 1) r,   r = (SE_sum^2 - sum SE_j^2) / sum_{i != j} SE_i SE_j,   at least 0

z are signed statistics of p features on the normal scale, s^2 their pooled variance, r the mean
correlation inside the set, here read from the standard error of its sum. t has p - 2 df. CAMERA: Wu
and Smyth 2012, Nucleic Acids Res 40:e133. A self-contained test asks another question: whether the
set differs at all.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

from evenlight.arrays import Float, Int


def mean_correlation(se: Float, se_sum: float) -> float:
    """The mean correlation of members with errors `se` (m,), from that of their sum; 0 to 1.

    >>> mean_correlation(np.array([1.0, 1.0]), 3.0**0.5).__round__(3)
    0.5
    """
    own, both = float((se**2).sum()), float(se.sum()) ** 2
    if both <= own:
        return 0.0
    return float(np.clip((se_sum**2 - own) / (both - own), 0.0, 1.0))


def competitive_p(z: Float, member: Int, correlation: float) -> float:
    """Two-sided p of the set at places `member` (m,) among z (p,); NaN without others.

    >>> competitive_p(np.array([3.0, 3.0, 0.1, -0.1, 0.2, 0.0]), np.array([0, 1]), 0.0) < 0.001
    True
    """
    p, m = len(z), len(member)
    if m < 1 or p - m < 2:
        return float("nan")
    rest = np.delete(z, member)
    apart = float(z[member].mean() - rest.mean())
    inside = float(((z[member] - z[member].mean()) ** 2).sum())
    pooled = (inside + float(((rest - rest.mean()) ** 2).sum())) / (p - 2)
    if pooled <= 0:
        return 1.0 if apart == 0 else 1e-16
    inflation = 1 + (m - 1) * correlation
    t = apart / np.sqrt(pooled * (inflation / m + 1 / (p - m)))
    return float(max(2 * stats.t.sf(abs(t), p - 2), 1e-16))
