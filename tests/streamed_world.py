"""Units of several designs, and the family that is counted literally from all draws."""

from __future__ import annotations

import numpy as np
from scipy import stats

from evenlight.arrays import Float, Int
from evenlight.stats import sequential
from evenlight.stats.cells import Cells, Design, design
from evenlight.stats.permutation import (
    p_value,
)


def people(
    rng: np.random.Generator, n: int = 90, p: int = 12, strata: int = 2, effect: float = 0.0
) -> tuple[Float, Design]:
    """Cells of n people in strata, a third at the level; the first column differs by `effect`."""
    values = rng.normal(size=(n, p)) * np.geomspace(1e-3, 1e3, p)
    member = np.arange(n) % 3 == 0
    values[member, 0] += effect * 1e-3
    return values, design(Cells(np.arange(n), np.arange(n) % strata, values), member)


def everything(p: int) -> Int:
    """All columns of the only source."""
    return np.column_stack([np.zeros(p, dtype=np.int64), np.arange(p)])


def counted(seen: Float, null: Float) -> Float:
    """The permutation p, or the half-normal one on the grid of the draws if clearly larger."""
    half = np.sort(np.abs(stats.norm.ppf(0.5 + (np.arange(len(null)) + 0.5) / len(null) / 2)))
    own, normal = p_value(seen, null), p_value(seen, half[:, None])
    count, floor = (p * (1 + len(null)) - 1 for p in (own, normal))
    lighter = np.round(count) < np.round(floor) - sequential.NOISE * np.sqrt(np.round(floor))
    return np.where(lighter, normal, own)
