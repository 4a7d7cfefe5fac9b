"""Whether what a model claims between groups is seen between the groups of other people.

With d_g the group's mean of a partial score less the mean over all, f the model's margin, e = E(f)
its expectation of y and e0 = E(f - d_g) the one without that partial score's gap:

    U = sum_i d_g(i) (y_i - e0_i),   C = sum_i d_g(i) (e_i - e0_i),   b = U / C
    Var(U) = sum_g n_g d_g^2 s2_g,   s2_g the variance of y - e0 in group g

b is the part of the claimed gap that is seen: 1 all of it, 0 none. The sum of d_g over people is 0,
so that another prevalence, alike in all groups, plays no part.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from evenlight.arrays import Float, Int


def between_slope(
    part: Float, f: Float, y: Float, group: Int, *, expect: Callable[[Float], Float]
) -> tuple[float, float]:
    """B and its standard error, from the partial score, margin and outcome of u units (u,).

    `expect` leads from the margin to the scale of y. NaN where the partial score does not differ
    between the groups, so that nothing is claimed.

    >>> x = np.array([0.0, 0.0, 2.0, 2.0])
    >>> y = np.array([0.1, -0.1, 1.1, 0.9])
    >>> b, se = between_slope(x, x, y, np.array([0, 0, 1, 1]), expect=lambda f: f)
    >>> round(b, 2), round(se, 3)
    (0.5, 0.071)
    """
    codes = np.unique(group, return_inverse=True)[1]
    count = np.bincount(codes)
    apart = (np.bincount(codes, weights=part) / count)[codes] - part.mean()
    without = expect(f - apart)
    claim = float(apart @ (expect(f) - without))
    if claim <= 1e-12 * max(float(np.abs(y).max()), 1e-300):
        return float("nan"), float("nan")
    rest = y - without
    middle = np.bincount(codes, weights=rest) / count
    spread = np.bincount(codes, weights=(rest - middle[codes]) ** 2) / np.maximum(count - 1, 1)
    own = np.bincount(codes, weights=apart) / count
    variance = float((count * own**2 * spread).sum())
    return float(apart @ rest) / claim, float(np.sqrt(variance)) / claim
