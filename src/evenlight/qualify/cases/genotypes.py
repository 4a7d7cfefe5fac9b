"""Genotypes whose frequencies differ between ancestries: value shift, and use on top of it."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.qualify.drawn import (
    NOISE,
    Asked,
    Drawn,
    cohort_of,
    middle,
    moved,
    nothing_planted,
    people_of,
    record,
    same_step,
    sampled,
)

SNPS = 100
FST = 0.1
USED = 10


def frequencies(rng: np.random.Generator, p: int, k: int = 2) -> Float:
    """Allele frequencies (k, p) of k populations, of ancestral ones that are uniform in 0.1 to 0.9.

    Each drifted by FST 0.1.
    """
    return drifted(rng, rng.uniform(0.1, 0.9, p), k, fst=FST, least=0.02)


def drifted(
    rng: np.random.Generator, share: Float, count: int, *, fst: float = 0.02, least: float = 0.01
) -> Float:
    """Frequencies (count, p) of populations that drifted from `share` (Balding and Nichols 1995).

    Beta(q (1 - F) / F, (1 - q) (1 - F) / F) around each share q (p,), between `least` and 1 less
    `least`.
    """
    scale = (1 - fst) / fst
    drawn = rng.beta(share * scale, (1 - share) * scale, size=(count, len(share)))
    return np.asarray(np.clip(drawn, least, 1 - least))


def genotypes(rng: np.random.Generator, group: Bool | Int, shares: Float) -> Float:
    """Allele counts (n, p) in Hardy-Weinberg proportions of each person's population."""
    counts: Float = rng.binomial(2, shares[group.astype(int)]).astype(float)
    return counts


def value_shift(rng: np.random.Generator) -> Drawn:
    """150 + 150 people, 100 SNPs with FST 0.1, a linear score: other values, the same use."""
    member, shares = np.arange(300) < 150, frequencies(rng, SNPS)
    x = genotypes(rng, member, shares)
    cohort = cohort_of(x, people_of(member))
    weights = rng.normal(size=SNPS)
    effect = weights * 2 * (shares[1] - shares[0])
    every = np.ones(SNPS, dtype=bool)
    asked = (
        Asked("difference", every, ~every, effect, "value"),
        nothing_planted("use", SNPS),
        nothing_planted("use from attributions alone", SNPS),
    )
    made = sampled(x, weights, cohort, rng)
    return Drawn(made, cohort, asked, same_step(weights, cohort))


def use_difference(rng: np.random.Generator) -> Drawn:
    """Value shift, and 10 of 100 SNPs that count more in group b, which is an input of the model.

    f = w'x + g u'x. The product g x_j gives each of its two players half of what it adds.
    """
    member, shares = np.arange(300) < 150, frequencies(rng, SNPS)
    x = genotypes(rng, member, shares)
    used = np.arange(SNPS) < USED
    weights = rng.normal(size=SNPS)
    extra = np.where(used, 2.0 * rng.choice([-1.0, 1.0], SNPS), 0.0)
    return _with_group(x, member, weights, extra, rng)


def _with_group(
    x: Float, member: Bool, weights: Float, extra: Float, rng: np.random.Generator
) -> Drawn:
    g, p = member.astype(float), x.shape[1]
    wide = np.column_stack([x, g])
    names = [*(f"g{j}" for j in range(p)), "ancestry"]
    cohort = cohort_of(wide, people_of(member), features=names)
    mean, joint = middle(x, cohort), middle(x * g[:, None], cohort)
    both = x * g[:, None]
    own = weights * (x - mean) + extra / 2 * (0.5 * x - joint + both - np.outer(g, mean))
    own += NOISE * own.std(axis=0) * rng.normal(size=own.shape)
    group = (extra / 2 * (np.outer(g, mean) - joint + both - 0.5 * x)).sum(axis=1)
    step = 2 * (weights + np.outer(g, extra))
    jump = x @ extra
    planted = np.append(np.abs(extra) > 0, False)
    null = np.append(extra == 0, False)
    unknown = np.full(p + 1, np.nan)
    asked = (
        Asked("use", planted, null, np.append(2 * extra, np.nan), "use"),
        Asked("use from attributions alone", planted, null, unknown),
    )
    made = record(np.column_stack([own, group]), cohort)
    return Drawn(made, cohort, asked, moved(np.column_stack([step, jump]), cohort))
