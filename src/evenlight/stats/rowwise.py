"""How far the attributions of one row agree before and after: ranks, the largest, and mass.

All of sizes |phi| (n, p), row by row.
"""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Float, Values
from evenlight.errors import InputError
from evenlight.stats.ranks import centred_ranks, correlated

LARGEST = 10
"""How many of the largest are compared."""


def rank_agreement(before: Values, after: Values) -> Float:
    """Spearman's correlation of two rows of sizes, (n,): Pearson's of mid-ranks.

    1 where both rank alike, also where all sizes are equal in both; 0 where they are equal in one
    row only, which then ranks nothing. Raises InputError for arrays of different shape.

    >>> rank_agreement(np.array([[1.0, 2.0, 3.0]]), np.array([[2.0, 4.0, 9.0]])).tolist()
    [1.0]
    """
    first, second = (centred_ranks(size) for size in _pair(before, after))
    same = (first == second).all(axis=1)
    return np.where(same, 1.0, np.clip(correlated(first, second), -1.0, 1.0))


def largest_kept(before: Values, after: Values, *, largest: int = LARGEST) -> Float:
    """The share of the `largest` sizes of a row that are among its largest afterwards, (n,).

    Of all, where there are fewer; ties go to the first.

    >>> largest_kept(np.array([[3.0, 2.0, 1.0]]), np.array([[3.0, 1.0, 2.0]]), largest=2).tolist()
    [0.5]
    """
    first, second = _pair(before, after)
    k = min(largest, first.shape[1])
    one, two = (np.argsort(-size, axis=1, kind="stable")[:, :k] for size in (first, second))
    among = np.zeros(first.shape, dtype=bool)
    np.put_along_axis(among, one, True, axis=1)
    kept: Float = np.take_along_axis(among, two, axis=1).mean(axis=1)
    return kept


def mass_moved(before: Values, after: Values) -> Float:
    """Half the L1 distance of sizes normalised to 1, (n,): 0 the same shares, 1 none in common.

    A row without any size has no shares: 0 against another such row, 1 against any other.

    >>> mass_moved(np.array([[1.0, 1.0]]), np.array([[3.0, 1.0]])).tolist()
    [0.25]
    """
    first, second = _pair(before, after)
    totals = [size.sum(axis=1) for size in (first, second)]
    shares = [
        s / np.where(t > 0, t, 1.0)[:, None] for s, t in zip((first, second), totals, strict=True)
    ]
    half = np.abs(shares[0] - shares[1]).sum(axis=1) / 2
    empty = (totals[0] > 0) != (totals[1] > 0)
    return np.where(empty, 1.0, np.minimum(half, 1.0))


def _pair(before: Values, after: Values) -> tuple[Float, Float]:
    if before.shape != after.shape or before.ndim != 2:
        raise InputError(
            f"attributions have shapes {before.shape} and {after.shape}; wanted one (n, p)"
        )
    one, two = (np.abs(np.asarray(v, dtype=np.float64)) for v in (before, after))
    return one, two
