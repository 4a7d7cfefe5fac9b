"""How much of the output's variance lies between groups, split over features without remainder.

    B_j = sum_g pi_g (Phi_jg - Phi_j.) (F_g - F_.) / Var(f),      sum_j B_j = eta^2_f
    B_j | s = sum_s P(s) cov_s(Phi_jg, F_g) / E Var(f | s),       sum_j B_j | s = eta^2_{f | s}

by the law of total variance and the efficiency of attributions. Both are linear in phi:

    B_j = sum_i c_i phi_ij,     c_i = w_i (F_gs - F_s) / sum_i w_i (f_i - F_s)^2

for unit i of group g in stratum s with weight w_i; c is made of f alone, so that the shares of all
draws and features are one matrix product. Under no effect B is biased by about (k - 1) S / n: the
mean over permutations of the group within strata is taken off; an interval is re-centred, since
resampling adds the same bias a second time. Where units are related, families are resampled.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array

from evenlight.arrays import Bool, Float, Int

BUDGET = 2**26
"""Bytes of one array (draws, n) that is held while draws are made."""


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """n units in S strata and k groups; `phi` (n, p) their attributions, `f` (n,) their output.

    `family` (n,) names who is resampled together, None where each unit stands alone.
    """

    phi: Float
    f: Float
    group: Int
    stratum: Int
    k: int
    s: int
    family: Int | None = None


def estimable_strata(group: Int, stratum: Int) -> Bool:
    """Mask (n,) of the units in strata where at least two groups have two units or more."""
    known = (group >= 0) & (stratum >= 0)
    k, s = int(group.max(initial=0)) + 1, int(stratum.max(initial=0)) + 1
    table = np.zeros((s, k))
    np.add.at(table, (stratum[known], group[known]), 1)
    good = (table >= 2).sum(axis=1) >= 2
    keep: Bool = known & good[np.maximum(stratum, 0)]
    return keep


def layout(phi: Float, f: Float, group: Int, stratum: Int, *, family: Int | None = None) -> Layout:
    """Lay out n units: attributions (n, p), output (n,), group and stratum codes from 0."""
    s_codes = np.unique(stratum, return_inverse=True)[1].astype(np.int64)
    k, s = int(group.max(initial=-1)) + 1, int(s_codes.max(initial=-1)) + 1
    return Layout(phi - phi.mean(axis=0), f - f.mean(), group, s_codes, k, s, family)


def bias_order(group: Int, stratum: Int) -> float:
    """The order of the bias of sum_j B_j under no effect: sum over strata of (groups - 1), over n.

    With every group (n,) in every stratum (n,) this is (k - 1) S / n; 0 of no units.

    >>> bias_order(np.array([0, 1, 2, 0, 1, 2]), np.array([0, 0, 0, 1, 1, 1]))
    0.6666666666666666
    """
    pairs = len(np.unique(np.column_stack([stratum, group]), axis=0))
    return (pairs - len(np.unique(stratum))) / max(len(group), 1)


def independent(plan: Layout) -> int:
    """Independent people: units, or families where these are given."""
    return len(plan.group if plan.family is None else np.unique(plan.family))


def fewest(plan: Layout) -> int:
    """Independent people of the smallest group: units, or families where these are given."""
    own = np.arange(len(plan.group)) if plan.family is None else plan.family
    pairs = np.unique(np.column_stack([plan.group, own]), axis=0)
    counts = np.bincount(pairs[:, 0])
    return int(counts[counts > 0].min())


def shares(plan: Layout, *, group: Int | None = None, weight: Float | None = None) -> Float:
    """B_j for each feature (p,), with other group codes or unit weights (n,) if given.

    >>> phi = np.array([[0.0, 1.0], [0.0, -1.0], [2.0, 1.0], [2.0, -1.0]])
    >>> plan = layout(phi, phi.sum(axis=1), np.array([0, 0, 1, 1]), np.zeros(4, dtype=int))
    >>> shares(plan).tolist()
    [0.5, 0.0]
    """
    own = plan.group if group is None else group
    w = np.ones(len(own)) if weight is None else weight
    found: Float = (coefficients(plan, own[None], w[None]) @ plan.phi)[0]
    return found


def coefficients(plan: Layout, group: Int, weight: Float) -> Float:
    """Weights c (draws, n) with B = c @ phi, from group codes and weights (draws, n) of units."""
    draws, cells = len(group), plan.s * plan.k
    cell = plan.stratum * plan.k + group
    at = (cell + cells * np.arange(draws)[:, None]).ravel()
    count, sums = (
        np.bincount(at, weights=w.ravel(), minlength=draws * cells).reshape(draws, plan.s, plan.k)
        for w in (weight, weight * plan.f)
    )
    size = np.maximum(count.sum(axis=2), 1e-300)
    middle = sums.sum(axis=2) / size
    apart = np.divide(sums, count, out=np.zeros_like(sums), where=count > 0)
    apart = (apart - middle[..., None]) * (count > 0)
    total = weight @ plan.f**2 - (size * middle**2).sum(axis=1)
    scale = np.divide(1.0, total, out=np.zeros_like(total), where=total > 0)
    pull = np.take_along_axis(apart.reshape(draws, cells), cell, axis=1)
    out: Float = weight * pull * scale[:, None]
    return out


def null_shares(plan: Layout, *, draws: int, rng: np.random.Generator) -> Float:
    """B_j (draws, p) where no group differs: shuffled among the units of each stratum.

    Of families, which may lie in several strata, no shuffle keeps who is related: whole families
    are resampled from a population in which the mean of every group was taken off in each stratum.
    """
    if plan.family is not None:
        return bootstrap_shares(levelled(plan), draws=draws, rng=rng)
    return _drawn(plan, draws, lambda size: (shuffled(plan, size, rng), None))


def bootstrap_shares(plan: Layout, *, draws: int, rng: np.random.Generator) -> Float:
    """B_j (draws, p) over resamples of units, or of whole families where the layout has these."""
    return _drawn(plan, draws, lambda size: (None, _resampled(plan, size, rng)))


def levelled(plan: Layout) -> Layout:
    """The same units less the mean of their group in their stratum."""
    cell = np.unique(plan.stratum * plan.k + plan.group, return_inverse=True)[1]
    n, count = len(cell), np.bincount(cell)
    member = csr_array((np.ones(n), (cell, np.arange(n))), shape=(len(count), n))
    phi, f = (
        values - (np.asarray(member @ values) / count[:, None])[cell]
        for values in (plan.phi, plan.f[:, None])
    )
    return replace(plan, phi=phi, f=f[:, 0])


def alike(plan: Layout) -> Float:
    """How far phi_j and f follow the group in one direction, (p,): squared cosine, 0 to 1.

    With a_c and b_c how far the means of phi_j and f in a cell c (group in stratum) of n_c units
    lie from those of its stratum: (sum n a b)^2 / (sum n a^2 sum n b^2). 1 of two groups in one
    stratum, and where one does not follow it at all.

    >>> phi = np.eye(3)[[0, 1, 2]] @ [[1.0, 1.0], [-1.0, 0.0], [0.0, -1.0]]
    >>> alike(layout(phi, np.array([1.0, 1.0, -2.0]), np.arange(3), np.zeros(3, int))).round(2)
    array([0.  , 0.75])
    """
    cell = plan.stratum * plan.k + plan.group
    f, step = _between(plan.f[:, None], cell, plan.stratum), max(1, BUDGET // (8 * len(cell)))
    out = np.ones(plan.phi.shape[1])
    if _contrasts(cell, plan.stratum) < 2:
        return out
    for start in range(0, len(out), step):
        own = _between(plan.phi[:, start : start + step], cell, plan.stratum)
        size = (own**2).sum(axis=0) * (f**2).sum()
        top = (own * f).sum(axis=0) ** 2
        np.divide(top, size, out=out[start : start + step], where=size > 0)
    return np.minimum(out, 1.0)


def _contrasts(cell: Int, stratum: Int) -> int:
    """In how many ways groups can differ: sum over strata of (groups - 1)."""
    return len(np.unique(cell)) - len(np.unique(stratum))


def _between(values: Float, cell: Int, stratum: Int) -> Float:
    """The mean of each unit's cell less that of its stratum, (n, q)."""
    return _averaged(values, cell) - _averaged(values, stratum)


