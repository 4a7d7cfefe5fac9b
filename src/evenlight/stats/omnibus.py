"""Whether any of k groups differs: a stratified, studentised Welch statistic under permutation.

    w_s = 1 / sum_g 1/n_gs                         (n_A n_B / (n_A + n_B) for two groups)
    M_g = sum_s w_s mean_gs / sum_s w_s,           V_g its variance, clustered by unit
    W   = sum_g (M_g - M)^2 / V_g,                 M = sum_g M_g / V_g  /  sum_g 1 / V_g

W equals d' C^-1 d for the k - 1 differences d of M_g from any reference, C their covariance. Only
strata that hold two units or more of every group enter. W / (k - 1) with Welch's (1951) correction
has an F distribution; it is put on the normal scale by Paulson's (1942) root, each draw with its
own degrees of freedom, so that features of unlike spread can share one maximum.

Whole units change places among units of one signature. Two groups: W is the square of the T of
`evenlight.stats.permutation`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from evenlight.arrays import Bool, Float, Int
from evenlight.stats.cells import Block, Cells, blocks_of, signatures
from evenlight.stats.f_scale import f_normalised
from evenlight.stats.shuffles import Shuffles


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """k groups over cells: `group` (u,) of each unit, `n` (s, k) units, `share` (s,), blocks.

    `dropped` counts strata without two units of every group, `torn` units whose signature misses a
    group.
    """

    units: Int
    group: Int
    n: Int
    share: Float
    blocks: tuple[Block, ...]
    dropped: int
    torn: int

    @property
    def k(self) -> int:
        """Number of groups."""
        return int(self.n.shape[1])

    @property
    def signature(self) -> Int:
        """The block of each unit (u,)."""
        out = np.zeros(len(self.units), dtype=np.int64)
        for i, block in enumerate(self.blocks):
            out[block.units] = i
        return out


def plan_of(made: Cells, group: Int) -> Plan:
    """The design over cells whose unit code indexes `group` (units,), 0 to k - 1."""
    k = int(group.max(initial=-1)) + 1
    g = group[made.unit]
    keep, torn = _overlap(made, g, k)
    used, place = np.unique(made.stratum[keep], return_inverse=True)
    n = np.zeros((len(used), k), dtype=np.int64)
    np.add.at(n, (place, g[keep]), 1)
    weight = 1 / (1 / np.maximum(n, 1)).sum(axis=1)
    share = weight / weight.sum() if len(weight) else weight
    units = np.unique(made.unit[keep])
    blocks = blocks_of(np.flatnonzero(keep), made.unit[keep], place)
    dropped = len(np.unique(made.stratum)) - len(used)
    return Plan(units, group[units], n, share, blocks, dropped, torn)


def _overlap(made: Cells, g: Int, k: int) -> tuple[Bool, int]:
    """Mask (m,) of cells that stay, and units lost to a signature that misses a group."""
    keep, lost = np.ones(len(g), dtype=bool), 0
    while True:
        n = np.zeros((int(made.stratum.max(initial=-1)) + 1, k), dtype=np.int64)
        np.add.at(n, (made.stratum[keep], g[keep]), 1)
        full: Bool = np.asarray((n >= 2).all(axis=1))
        stay = keep & full[made.stratum]
        names, first = np.unique(made.unit[stay], return_index=True)
        owned = signatures(made.unit[stay], made.stratum[stay])
        held: dict[tuple[int, ...], set[int]] = {}
        for signature, i in zip(owned, first, strict=True):
            held.setdefault(signature, set()).add(int(g[stay][i]))
        lonely = np.array([len(held[s]) < k for s in owned], dtype=bool)
        lost += int(lonely.sum())
        stay &= ~np.isin(made.unit, names[lonely])
        if (stay == keep).all():
            return keep, lost
        keep = stay


def means(values: Float, plan: Plan) -> tuple[Float, Float]:
    """Stratified means M_g and their variances V_g, each (k, p), over cells (m, p)."""
    m, v, _ = _moments(pivoted(values, plan), plan, plan.group[None, :])
    return m[0] + _pivot(values, plan), v[0]


def welch(values: Float, plan: Plan) -> tuple[Float, Float, Float]:
    """Welch's F (p,), its second degrees of freedom, and F on the normal scale; 0 if all is still.

    >>> from evenlight.stats.cells import cells
    >>> v = np.array([[1.0], [2.0], [3.0], [5.0], [6.0], [7.0]])
    >>> made = cells(v, np.arange(6), np.zeros(6, dtype=int))
    >>> welch(v, plan_of(made, np.array([0, 0, 0, 1, 1, 1])))[0].round(6).tolist()
    [24.0]
    """
    f, df = _welch(pivoted(values, plan), plan, plan.group[None, :])
    return f[0], df[0], f_normalised(f, plan.k - 1, df)[0]


def null_welch(values: Float, plan: Plan, drawn: Shuffles) -> Float:
    """F on the normal scale in every draw, (draws, p)."""
    phi = pivoted(values, plan)
    out = np.empty((drawn.draws, values.shape[1]))
    for where, orders in drawn:
        f, df = _welch(phi, plan, plan.group[orders])
        out[where] = f_normalised(f, plan.k - 1, df)
    return out


def midranks(values: Float, plan: Plan) -> Float:
    """Midranks of the cells that enter (m, p), within strata: W of these is the rank version.

    With one stratum and groups of like spread it orders draws as Kruskal and Wallis' H; without, it
    is studentised as Brunner, Dette and Munk (1997) ask.
    """
    out = np.zeros_like(values)
    for s in range(len(plan.share)):
        rows = np.concatenate([b.cells[:, b.strata == s].ravel() for b in plan.blocks])
        out[rows] = rankdata(values[rows], axis=0)
    return out


def pivoted(values: Float, plan: Plan) -> Float:
    """Values (m, p) minus the pivot of each column; variation below 1e-12 of the largest is 0."""
    out: Float = values - _pivot(values, plan)
    size = np.abs(values).max(axis=0, initial=0.0)
    out[:, np.abs(out).max(axis=0, initial=0.0) <= 1e-12 * size] = 0.0
    return out


def _pivot(values: Float, plan: Plan) -> Float:
    rows = np.concatenate([b.cells.ravel() for b in plan.blocks])
    pivot: Float = values[rows].mean(axis=0)
    return pivot


def _welch(phi: Float, plan: Plan, group: Int) -> tuple[Float, Float]:
    """F and its second df, (draws, p), for groups of units (draws, u)."""
    m, v, n = _moments(phi, plan, group)
    still = v <= 1e-12 * (phi**2).mean(axis=0)
    a = np.where(still, 0.0, 1 / np.where(still, 1.0, v))
    total = a.sum(axis=1)
    bad = still.any(axis=1)
    safe = np.where(total > 0, total, 1.0)
    centre = (a * m).sum(axis=1) / safe
    w = (a * (m - centre[:, None]) ** 2).sum(axis=1)
    k = plan.k
    loss = ((1 - a / safe[:, None]) ** 2 / np.maximum(n - 1, 1)[None, :, None]).sum(axis=1)
    f = w / (k - 1) / (1 + 2 * (k - 2) / (k**2 - 1) * loss)
    df = (k**2 - 1) / (3 * np.maximum(loss, 1e-12))
    return np.where(bad, 0.0, f), df


def _moments(phi: Float, plan: Plan, group: Int) -> tuple[Float, Float, Int]:
    """M_g, V_g (draws, k, p) and units of each group (k,)."""
    draws, k, p = len(group), plan.k, phi.shape[1]
    cell = np.zeros((draws, len(plan.share), k, p))
    for block in plan.blocks:
        for g in range(k):
            own = (group[:, block.units] == g).astype(np.float64)
            for j, s in enumerate(block.strata):
                cell[:, s, g] += own @ phi[block.cells[:, j]]
    cell /= plan.n[None, :, :, None]
    m = np.einsum("s,dsgp->dgp", plan.share, cell)
    v = np.zeros((draws, k, p))
    for block in plan.blocks:
        for g in range(k):
            own = (group[:, block.units] == g).astype(np.float64)
            v[:, g] += _spread(phi, plan, block, g, own, cell[:, block.strata, g])
    return m, v, np.bincount(plan.group, minlength=k)


def _spread(phi: Float, plan: Plan, block: Block, g: int, own: Float, mean: Float) -> Float:
    """The block's part of V_g (draws, p): squared influences of its units around group means."""
    n = plan.n[block.strata, g]
    weight = plan.share[block.strata] / np.sqrt(n * (n - 1.0))
    influence = np.einsum("r,urp->up", weight, phi[block.cells])
    middle = np.einsum("r,drp->dp", weight, mean)
    size = own.sum(axis=1)[:, None]
    square = own @ influence**2 - 2 * middle * (own @ influence) + size * middle**2
    part: Float = np.maximum(square, 0.0)
    return part
