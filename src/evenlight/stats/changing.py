"""How far the size of an effect changed from one audit to the next, from its intervals alone.

The size |E| moves by no more than E does, so |e2| - |e1| errs by no more than both estimates do
together. Of two that do not depend on each other the half-widths add up in squares; of the same
people they may depend on each other in any way, and intervals that hold together leave a change
between the nearest and the farthest of their ends (Bonferroni).
"""

from __future__ import annotations

import numpy as np
from scipy import stats

from evenlight.arrays import Float

Ends = tuple[Float, Float, Float]
"""Estimate and limits, alike in shape."""

LEAST_DF = 10.0
"""Degrees of freedom are thought of as no fewer: groups of fewer units are not tested."""


def spent(look: int, looks: int | None = None) -> float:
    """The part of the error rate that look number `look` has: equal parts of `looks`, if known.

    Else 1 / (k (k + 1)), which add up to 1 over however many looks.

    >>> spent(1), spent(2), spent(3, 4)
    (0.5, 0.16666666666666666, 0.25)
    """
    return 1 / looks if looks is not None else 1 / (look * (look + 1))


def widened(alpha: Float, wanted: Float, df: Float) -> Float:
    """By how much intervals of 1 - alpha grow to be of 1 - wanted; 1 where they need not.

    The ratio of t quantiles of one interval, which is no smaller than that of simultaneous ones.

    >>> widened(np.array([0.05]), np.array([0.025]), np.array([1e9])).round(3)
    array([1.144])
    """
    df = np.maximum(np.nan_to_num(df, nan=LEAST_DF), LEAST_DF)
    ratio = stats.t.isf(wanted / 2, df) / stats.t.isf(alpha / 2, df)
    grown: Float = np.maximum(ratio, 1.0)
    return grown


def change_in_size(before: Ends, after: Ends, grow: tuple[Float, Float], *, apart: bool) -> Ends:
    """|after| - |before| with limits; `grow` widens the intervals, `apart` says of other people.

    >>> one = (np.array([0.1]), np.array([0.0]), np.array([0.2]))
    >>> other = (np.array([-0.6]), np.array([-0.7]), np.array([-0.5]))
    >>> still = (np.ones(1), np.ones(1))
    >>> [x.round(3).item() for x in change_in_size(one, other, still, apart=False)]
    [0.5, 0.3, 0.7]
    >>> [x.round(3).item() for x in change_in_size(one, other, still, apart=True)]
    [0.5, 0.359, 0.641]
    """
    change = np.abs(after[0]) - np.abs(before[0])
    (e1, low1, high1), (e2, low2, high2) = _grown(before, grow[0]), _grown(after, grow[1])
    if apart:
        half = np.hypot(np.maximum(e1 - low1, high1 - e1), np.maximum(e2 - low2, high2 - e2))
        return change, change - half, change + half
    near1, far1 = _sizes(low1, high1)
    near2, far2 = _sizes(low2, high2)
    return change, near2 - far1, far2 - near1


def change_in_value(
    before: Ends, after: Ends, grow: tuple[Float, Float], *, alike: Float | float | None
) -> Ends:
    """After - before with limits; `grow` widens the intervals before they are put together.

    `alike` is the correlation of both estimates, 0 of other people: limits recover their variance
    from both intervals (MOVER; Zou 2007, Psychol Methods 12:399). None stands for any dependence.

    >>> one = (np.array([0.8]), np.array([0.7]), np.array([0.9]))
    >>> other = (np.array([0.5]), np.array([0.4]), np.array([0.6]))
    >>> still = (np.ones(1), np.ones(1))
    >>> for alike in (None, 0.0, 0.9):
    ...     print([x.round(3).item() for x in change_in_value(one, other, still, alike=alike)])
    [-0.3, -0.5, -0.1]
    [-0.3, -0.441, -0.159]
    [-0.3, -0.345, -0.255]
    """
    (e1, low1, high1), (e2, low2, high2) = _grown(before, grow[0]), _grown(after, grow[1])
    same = -1.0 if alike is None else alike
    down, up = (_apart(a, b, same) for a, b in ((e2 - low2, high1 - e1), (high2 - e2, e1 - low1)))
    return e2 - e1, e2 - e1 - down, e2 - e1 + up


def _apart(one: Float, other: Float, alike: Float | float) -> Float:
    """The half-width of a difference, from those of two estimates and their correlation."""
    half: Float = np.sqrt(np.maximum(one**2 + other**2 - 2 * alike * one * other, 0.0))
    return half


def _grown(ends: Ends, by: Float) -> Ends:
    effect, low, high = ends
    return effect, effect - by * (effect - low), effect + by * (high - effect)


def _sizes(low: Float, high: Float) -> tuple[Float, Float]:
    """The smallest and the largest size that an interval holds."""
    far = np.maximum(np.abs(low), np.abs(high))
    near = np.where((low <= 0) & (high >= 0), 0.0, np.minimum(np.abs(low), np.abs(high)))
    return near, far
