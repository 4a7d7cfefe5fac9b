"""The engine: stratified studentised differences of two groups under restricted permutation.

    D_j = sum_s w_s (mean_As - mean_Bs) / sum_s w_s,   w_s = n_As n_Bs / (n_As + n_Bs)
    V_j = sum over units of (the unit's share in D_j, around its stratum's group mean)^2
    T_j = D_j / (sqrt(V_j) + s0_j),   s0_j = 1e-6 SD(phi_j)
    Z_j = (8 df + 1) / (8 df + 3) sqrt(df ln(1 + T_j^2 / df)) with the sign of T_j

Where every unit has one cell, V_j is sum_s w_s^2 (v_As/n_As + v_Bs/n_Bs) / (sum_s w_s)^2; where
strata vary inside units it is the unit-clustered variance. All permutations are matrix products of
0/1 labels with the values and their squares. Studentised permutation: Janssen 1997; Chung and
Romano 2013, Ann Stat 41:484. p-values: Phipson and Smyth 2010.

Z is T on the normal scale, by Wallace's (1959) transformation of Student's t with the draw's own
Welch-Satterthwaite df; `at_least_normal` then raises the null draws of a feature to the half-normal
where they are lighter (see `raised`). Both concern extreme tails: where a small group has the
larger spread the observed T has few df while permuted groups are mixtures, whose studentised tails
are light. With 20 people of three times the spread of 100 others and 20 features, any feature
passed the 95 % point of the maximum in 12.2 % of runs with T, 8.9 % with Z, and 5.9 % with both
(Monte Carlo error 0.7).
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import array_api_compat
import numpy as np

from evenlight.arrays import Float
from evenlight.stats.cells import Design
from evenlight.stats.moments import Moments
from evenlight.stats.multiplicity import GUARD
from evenlight.stats.operands import operands, pivoted
from evenlight.stats.products import Labels, null_rows, observed_moments
from evenlight.stats.raised import half_normal, upper_tail

__all__ = [
    "GUARD",
    "Difference",
    "Labels",
    "at_least_normal",
    "difference",
    "from_normal",
    "normalised",
    "null_statistics",
    "p_value",
    "permuted_labels",
    "pivoted",
    "studentise",
    "weighted_variance",
    "with_shared",
]

MOMENTS = tuple(f.name for f in fields(Moments))


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """D and its variance by side, (p,); df is Welch-Satterthwaite over units.

    `var_shared` (p,) is the variance of an error that all units share, as of one background.
    """

    effect: Float
    var_level: Float
    var_reference: Float
    df: Float
    s0: Float
    var_shared: Float | float = 0.0

    @property
    def variance(self) -> Float:
        """V (p,): of both sides, and of what they share."""
        variance: Float = self.var_level + self.var_reference + self.var_shared
        return variance

    @property
    def se(self) -> Float:
        """Standard error (p,)."""
        se: Float = np.sqrt(self.variance)
        return se

    @property
    def statistic(self) -> Float:
        """Z (p,), 0 where nothing varies."""
        return normalised(studentise(self.effect, self.variance, self.s0), self.df)


def with_shared(seen: Difference, shared: Float, draws: int) -> Difference:
    """The difference with the variance (p,) of an error shared by all units, known from `draws`.

    V + shared, and df by Satterthwaite, the shared part with draws - 1 (Rubin 1987, section 3.3).
    """
    own = seen.var_level + seen.var_reference
    squares = np.divide(own**2, seen.df, out=np.zeros_like(own), where=np.isfinite(seen.df))
    squares = squares + shared**2 / max(draws - 1, 1)
    both = (own + shared) ** 2
    df = np.divide(both, squares, out=np.full_like(both, np.inf), where=squares > 0)
    return replace(seen, var_shared=shared, df=np.where(shared > 0, df, seen.df))


def studentise(effect: Float, variance: Float, s0: Float) -> Float:
    """D / (sqrt(V) + s0); 0 where V and s0 are 0."""
    bottom = np.sqrt(np.maximum(variance, 0.0)) + s0
    out: Float = np.divide(effect, bottom, out=np.zeros_like(effect), where=bottom > 0)
    return out


def normalised(t: Float, df: Float) -> Float:
    """Student's t with `df` on the normal scale (Wallace 1959); t itself where df is infinite.

    >>> normalised(np.array([2.086, 2.0]), np.array([20.0, np.inf])).round(3).tolist()
    [1.96, 2.0]
    """
    few = np.isfinite(df)
    v = np.where(few, df, 1.0)
    size: Float = (8 * v + 1) / (8 * v + 3) * np.sqrt(v * np.log1p(t**2 / v))
    return np.where(few, np.copysign(size, t), t)


def from_normal(z: Float | float, df: Float) -> Float:
    """Student's t with `df` whose place on the normal scale is z: the inverse of `normalised`.

    >>> from_normal(1.96, np.array([20.0, np.inf])).round(2).tolist()
    [2.09, 1.96]
    """
    few = np.isfinite(df)
    v = np.where(few, df, 1.0)
    exponent = np.minimum((z * (8 * v + 3) / (8 * v + 1)) ** 2 / v, 700.0)
    t: Float = np.sqrt(v * np.expm1(exponent))
    return np.where(few, np.copysign(t, z), z)


def difference(values: Float, plan: Design, *, bits: int | None = None) -> Difference:
    """The observed contrast over cells (m, p); `bits` takes them in fixed point."""
    made = operands(values, plan, bits=bits, move=np.asarray)
    one = plan.member.astype(np.int8)[None, :]
    seen = observed_moments(made, one)
    effect, level, reference, squares = (getattr(seen, name)[:, 0] for name in MOMENTS)
    both = (level + reference) ** 2
    df = np.divide(both, squares, out=np.full_like(both, np.inf), where=squares > 0)
    s0 = np.where(made.s0 < 1, made.s0, 0.0)[:, 0] * made.scale
    square = made.scale**2
    return Difference(effect * made.scale, level * square, reference * square, df, s0)


def weighted_variance(values: Float, plan: Design) -> Float:
    """Variance (p,) of D where each cell has an independent error of variance `values` (m, p)."""
    share = plan.weight / plan.weight.sum()
    own = np.ones(len(plan.units)) if plan.sampling is None else plan.sampling
    part, total = [], np.zeros((2, len(share)))
    for block in plan.blocks:
        for side, at in enumerate((plan.member[block.units], ~plan.member[block.units])):
            w = own[block.units][at]
            for j, s in enumerate(block.strata):
                total[side, s] += w.sum()
                part.append((side, int(s), w**2 @ values[block.cells[at, j]]))
    out = np.zeros(values.shape[1])
    for side, s, square in part:
        out += (share[s] / total[side, s]) ** 2 * square
    return out


def permuted_labels(plan: Design, *, draws: int, rng: np.random.Generator) -> Labels:
    """0/1 labels (draws, u): whole units shuffled among units of one signature."""
    labels = np.empty((draws, len(plan.units)), dtype=np.int8)
    for block in plan.blocks:
        own = plan.member[block.units].astype(np.int8)
        labels[:, block.units] = rng.permuted(np.tile(own, (draws, 1)), axis=1)
    return labels


def null_statistics(
    values: Any, plan: Design, labels: Labels, *, bits: int | None = None, single: bool = False
) -> Any:
    """Z* (draws, p) for cells (m, p) and labels (draws, u).

    `values` may be numpy or any array of the array API, as a torch tensor on a GPU: products are
    made there, and the answer is of its kind. `single` asks for float32 products, 1e-5 near.
    """
    xp = array_api_compat.array_namespace(values)
    device = array_api_compat.device(values)
    kind = xp.float32 if single else xp.float64
    host = np.asarray(array_api_compat.to_device(values, "cpu"), dtype=np.float64)

    def move(a: Float) -> Any:
        return xp.asarray(a, dtype=kind, device=device)

    return null_rows(operands(host, plan, bits=bits, move=move), labels).T


def at_least_normal(null: Float) -> Float:
    """|Z*| (draws, p) with each column's distribution raised to the half-normal where lighter.

    The dependence between columns stays as permuted while no margin is lighter than theory; see
    `raised`. A column that never varies stays as it is. `null` may have signs.

    >>> at_least_normal(np.array([[0.1], [-0.2], [3.0]])).round(2).ravel().tolist()
    [0.21, 0.67, 3.0]
    """
    floor, out = half_normal(len(null)), np.empty(null.shape)
    for j, row in enumerate(np.ascontiguousarray(np.abs(null).T)):
        place, raised, _ = upper_tail(row, floor, 1.0)
        out[place, j] = raised
    return out


def p_value(seen: Float, null: Float) -> Float:
    """Two-sided permutation p (p,), at least 1 / (draws + 1); ties within the guard count.

    By size; `staged` judges lopsided nulls by side, see `stats.two_sided`.

    >>> p_value(np.array([2.0]), np.array([[1.0], [-2.0], [0.5]]))
    array([0.5])
    """
    reached = np.abs(null) >= np.abs(seen) * (1 - GUARD)
    p: Float = (1 + reached.sum(axis=0)) / (1 + len(null))
    return p
