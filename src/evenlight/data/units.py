"""From the rows of a unit to the unit: one code each."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Bool, Int


def unit_codes(codes: Int, unit: Int) -> Int:
    """The group of each unit (u,): its known label on any of its rows (n,), -1 if none is known.

    >>> unit_codes(np.array([2, -1, -1]), np.array([0, 0, 1])).tolist()
    [2, -1]
    """
    out = np.full(int(unit.max(initial=-1)) + 1, -1, dtype=np.int64)
    np.maximum.at(out, unit, codes)
    return out


def first_codes(codes: Int, unit: Int, order: Int) -> Int:
    """What the first row of each unit says (u,): first in `order` (n,), as by id.

    >>> first_codes(np.array([5, 7, 9]), np.array([0, 0, 1]), np.array([1, 0, 2])).tolist()
    [7, 9]
    """
    out = np.full(int(unit.max(initial=-1)) + 1, -1, dtype=np.int64)
    back = order[::-1]
    out[unit[back]] = codes[back]
    return out


def stratum_codes(stratum: Int, unit: Int) -> Int:
    """The stratum of each unit (u,) of rows (n,); where rows differ, one code for each composition.

    Units are alike where the same shares of their rows lie in the same strata: what a stratum does
    to the mean over rows is then one shift for all of them. A composition has a code beyond those
    of the strata. Rows of unknown stratum (-1) say nothing beside rows of one stratum; beside
    several, and alone, the unit is unknown.

    >>> stratum = np.array([0, 0, 1, 0, 1, 0, 0, 1, 1])
    >>> stratum_codes(stratum, np.array([0, 0, 1, 2, 2, 3, 3, 3, 3])).tolist()
    [0, 1, 2, 2]
    """
    out = unit_codes(stratum, unit)
    torn = _lowest(stratum, unit) < out
    if not torn.any():
        return out
    shares = _shares(stratum, unit, torn)
    place = {s: i for i, s in enumerate(sorted(set(shares.values())), start=int(stratum.max()) + 1)}
    unknown = np.zeros(len(out), dtype=bool)
    unknown[unit[stratum < 0]] = True
    for u, share in shares.items():
        out[u] = -1 if unknown[u] else place[share]
    return out


def _lowest(stratum: Int, unit: Int) -> Int:
    """The lowest known stratum of each unit (u,), beyond all others where none is known."""
    out = np.full(int(unit.max(initial=-1)) + 1, np.iinfo(np.int64).max, dtype=np.int64)
    known = stratum >= 0
    np.minimum.at(out, unit[known], stratum[known])
    return out


def _shares(stratum: Int, unit: Int, torn: Bool) -> dict[int, tuple[tuple[int, int], ...]]:
    """Of each torn unit, its strata with their rows in lowest terms: 2 to 4 is 1 to 2."""
    keep = torn[unit] & (stratum >= 0)
    pairs, count = np.unique(
        np.column_stack([unit[keep], stratum[keep]]), axis=0, return_counts=True
    )
    out: dict[int, tuple[tuple[int, int], ...]] = {}
    ends = np.flatnonzero(np.diff(pairs[:, 0])) + 1
    for own, n in zip(np.split(pairs, ends), np.split(count, ends), strict=True):
        common = np.gcd.reduce(n)
        out[int(own[0, 0])] = tuple(zip(own[:, 1].tolist(), (n // common).tolist(), strict=True))
    return out
