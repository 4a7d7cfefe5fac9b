"""Whether a few units make nearly all of a variance: its root is then the scale of nobody else."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Float, Int

FEW = 0.01
"""Units that are few, as a share of all; one is always few."""

NEARLY = 8 / 9
"""The share of the variance: the SD of all is then about three times that of the others."""


def lopsided(values: Float, codes: Int) -> Int:
    """The units that make `NEARLY` all of the variance of values (u,) within groups, if few do.

    Their positions, largest first; none where it takes more than `FEW` of the units of known group
    (codes (u,), -1 unknown). Deviations are from the median of the group, which a few leave alone.
    Of normal values 1 % of units make 8 % of the variance, of log-normal ones (sigma 1) half.

    >>> some = np.append(np.tile([-1.0, 1.0], 100), 500.0)
    >>> lopsided(some, np.zeros(201, dtype=np.int64))
    array([200])
    >>> lopsided(some[:200], np.zeros(200, dtype=np.int64))
    array([], dtype=int64)
    """
    known = np.flatnonzero(codes >= 0)
    squares = np.zeros(len(known))
    for g in np.unique(codes[known]):
        own = codes[known] == g
        squares[own] = (values[known][own] - np.median(values[known][own])) ** 2
    total = squares.sum()
    if not total > 0:
        return np.zeros(0, dtype=np.int64)
    most = max(1, int(FEW * len(known)))
    order = np.argsort(-squares, kind="stable")[:most]
    reached = np.flatnonzero(np.cumsum(squares[order]) >= NEARLY * total)
    found = known[order[: reached[0] + 1]] if reached.size else known[:0]
    return found.astype(np.int64)
