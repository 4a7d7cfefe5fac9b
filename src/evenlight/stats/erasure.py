"""What a layer carries of a gap: the gap taken away with its group means, and a linear read-out."""

from __future__ import annotations

import numpy as np
from scipy import stats

from evenlight.arrays import Bool, Float, Int
from evenlight.stats.cells import Design
from evenlight.stats.rosters import rosters

RIDGES = np.geomspace(1e-6, 1.0, 13)
"""Ridge parameters that are tried, in shares of the largest eigenvalue."""


def stratified_gap(values: Float, plan: Design, keep: Bool) -> Float:
    """Mean of the level minus mean of the reference within strata, (p,), over the units to keep.

    `values` (m, p) over cells, `keep` (u,). Strata weigh n_A n_B / (n_A + n_B) of all their units;
    one that keeps nobody of a group leaves.
    """
    out, total = np.zeros(values.shape[1]), 0.0
    for own in rosters(plan):
        level = keep[own.units] & plan.member[own.units]
        rest = keep[own.units] & ~plan.member[own.units]
        if not level.any() or not rest.any():
            continue
        means = [
            own.sampling[side] @ values[own.cells[side]] / own.sampling[side].sum()
            for side in (level, rest)
        ]
        out += own.weight * (means[0] - means[1])
        total += own.weight
    return out / total if total else np.full(values.shape[1], np.nan)


def jackknifed(whole: Float, parts: Float, *, alpha: float = 0.05) -> tuple[Float, Float]:
    """Limits (p,) of an estimate from K estimates (K, p) that leave out one block of units each.

    Delete-a-group jackknife (Kott 2001, J Off Stat 17:521): variance (K - 1) / K times the sum of
    squares around their mean, and Student's t with K - 1 degrees of freedom.

    >>> low, high = jackknifed(np.array([1.0]), np.array([[0.9], [1.0], [1.1]]))
    >>> low.round(2).tolist(), high.round(2).tolist()
    ([0.5], [1.5])
    """
    k = len(parts)
    se = np.sqrt((k - 1) / k * ((parts - parts.mean(axis=0)) ** 2).sum(axis=0))
    half = float(stats.t.ppf(1 - alpha / 2, k - 1)) * se
    return whole - half, whole + half


def read_out(values: Float, f: Float, fold: Int) -> Float:
    """What a ridge regression of f (n,) on values (n, d) says of rows it has not seen, (n,).

    `fold` (n,) keeps the rows of a unit together. Columns have SD 1; the ridge of each fold is the
    one of least generalised cross-validation (Golub, Heath and Wahba 1979, Technometrics 21:215).

    >>> x = np.array([[0.0], [1.0], [2.0], [3.0], [4.0], [5.0]])
    >>> read_out(x, 2 * x[:, 0], np.array([0, 0, 0, 1, 1, 1])).round(2).tolist()
    [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    """
    spread = values.std(axis=0)
    still = spread <= 1e-6 * np.abs(values).max(axis=0, initial=0.0)
    x = np.where(still, 0.0, (values - values.mean(axis=0)) / np.where(still, 1.0, spread))
    out = np.empty(len(f))
    for k in np.unique(fold):
        held, seen = fold == k, fold != k
        middle, level = x[seen].mean(axis=0), float(f[seen].mean())
        beta = _ridge(x[seen] - middle, f[seen] - level)
        out[held] = level + (x[held] - middle) @ beta
    return out


def _ridge(x: Float, f: Float) -> Float:
    """Coefficients (d,) of centred rows (n, d), the ridge by generalised cross-validation."""
    n, d = x.shape
    dual = d > n
    size, vector = np.linalg.eigh(x @ x.T if dual else x.T @ x)
    size = np.maximum(size, 0.0)
    if not size.max(initial=0.0) > 0:
        return np.zeros(d)
    part = vector.T @ (f if dual else x.T @ f)
    score = [_gcv(size, part, ridge * size.max(), float(f @ f), n, dual=dual) for ridge in RIDGES]
    ridge = RIDGES[int(np.argmin(score))] * size.max()
    found: Float = vector @ (part / (size + ridge))
    return x.T @ found if dual else found


def _gcv(size: Float, part: Float, ridge: float, square: float, n: int, *, dual: bool) -> float:
    """Score n RSS / (n - df)^2, df = 1 + sum of size / (size + ridge)."""
    shrunk = size + ridge
    explained = part**2 * (size * (size + 2 * ridge) if dual else size + 2 * ridge) / shrunk**2
    left = max(square - float(explained.sum()), 0.0)
    free = n - 1.0 - float((size / shrunk).sum())
    return n * left / free**2 if free > 0.5 else np.inf


def share_explained(f: Float, said: Float) -> float:
    """1 - sum (f - said)^2 / sum (f - mean)^2; below 0 where it says less than the mean.

    >>> share_explained(np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 2.0]))
    1.0
    """
    total = float(((f - f.mean()) ** 2).sum())
    return 1.0 - float(((f - said) ** 2).sum()) / total if total > 0 else 0.0
