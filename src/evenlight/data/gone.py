"""Rows that leave before an audit: at which step, and how many."""

from __future__ import annotations

from dataclasses import dataclass

from evenlight.arrays import Bool
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


def before(extra: int, absent: int, chosen: Bool, kept: Bool) -> tuple[Step, ...]:
    """The steps of a join, a split and of values that are not finite; masks are (n,).

    `extra` rows have no person, `absent` people no row of values.
    """
    return (
        *step(NO_PERSON, extra),
        *step(NO_VALUES, absent),
        *step(OTHER_SPLIT, int((~chosen).sum())),
        *step(NOT_FINITE, int((chosen & ~kept).sum())),
    )


def step(why: str, left: int) -> tuple[Step, ...]:
    """The step, where any row left at it.

    >>> step("of another split", 40), step("no values", 3), step("no values", 0)
    ((Step(why='of another split', left=40),), (Step(why='no values', left=None),), ())
    """
    if left <= 0:
        return ()
    return (Step(why, left if left >= least_shown() else None),)
