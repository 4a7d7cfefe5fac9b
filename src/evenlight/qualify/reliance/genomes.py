"""What the worlds of reliance are drawn from: allele frequencies, effects, and people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from evenlight.arrays import Float, Int
from evenlight.qualify.cases.genotypes import frequencies

SNPS = 200
PER_SET = 25
"""SNPs of a set of those that are neither causal nor planted markers."""


@dataclass(frozen=True, slots=True, eq=False)
class Genome:
    """Allele frequencies (k, p) of k populations, effects (p,) on the log odds, set of each SNP.

    The populations of one ancestry stand side by side, equally many of each ancestry.
    """

    shares: Float
    effect: Float
    owner: Int
    names: tuple[str, ...]

    def logit(self, x: Float) -> Float:
        """Log odds (n,) of genotypes x (n, p), about the mean of the populations."""
        out: Float = (x - 2 * self.shares.mean(axis=0)) @ self.effect
        return out

    def apart(self, ancestries: int) -> Float:
        """Widest difference (p,) of the mean frequencies of two ancestries."""
        means = self.shares.reshape(ancestries, -1, self.shares.shape[1]).mean(axis=1)
        out: Float = np.ptp(means, axis=0)
        return out


def few_causes(rng: np.random.Generator, apart: float = 0.15, ancestries: int = 2) -> Genome:
    """5 differentiated and 10 shared causal SNPs, 10 markers of ancestry, the others neutral.

    Of two ancestries the second has more of what is differentiated; of more than two each in turn
    has more of a SNP than all the others.
    """
    shares = frequencies(rng, SNPS, ancestries)
    middle = np.clip(shares.mean(axis=0), 0.2, 0.8)
    high = np.arange(ancestries)[:, None] == (_turn(15, ancestries)[None])
    shares[:, :5] = np.where(high[:, :5], 0.5 + apart, 0.5 - apart)
    shares[:, 5:15] = middle[5:15]
    shares[:, 15:25] = np.where(high[:, 5:], 0.8, 0.2)
    effect = np.zeros(SNPS)
    effect[:5], effect[5:15] = 0.4, 0.35 * rng.choice([-1.0, 1.0], 10)
    owner = np.repeat([0, 1, 2], [5, 10, 10])
    owner = np.concatenate([owner, 3 + np.arange(SNPS - 25) // PER_SET])
    names: tuple[str, ...] = ("differentiated", "shared", "markers")
    names += tuple(f"neutral {i}" for i in range(int(owner.max()) - 2))
    return Genome(shares, effect, owner, names)


def blocks(shares: Float, effect: Float) -> Genome:
    """A genome whose sets are runs of `PER_SET` SNPs."""
    owner = np.arange(SNPS) // PER_SET
    return Genome(shares, effect, owner, tuple(f"block {i}" for i in range(owner.max() + 1)))


def turns(count: int, ancestries: int = 2) -> Int:
    """Codes (n,) of people who belong to each ancestry in turn."""
    return (np.arange(count) % ancestries).astype(np.int64)


def outcomes(rng: np.random.Generator, logit: Float) -> Float:
    """Cases (n,), 0 or 1, at these log odds."""
    return (rng.random(len(logit)) < expit(logit)).astype(np.float64)


def siblings(rng: np.random.Generator, shares: Float, group: Int, family: Int) -> Float:
    """Genotypes (n, p) of siblings: each gets one allele of either parent at random."""
    first = np.unique(family, return_index=True)[1]
    share = shares[group[first]]
    parents = rng.random((2, 2, *share.shape)) < share
    which = rng.integers(2, size=(2, len(family), shares.shape[1]))
    out = np.zeros((len(family), shares.shape[1]))
    for parent in (0, 1):
        alleles = parents[parent][:, family]
        out += np.where(which[parent] == 0, alleles[0], alleles[1])
    return out


def _turn(count: int, ancestries: int) -> Int:
    """The ancestry (count,) that stands higher at each SNP."""
    if ancestries == 2:
        return np.ones(count, dtype=np.int64)
    return turns(count, ancestries)
