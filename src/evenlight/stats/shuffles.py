"""Orders of units permuted within blocks, the same at every pass and in every length."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Int

STEP = 64
"""Draws made at a time; the orders of a block of draws depend on its number and the seed only."""


@dataclass(frozen=True, slots=True, eq=False)
class Shuffles:
    """Orders of u units, permuted within `block` (u,), the same at every pass."""

    block: Int
    draws: int
    seed: int

    def __iter__(self) -> Iterator[tuple[slice, Int]]:
        """Where a block of draws belongs, and its orders (at most 64, u)."""
        members = [np.flatnonzero(self.block == b) for b in np.unique(self.block)]
        for start in range(0, self.draws, STEP):
            rng = np.random.default_rng([self.seed, start])
            orders = np.empty((STEP, len(self.block)), dtype=np.int64)
            for own in members:
                orders[:, own] = rng.permuted(np.tile(own, (STEP, 1)), axis=1)
            stop = min(start + STEP, self.draws)
            yield slice(start, stop), orders[: stop - start]


def shuffles(block: Int, *, draws: int, rng: np.random.Generator) -> Shuffles:
    """Orders within blocks; only a seed is taken from `rng`."""
    return Shuffles(block, draws, int(rng.integers(2**62)))
