"""A difference of means split into other values and other use, exactly.

With m_g(s) the mean attribution and F_g(s) the share of group g at value s, on the values that both
groups have (Kitagawa 1955, symmetric):

    VALUE = sum_s (m_A + m_B) / 2 (F_A - F_B)        USE = sum_s (m_A - m_B) (F_A + F_B) / 2

and the people at values that only their own group has (Nopo 2008), mu_g their share:

    OUTSIDE = mu_A (mean_A,out - mean_A,in) - mu_B (mean_B,out - mean_B,in)

VALUE + USE + OUTSIDE = mean_A - mean_B. A description, no test: attributions are centred, so a
difference of slope cancels in USE (`conditional` looks at slopes).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Bool, Float, Int


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Of k subjects: `delta` = `value` + `use` + `outside`, each (k,); `common` (2,) shares.

    `common` is the share of level and reference at values that both have.
    """

    delta: Float
    value: Float
    use: Float
    outside: Float
    common: Float


def kitagawa(phi: Float, stratum: Int, member: Bool, *, weight: Float | None = None) -> Split:
    """Split the difference of the means of phi (u, k) over value strata (u,), from 0.

    `member` (u,) marks the level, the others are the reference; `weight` (u,) if people count
    unequally (1 / rows of the unit, where rows come in). Without a shared value all is outside.

    >>> phi, value = np.array([[0.0], [1.0], [0.0], [2.0]]), np.array([0, 1, 0, 1])
    >>> found = kitagawa(phi, value, np.array([True, True, False, False]))
    >>> found.value.tolist(), found.use.tolist()
    ([0.0], [-0.5])
    """
    w = np.ones(len(phi)) if weight is None else weight
    size = int(stratum.max(initial=-1)) + 1
    share, mean = zip(*(_profile(phi, stratum, w * side, size) for side in (member, ~member)),
                      strict=True)  # fmt: skip
    both = (share[0] > 0) & (share[1] > 0)
    inside = [float(s[both].sum()) for s in share]
    delta = share[0] @ mean[0] - share[1] @ mean[1]
    value, use = np.zeros((2, phi.shape[1]))
    if both.any():
        a, b = (s[both] / i for s, i in zip(share, inside, strict=True))
        value = (a - b) @ (mean[0][both] + mean[1][both]) / 2
        use = (a + b) @ (mean[0][both] - mean[1][both]) / 2
    return Split(delta, value, use, _outside(share, mean, both, delta), np.array(inside))


def _outside(share: tuple[Float, ...], mean: tuple[Float, ...], both: Bool, delta: Float) -> Float:
    """What people at values of one group only add, (k,)."""
    if not both.any():
        return delta
    parts = []
    for s, m in zip(share, mean, strict=True):
        out, within = float(s[~both].sum()), s[both] @ m[both] / s[both].sum()
        parts.append(s[~both] @ m[~both] - out * within)
    found: Float = parts[0] - parts[1]
    return found


def _profile(phi: Float, stratum: Int, weight: Float, size: int) -> tuple[Float, Float]:
    """Share (s,) and mean (s, k) of one group at each value; the mean is 0 where nobody is."""
    at = np.bincount(stratum, weights=weight, minlength=size)
    sums = np.zeros((size, phi.shape[1]))
    np.add.at(sums, stratum, weight[:, None] * phi)
    mean = sums / np.where(at > 0, at, 1.0)[:, None]
    return at / max(float(at.sum()), 1e-300), mean
