"""From rows to unit-by-stratum cells, and the design of one two-group contrast.

A unit (person, donor) is what was sampled; rows of a unit in one stratum are averaged to a cell.
Strata may vary inside a unit: the set of strata that a unit occupies is its signature, and whole
units are exchangeable among units of one signature (Winkler et al. 2014, NeuroImage 92:381).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Bool, Float, Int


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """m cells: the unit and stratum of each, (m,), and values (m, p), means over their rows."""

    unit: Int
    stratum: Int
    values: Float


def cells(values: Float, unit: Int, stratum: Int) -> Cells:
    """Average rows (n, p) to cells, sorted by unit, then stratum.

    >>> made = cells(np.array([[1.0], [3.0], [5.0]]), np.array([0, 0, 1]), np.array([0, 0, 0]))
    >>> made.values.ravel().tolist()
    [2.0, 5.0]
    """
    order = np.lexsort((stratum, unit))
    pairs = np.column_stack([unit[order], stratum[order]])
    first = np.ones(len(pairs), dtype=bool)
    first[1:] = (pairs[1:] != pairs[:-1]).any(axis=1)
    starts = np.flatnonzero(first)
    counts = np.diff(np.append(starts, len(pairs)))
    sums = np.add.reduceat(values[order], starts, axis=0) if len(starts) else values[order]
    return Cells(pairs[starts, 0], pairs[starts, 1], sums / counts[:, None])


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """The units of one signature.

    `units` (u,) positions in the design, `strata` (r,) positions, `cells` (u, r) rows of the cells
    that they own.
    """

    units: Int
    strata: Int
    cells: Int


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """One contrast: units with overlap, their labels, strata, and blocks of equal signature.

    `units` (u,) unit codes that enter, `member` (u,) True at the level, False at the reference;
    `n_level`, `n_reference`, `weight` (s,) per stratum that is left; `dropped` strata and
    `torn` units (whose signature holds one group only) are counted. `sampling` (u,) holds the
    sampling weight of each unit, of mean 1, or None where all are alike.
    """

    units: Int
    member: Bool
    n_level: Int
    n_reference: Int
    weight: Float
    blocks: tuple[Block, ...]
    dropped: int
    torn: int
    sampling: Float | None = None

    @property
    def empty(self) -> bool:
        """Whether no stratum holds both groups."""
        return len(self.weight) == 0


def design(made: Cells, member: Bool, sampling: Float | None = None) -> Design:
    """The design of a contrast over cells whose unit code indexes `member` (units,), True at level.

    A stratum stays if it holds at least two units of each group; a signature with one group only
    leaves, and the rule is applied again until nothing changes. Weights are n_A n_B / (n_A + n_B).

    `sampling` (units,), positive, says how many people each unit stands for. A stratum then weighs
    a (1 - a) times the sum of the sampling weights in it, a = n_A / (n_A + n_B): the same for all
    weights alike, and unchanged by permuting labels.
    """
    at = member[made.unit]
    strata = np.unique(made.stratum)
    keep, torn = _overlap(made, at)
    used, place = np.unique(made.stratum[keep], return_inverse=True)
    n_level = np.bincount(place[at[keep]], minlength=len(used))
    n_reference = np.bincount(place[~at[keep]], minlength=len(used))
    weight = n_level * n_reference / np.maximum(n_level + n_reference, 1)
    units = np.unique(made.unit[keep])
    blocks = blocks_of(np.flatnonzero(keep), np.searchsorted(units, made.unit[keep]), place)
    own = None if sampling is None else sampling[units] / sampling[units].mean()
    if own is not None:
        each = own[np.searchsorted(units, made.unit[keep])]
        people = np.maximum(n_level + n_reference, 1)
        weight = weight * np.bincount(place, weights=each, minlength=len(used)) / people
    lost = len(strata) - len(used)
    return Design(units, member[units], n_level, n_reference, weight, blocks, lost, torn, own)


def _overlap(made: Cells, at: Bool) -> tuple[Bool, int]:
    """Mask (m,) of the cells that stay, and the number of units lost to torn signatures."""
    keep = np.ones(len(made.unit), dtype=bool)
    torn: set[int] = set()
    while True:
        size = int(made.stratum.max(initial=-1)) + 1
        here = [np.bincount(made.stratum[keep & side], minlength=size) for side in (at, ~at)]
        stay = keep & ((here[0] >= 2) & (here[1] >= 2))[made.stratum]
        lonely = _torn_units(made.unit[stay], made.stratum[stay], at[stay])
        torn |= set(lonely.tolist())
        stay &= ~np.isin(made.unit, lonely)
        if (stay == keep).all():
            return keep, len(torn)
        keep = stay


def signatures(unit: Int, stratum: Int) -> list[tuple[int, ...]]:
    """The strata of each unit, in the order of sorted unit codes; cells are sorted by unit."""
    if not len(unit):
        return []
    starts = np.flatnonzero(np.append(True, unit[1:] != unit[:-1]))
    return [tuple(part.tolist()) for part in np.split(stratum, starts[1:])]


def _torn_units(unit: Int, stratum: Int, at: Bool) -> Int:
    """Units whose signature is held by one group only."""
    names = np.unique(unit)
    first = np.searchsorted(unit, names)
    sides: dict[tuple[int, ...], set[bool]] = {}
    owned = signatures(unit, stratum)
    for signature, i in zip(owned, first, strict=True):
        sides.setdefault(signature, set()).add(bool(at[i]))
    return names[[len(sides[s]) == 1 for s in owned]] if owned else names


def blocks_of(rows: Int, unit: Int, stratum: Int) -> tuple[Block, ...]:
    """Units of one signature together, from unit and stratum (m,) of the cells in `rows` (m,)."""
    owned = signatures(unit, stratum)
    starts = np.searchsorted(unit, np.unique(unit))
    by: dict[tuple[int, ...], list[int]] = {}
    for i, signature in enumerate(owned):
        by.setdefault(signature, []).append(i)
    return tuple(
        Block(
            np.array(members, dtype=np.int64),
            np.array(signature, dtype=np.int64),
            rows[starts[members][:, None] + np.arange(len(signature))],
        )
        for signature, members in sorted(by.items())
    )


def joint(codes: Sequence[Int]) -> Int:
    """One code (n,) for the cross of several; a row with any negative code gets -1."""
    stacked = np.column_stack(list(codes))
    known = (stacked >= 0).all(axis=1)
    out = np.full(len(stacked), -1, dtype=np.int64)
    code = np.zeros(int(known.sum()), dtype=np.int64)
    for column in stacked[known].T if known.any() else ():
        code = _ranked(code * (int(column.max()) + 1) + column)
    out[known] = code
    return out


def _ranked(keys: Int) -> Int:
    """The rank (n,) of each key among the distinct ones; keys that lie close are not sorted."""
    low, high = int(keys.min()), int(keys.max())
    if high - low > 4 * len(keys):
        return np.unique(keys, return_inverse=True)[1].astype(np.int64)
    there = np.zeros(high - low + 1, dtype=bool)
    there[keys - low] = True
    rank: Int = np.cumsum(there)[keys - low] - 1
    return rank
