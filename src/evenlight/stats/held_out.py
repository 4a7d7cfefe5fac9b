"""One question that was fixed on other people: a mean size of change, or a gap between two groups.

Sizes are drawn D times; the effect is that of their mean over draws, and its squared error

    V + B / D,   B = sum over draws of (D_d - mean D)^2 / (D - 1)

V over units, B what a draw that everyone shares adds (a little of V is in both).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import stdtrit

from evenlight.arrays import Bool, Float, Int
from evenlight.small_groups import least_shown
from evenlight.stats.cells import Design, cells, design
from evenlight.stats.effects import unit_means
from evenlight.stats.enumeration import all_labels
from evenlight.stats.equivalence import extents, minimum_effect_p, verdicts
from evenlight.stats.permutation import (
    Difference,
    difference,
    from_normal,
    permuted_labels,
    with_shared,
)
from evenlight.stats.sequential import Source, staged
from evenlight.stats.unseen import ends_of, unseen

DRAWS = 4_000
"""Permutations of the one question."""


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What is asked of the held-out half: the margin, one minus the coverage, and `ends` (2,).

    `ends` are the smallest and the largest size in everybody, of both halves and all groups: who is
    not seen could be moved as little or as far (`stats.unseen`). Of the held-out half alone a group
    in which nobody moved would be told to move by 0, exactly.
    """

    margin: float
    alpha: float
    ends: Float

    def reach(self, values: Float) -> Float:
        """The ends (2, 1) of everybody and of values (n, 1)."""
        return ends_of(np.concatenate([np.asarray(self.ends)[:, None], values]))


def size_shown(values: Float, unit: Int, asked: Question) -> dict[str, Any]:
    """The mean size over units of rows `values` (n, D + 1), the last column another strength.

    Student's interval; p is that of a mean beyond the margin, since a size is never below 0.
    """
    codes = np.unique(unit, return_inverse=True)[1]
    means = unit_means(values, codes, np.arange(len(codes)))
    drawn, n = means[:, :-1], len(means)
    one = drawn.mean(axis=1)[:, None]
    effect, draws = float(one.mean()), drawn.shape[1]
    own, between = float(one.var(ddof=1)) / n, float(drawn.mean(axis=0).var(ddof=1)) / draws
    df = _satterthwaite(own, n - 1, between, draws - 1)
    se = float(np.sqrt(own + between))
    slack = unseen(one, asked.reach(one), alpha=asked.alpha)[:, 0]
    half = -float(stdtrit(df, asked.alpha / 2)) * se + slack
    p = minimum_effect_p(np.array([effect]), np.array([se]), np.array([df]), asked.margin)
    low, high = max(effect - float(half[0]), 0.0), effect + float(half[1])
    numbers = (effect, low, high, se, df, float(p[0]))
    return _answer(numbers, float(means[:, -1].mean()), asked.margin, float(n))


def gap_shown(
    values: Float, unit: Int, held: tuple[Int, Bool], asked: Question, *, rng: np.random.Generator
) -> dict[str, Any]:
    """The difference of rows `values` (n, D + 1) between members and others, within strata.

    `held` are stratum and membership of each row (n,). p and interval by permutation, as of any
    other difference (`stats.permutation`); nothing is estimable where fewer than 11 units of either
    side share strata.
    """
    made, plan = _cells(values, unit, held)
    left = int(min(plan.member.sum(), (~plan.member).sum()))
    if left < least_shown():
        return _nothing(f"fewer than {least_shown()} units of either group are in shared strata")
    seen = difference(made, plan)
    drawn = seen.effect[1:-1]
    first = difference(made[:, :1], plan)
    first = with_shared(first, np.array([drawn.var(ddof=1) / len(drawn)]), len(drawn))
    p, reach = _permuted(made[:, :1], plan, first, asked, rng)
    effect, df = float(first.effect[0]), float(np.nan_to_num(first.df[0], posinf=1e9))
    ends = (effect - float(reach[0]), effect + float(reach[1]))
    numbers = (effect, *ends, float(first.se[0]), df, p)
    return _answer(numbers, float(seen.effect[-1]), asked.margin, float(left))


def _cells(values: Float, unit: Int, held: tuple[Int, Bool]) -> tuple[Float, Design]:
    """Cells (m, D + 2), the mean over draws first, and the two sides within strata."""
    stratum, member = held
    known = stratum >= 0
    codes = np.unique(unit, return_inverse=True)[1].astype(np.int64)
    side = np.zeros(int(codes.max()) + 1, dtype=bool)
    side[codes] = member
    both = np.column_stack([values[:, :-1].mean(axis=1), values])[known]
    made = cells(both, codes[known], stratum[known])
    return made.values, design(made, side)


def _permuted(
    values: Float, plan: Design, first: Difference, asked: Question, rng: np.random.Generator
) -> tuple[float, Float]:
    """The p of one difference, and how far its limits are below and above it (2,)."""
    labels = permuted_labels(plan, draws=DRAWS, rng=rng)
    source = Source(values, plan, labels, all_labels(plan))
    one = np.zeros((1, 2), dtype=np.int64)
    family = staged([source], one, first.statistic, alpha=asked.alpha)
    far = from_normal(family.limits(asked.alpha), first.df)[:, 0] * first.se[0]
    return float(family.p[0]), far + _unseen(values, plan, asked)


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


def _unseen(values: Float, plan: Design, asked: Question) -> Float:
    """What people who were not drawn could take from and add to the gap, (2,)."""
    at = np.concatenate([block.cells[:, 0] for block in plan.blocks])
    side = np.concatenate([plan.member[block.units] for block in plan.blocks])
    ends = asked.reach(values)
    level, reference = (
        unseen(values[own], ends, alpha=asked.alpha) for own in (at[side], at[~side])
    )
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
