"""From the rows of a unit to the unit: one code each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Bool, Float, Int

ALIKE = 200
"""Units of one composition that make a stratum of their own.

Of two groups and two classes of outcome all such strata together add at most 0.01 to the order of
the bias of a reliance, half of what is accepted.
"""

MOST_MIXED = 30
"""Strata that may be mixed inside units for their shares to be taken off; of more, none are."""


def unit_codes(codes: Int, unit: Int) -> Int:
    """The group of each unit (u,): its known label on any of its rows (n,), -1 if none is known.

    >>> unit_codes(np.array([2, -1, -1]), np.array([0, 0, 1])).tolist()
    [2, -1]
    """
    out = np.full(int(unit.max(initial=-1)) + 1, -1, dtype=np.int64)
    np.maximum.at(out, unit, codes)
    return out


def one_each(codes: Int, unit: Int) -> bool:
    """Whether no unit has rows of two groups, as of images taken in two views.

    >>> unit = np.array([0, 0, 1])
    >>> one_each(np.array([2, -1, 1]), unit), one_each(np.array([2, 1, 1]), unit)
    (True, False)
    """
    own, known = unit_codes(codes, unit)[unit], codes >= 0
    return bool((own[known] == codes[known]).all())


@dataclass(frozen=True, slots=True, eq=False)
class UnitStrata:
    """The stratum `code` (u,) of each unit, -1 unknown, and what is left to differ inside a code.

    `share` (u, q): of each unit the share of its rows that lie in each stratum which is mixed
    inside units, but the commonest; q = 0 where every code has one composition.
    """

    code: Int
    share: Float


def unit_strata(stratum: Int, unit: Int) -> UnitStrata:
    """The strata of units (u,) from those of rows (n,), -1 unknown.

    A unit whose rows lie in one stratum has that one. A composition that 200 units share (equal
    shares of their rows in equal strata) has a code of its own; any other unit joins the stratum
    in which most of its rows lie, of several the first, and its shares stand beside, for what they
    add to the mean over rows to be taken off (`stats.strata.held_inside`). Where more than 30
    strata are mixed, all compositions have codes of their own. Rows of unknown stratum say
    nothing.

    >>> made = unit_strata(np.array([0, 0, 1, 0, 0, 1, 1]), np.array([0, 1, 1, 1, 2, 3, 3]))
    >>> made.code.tolist(), made.share.round(2).ravel().tolist()
    ([0, 0, 0, 1], [0.0, 0.33, 0.0, 1.0])
    """
    code = compositions(stratum, unit)
    rare = (code > stratum.max(initial=-1)) & (np.bincount(code + 1)[code + 1] < ALIKE)
    known = stratum >= 0
    mixed = np.unique(stratum[known & rare[unit]])
    if not 0 < len(mixed) <= MOST_MIXED:
        return UnitStrata(code, np.zeros((len(code), 0)))
    table = np.zeros((len(code), len(mixed)))
    here = known & np.isin(stratum, mixed)
    np.add.at(table, (unit[here], np.searchsorted(mixed, stratum[here])), 1.0)
    code[rare] = mixed[table[rare].argmax(axis=1)]
    rows = np.bincount(unit[known], minlength=len(code))
    share = table / np.maximum(rows, 1)[:, None]
    return UnitStrata(code, np.delete(share, int(share.sum(axis=0).argmax()), axis=1))


def compositions(stratum: Int, unit: Int) -> Int:
    """The stratum of each unit (u,) of rows (n,); where rows differ, one code for each composition.

    Units are alike where the same shares of their known rows lie in the same strata: what a stratum
    does to the mean over rows is then one shift for all of them. A composition has a code beyond
    those of the strata. Rows of unknown stratum (-1) say nothing; a unit that has no others is
    unknown.

    >>> stratum = np.array([0, 0, 1, 0, 1, 0, 0, 1, 1])
    >>> compositions(stratum, np.array([0, 0, 1, 2, 2, 3, 3, 3, 3])).tolist()
    [0, 1, 2, 2]
    """
    out = unit_codes(stratum, unit)
    torn = _lowest(stratum, unit) < out
    if not torn.any():
        return out
    shares = _shares(stratum, unit, torn)
    place = {s: i for i, s in enumerate(sorted(set(shares.values())), start=int(stratum.max()) + 1)}
    for u, share in shares.items():
        out[u] = place[share]
    return out


def _lowest(stratum: Int, unit: Int) -> Int:
    """The lowest known stratum of each unit (u,), beyond all others where none is known."""
    out = np.full(int(unit.max(initial=-1)) + 1, np.iinfo(np.int64).max, dtype=np.int64)
    known = stratum >= 0
    np.minimum.at(out, unit[known], stratum[known])
    return out


def _shares(stratum: Int, unit: Int, torn: Bool) -> dict[int, tuple[tuple[int, int], ...]]:
    """Of each torn unit, its strata with their rows in lowest terms: 2 to 4 is 1 to 2."""
    keep, many = torn[unit] & (stratum >= 0), int(stratum.max()) + 1
    key, count = np.unique(unit[keep] * many + stratum[keep], return_counts=True)
    pairs = np.column_stack(np.divmod(key, many))
    out: dict[int, tuple[tuple[int, int], ...]] = {}
    ends = np.flatnonzero(np.diff(pairs[:, 0])) + 1
    for own, n in zip(np.split(pairs, ends), np.split(count, ends), strict=True):
        common = np.gcd.reduce(n)
        out[int(own[0, 0])] = tuple(zip(own[:, 1].tolist(), (n // common).tolist(), strict=True))
    return out
