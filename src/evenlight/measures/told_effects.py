"""Differences between groups as they may be told beside a hidden part: to steps.

A second grouping that shares a level (ancestry, and European yes or no) tells the mean of that
level, and that of everybody else. With the exact difference to the level that is shown beside it,
what is left of everybody else is the hidden people (`stats.disclosure`). So where a part is hidden
whatever is told of two shown groups is as coarse as their means are: effects to the step of the
smaller of both, limits outwards, and so that they do not tell the same again, standard errors,
degrees of freedom and p. What is judged is judged before: a verdict is one of four words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.measures.comparison import Comparison, View
from evenlight.measures.family import Results
from evenlight.measures.hidden_people import told_unit
from evenlight.measures.prepare import Setting
from evenlight.stats.disclosure import (
    told_df,
    told_digit,
    told_limits,
    told_p,
    told_se,
    told_step,
    told_values,
)

P = ("p", "p_maxt", "q")

WIDE = 1.96
"""Standard errors from a number to its 95 % limit."""


def told_results(found: Results, n: Float | Int, here: Setting) -> Results:
    """The results (c, p) of a view as they may be told; `n` (c,) units of the smaller arm."""
    if not here.rounded:
        return found
    out = {f.name: getattr(found, f.name) for f in fields(Results)}
    return Results(**{**out, **told_numbers(out, np.asarray(n, dtype=np.float64)[:, None])})


def told_numbers(
    numbers: Mapping[str, Any], n: Float | Int, *, share: Bool | bool = False
) -> dict[str, Float]:
    """The same numbers, those of them that are known here, to the step of `se` and n units.

    Effects, limits and `se` of one unit; the arrays of `numbers` broadcast with `n`. The step is
    10 se / sqrt(n) (`told_step`), no finer than 10 SD / n of either group, n being the smaller
    one's. `share` says where effects are differences of shares.
    """
    n = np.maximum(n, 1)
    step = told_step(numbers["se"], n, share=share)
    out = {"effect": told_values(numbers["effect"], step), "se": told_se(numbers["se"], n)}
    if "low" in numbers:
        out["low"], out["high"] = told_limits(numbers["low"], numbers["high"], step)
    if "df" in numbers:
        out["df"] = told_df(numbers["df"], n)
    if "more" in numbers:
        out["more"] = np.ceil(told_digit(numbers["more"]))
    return out | {name: told_p(numbers[name]) for name in P if name in numbers}


def told_pairs(found: Comparison, view: int, here: Setting) -> dict[str, Float]:
    """Numbers (c,) of one view of one subject, to steps where `here` hides somebody."""
    names = ("effect", "low", "high", "se", "p_maxt")
    numbers = {name: getattr(found, name)[view, :, 0] for name in names}
    return told_numbers(numbers, found.n[view].min(axis=1)) if here.rounded else numbers


def told_views(views: Sequence[View], here: Setting) -> tuple[View, ...]:
    """Views with their SD(f) as it may be told; effects are in the exact one."""
    return tuple(replace(view, unit=told_unit(here, view.unit)) for view in views)


def told_differences(seen: Float, values: Float, here: Setting) -> Float:
    """Differences (c, k) between the means of levels of units (u, k), to steps as effects are."""
    if not here.rounded:
        return seen
    return told_values(seen, difference_steps(values, here.unit_group, here))


def difference_steps(values: Float, group: Int, here: Setting) -> Float:
    """The step (c, k) of the difference of means of units (u, k) in each contrast; no NaN."""
    sizes = np.maximum(np.bincount(group[group >= 0], minlength=len(here.groups.levels)), 1)
    square = np.zeros((len(sizes), values.shape[1]))
    for g in np.unique(group[group >= 0]):
        square[g] = values[group == g].var(axis=0) / sizes[g]
    at = [[here.groups.levels.index(name) for name in pair] for pair in here.groups.contrasts()]
    pairs = np.array(at)
    return told_step(np.sqrt(square[pairs].sum(axis=1)), sizes[pairs].min(axis=1)[:, None])


def told_shares(shares: Float, here: Setting) -> Float:
    """Parts of a variance, to a tenth where a part is hidden: a variance is a sum over people."""
    return np.round(shares, 1) if here.rounded else shares


def told_by_limits(
    ends: tuple[Float, Float, Float], n: Float | Int, here: Setting, *, part: float = 1.0
) -> tuple[Float, Float, Float]:
    """A number of n units with its 95 % limits, to a part of the step that their width makes.

    For what has no standard error. What does not add up over people (an AUC) is told to a tenth.
    """
    return coarse_ends(ends, n, part=part) if here.rounded else ends


def coarse_ends(
    ends: tuple[Float, Float, Float], n: Float | Int, *, part: float = 1.0
) -> tuple[Float, Float, Float]:
    """`told_by_limits` where a part is hidden; NaN stays."""
    middle, low, high = ends
    step = part * told_step((high - low) / (2 * WIDE), np.maximum(np.nan_to_num(n), 1))
    return told_values(middle, step), *told_limits(low, high, step)


def told_statistic(values: Float, here: Setting) -> Float:
    """A statistic that is no sum over people, to 1, 2 or 5 in any decimal place."""
    return np.sign(values) * told_digit(np.abs(values)) if here.rounded else values


def told_chance(p: Float, here: Setting) -> Float:
    """Probabilities as they may be told."""
    return told_p(p) if here.rounded else p
