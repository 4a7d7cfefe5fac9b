"""What people like those who were not drawn could add to a mean."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Float
from evenlight.small_groups import least_shown


def unseen(values: Float, ends: Float, *, alpha: float = 0.05) -> Float:
    """What people not drawn could take from and add to the mean of values (n, p), (2, p).

    Where fewer than 11 of n differ from the usual value, their variance says little about the rest:
    up to 1 - alpha^(1/n) of everybody may differ unseen (the exact bound for none in n), by as much
    as the values reach: from the usual one to `ends` (2, p), the smallest and the largest of
    everybody. 0 where 11 or more differ. Bounds that hold together for many columns need `alpha`
    over their number.

    >>> unseen(np.zeros((20, 1)), np.array([[0.0], [1.0]])).round(3).ravel().tolist()
    [0.0, 0.139]
    """
    if not len(values):
        return np.zeros((2, values.shape[1]))
    usual, reach = np.median(values, axis=0), ends[1] - ends[0]
    other = (np.abs(values - usual) > 1e-9 * reach).sum(axis=0)
    share = (other < least_shown()) * (1 - alpha ** (1 / len(values)))
    moved: Float = share * np.stack([usual - ends[0], ends[1] - usual])
    return moved


def ends_of(values: Float) -> Float:
    """The smallest and the largest of values (n, p), (2, p)."""
    return np.stack([values.min(axis=0), values.max(axis=0)])
