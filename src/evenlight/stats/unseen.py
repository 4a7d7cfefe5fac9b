"""What people like those who were not drawn could add to a mean."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Float
from evenlight.stats.strata import SMALLEST_GROUP


def unseen(values: Float, reach: Float, *, alpha: float = 0.05) -> Float:
    """How far people not drawn could move the mean of values (n, p), whose range is `reach` (p,).

    Where fewer than 11 of n differ from the usual value, their variance says little about the rest:
    up to 1 - alpha^(1/n) of everybody may differ unseen (the exact bound for none in n), by as much
    as the values reach. 0 where 11 or more differ. Bounds that hold together for many columns need
    `alpha` over their number.

    >>> unseen(np.zeros((20, 1)), np.array([1.0])).round(3).tolist()
    [0.139]
    """
    if not len(values):
        return np.zeros(values.shape[1])
    other = (np.abs(values - np.median(values, axis=0)) > 1e-9 * reach).sum(axis=0)
    moved: Float = (other < SMALLEST_GROUP) * (1 - alpha ** (1 / len(values))) * reach
    return moved
