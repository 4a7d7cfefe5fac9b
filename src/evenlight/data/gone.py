"""Rows that leave before an audit: at which step, and how many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Bool, Text
from evenlight.small_groups import least_shown

NO_PERSON = "rows of values of whom the table of people says nothing"
NO_VALUES = "people without a row of values"
OTHER_SPLIT = "rows of another split"
NOT_FINITE = "rows with values that are missing or not finite"


@dataclass(frozen=True, slots=True)
class Step:
    """One step at which rows left, and how many; None stands for too few to be shown."""

    why: str
    left: int | None


def before(
    extra: int, absent: int, chosen: Bool, kept: Bool, names: Text | None = None
) -> tuple[Step, ...]:
    """The steps of a join, a split and of values that are not finite; masks are (n,).

    `extra` rows have no person, `absent` people no row of values; `names` (n,) are of units, by
    default each row's own. Many rows of few units are too few to be shown.
    """
    return (
        *step(NO_PERSON, extra),
        *step(NO_VALUES, absent),
        *_of_rows(OTHER_SPLIT, ~chosen, names),
        *_of_rows(NOT_FINITE, chosen & ~kept, names),
    )


def _of_rows(why: str, lost: Bool, names: Text | None) -> tuple[Step, ...]:
    """The step at which these rows left."""
    units = None if names is None else len(np.unique(names[lost]))
    return step(why, int(lost.sum()), units)


def step(why: str, left: int, units: int | None = None) -> tuple[Step, ...]:
    """The step, where any row left at it; of `units` units, by default as many as rows.

    >>> step("of another split", 40), step("no values", 3), step("no values", 0)
    ((Step(why='of another split', left=40),), (Step(why='no values', left=None),), ())
    """
    if left <= 0:
        return ()
    many = left if units is None else units
    return (Step(why, left if many >= least_shown() else None),)
