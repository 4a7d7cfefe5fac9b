"""All restricted arrangements of labels, where they are few enough to be listed."""

from __future__ import annotations

from itertools import combinations
from math import comb, prod

import numpy as np

from evenlight.stats.cells import Design
from evenlight.stats.products import Labels

FEWEST_DRAWN = 20_000
"""With fewer arrangements every one is listed, and p is exact."""


def arrangements(plan: Design) -> int:
    """How many ways there are to hand out the labels within signatures."""
    return prod(
        comb(len(block.units), int(plan.member[block.units].sum())) for block in plan.blocks
    )


def all_labels(plan: Design) -> Labels | None:
    """Each arrangement once (N, u), the observed one among them; None where 20,000 or more."""
    if not plan.blocks or arrangements(plan) >= FEWEST_DRAWN:
        return None
    out = np.zeros((1, len(plan.units)), dtype=np.int8)
    for block in plan.blocks:
        own = list(combinations(block.units.tolist(), int(plan.member[block.units].sum())))
        wide = np.repeat(out, len(own), axis=0)
        rows = np.arange(len(wide))
        for place in np.array(own, dtype=np.int64).reshape(len(own), -1).T:
            wide[rows, np.tile(place, len(out))] = 1
        out = wide
    return out
