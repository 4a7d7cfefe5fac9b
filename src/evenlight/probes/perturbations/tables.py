"""Columns of clinical tables (m, p): measurement error, rounding, missing values, wrong units.

Missing numbers (NaN) stay missing. Every function leaves its argument as it is; strength 0
changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evenlight.arrays import Bool, Float, Int, Values
from evenlight.probes.perturbations.restored import like

Piece = tuple[tuple[int, ...], tuple[float, ...]]
"""The columns of one variable, and what they hold where it is missing."""


def measured(
    values: Values,
    strength: float,
    rng: np.random.Generator,
    *,
    error: Float,
    whole: Bool,
    low: Float,
) -> Values:
    """Each number with an error of SD strength x `error` (p,); 0 for a column that has none.

    Columns of `whole` numbers (p,) stay so, and none goes below `low` (p,).
    """
    made = values + strength * error * rng.normal(size=values.shape)
    made = np.maximum(np.where(whole, np.rint(made), made), low)
    return like(np.where(error > 0, made, values), values) if strength else values.copy()


def rounded(values: Values, strength: float, rng: np.random.Generator, *, step: Float) -> Values:
    """Numbers rounded to multiples of strength x `step` (p,); a column of step 0 stays.

    >>> rounded(np.array([[61.0, 1.0]]), 2.0, None, step=np.array([5.0, 0.0])).tolist()
    [[60.0, 1.0]]
    """
    grid = strength * step
    made = np.rint(values / np.where(grid > 0, grid, 1.0)) * grid
    return like(np.where(grid > 0, made, values), values)


def missing(
    values: Values, strength: float, rng: np.random.Generator, *, pieces: Sequence[Piece]
) -> Values:
    """Each variable missing at random with probability `strength`, holding what stands for that."""
    gone = rng.random((len(values), len(pieces))) < strength
    out = values.copy()
    for i, (columns, fill) in enumerate(pieces):
        at = np.flatnonzero(gone[:, i])
        out[at[:, None], list(columns)] = fill
    return out


def misread(
    values: Values, strength: float, rng: np.random.Generator, *, columns: Int, factor: Float
) -> Values:
    """In a share of rows, one of some `columns` (q,) recorded in another unit: times `factor` (q,).

    Every column is as likely as another.
    """
    hit, which = rng.random(len(values)) < strength, rng.integers(len(columns), size=len(values))
    out = values.copy()
    at = np.flatnonzero(hit)
    chosen = columns[which[at]]
    out[at, chosen] = like(values[at, chosen] * factor[which[at]], values)
    return out
