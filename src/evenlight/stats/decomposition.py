"""How much of the output's variance lies between groups, split over features without remainder.

    B_j = sum_g pi_g (Phi_jg - Phi_j.) (F_g - F_.) / Var(f),      sum_j B_j = eta^2_f
    B_j | s = sum_s P(s) cov_s(Phi_jg, F_g) / E Var(f | s),       sum_j B_j | s = eta^2_{f | s}

by the law of total variance and the efficiency of attributions. Under no effect B is biased by
about (k - 1) S / n: the mean over permutations of the group within strata is taken off; an interval
is re-centred, since resampling adds the same bias a second time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from evenlight.arrays import Bool, Float, Int

BUDGET = 2**26
"""Bytes of sums held at once while draws are made."""


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """n units in S strata and k groups; `parts` (n, p + 1) their attributions and, last, f."""

    parts: Float
    group: Int
    stratum: Int
    k: int
    s: int


def estimable_strata(group: Int, stratum: Int) -> Bool:
    """Mask (n,) of the units in strata where at least two groups have two units or more."""
    known = (group >= 0) & (stratum >= 0)
    k, s = int(group.max(initial=0)) + 1, int(stratum.max(initial=0)) + 1
    table = np.zeros((s, k))
    np.add.at(table, (stratum[known], group[known]), 1)
    good = (table >= 2).sum(axis=1) >= 2
    keep: Bool = known & good[np.maximum(stratum, 0)]
    return keep


def layout(phi: Float, f: Float, group: Int, stratum: Int) -> Layout:
    """Lay out n units: attributions (n, p), output (n,), group and stratum codes from 0."""
    s_codes = np.unique(stratum, return_inverse=True)[1].astype(np.int64)
    parts = np.column_stack([phi, f])
    k, s = int(group.max(initial=-1)) + 1, int(s_codes.max(initial=-1)) + 1
    return Layout(parts - parts.mean(axis=0), group, s_codes, k, s)


def bias_order(plan: Layout) -> float:
    """The order of the bias of sum_j B_j under no effect: sum over strata of (groups - 1), over n.

    With every group in every stratum this is (k - 1) S / n.
    """
    pairs = len(np.unique(plan.stratum * plan.k + plan.group))
    return (pairs - plan.s) / len(plan.group)


def shares(plan: Layout, *, group: Int | None = None, weight: Float | None = None) -> Float:
    """B_j for each feature (p,), with other group codes or unit weights (n,) if given.

    >>> phi = np.array([[0.0, 1.0], [0.0, -1.0], [2.0, 1.0], [2.0, -1.0]])
    >>> plan = layout(phi, phi.sum(axis=1), np.array([0, 0, 1, 1]), np.zeros(4, dtype=int))
    >>> shares(plan).tolist()
    [0.5, 0.0]
    """
    codes = plan.stratum * plan.k + (plan.group if group is None else group)
    n = len(codes)
    w = np.ones(n) if weight is None else weight
    owner = csr_array((w, codes, np.arange(n + 1)), shape=(n, plan.s * plan.k))
    count = np.bincount(codes, weights=w, minlength=plan.s * plan.k).reshape(plan.s, plan.k)
    sums = np.asarray(owner.T @ plan.parts).reshape(plan.s, plan.k, -1)
    size = count.sum(axis=1)
    filled = np.maximum(size, 1e-300)[:, None]
    middle = sums.sum(axis=1) / filled
    mean = np.divide(sums, count[..., None], out=np.zeros_like(sums), where=count[..., None] > 0)
    apart = (mean - middle[:, None, :]) * (count[..., None] > 0)
    between = np.einsum("sk,skp,sk->p", count, apart[..., :-1], apart[..., -1])
    f = plan.parts[:, -1]
    total = float((w * (f - middle[plan.stratum, -1]) ** 2).sum())
    return between / total if total > 0 else np.zeros_like(between)


def null_shares(plan: Layout, *, draws: int, rng: np.random.Generator) -> Float:
    """B_j (draws, p) with the group shuffled among the units of each stratum."""
    out = [_shuffled(plan, size, rng) for size in _steps(plan, draws)]
    return np.concatenate(out)


def bootstrap_shares(plan: Layout, *, draws: int, rng: np.random.Generator) -> Float:
    """B_j (draws, p) over resamples of units."""
    out = [_resampled(plan, size, rng) for size in _steps(plan, draws)]
    return np.concatenate(out)


def _steps(plan: Layout, draws: int) -> list[int]:
    """Draws that may be held at once, so that sums of cells stay within the budget."""
    cells = plan.s * plan.k * plan.parts.shape[1] + len(plan.group)
    step = max(1, min(draws, BUDGET // (8 * cells)))
    return [min(step, draws - start) for start in range(0, draws, step)]


def _shuffled(plan: Layout, draws: int, rng: np.random.Generator) -> Float:
    count, sums = _empty(plan, draws)
    for s in range(plan.s):
        rows = np.flatnonzero(plan.stratum == s)
        drawn = rng.permuted(np.tile(plan.group[rows], (draws, 1)), axis=1)
        for g in np.unique(plan.group[rows]):
            there = (drawn == g).astype(np.float64)
            count[:, s, g], sums[:, s, g] = there.sum(axis=1), there @ plan.parts[rows]
    f = plan.parts[:, -1]
    return _between(count, sums, np.full(draws, float((f**2).sum())))


def _resampled(plan: Layout, draws: int, rng: np.random.Generator) -> Float:
    n = len(plan.group)
    weight = rng.multinomial(n, np.full(n, 1 / n), size=draws).astype(np.float64)
    count, sums = _empty(plan, draws)
    for s in range(plan.s):
        for g in np.unique(plan.group[plan.stratum == s]):
            rows = np.flatnonzero((plan.stratum == s) & (plan.group == g))
            own = weight[:, rows]
            count[:, s, g], sums[:, s, g] = own.sum(axis=1), own @ plan.parts[rows]
    return _between(count, sums, weight @ plan.parts[:, -1] ** 2)


def _empty(plan: Layout, draws: int) -> tuple[Float, Float]:
    shape = (draws, plan.s, plan.k)
    return np.zeros(shape), np.zeros((*shape, plan.parts.shape[1]))


def _between(count: Float, sums: Float, squares: Float) -> Float:
    """B_j (draws, p) from units and sums of each cell, and the sum of f^2 of all units (draws,)."""
    size = np.maximum(count.sum(axis=2), 1e-300)
    middle = sums.sum(axis=2) / size[..., None]
    mean = np.divide(sums, count[..., None], out=np.zeros_like(sums), where=count[..., None] > 0)
    mean -= middle[:, :, None, :]
    pull = count * mean[..., -1]
    between = np.einsum("dsk,dskp->dp", pull, mean[..., :-1], optimize=True)
    total = squares - (size * middle[..., -1] ** 2).sum(axis=1)
    some = total[:, None] > 0
    out: Float = np.divide(between, total[:, None], out=np.zeros_like(between), where=some)
    return out