def _averaged(values: Float, code: Int) -> Float:
    """The mean (n, q) of each unit's code."""
    own = np.unique(code, return_inverse=True)[1]
    member = csr_array((np.ones(len(own)), (own, np.arange(len(own)))))
    out: Float = (np.asarray(member @ values) / np.bincount(own)[:, None])[own]
    return out


def standardised(seen: Float, null: Float) -> tuple[Float, Float]:
    """Z of the shares seen (p,), and |Z| of the null in place of `null` (draws, p).

    Centre and spread are those of all arrangements, the one seen among them, so that under no
    effect it is exchangeable with the draws and p is exact.
    """
    draws = len(null)
    apart = seen - null.mean(axis=0)
    centre = null.mean(axis=0) + apart / (draws + 1)
    spread = np.sqrt((null.var(axis=0) + apart**2 / (draws + 1)) * draws / (draws + 1))
    spread = np.maximum(spread, 1e-12)
    null -= centre
    np.abs(null, out=null)
    null /= spread
    return (seen - centre) / spread, null


def _drawn(
    plan: Layout, draws: int, draw: Callable[[int], tuple[Int | None, Float | None]]
) -> Float:
    """Shares of all draws, as many at once as the budget of their labels and weights allows."""
    n, p = plan.phi.shape
    step = max(1, min(draws, BUDGET // (8 * max(n, 1))))
    out = np.empty((draws, p))
    for start in range(0, draws, step):
        size = min(step, draws - start)
        group, weight = draw(size)
        codes = np.broadcast_to(plan.group, (size, n)) if group is None else group
        own = coefficients(plan, codes, np.ones((size, n)) if weight is None else weight)
        np.matmul(own, plan.phi, out=out[start : start + size])
    return out


def shuffled(plan: Layout, draws: int, rng: np.random.Generator) -> Int:
    """Group codes (draws, n), shuffled within strata."""
    drawn = np.empty((draws, len(plan.group)), dtype=np.int64)
    for s in range(plan.s):
        rows = np.flatnonzero(plan.stratum == s)
        drawn[:, rows] = rng.permuted(np.tile(plan.group[rows], (draws, 1)), axis=1)
    return drawn


def _resampled(plan: Layout, draws: int, rng: np.random.Generator) -> Float:
    """How often each unit is drawn (draws, n)."""
    if plan.family is None:
        n = len(plan.group)
        return rng.multinomial(n, np.full(n, 1 / n), size=draws).astype(np.float64)
    own = np.unique(plan.family, return_inverse=True)[1]
    m = int(own.max()) + 1
    return rng.multinomial(m, np.full(m, 1 / m), size=draws).astype(np.float64)[:, own]
