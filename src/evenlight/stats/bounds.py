"""How far people of unknown group could move a difference, wherever they belong.

For a given number k of unknown people at the level and l at the reference, the largest difference
takes the k largest and the l smallest values; so all sums k + l <= m are tried, and the bound is
exact (Manski 1990, Am Econ Rev 80:319, of finite groups).
"""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Float


def worst_case(
    level: Float, reference: Float, unknown: Float, *, elsewhere: bool
) -> tuple[Float, Float]:
    """Least and largest mean(level) - mean(reference), (p,), over all places of `unknown` (m, p).

    With `elsewhere` an unknown person may belong to a third group; without, to one of the two.

    >>> worst_case(np.array([[1.0]]), np.array([[0.0]]), np.array([[3.0]]), elsewhere=False)
    (array([-0.5]), array([2.]))
    """
    most = _largest(level, reference, unknown, elsewhere)
    return -_largest(-level, -reference, -unknown, elsewhere), most


def _largest(level: Float, reference: Float, unknown: Float, elsewhere: bool) -> Float:
    m = len(unknown)
    up = np.sort(unknown, axis=0)
    none = np.zeros((1, unknown.shape[1]))
    top = np.vstack([none, np.cumsum(up[::-1], axis=0)])
    bottom = np.vstack([none, np.cumsum(up, axis=0)])
    count = np.arange(m + 1)[:, None]
    first = (level.sum(axis=0) + top) / (len(level) + count)
    second = -(reference.sum(axis=0) + bottom) / (len(reference) + count)
    if elsewhere:
        second = np.maximum.accumulate(second, axis=0)
    most: Float = (first + second[::-1]).max(axis=0)
    return most
