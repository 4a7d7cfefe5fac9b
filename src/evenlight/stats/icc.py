"""How alike the members of a cluster are, and how far a column tells the group, beyond chance."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from evenlight.arrays import Float, Int


def intraclass(values: Float, cluster: Int, group: Int) -> tuple[Float, Float]:
    """ICC (p,) of values (n, p) in clusters nested in groups, and the F ratio behind it.

    One-way analysis of variance between clusters of one group: ICC = (MSB - MSW) / (MSB + (n0 - 1)
    MSW), n0 the size of a cluster that gives E(MSB) (Donner 1986, Int Stat Rev 54:67). 0 where
    nothing varies.

    >>> values, cluster = np.array([[1.0], [1.0], [2.0], [2.0]]), np.array([0, 0, 1, 1])
    >>> intraclass(values, cluster, np.zeros(4, dtype=int))[0].tolist()
    [1.0]
    """
    c, at = _codes(cluster)
    size = np.bincount(at).astype(float)
    owner = np.zeros(c, dtype=np.int64)
    owner[at] = _codes(group)[1]
    many = np.bincount(owner)
    sums = _sums(values, at, c)
    mean = sums / size[:, None]
    whole = _sums(sums, owner, len(many))
    n_group = np.bincount(owner, weights=size)
    centre = (whole / n_group[:, None])[owner]
    df = (c - len(many), len(values) - c)
    between = (size[:, None] * (mean - centre) ** 2).sum(axis=0) / max(df[0], 1)
    within = ((values - mean[at]) ** 2).sum(axis=0) / max(df[1], 1)
    n0 = (n_group - np.bincount(owner, weights=size**2) / n_group).sum() / max(df[0], 1)
    bottom = between + (n0 - 1) * within
    icc = np.divide(between - within, bottom, out=np.zeros_like(bottom), where=bottom > 0)
    floor = 1e-12 * np.maximum((values**2).mean(axis=0), 1e-300)
    return icc, between / np.maximum(within, floor)


def intraclass_p(
    values: Float, cluster: Int, group: Int, *, draws: int, rng: np.random.Generator
) -> float:
    """P of the largest F over the columns, rows shuffled among the clusters of each group.

    Once 20 draws reach it, the share of these is told (Besag and Clifford 1991).
    """
    seen = intraclass(values, cluster, group)[1].max()
    members = [np.flatnonzero(group == g) for g in np.unique(group)]
    hits, order = 0, np.arange(len(group))
    for i in range(1, draws + 1):
        for at in members:
            order[at] = rng.permutation(at)
        hits += bool(intraclass(values[order], cluster, group)[1].max() >= seen * (1 - 1e-9))
        if hits == ENOUGH:
            return hits / i
    return (1 + hits) / (1 + draws)


ENOUGH = 20
"""Draws at or above the observed value, after which p is large enough to be left."""


def _sums(values: Float, at: Int, k: int) -> Float:
    """Sums (k, p) of rows (n, p) by code (n,)."""
    n = len(at)
    place = sparse.csr_array((np.ones(n), (at, np.arange(n))), shape=(k, n))
    out: Float = np.asarray(place @ values)
    return out


def cramers_v(first: Int, second: Int, weight: Float | None = None) -> float:
    """Bias-corrected Cramer's V of two codes (n,) (Bergsma 2013, J Korean Stat Soc 42:323).

    `weight` (n,) as in `chi_squared`; their sum is how many there are.

    >>> round(cramers_v(np.array([0, 0, 1, 1] * 5), np.array([0, 0, 1, 1] * 5)), 3)
    1.0
    """
    (r, a), (k, b) = _codes(first), _codes(second)
    n = len(a) if weight is None else round(float(weight.sum()))
    if min(r, k) < 2 or n < 2:
        return 0.0
    phi = chi_squared(a, b, weight) / n
    left = max(phi - (k - 1) * (r - 1) / (n - 1), 0.0)
    rows, columns = r - (r - 1) ** 2 / (n - 1), k - (k - 1) ** 2 / (n - 1)
    bottom = min(rows, columns) - 1
    return float(min(np.sqrt(left / bottom), 1.0)) if bottom > 0 else 0.0


def chi_squared(a: Int, b: Int, weight: Float | None = None) -> float:
    """Pearson's statistic of two codes (n,), each 0 to k - 1.

    `weight` (n,) counts each for a part: of a person whose rows lie half in one state and half in
    another, one half in each.

    >>> a, b = np.array([0, 0, 1, 1, 0, 1]), np.array([0, 0, 1, 1, 1, 1])
    >>> round(chi_squared(a, b, np.array([1.0, 1.0, 1.0, 1.0, 0.5, 0.5])), 3)
    3.333
    """
    table = np.zeros((int(a.max()) + 1, int(b.max()) + 1))
    np.add.at(table, (a, b), 1.0 if weight is None else weight)
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    some = expected > 0
    return float(((table - expected)[some] ** 2 / expected[some]).sum())


def correlation_ratio(values: Float, group: Int) -> float:
    """Square root of the bias-corrected share of variance (n,) between groups, at least 0.

    >>> correlation_ratio(np.array([1.0, 1.0, 2.0, 2.0]), np.array([0, 0, 1, 1]))
    1.0
    """
    k, at = _codes(group)
    n = len(values)
    total = float(((values - values.mean()) ** 2).sum())
    if k < 2 or n <= k or total <= 0:
        return 0.0
    mean = np.bincount(at, weights=values) / np.bincount(at)
    within = float(((values - mean[at]) ** 2).sum())
    share = 1 - within / total * (n - 1) / (n - k)
    return float(np.sqrt(max(share, 0.0)))


def agreement(first: Int, second: Int) -> tuple[float, float]:
    """Share of equal codes (n,) and Cohen's (1960) kappa; kappa is 1 where all is equal.

    >>> agreement(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]))
    (0.75, 0.5)
    """
    same = float((first == second).mean())
    top = int(max(first.max(), second.max())) + 1
    shares = [np.bincount(x, minlength=top) / len(x) for x in (first, second)]
    chance = float(shares[0] @ shares[1])
    return same, 1.0 if chance >= 1 else (same - chance) / (1 - chance)


def nested(cluster: Int, group: Int, *, pure: float = 0.95) -> bool:
    """Whether nearly all clusters lie in one group, several in each of two."""
    (c, a), (_, b) = _codes(cluster), _codes(group)
    table = np.zeros((c, int(b.max()) + 1))
    np.add.at(table, (a, b), 1.0)
    owner = table.argmax(axis=1)
    alone = (table.max(axis=1) == table.sum(axis=1)).mean()
    several = int((np.bincount(owner) >= SEVERAL).sum())
    return bool(alone >= pure and several >= 2)


SEVERAL = 3
"""Clusters of a group from which it can be told that they are sampled, not a group themselves."""


def _codes(labels: Int) -> tuple[int, Int]:
    names, at = np.unique(labels, return_inverse=True)
    return len(names), at.astype(np.int64)
