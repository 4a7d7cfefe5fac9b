"""How much of a gap between two groups goes when some features are swapped or neutralised.

    gap = sum_s w_s (F_As - F_Bs) / sum_s w_s,   w_s = n_As n_Bs / (n_As + n_Bs),  >= 2 of each in s
    closure = (gap - gap after) / (2 gap)        for a swap: each group gets the other's values
    closure = (gap - gap after) / gap            where what the groups have becomes alike

The limits are Fieller's (1954, J R Stat Soc B 16:175) for a ratio of two correlated means over
units, cells of group and stratum given. They are finite exactly where the gap's own interval
excludes 0.

A map that is fitted to the people at hand is a source of error that no resampling of its outcome
can see: ranks are kept, so what a swap does is nearly the same for all of a group. With R_i the
other features of unit i, S_i those of the set, T its map, and h_g(S) the mean over people of group
g of f(R, S), unit i of group g moves (gap - gap after) / 2 to first order by

    (f(R_i, S_i) - f(R_i, T(S_i)) + h_g(T(S_i)) + h_other(S_i)) / 2

the first two terms as one of those who are swapped, h_g since the map starts from its own values,
h_other since the others' map ends there. This is S's own share of f where the model is additive
between S and the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from evenlight.arrays import Bool, Float, Int
from evenlight.stats.strata import within_adjusted

LEAST = 2
"""Units of each group that a stratum must hold."""


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """Two groups within strata, over u units.

    `weight` (u,) of each unit in the gap, adding up to 1 in the level and to -1 in the reference,
    0 for units that do not enter; `member` (u,) True in the level; `stratum` (u,), -1 where a unit
    does not enter; `total`, `left` (level, reference) units before and after strata that do not
    hold both were dropped, and `dropped` how many these were.
    """

    weight: Float
    member: Bool
    stratum: Int
    total: tuple[int, int]
    left: tuple[int, int]
    dropped: int

    @property
    def enter(self) -> Bool:
        """Mask (u,) of the units that enter."""
        mask: Bool = self.stratum >= 0
        return mask

    @property
    def strata(self) -> int:
        """Strata that are left."""
        return len(np.unique(self.stratum[self.enter]))


def sides(group: Int, pair: tuple[int, int], stratum: Int) -> Sides:
    """The level and the reference of `pair` (codes of `group` (u,)) within strata (u,), -1 unknown.

    >>> made = sides(np.array([0, 0, 1, 1, 1]), (1, 0), np.zeros(5, dtype=int))
    >>> made.weight.round(2).tolist(), made.left
    ([-0.5, -0.5, 0.33, 0.33, 0.33], (3, 2))
    """
    member, among = group == pair[0], np.isin(group, pair) & (stratum >= 0)
    size = int(stratum.max(initial=0)) + 1
    n = [np.bincount(stratum[among & side], minlength=size) for side in (member, ~member)]
    good = (n[0] >= LEAST) & (n[1] >= LEAST)
    used = among & good[np.maximum(stratum, 0)]
    share = np.where(good, n[0] * n[1] / np.maximum(n[0] + n[1], 1), 0.0)
    share = share / max(float(share.sum()), 1e-300)
    weight = np.zeros(len(group))
    for side, count, sign in ((member, n[0], 1.0), (~member, n[1], -1.0)):
        rows = np.flatnonzero(used & side)
        weight[rows] = sign * share[stratum[rows]] / count[stratum[rows]]
    total = (int((among & member).sum()), int((among & ~member).sum()))
    left = (int((used & member).sum()), int((used & ~member).sum()))
    dropped = int(((n[0] + n[1] > 0) & ~good).sum())
    return Sides(weight, member, np.where(used, stratum, -1), total, left, dropped)


@dataclass(frozen=True, slots=True, eq=False)
class Outputs:
    """Margins of u units: `before` (u,), `after` (d, u) in d draws, NaN where a unit is not moved.

    `part` (u,): how each unit moves what the gap loses, over `factor`, the map's own error with it;
    None where what happens to a unit depends on that unit alone. `fitted` (u,): the strata in which
    the map was fitted, None for those of the gap. `y` (u,): a continuous outcome whose linear part
    within strata is taken off, a slope for each `piece` (u,), its bin, else None.
    """

    before: Float
    after: Float
    part: Float | None = None
    fitted: Int | None = None
    y: Float | None = None
    piece: Int | None = None


@dataclass(frozen=True, slots=True)
class Closed:
    """The gap, the gap afterwards, and the closure, with limits; NaN where it has none.

    `bounded` says whether the gap's interval excludes 0, without which there is no closure.
    """

    gap: float
    gap_low: float
    gap_high: float
    after: float
    closure: float
    low: float
    high: float
    bounded: bool


def closing(both: Sides, made: Outputs, *, factor: float, alpha: float = 0.05) -> Closed:
    """The share of the gap that goes; `factor` is 2 for a swap, 1 where values become alike.

    >>> both = sides(np.repeat([0, 1], 4), (1, 0), np.zeros(8, dtype=int))
    >>> set_part, rest = np.repeat([0.0, 4.0], 4), np.tile([1.0, -1.0], 4)
    >>> f = set_part + rest + np.repeat([0.0, 1.0], 4)
    >>> after = f - set_part + set_part[::-1]
    >>> done = closing(both, Outputs(f, after[None], set_part), factor=2)
    >>> round(done.gap, 6), round(done.after, 6), round(done.closure, 6)
    (5.0, -3.0, 0.8)
    """
    rows = np.flatnonzero(both.enter)
    weight, f = both.weight[rows], made.before[rows]
    each = weight @ (f - made.after[:, rows]).T / factor
    lost = (f - made.after[:, rows].mean(axis=0)) / factor
    share = lost if made.part is None else made.part[rows]
    given = _given_y(np.column_stack([f, share]), both, made, rows)
    gap = float(weight @ given[:, 0])
    top = float(each.mean() + weight @ (given[:, 1] - share))
    shown = _influence(given[:, 0], weight, _cells(both.member[rows], both.stratum[rows]))
    moved = _of_map(both, made, given[:, 1], rows)
    noise = float(each.var(ddof=1)) / len(each) if len(each) > 1 else 0.0
    spread = np.array([moved @ moved + noise, moved @ shown, shown @ shown])
    t = float(stdtrit(_freedom(shown, both, rows), 1 - alpha / 2))
    half = t * float(np.sqrt(spread[2]))
    low, high = fieller((top, gap), spread, t)
    whole = bool(np.isfinite(low))
    closure = top / gap if whole else float("nan")
    return Closed(gap, gap - half, gap + half, gap - factor * top, closure, low, high, whole)


def fieller(ratio: tuple[float, float], spread: Float, t: float) -> tuple[float, float]:
    """Limits of top / bottom, at t standard errors; NaN where the bottom's interval holds 0.

    `spread` (3,): variance of the top, covariance, variance of the bottom.

    >>> fieller((1.0, 2.0), np.array([0.0, 0.0, 0.0]), 1.96)
    (0.5, 0.5)
    """
    (top, bottom), square = ratio, t**2
    a = bottom**2 - square * spread[2]
    if not a > 0:
        return float("nan"), float("nan")
    b, c = top * bottom - square * spread[1], top**2 - square * spread[0]
    half = float(np.sqrt(max(b**2 - a * c, 0.0)))
    return float((b - half) / a), float((b + half) / a)


def _given_y(values: Float, both: Sides, made: Outputs, rows: Int) -> Float:
    """Values (m, 2) without their linear dependence on a continuous outcome inside strata."""
    if made.y is None:
        return values
    member = both.member[rows].astype(np.int64)
    piece = None if made.piece is None else made.piece[rows]
    return within_adjusted(values, made.y[rows], both.stratum[rows], member, piece=piece)


def _of_map(both: Sides, made: Outputs, share: Float, rows: Int) -> Float:
    """How each unit that enters moves the numerator, (m,)."""
    member, stratum = both.member[rows], both.stratum[rows]
    cell = _cells(member, stratum if made.fitted is None else made.fitted[rows])
    count = np.bincount(cell)
    even = (np.bincount(cell, weights=both.weight[rows]) / np.maximum(count, 1))[cell]
    return _influence(share, even, cell)


def _influence(values: Float, weight: Float, cell: Int) -> Float:
    """Each unit's part (m,) in the error of a sum of weighted cell means; squares add up to it."""
    count = np.bincount(cell)
    mean = np.bincount(cell, weights=values) / np.maximum(count, 1)
    grown = np.sqrt(count / np.maximum(count - 1, 1))
    made: Float = weight * (values - mean[cell]) * grown[cell]
    return made


def _cells(member: Bool, stratum: Int) -> Int:
    """Codes (m,) of the cross of group and stratum."""
    codes: Int = np.unique(2 * stratum + member, return_inverse=True)[1].astype(np.int64)
    return codes


def _freedom(shown: Float, both: Sides, rows: Int) -> float:
    """Degrees of freedom of the gap (Welch 1947, Satterthwaite 1946)."""
    cell = _cells(both.member[rows], both.stratum[rows])
    parts, count = np.bincount(cell, weights=shown**2), np.bincount(cell)
    bottom = float((parts**2 / np.maximum(count - 1, 1)).sum())
    return float(parts.sum()) ** 2 / bottom if bottom > 0 else float(max(len(rows) - 2, 1))
