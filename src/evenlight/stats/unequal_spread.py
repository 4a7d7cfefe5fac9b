"""Whether groups have other means where their spread differs as well: Brown and Forsythe's F*.

    F* = ESS / sum over groups g in strata s of (1 - n_sg / n_s) v_sg

ESS is the sum of squares between groups within strata, v_sg the variance of each group there; the
lower part is what ESS is by chance, whatever the variances are (Brown and Forsythe 1974,
Technometrics 16:129). Its permutation under exchange of labels within strata is exact where groups
are alike, and holds where they differ in spread alone (Chung and Romano 2013, Ann Stat 41:484), as
means of eight images a person do beside single images of others. For two groups it is Welch's t^2.
"""

from __future__ import annotations

import numpy as np
from scipy.special import fdtrc

from evenlight.arrays import Float, Int
from evenlight.stats.explained import FEW, STEP, WIDTH
from evenlight.stats.multiplicity import step_down
from evenlight.stats.tail import tail_p

Part = tuple[Float, Int]
"""Values (n, c) of a stratum apart from their mean, and the group (n,) of each unit."""


def unequal_family(
    x: Float, codes: Int, stratum: Int, owner: Int, *, draws: int, rng: np.random.Generator
) -> tuple[Float, Float]:
    """Permutation p and step-down max-T p (p,) of "groups have one mean within strata".

    `x` (u, c), NaN at its stratum's mean; `codes` and `stratum` (u,), a unit at -1 does not enter;
    `owner` (c,) the subject of each column. Small p are of the fitted tail, and not smaller than
    that of F with as many degrees of freedom as the smallest group has.

    >>> rng = np.random.default_rng(0)
    >>> codes = np.repeat([0, 1], [20, 80])
    >>> x = rng.normal(size=(100, 2)) * np.where(codes, 1, 3)[:, None] + [[0, 5]] * codes[:, None]
    >>> p, _ = unequal_family(x, codes, 0 * codes, np.arange(2), draws=99, rng=rng)
    >>> bool(p[0] > 0.05), bool(p[1] <= 0.01)
    (True, True)
    """
    parts = _parts(x, codes, stratum)
    seen = _ratio([(p, g[None]) for p, g in parts], owner)[0]
    null = np.empty((draws, len(seen)))
    for start in range(0, draws, STEP):
        many = min(STEP, draws - start)
        mixed = [(p, g[np.argsort(rng.random((many, len(g))), axis=1)]) for p, g in parts]
        null[start : start + many] = _ratio(mixed, owner)
    found = step_down(seen, lambda index: null[:, index], draws=draws)
    p = found.p
    least = np.unique(codes[(codes >= 0) & (stratum >= 0)], return_counts=True)[1]
    for j in np.flatnonzero(p * (1 + draws) <= FEW):
        of_f = float(fdtrc(len(least) - 1, max(int(least.min()) - 1, 1), float(seen[j])))
        p[j] = min(p[j], max(tail_p(np.sqrt(null[:, j]), float(np.sqrt(seen[j]))), of_f))
    return p, found.p_maxt


def _parts(x: Float, codes: Int, stratum: Int) -> list[Part]:
    """The strata in which two groups or more are found."""
    out = []
    for s in np.unique(stratum[stratum >= 0]):
        own = np.flatnonzero((stratum == s) & (codes >= 0))
        if len(np.unique(codes[own])) > 1:
            known = np.isfinite(x[own])
            mean = np.where(known, x[own], 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
            out.append((np.where(known, x[own] - mean, 0.0), codes[own]))
    return out


def _ratio(parts: list[Part], owner: Int) -> Float:
    """F* (draws, p) of values (n, c) whose groups are (draws, n), over all strata."""
    draws, wide = len(parts[0][1]), parts[0][0].shape[1]
    above, below = np.zeros((2, draws, wide))
    for values, codes in parts:
        for g in np.unique(codes):
            member = (codes == g).astype(np.float64)
            n, all_of = int(member[0].sum()), len(values)
            for left in range(0, wide, WIDTH):
                at = slice(left, left + WIDTH)
                mean = member @ values[:, at] / n
                above[:, at] += n * mean**2
                rest = np.maximum(member @ values[:, at] ** 2 - n * mean**2, 0.0)
                below[:, at] += (1 - n / all_of) * rest / max(n - 1, 1)
    p = int(owner.max()) + 1
    if not (owner == np.arange(wide)).all():
        adding = np.equal.outer(owner, np.arange(p)).astype(np.float64)
        above, below = above @ adding, below @ adding
    floor = 1e-12 * sum(float((values**2).sum(axis=0).max(initial=0.0)) for values, _ in parts)
    made: Float = above / np.maximum(below, floor + 1e-300)
    return np.where(above > floor, made, 0.0)
