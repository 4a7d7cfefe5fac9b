"""Slow, literal re-implementations of what evenlight computes quickly."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from evenlight.arrays import Bool, Float, Int


def contrast(values: Float, unit: Int, stratum: Int, member: Bool) -> tuple[float, float]:
    """D and V of one feature over cells (m,), by loops; every unit's stratum must have both groups.

    `member` (m,) tells the group of each cell's unit.
    """
    strata = sorted(set(stratum.tolist()))
    mean: dict[tuple[int, bool], float] = {}
    count: dict[tuple[int, bool], int] = {}
    weight: dict[int, float] = {}
    for s in strata:
        for side in (True, False):
            own = [
                v for v, t, m in zip(values, stratum, member, strict=True) if (t, m) == (s, side)
            ]
            mean[s, side], count[s, side] = sum(own) / len(own), len(own)
        a, b = count[s, True], count[s, False]
        weight[s] = a * b / (a + b)
    total = sum(weight.values())
    d = sum(weight[s] * (mean[s, True] - mean[s, False]) for s in strata) / total
    influence: dict[int, float] = defaultdict(float)
    for v, i, s, m in zip(values, unit, stratum, member, strict=True):
        n = count[int(s), bool(m)]
        influence[int(i)] += (
            weight[int(s)] / total / (n * (n - 1)) ** 0.5 * (v - mean[int(s), bool(m)])
        )
    return float(d), float(sum(e**2 for e in influence.values()))


def rare_p(seen: float, null: Float, *, least: int = 0, plus: int = 1) -> float:
    """The share of draws no more common than `seen`, each counted on its own side of 0.

    Draws of the other side that tie are taken together. `least` draws reach `seen` in any case, and
    `plus` is 1 where `seen` itself is one more draw.
    """
    side = -1.0 if seen < 0 else 1.0
    turned = [side * z for z in null.tolist()]
    own = plus + max(least, sum(z >= abs(seen) * (1 - 1e-9) for z in turned))
    other = sum(sum(w <= z + 1e-7 for w in turned) <= own for z in turned if z < -1e-4)
    return float(own + other) / (plus + len(turned))


def step_down(seen: Float, null: Float) -> Float:
    """Westfall-Young step-down max-T: for each test the maximum over it and all smaller ones."""
    order = sorted(range(len(seen)), key=lambda j: -abs(seen[j]))
    p = [0.0] * len(seen)
    last = 0.0
    for rank, j in enumerate(order):
        rest = order[rank:]
        hits = sum(max(row[k] for k in rest) >= abs(seen[j]) * (1 - 1e-9) for row in null)
        last = max(last, (1 + hits) / (1 + len(null)))
        p[j] = last
    return np.array(p)


def shares(phi: Float, f: Float, group: Int, stratum: Int) -> Float:
    """B_j given strata from its definition, by loops."""
    n, out = len(f), np.zeros(phi.shape[1])
    bottom = 0.0
    for s in set(stratum.tolist()):
        rows = [i for i in range(n) if stratum[i] == s]
        f_mean = sum(f[i] for i in rows) / len(rows)
        bottom += sum((f[i] - f_mean) ** 2 for i in rows) / n
        for g in set(group[rows].tolist()):
            own = [i for i in rows if group[i] == g]
            f_apart = sum(f[i] for i in own) / len(own) - f_mean
            for j in range(phi.shape[1]):
                apart = sum(phi[i, j] for i in own) / len(own) - sum(phi[i, j] for i in rows) / len(
                    rows
                )
                out[j] += len(own) / n * apart * f_apart
    return out / bottom


def auroc(y: Float, score: Float) -> float:
    """Share of pairs of event and non-event that are in order, ties half."""
    pairs = [
        (a, b)
        for a, t in zip(score, y, strict=True)
        if t
        for b, u in zip(score, y, strict=True)
        if not u
    ]
    share: float = sum((a > b) + 0.5 * (a == b) for a, b in pairs) / len(pairs)
    return share


def eps_squared(x: Float, codes: Int) -> Float:
    """Bias-corrected share of variance between groups, (u, p) -> (p,): (SSB - (k-1) MSW) / SST.

    Below 0 for two thirds of null features between two groups, nearer to half between many: shown
    as it is, truncated only in sums.
    """
    known = codes >= 0
    values, g = x[known], codes[known]
    counts = np.bincount(g)
    k, n = int((counts > 0).sum()), len(g)
    if k < 2 or n <= k:
        return np.full(x.shape[1], np.nan)
    apart = values - values.mean(axis=0)
    sums = np.stack([apart[g == level].sum(axis=0) for level in range(len(counts))])
    between = (sums**2 / np.maximum(counts, 1)[:, None]).sum(axis=0)
    total = (apart**2).sum(axis=0)
    within = np.maximum(total - between, 0.0) / (n - k)
    out: Float = np.divide(
        between - (k - 1) * within, total, out=np.zeros_like(total), where=total > 0
    )
    return out
