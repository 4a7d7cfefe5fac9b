"""A second look at so many tests that its products are saved where nothing rests on them.

See `stats.sequential` for the two looks. What leaves here keeps the p of its first look, which is
valid, and larger than all draws would make it: a test that no draw of it reaches, that lies as far
beyond them on the normal scale as a clear one, and is one of so many that the lists of Benjamini
and Hochberg hold them all at alpha / 10 by this p.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.special import ndtr

from evenlight.arrays import Bool, Int
from evenlight.stats.nulls import Nulls

MUCH = 2**36
"""Products of a second look beyond which they are made in float32, with the counts of float64, and
made only where something may rest on them."""

LISTED = 0.1
"""Tests leave a large second look where lists hold them at this part of alpha already."""


def far_out(
    nulls: Nulls, count: Int, unclear: Bool, draws: tuple[int, int], alpha: float, clear: float
) -> Bool:
    """Which tests (m,) leave a large second look of all `draws` by the p of the first ones.

    `count` (m,) of the first draws are as far out as observed; a test is far where none is, and p
    of a normal is below `clear`. They leave together, if that many make one list.
    """
    far = (count == 0) & (2 * ndtr(-nulls.size) < clear)
    listed = len(far) / (1 + draws[1]) <= LISTED * alpha * far.sum()
    out: Bool = far & listed & (products(nulls, unclear, draws[0]) >= MUCH)
    return out


def lighter(nulls: Nulls, unclear: Bool, draws: int) -> Nulls:
    """The nulls of the second look, in float32 where its products are many."""
    how, few = nulls.how, products(nulls, unclear, draws) < MUCH
    if how.bits is not None or how.move is not None or few:
        return nulls
    return replace(nulls, how=replace(how, single=True))


def products(nulls: Nulls, unclear: Bool, draws: int) -> int:
    """Of the unclear tests (m,), their draws and units."""
    units = max(int(labels.shape[1]) for labels in nulls.labels)
    return int(np.sum(unclear)) * draws * units
