"""Search for the worst slice on one half of the units, and a test on the other.

A search over many slices flatters what it finds; the other half has no part in the search, so an
ordinary test of the few that were chosen is valid (sample splitting: Cox 1975, Biometrika 62:441).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from evenlight.arrays import Bool, Float, Int

OVERLAP = 0.5
"""Two slices that share more than this part of their union are told once."""

Part = tuple[int, int]
"""A column, and one of its levels."""


@dataclass(frozen=True, slots=True, eq=False)
class Contrast:
    """Mean of the rows in s slices minus the mean of the others; arrays are (s,).

    `se` is clustered by unit; `units` (s, 2) in the slice and outside it, `effective` (s, 2) how
    many equal ones count as much (Kish): the same without sampling weights.
    """

    effect: Float
    se: Float
    units: Int
    effective: Float


def parts_of(codes: Int, *, depth: int) -> list[tuple[Part, ...]]:
    """All slices of up to `depth` columns: levels of one, and crosses of levels of several.

    `codes` (n, c) hold the level of each row in each column, -1 unknown.

    >>> len(parts_of(np.array([[0, 0], [1, 1], [1, -1]]), depth=2))
    6
    """
    out: list[tuple[Part, ...]] = []
    for size in range(1, depth + 1):
        for columns in combinations(range(codes.shape[1]), size):
            own = codes[:, list(columns)]
            seen = np.unique(own[(own >= 0).all(axis=1)], axis=0)
            out += [tuple(zip(columns, levels, strict=True)) for levels in seen.tolist()]
    return out


def member_of(codes: Int, part: Sequence[Part]) -> Bool:
    """Which rows (n,) are in a slice."""
    inside = np.ones(len(codes), dtype=bool)
    for column, level in part:
        inside &= codes[:, column] == level
    return inside


def contrast(values: Float, inside: Bool, unit: Int, weight: Float | None = None) -> Contrast:
    """Difference of means of values (n,) between slices (n, s) and the rest, by whole units.

    Each row counts once, or by the `weight` (n,) of its unit, above 0. The variance sums the
    squares of each unit's part in the difference (Liang and Zeger 1986).

    >>> values, inside = np.array([1.0, 3.0, 0.0, 2.0]), np.array([[1], [1], [0], [0]], dtype=bool)
    >>> contrast(values, inside, np.arange(4)).effect.tolist()
    [1.0]
    >>> contrast(values, inside, np.arange(4), np.array([1.0, 3.0, 1.0, 1.0])).effect.tolist()
    [1.5]
    """
    share = np.ones(len(values)) if weight is None else weight
    own, rest = (share[:, None] * side for side in (inside, ~inside))
    filled = [np.where(total > 0, total, 1.0) for total in (own.sum(axis=0), rest.sum(axis=0))]
    mean = [values @ side / total for side, total in zip((own, rest), filled, strict=True)]
    part = own * (values[:, None] - mean[0]) / filled[0]
    part -= rest * (values[:, None] - mean[1]) / filled[1]
    u = int(unit.max(initial=-1)) + 1
    sums, held = np.zeros((u, own.shape[1])), np.zeros((2, u, own.shape[1]))
    np.add.at(sums, unit, part)
    np.maximum.at(held[0], unit, own)
    np.maximum.at(held[1], unit, rest)
    se = np.sqrt((sums**2).sum(axis=0) * u / max(u - 1, 1))
    units = (held > 0).sum(axis=1).T.astype(np.int64)
    square = (held**2).sum(axis=1).T
    effective = np.divide(
        held.sum(axis=1).T ** 2, square, out=np.zeros(square.shape), where=square > 0
    )
    return Contrast(mean[0] - mean[1], se, units, effective)


def worst(score: Float, inside: Bool, *, most: int) -> Int:
    """Positions of the slices of the largest `score` (s,), none nearly the same as one before.

    >>> rows = np.array([[1, 1, 0], [1, 1, 0], [0, 1, 1], [0, 0, 1]], dtype=bool)
    >>> worst(np.array([3.0, 2.0, 1.0]), rows, most=2).tolist()
    [0, 2]
    """
    out: list[int] = []
    for j in np.argsort(-score, kind="stable"):
        if len(out) == most or not np.isfinite(score[j]):
            break
        if all(_shared(inside[:, j], inside[:, i]) <= OVERLAP for i in out):
            out.append(int(j))
    return np.array(out, dtype=np.int64)


def _shared(a: Bool, b: Bool) -> float:
    """The part of the union of two slices that both hold (Jaccard)."""
    either = int((a | b).sum())
    return int((a & b).sum()) / either if either else 0.0
