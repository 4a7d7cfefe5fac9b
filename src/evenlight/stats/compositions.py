"""Shares that add up to one: coordinates in which a regression can hold them.

With all k shares as columns a model has no solution beside its intercept. Either one share is left
out, so that a slope is what one share gains at the cost of that one, or the shares become k - 1
isometric log-ratios (Egozcue et al. 2003, Math Geol 35:279).
"""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Float
from evenlight.errors import GroupError


def without_largest(shares: Float) -> tuple[Float, int]:
    """Shares (n, k) without the component of the largest mean (n, k - 1), and which that was.

    >>> without_largest(np.array([[0.7, 0.2, 0.1], [0.5, 0.3, 0.2]]))[0].tolist()
    [[0.2, 0.1], [0.3, 0.2]]
    """
    largest = int(shares.mean(axis=0).argmax())
    return np.delete(shares, largest, axis=1), largest


def log_ratios(shares: Float) -> Float:
    """Isometric log-ratios (n, k - 1): the j-th sets the first j shares against the next one.

    z_j = sqrt(j / (j + 1)) ln(g(x_1 .. x_j) / x_(j+1)), g the geometric mean. Raises GroupError for
    a share of 0, which has no logarithm.

    >>> log_ratios(np.array([[0.5, 0.5]])).tolist()
    [[0.0]]
    """
    if (shares <= 0).any():
        count = int((shares <= 0).any(axis=1).sum())
        raise GroupError(
            f"{count} of {len(shares)} rows have a share of 0, which has no logarithm; "
            'say composition="shares" in place of "ilr"'
        )
    logs = np.log(shares)
    j = np.arange(1, shares.shape[1])
    before = np.cumsum(logs, axis=1)[:, :-1] / j
    out: Float = np.sqrt(j / (j + 1)) * (before - logs[:, 1:])
    return out
