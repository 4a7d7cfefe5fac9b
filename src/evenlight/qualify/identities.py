"""What must hold to the last digits, on draws of every size: sums that leave no remainder."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.measures.compare import compare
from evenlight.measures.rely import rely
from evenlight.measures.testing import Testing
from evenlight.qualify.drawn import GROUP, cohort_of, linear, people_of
from evenlight.qualify.told import Score
from evenlight.stats.kitagawa import kitagawa

LEAST = 15
"""People of each group, at least."""


def identities(rng: np.random.Generator, seed: int) -> Score:
    """The largest remainder of each identity, over what it should be where that is above 1.

    gap: the signed differences add up to that of the output. shares: B_j add up to eta squared.
    difference, standard error: the engine's are those of loops over the sites. value and use: with
    what lies outside the common values they are the difference of means.
    """
    n, p = int(rng.integers(60, 240)), int(rng.integers(2, 12))
    member = rng.permutation(n) < int(rng.integers(LEAST, n - LEAST))
    site = rng.integers(0, 3, n)
    people = people_of(member, site=np.array(["s", "t", "u"])[site])
    x = rng.normal(size=(n, p)) + np.outer(member, rng.normal(size=p))
    cohort = cohort_of(x, people, strata=["site"])
    made = linear(x, rng.normal(size=p), cohort)
    found = compare(made, cohort, by=GROUP, testing=Testing(draws=199), rng=seed)
    v = found.view("signed")
    unit, effect = found.views[v].unit, found.effect[v, 0]
    f, phi = made.total(), made.values.astype(np.float64)
    relied, eta = rely(made, cohort, by=GROUP, rng=seed), _between(f, member) / f.var()
    apart, error = _literal(phi, member, site)
    return {
        "gap off by": _off(effect.sum() * unit, found.gap[0]),
        "shares off by": _off(relied.raw[0].sum(), eta),
        "difference off by": _off(effect * unit, apart),
        "standard error off by": _off(found.se[v, 0] * unit, error),
        "value and use off by": _split(phi, x, member),
    }


def _split(phi: Float, x: Float, member: Bool) -> float:
    """VALUE + USE + OUTSIDE against the difference of means, value by value of each feature."""
    off = []
    for j in range(x.shape[1]):
        value = np.digitize(x[:, j], np.quantile(x[:, j], np.linspace(0, 1, 9)[1:-1]))
        made = kitagawa(phi[:, [j]], value.astype(np.int64), member)
        apart = phi[member, j].mean() - phi[~member, j].mean()
        off.append(_off(made.value + made.use + made.outside, apart))
    return max(off)


def _off(found: Float | float, wanted: Float | float) -> float:
    return float(np.max(np.abs(np.subtract(found, wanted)) / np.maximum(1.0, np.abs(wanted))))


def _between(f: Float, member: Bool) -> float:
    means = np.where(member, f[member].mean(), f[~member].mean())
    return float(means.var())


def _literal(phi: Float, member: Bool, site: Int) -> tuple[Float, Float]:
    """The stratified difference of means and its standard error, one site after the other."""
    top, bottom, variance = np.zeros(phi.shape[1]), 0.0, np.zeros(phi.shape[1])
    for s in np.unique(site):
        a, b = phi[member & (site == s)], phi[~member & (site == s)]
        if min(len(a), len(b)) < 2:
            continue
        w = len(a) * len(b) / (len(a) + len(b))
        top += w * (a.mean(axis=0) - b.mean(axis=0))
        variance += w**2 * (a.var(axis=0, ddof=1) / len(a) + b.var(axis=0, ddof=1) / len(b))
        bottom += w
    return top / bottom, np.sqrt(variance) / bottom
