"""Who is in each part of a record of fragility, and how coarsely its numbers are told."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from evenlight.arrays import Bool, Float, Text
from evenlight.measures.composition import UNKNOWN
from evenlight.measures.hidden_people import without_hidden
from evenlight.measures.prepare import Setting
from evenlight.small_groups import hidden_text
from evenlight.stats.disclosure import shown_counts, told_limits, told_step, told_values
from evenlight.stats.intervals import wilson

Ends = tuple[Float, Float, Float]
"""Value, low and high."""

COVERAGE = 0.95
"""That of the pointwise limits of each part."""


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Overall and each level: units `masks` (u,) of the setting `here` without hidden people.

    Where a level, or the unknown, has 1 to 10 units these are in no number, overall is of the
    others, and counts `n` (r,) are told to 5 (`rounded`). `reason` (r,) says why a part is hidden.
    """

    here: Setting
    masks: tuple[Bool, ...]
    n: Float
    reason: Text
    rounded: bool


def parts_of(here: Setting) -> Parts:
    """Overall and each level, counted as they may be shown."""
    shown, hidden = without_hidden(here)
    levels, group = here.groups.levels, shown.unit_group
    masks = (np.ones(len(group), dtype=bool), *(group == g for g in range(len(levels))))
    sizes = np.array([int(mask.sum()) for mask in masks])
    present = {(*levels, UNKNOWN)[g] for g in np.unique(group).tolist()}
    gone = hidden_text() if present <= set(hidden) else ""
    why = np.array([gone, *(hidden.get(name, "") for name in levels)])
    reason = np.where((sizes == 0) & (why == ""), "nobody", why).astype(np.str_)
    n = shown_counts(sizes.astype(np.float64), rounded=bool(hidden))
    return Parts(shown, masks, np.where(why == "", n, np.nan), reason, bool(hidden))


def from_told(ends: Ends, n: float, share: Bool) -> Ends:
    """The same (m,) with Wilson's limits of told shares of the told n where these are shares.

    Limits of the exact share of the exact n would tell n, however coarsely they are rounded.

    >>> one = tuple(np.array([x]) for x in (0.1234, 0.07, 0.19))
    >>> [float(end.round(4)[0]) for end in from_told(one, 100.0, np.array([True]))]
    [0.1, 0.0552, 0.1744]
    """
    value, low, high = ends
    many = np.full(value.shape, n)
    step = told_step(np.zeros(value.shape), many, share=True)
    coarse = np.clip(told_values(value, step), 0.0, 1.0)
    own = (coarse, *wilson(coarse, many, float(ndtri((1 + COVERAGE) / 2))))
    value, low, high = (np.where(share, a, b) for a, b in zip(own, ends, strict=True))
    return value, low, high


def told(ends: Ends, n: float, *, share: bool | Bool = False) -> Ends:
    """Value and 95 % limits (m,) of n units as coarsely as a count to 5 (`disclosure.told_step`).

    `share` says which are shares of units.

    >>> made = told(tuple(np.array([x]) for x in (0.1234, 0.0911, 0.1566)), 300.0)
    >>> [float(end.round(3)[0]) for end in made]
    [0.125, 0.09, 0.16]
    """
    value, low, high = ends
    spread = (high - low) / (2 * float(ndtri((1 + COVERAGE) / 2)))
    spread = np.where(share, 0.0, spread)  # a step of theirs hangs on nothing but the told n
    step = told_step(spread, np.full(spread.shape, n), share=share)
    return told_values(value, step), *told_limits(low, high, step)
