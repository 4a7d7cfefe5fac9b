"""A two-sided p-value from a null whose two sides may differ: what is as rare on either side.

    rarity of a draw    how many draws lie as far out as it, or farther, on its own side of 0
    p                   the share of draws that are as rare as the observed statistic, or rarer

Where nothing ties this is twice the share on the observed side. Where a rare 0/1 value is asked in
a small group, many draws leave no carrier there: they are far out on their side, but not rare, and
take nothing from the other side. By |Z*| 30 % of 25 people against 3 % of 1,500 are never told
apart at 5 %. For one proportion this is the interval of Blaker (2000, Can J Stat 28:783). Only
lopsided nulls are judged so (`stats.balanced`): with 20 people of three times the spread of 100
others all nulls by side gave 5.2 % of runs with any flag in place of 4.5 %.
"""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Values

NEAR, MANY = 1e-4, 10
"""At least so many draws this close are one value; fewer are told apart by rank. 0 is no side."""


def as_rare(other: Values, own: int) -> int:
    """How many draws of the other side are no more common than `own` of the observed side.

    `other` (draws,) holds statistics of which the other side is above 0; draws that tie are counted
    together or not at all.

    >>> as_rare(np.array([3.0, 2.0, 1.0, -1.0, -2.0]), 2)
    2
    >>> as_rare(np.append(np.full(30, 9.0), -np.ones(70)), 2)
    0
    """
    positive = int(np.count_nonzero(other > NEAR))
    if positive <= own:
        return positive
    cut = len(other) - own - 1
    bar = float(np.partition(other, cut)[cut])
    width = NEAR * (1 + bar)
    inside = int(np.count_nonzero(other >= bar - width))
    above = int(np.count_nonzero(other > bar + width))
    return above if inside - above >= MANY else own
