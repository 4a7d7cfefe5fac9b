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
where they are lighter. Both concern extreme tails: where a small group has the larger spread the
observed T has few df while permuted groups are mixtures, whose studentised tails are light. With 20
people of three times the spread of 100 others and 20 features, any feature passed the 95 % point of
the maximum in 12.2 % of runs with T, 8.9 % with Z, and 5.9 % with both (Monte Carlo error 0.7;
`evenlight.qualify.size`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from evenlight.arrays import Float
from evenlight.stats.cells import Block, Design

GUARD = 1e-9
"""Two statistics this close, relatively, are tied."""

BUDGET = 2**26
"""Bytes of sums held at once while draws are streamed."""

Labels = NDArray[np.int8]


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


def from_normal(z: float, df: Float) -> Float:
    """Student's t with `df` whose place on the normal scale is z: the inverse of `normalised`.

    >>> from_normal(1.96, np.array([20.0, np.inf])).round(2).tolist()
    [2.09, 1.96]
    """
    few = np.isfinite(df)
    v = np.where(few, df, 1.0)
    exponent = np.minimum((z * (8 * v + 3) / (8 * v + 1)) ** 2 / v, 700.0)
    t: Float = np.sqrt(v * np.expm1(exponent))
    return np.where(few, np.copysign(t, z), z)


def pivoted(values: Float, plan: Design) -> Float:
    """Values (m, p) minus the mean of their stratum over the cells that enter.

    D and V do not change, and float64 sums lose no digits to a large constant. Variation below
    1e-12 of the largest value is rounding, and set to 0.
    """
    out = np.zeros_like(values)
    total = np.zeros((len(plan.weight), values.shape[1]))
    for block in plan.blocks:
        for j, s in enumerate(block.strata):
            total[s] += values[block.cells[:, j]].sum(axis=0)
    mean = total / (plan.n_level + plan.n_reference)[:, None]
    for block in plan.blocks:
        for j, s in enumerate(block.strata):
            rows = block.cells[:, j]
            out[rows] = values[rows] - mean[s]
    size = np.abs(values).max(axis=0, initial=0.0)
    out[:, np.abs(out).max(axis=0, initial=0.0) <= 1e-12 * size] = 0.0
    return out


def difference(values: Float, plan: Design) -> Difference:
    """The observed contrast over cells (m, p)."""
    phi = pivoted(values, plan)
    one = plan.member.astype(np.int8)[None, :]
    effect, level, reference, df = _moments(phi, plan, one)
    return Difference(effect[0], level[0], reference[0], df[0], _floor(phi, plan))


def weighted_variance(values: Float, plan: Design) -> Float:
    """Variance (p,) of D where each cell has an independent error of variance `values` (m, p)."""
    share = plan.weight / plan.weight.sum()
    out = np.zeros(values.shape[1])
    for block in plan.blocks:
        level = plan.member[block.units]
        for j, s in enumerate(block.strata):
            own = values[block.cells[:, j]]
            out += (share[s] / plan.n_level[s]) ** 2 * own[level].sum(axis=0)
            out += (share[s] / plan.n_reference[s]) ** 2 * own[~level].sum(axis=0)
    return out


def permuted_labels(plan: Design, *, draws: int, rng: np.random.Generator) -> Labels:
    """0/1 labels (draws, u): whole units shuffled among units of one signature."""
    labels = np.empty((draws, len(plan.units)), dtype=np.int8)
    for block in plan.blocks:
        own = plan.member[block.units].astype(np.int8)
        labels[:, block.units] = rng.permuted(np.tile(own, (draws, 1)), axis=1)
    return labels


def null_statistics(values: Float, plan: Design, labels: Labels) -> Float:
    """|Z*| (draws, p) for labels (draws, u), streamed in blocks of draws."""
    phi = pivoted(values, plan)
    s0 = _floor(phi, plan)
    held = (sum(len(b.strata) + 2 for b in plan.blocks) * phi.shape[1] + len(plan.units)) * 8
    step = max(1, BUDGET // max(held, 1))
    out = np.empty((len(labels), phi.shape[1]))
    for start in range(0, len(labels), step):
        effect, level, reference, df = _moments(phi, plan, labels[start : start + step])
        t = studentise(effect, level + reference, s0)
        out[start : start + step] = np.abs(normalised(t, df))
    return out


def at_least_normal(null: Float) -> Float:
    """|Z*| (draws, p) with each column's distribution raised to the half-normal where lighter.

    The r-th smallest draw of a column becomes at least the half-normal quantile of its rank, so
    that the dependence between columns stays as permuted while no margin is lighter than theory. A
    column that never varies stays as it is.

    >>> at_least_normal(np.array([[0.1], [0.2], [3.0]])).round(2).ravel().tolist()
    [0.21, 0.67, 3.0]
    """
    draws = len(null)
    ranks = (np.arange(draws) + 0.5) / draws
    floor = ndtri(0.5 + 0.5 * ranks)
    order = np.argsort(null, axis=0, kind="stable")
    out = null.copy()
    ordered = np.take_along_axis(null, order, axis=0)
    raised = np.where(ordered[-1] > 0, np.maximum(ordered, floor[:, None]), ordered)
    np.put_along_axis(out, order, raised, axis=0)
    return out


def p_value(seen: Float, null: Float) -> Float:
    """Two-sided permutation p (p,), at least 1 / (draws + 1); ties within the guard count.

    >>> p_value(np.array([2.0]), np.array([[1.0], [2.0], [0.5]]))
    array([0.5])
    """
    p: Float = (1 + (null >= np.abs(seen) * (1 - GUARD)).sum(axis=0)) / (1 + len(null))
    return p


def _floor(phi: Float, plan: Design) -> Float:
    """s0 (p,): a millionth of the SD of the values that enter."""
    rows = np.concatenate([b.cells.ravel() for b in plan.blocks])
    floor: Float = 1e-6 * phi[rows].std(axis=0)
    return floor


def _moments(phi: Float, plan: Design, labels: Labels) -> tuple[Float, Float, Float, Float]:
    """D, V of the level, V of the reference and df, each (draws, p); phi is pivoted."""
    drawn = labels.astype(np.float64)
    sums = [_block_sums(phi, block, drawn) for block in plan.blocks]
    total = np.zeros((len(plan.weight), len(labels), phi.shape[1]))
    for block, own in zip(plan.blocks, sums, strict=True):
        total[block.strata] += own
    mean_a = total / plan.n_level[:, None, None]
    mean_b = -total / plan.n_reference[:, None, None]
    share = plan.weight / plan.weight.sum()
    effect: Float = np.einsum("s,sbp->bp", share, mean_a - mean_b)
    level, reference = np.zeros_like(effect), np.zeros_like(effect)
    squares = np.zeros_like(effect)
    for block, own in zip(plan.blocks, sums, strict=True):
        parts = _block_variance(phi, plan, block, drawn, own, mean_a, mean_b)
        count = int(plan.member[block.units].sum())
        level += parts[0]
        reference += parts[1]
        squares += parts[0] ** 2 / max(count - 1, 1)
        squares += parts[1] ** 2 / max(len(block.units) - count - 1, 1)
    both = (level + reference) ** 2
    df: Float = np.divide(both, squares, out=np.full_like(both, np.inf), where=squares > 0)
    return effect, level, reference, df


def _block_sums(phi: Float, block: Block, drawn: Float) -> Float:
    """Sums over the units at the level, per stratum of the block, (r, draws, p)."""
    own = drawn[:, block.units]
    return np.stack([own @ phi[block.cells[:, j]] for j in range(len(block.strata))])


def _block_variance(
    phi: Float, plan: Design, block: Block, drawn: Float, own: Float, mean_a: Float, mean_b: Float
) -> tuple[Float, Float]:
    """The block's part of V by side, (draws, p): sum of squared influences around group means."""
    s = block.strata
    share = plan.weight[s] / plan.weight.sum()
    out: list[Float] = []
    count = int(plan.member[block.units].sum())
    for side, n, mean in ((1, plan.n_level[s], mean_a[s]), (0, plan.n_reference[s], mean_b[s])):
        k = share / np.sqrt(n * (n - 1.0))
        influence = np.einsum("r,urp->up", k, phi[block.cells])
        square = influence**2
        linear = np.einsum("r,rbp->bp", k, own)
        quadratic = drawn[:, block.units] @ square
        size = count
        if not side:
            linear, quadratic = influence.sum(axis=0) - linear, square.sum(axis=0) - quadratic
            size = len(block.units) - count
        middle = np.einsum("r,rbp->bp", k, mean)
        out.append(np.maximum(quadratic - 2 * middle * linear + size * middle**2, 0.0))
    return out[0], out[1]
