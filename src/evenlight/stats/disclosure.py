"""What may be shown: nothing below the smallest group, and nothing that gives it away.

Where a table has a hidden cell, its other counts are rounded to 5, so that no sum solves for it. A
count of who is left of a total that is told elsewhere hides how few were lost (`left_counts`).

A mean of everybody, less the means of the groups that are shown, is the mean of those who are not.
So where a group is hidden, an overall value is that of the shown groups alone (`shown_units`), and
every value is told as coarsely as its rounded count is (`told_step`): another table, by another
grouping, may tell the mean of everybody.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from evenlight.arrays import Bool, Float, Int, Text

ROUND_TO = 5

Counts = TypeVar("Counts", Float, Int)
Whole = Callable[[Float], Float]


def shown_counts(counts: Counts, *, rounded: bool) -> Counts:
    """Counts as they are, or to 5 where a cell of their table is hidden."""
    if not rounded:
        return counts
    return (ROUND_TO * np.round(counts / ROUND_TO)).astype(counts.dtype)


def told_counts(counts: Counts, *, rounded: bool, smallest: int) -> Counts:
    """Counts as they may be shown, and 0 for any that is smaller than `smallest`.

    >>> told_counts(np.array([403, 8]), rounded=True, smallest=11).tolist()
    [405, 0]
    """
    shown = shown_counts(counts, rounded=rounded)
    return np.where(counts < smallest, 0, shown).astype(counts.dtype)


def left_counts(left: Counts, *totals: Counts, smallest: int) -> Counts:
    """How many are left of each of `totals`, nearest first, a loss of 1 to 10 told as one of 10.

    The difference to a total, which is told elsewhere, then says no more than "fewer than 11". Of a
    total below 21 eleven are told as left, and of twelve all of them: eleven would tell of one.

    >>> left_counts(np.array([240, 243, 200, 14]), np.array([243, 243, 243, 15]), smallest=11)
    array([233, 243, 200,  11])
    """
    told = left
    for total in totals:
        lost = total - told
        few = (lost > 0) & (lost < smallest)
        coarse = np.where(total > smallest + 1, np.maximum(total - smallest + 1, smallest), total)
        told = np.where(few, coarse, told).astype(left.dtype)
    return told


def suppressed_counts(counts: Int, *, smallest: int) -> tuple[Float, Text, bool]:
    """Counts as they may be shown (NaN where hidden), the reason, and whether they were rounded.

    >>> suppressed_counts(np.array([2774, 2035, 2]), smallest=11)
    (array([2775., 2035.,   nan]), array(['', '', 'suppressed (<11)'], dtype='<U16'), True)
    """
    hidden = (counts > 0) & (counts < smallest)
    shown = counts.astype(float)
    if hidden.any():
        shown = ROUND_TO * np.round(shown / ROUND_TO)
    shown[hidden] = np.nan
    text = f"suppressed (<{smallest})"
    return shown, np.where(hidden, text, ""), bool(hidden.any())


def shown_units(codes: Int, *, smallest: int) -> Bool:
    """Units (u,) of groups that hold `smallest` or more; of all, where every group is smaller.

    `codes` (u,) are groups, -1 unknown, which is hidden as a group is.

    >>> shown_units(np.array([0] * 12 + [1] * 3 + [-1]), smallest=11).sum()
    np.int64(12)
    """
    many = np.bincount(codes + 1)[codes + 1] >= smallest
    shown: Bool = many if many.any() else np.ones(len(codes), dtype=bool)
    return shown


def shown_in_each(codes: Int, *, smallest: int) -> Bool:
    """Units (u,) whose group holds `smallest` or more in each of m groupings, of such units alone.

    `codes` (u, m) as in `shown_units`; of all units, where none would be left.

    >>> race, site = np.repeat([0, 1, 2], [40, 12, 3]), np.repeat([0, 1, 0], [40, 2, 13])
    >>> shown_in_each(np.column_stack([race, site]), smallest=11).sum()
    np.int64(40)
    """
    left = np.ones(len(codes), dtype=bool)
    while left.any():
        few = np.zeros(len(codes), dtype=bool)
        for own in codes.T:
            many = np.bincount(own[left] + 1, minlength=int(own.max()) + 2)
            few |= left & (many[own + 1] < smallest)
        if not few.any():
            return left
        left &= ~few
    return np.ones(len(codes), dtype=bool)


def told_step(spread: Float, n: Float | Int, *, share: Bool | bool = False) -> Float:
    """The step to which numbers of n units are told where a count beside them is rounded to 5.

    The largest of 1, 2, 5, 10, ... (in any decimal place) that is not above 10 SD / n: what ten
    units one SD away would move a mean by, as counts to 5 of a table and its total leave ten open.
    `spread` is the standard error, SD / sqrt(n); the SD of a `share`, or of a count of things, is
    1/2 at least. 0 without any spread: nothing is rounded.

    >>> told_step(np.array([0.1, 0.008]), np.array([100, 2500]), share=np.array([False, True]))
    array([0.1  , 0.002])
    """
    n = np.maximum(n, 1.0)
    sd = np.maximum(np.nan_to_num(spread) * np.sqrt(n), np.where(share, 0.5, 0.0))
    reach = np.maximum(2 * ROUND_TO * sd / n * (1 + 1e-9), 1e-300)
    power = np.floor(np.log10(reach))
    first = reach / 10.0**power
    digit = np.select([first >= 5, first >= 2], [5.0, 2.0], 1.0)
    step: Float = np.where(sd > 0, digit * 10.0**power, 0.0)
    return step


def as_open(spread: Float, few: Bool, n: Float | Int) -> Float:
    """Standard errors (r, ...) of r parts that add up, no narrower in sum than the `few` need.

    A total that is told elsewhere, less the other parts, is the part of which one unit is most
    (`few`). So n times the step of each part is no finer than that of the widest of the `few`.

    >>> spread, few = np.array([0.5, 0.01]), np.array([True, False])
    >>> as_open(spread, few, np.array([25, 400]))
    array([0.5  , 0.125])
    """
    root = np.sqrt(np.maximum(n, 1))
    sd = np.nan_to_num(spread) * root
    wide: Float = np.maximum(sd, np.where(few, sd, 0.0).max(axis=0, initial=0.0)) / root
    return wide


def told_sd(sd: float, n: int) -> float:
    """The SD of n units to the step of its own standard error, SD / sqrt(2 n), never 0.

    Two tables, one of everybody and one of those who are shown, otherwise tell the spread of the
    hidden people: n SD^2 is a sum over people, as n times a mean is.

    >>> told_sd(1.2345, 200), told_sd(1.2345, 20_000)
    (1.24, 1.2344)
    """
    if not sd > 0:
        return sd
    many = np.array([float(n)])
    step = told_step(sd / np.sqrt(2 * many), many)
    return float(np.maximum(told_values(np.array([sd]), step), step)[0])


def told_values(values: Float, step: Float) -> Float:
    """Values to the nearest step, as they are where it is 0.

    >>> told_values(np.array([0.8731, 0.8731]), np.array([0.02, 0.0]))
    array([0.88  , 0.8731])
    """
    return _stepped(values, step, np.round)


def told_limits(low: Float, high: Float, step: Float) -> tuple[Float, Float]:
    """Limits to a step, outwards, so that they hold what they held.

    >>> low, high = told_limits(np.array([0.8731]), np.array([0.9212]), np.array([0.02]))
    >>> low.tolist(), high.tolist()
    ([0.86], [0.94])
    """
    return _stepped(low, step, np.floor), _stepped(high, step, np.ceil)


def told_se(se: Float, n: Float | Int) -> Float:
    """Standard errors upwards to the step of their own error, se / sqrt(2 n), as `told_sd` is.

    >>> told_se(np.array([0.1234]), np.array([200]))
    array([0.124])
    """
    return told_limits(se, se, told_step(se / np.sqrt(2.0 * np.maximum(n, 1)), n))[1]


def told_df(df: Float, n: Float | Int) -> Float:
    """Degrees of freedom downwards to a part of 10 / n, never 0: they tell how variances compare.

    >>> told_df(np.array([117.8]), np.array([60]))
    array([110.])
    """
    step = told_step(df / np.sqrt(np.maximum(n, 1)), n)
    return np.maximum(told_limits(df, df, step)[0], np.minimum(df, 1.0))


def told_digit(values: Float) -> Float:
    """Positive numbers upwards to 1, 2 or 5 in any decimal place, 0 as it is.

    >>> told_digit(np.array([0.0312, 0.5, 97.0, 0.0]))
    array([5.e-02, 5.e-01, 1.e+02, 0.e+00])
    """
    power = 10.0 ** -np.floor(np.log10(np.clip(values, 1e-300, None)))
    first = values * power * (1 - 1e-9)
    digit = np.select([first <= 1, first <= 2, first <= 5], [1.0, 2.0, 5.0], 10.0)
    told: Float = np.where(values > 0, digit / power, values)
    return told


def told_p(p: Float) -> Float:
    """Probabilities to 1, 2 or 5 in any decimal place, upwards: more would tell their statistic.

    What is not above 0.05 or 0.01 stays so.

    >>> told_p(np.array([0.0312, 0.5, 0.97]))
    array([0.05, 0.5 , 1.  ])
    """
    return np.minimum(told_digit(p), 1.0)


def _stepped(values: Float, step: Float, whole: Whole) -> Float:
    """Whole numbers of steps; divided by how many steps are 1, so that decimals stay clean."""
    rate = np.divide(1.0, step, out=np.ones(np.shape(step)), where=step > 0)
    many = np.where(rate > 0.5, np.round(rate), 1.0)
    wide = np.where(rate > 0.5, 1.0, step)
    slack = np.where(whole is np.floor, 1e-9, np.where(whole is np.ceil, -1e-9, 0.0))
    told: Float = whole(values / wide * many + slack) / many * wide
    return np.where(step > 0, told + 0.0, values)  # -0 would tell a sign


def dominated(size: Float, share: float = 0.5) -> Bool:
    """Which columns (p,) of what units contribute (u, p), 0 or more, rest on one unit by half.

    `share` is another part than a half.

    >>> dominated(np.array([[5.0, 1.0], [1.0, 1.0], [1.0, 1.0]]))
    array([ True, False])
    """
    total = size.sum(axis=0)
    found: Bool = (size.max(axis=0, initial=0.0) > share * total) & (total > 0)
    return found


def never_alone(few: Bool, size: Float) -> Bool:
    """Columns (p,) that are told coarsely: of one alone the largest other, by `size`, joins it.

    Where columns add up to a number that is told, one of them would be the rest.

    >>> never_alone(np.array([True, False, False]), np.array([0.1, 0.2, 0.7]))
    array([ True, False,  True])
    """
    made = few.copy()
    if few.sum() == 1 and len(few) > 1:
        made[int(np.where(few, -np.inf, np.nan_to_num(size)).argmax())] = True
    return made
