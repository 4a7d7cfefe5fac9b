"""The worst of several groups and the largest gap between them, with limits that know of choosing.

Every limit here is read off simultaneous limits of all groups, or all pairs: where those all hold,
so does the one for the least, the largest, or any function of them.
"""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Float, Int

Estimate = tuple[float, float, float]
"""Value, lower and upper limit."""


def least(value: Float, low: Float, high: Float) -> tuple[int, Estimate]:
    """Which of k values is least, and limits of the least, from simultaneous limits (k,).

    >>> at, seen = least(np.array([0.8, 0.7]), np.array([0.75, 0.5]), np.array([0.85, 0.9]))
    >>> at, [float(v) for v in seen]
    (1, [0.7, 0.5, 0.85])
    """
    return int(value.argmin()), (float(value.min()), float(low.min()), float(high.min()))


def widest(difference: Float, low: Float, high: Float) -> tuple[int, Estimate]:
    """Which of c differences is the largest in size, and limits of that size, (c,).

    >>> at, seen = widest(np.array([-0.2, 0.1]), np.array([-0.3, -0.1]), np.array([-0.1, 0.3]))
    >>> at, [float(v) for v in seen]
    (0, [0.2, 0.1, 0.3])
    """
    size, near, far = np.abs(difference), closest(low, high), farthest(low, high)
    return int(size.argmax()), (float(size.max()), float(near.max()), float(far.max()))


def scaled(overall: Estimate, apart: Float, low: Float, high: Float) -> Estimate:
    """Equity-scaled value: overall / (1 + sum_g |overall - group g|), from differences (k,).

    Luo and others (2024, IEEE Trans Med Imaging 43:2623, Harvard glaucoma fairness). Limits from
    simultaneous limits of the overall value and of all differences.

    >>> [round(v, 3) for v in scaled((0.8, 0.8, 0.8), np.array([0.1, -0.1]), *np.zeros((2, 2)))]
    [0.667, 0.8, 0.8]
    """
    value, least_, most = overall
    return (
        value / (1 + float(np.abs(apart).sum())),
        least_ / (1 + float(farthest(low, high).sum())),
        most / (1 + float(closest(low, high).sum())),
    )


def closest(low: Float, high: Float) -> Float:
    """The least size that a difference between these limits can have."""
    out: Float = np.maximum(0.0, np.maximum(low, -high))
    return out


def farthest(low: Float, high: Float) -> Float:
    """The largest size that a difference between these limits can have."""
    out: Float = np.maximum(np.abs(low), np.abs(high))
    return out


def shuffled(codes: Int, strata: Int, *, draws: int, rng: np.random.Generator) -> Int:
    """Codes (u,) shuffled within strata, (draws, u); below 0 they stay where they are."""
    out = np.repeat(codes[None], draws, axis=0)
    for s in np.unique(strata):
        at = np.flatnonzero((strata == s) & (codes >= 0))
        out[:, at] = rng.permuted(out[:, at], axis=1)
    return out
