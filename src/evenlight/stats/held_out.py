"""One question that was fixed on other people: a mean size of change, or a gap between two groups.

Sizes are drawn D times; the effect is that of their mean over draws, and its squared error

    V + B / D,   B = sum over draws of (D_d - mean D)^2 / (D - 1)

V over units, B what a draw that everyone shares adds (a little of V is in both).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import stdtrit

from evenlight.arrays import Bool, Float, Int
from evenlight.stats.cells import Design, cells, design
from evenlight.stats.effects import unit_means
from evenlight.stats.enumeration import all_labels
from evenlight.stats.equivalence import extents, minimum_effect_p, verdicts
from evenlight.stats.permutation import difference, from_normal, permuted_labels, with_shared
from evenlight.stats.sequential import Source, staged
from evenlight.stats.strata import SMALLEST_GROUP
from evenlight.stats.unseen import ends_of, unseen

DRAWS = 4_000
"""Permutations of the one question."""


def size_shown(values: Float, unit: Int, *, margin: float, alpha: float) -> dict[str, Any]:
    """The mean size over units of rows `values` (n, D + 1), the last column another strength.

    Student's interval; p is that of a mean beyond the margin, since a size is never below 0.
    """
    codes = np.unique(unit, return_inverse=True)[1]
    means = unit_means(values, codes, np.arange(len(codes)))
    drawn, n = means[:, :-1], len(means)
    one = drawn.mean(axis=1)
    effect, draws = float(one.mean()), drawn.shape[1]
    own, between = float(one.var(ddof=1)) / n, float(drawn.mean(axis=0).var(ddof=1)) / draws
    df = _satterthwaite(own, n - 1, between, draws - 1)
    se = float(np.sqrt(own + between))
    slack = unseen(one[:, None], ends_of(one[:, None]), alpha=alpha)[:, 0]
    half = -float(stdtrit(df, alpha / 2)) * se
    low, high = max(effect - half - float(slack[0]), 0.0), effect + half + float(slack[1])
    p = minimum_effect_p(np.array([effect]), np.array([se]), np.array([df]), margin)
    return _answer(
        (effect, low, high, se, df, float(p[0])), float(means[:, -1].mean()), margin, float(n)
    )


def gap_shown(
    values: Float,
    unit: Int,
    held: tuple[Int, Bool],
    *,
    margin: float,
    alpha: float,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """The difference of rows `values` (n, D + 1) between members and others, within strata.

    `held` are stratum and membership of each row (n,). p and interval by permutation, as of any
    other difference (`stats.permutation`); nothing is estimable where fewer than 11 units of either
    side share strata.
    """
    stratum, member = held
    known = stratum >= 0
    codes = np.unique(unit, return_inverse=True)[1].astype(np.int64)
    side = np.zeros(int(codes.max()) + 1, dtype=bool)
    side[codes] = member
    both = np.column_stack([values[:, :-1].mean(axis=1), values])[known]
    made = cells(both, codes[known], stratum[known])
    plan = design(made, side)
    left = int(min(plan.member.sum(), (~plan.member).sum()))
    if left < SMALLEST_GROUP:
        return _nothing(f"fewer than {SMALLEST_GROUP} units of either group are in shared strata")
    seen = difference(made.values, plan)
    drawn = seen.effect[1:-1]
    first = difference(made.values[:, :1], plan)
    first = with_shared(first, np.array([drawn.var(ddof=1) / len(drawn)]), len(drawn))
    labels = permuted_labels(plan, draws=DRAWS, rng=rng)
    source = Source(made.values[:, :1], plan, labels, all_labels(plan))
    family = staged([source], np.zeros((1, 2), dtype=np.int64), first.statistic, alpha=alpha)
    slack = _unseen(made.values[:, :1], plan, alpha)
    reach = from_normal(family.limits(alpha), first.df)[:, 0] * first.se[0] + slack
    effect = float(first.effect[0])
    df = float(np.nan_to_num(first.df[0], posinf=1e9))
    numbers = (effect, effect - reach[0], effect + reach[1], float(first.se[0]), df)
    return _answer(
        (*map(float, numbers), float(family.p[0])), float(seen.effect[-1]), margin, float(left)
    )


def gap_weights(unit: Int, stratum: Int, member: Bool) -> tuple[Float, int]:
    """What each row (n,) weighs in the difference of members and others, within strata.

    Rows of a unit in a stratum share its weight; rows without overlap, or of unknown stratum (-1),
    weigh 0. Beside it the units of the smaller side that are left.

    >>> made = gap_weights(np.array([0, 0, 1, 2, 3]), np.zeros(5, int), np.arange(5) < 3)
    >>> made[0].tolist(), made[1]
    ([0.25, 0.25, 0.5, -0.5, -0.5], 2)
    """
    out, known = np.zeros(len(unit)), stratum >= 0
    pairs = np.column_stack([unit[known], stratum[known]])
    place, count = np.unique(pairs, axis=0, return_inverse=True, return_counts=True)[1:]
    made = cells(np.zeros((len(pairs), 1)), pairs[:, 0], pairs[:, 1])
    side = np.zeros(int(unit.max(initial=-1)) + 1, dtype=bool)
    side[unit] = member
    plan = design(made, side)
    if plan.empty:
        return out, 0
    share, weight = plan.weight / plan.weight.sum(), np.zeros(len(made.unit))
    for block in plan.blocks:
        at = plan.member[block.units]
        for j, s in enumerate(block.strata):
            weight[block.cells[at, j]] = share[s] / plan.n_level[s]
            weight[block.cells[~at, j]] = -share[s] / plan.n_reference[s]
    out[known] = (weight / count)[place.ravel()]
    return out, int(min(plan.member.sum(), (~plan.member).sum()))


def _unseen(values: Float, plan: Design, alpha: float) -> Float:
    """What people who were not drawn could take from and add to the gap, (2,)."""
    at = np.concatenate([block.cells[:, 0] for block in plan.blocks])
    side = np.concatenate([plan.member[block.units] for block in plan.blocks])
    ends = ends_of(values)
    level, reference = (unseen(values[own], ends, alpha=alpha) for own in (at[side], at[~side]))
    return (level + reference[::-1])[:, 0]


def _satterthwaite(own: float, df: float, between: float, few: float) -> float:
    squares = own**2 / df + between**2 / max(few, 1)
    return float((own + between) ** 2 / squares) if squares > 0 else float(df)


def _answer(
    numbers: tuple[float, ...], at_bounds: float, margin: float, smallest: float
) -> dict[str, Any]:
    low, high = (np.array([end]) for end in numbers[1:3])
    verdict = verdicts(low, high, margin, np.array([smallest]))
    extent = extents(low, high, margin, verdict)
    names = ("effect", "low", "high", "se", "df", "p")
    found = dict(zip(names, numbers, strict=True))
    return found | {
        "at_bounds": at_bounds, "verdict": str(verdict[0]), "extent": str(extent[0]), "reason": ""
    }  # fmt: skip


def _nothing(reason: str) -> dict[str, Any]:
    names = ("effect", "low", "high", "se", "df", "p", "at_bounds")
    return dict.fromkeys(names, float("nan")) | {
        "verdict": "not_estimable", "extent": "", "reason": reason
    }  # fmt: skip
