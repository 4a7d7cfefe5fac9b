"""Folds that are balanced within blocks and know nothing else."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Int


def dealt(block: Int, *, count: int, rng: np.random.Generator) -> Int:
    """A fold of each unit (n,), 0 to count - 1, dealt out at random within each of its blocks.

    Where the fold of one block's last unit ends the next block goes on, so that neither a block
    nor the whole has one fold that is larger than another by more than one unit.

    >>> fold = dealt(np.array([0, 0, 0, 1, 1, 1]), count=3, rng=np.random.default_rng(0))
    >>> sorted(fold[:3].tolist()), sorted(fold[3:].tolist())
    ([0, 1, 2], [0, 1, 2])
    """
    out, start = np.empty(len(block), dtype=np.int64), 0
    for code in np.unique(block):
        units = np.flatnonzero(block == code)
        out[units] = rng.permutation((start + np.arange(len(units))) % count)
        start += len(units)
    return out
