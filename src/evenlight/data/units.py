"""From the rows of a unit to the unit: one code each."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Int


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
