"""Counts of reads (m, p): what is lost, thinned, mixed in or doubled in a laboratory.

Every function leaves its argument as it is; strength 0 changes nothing.
"""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Float, Int, Values
from evenlight.probes.perturbations.restored import like, whole_at_random


def dropout(values: Values, strength: float, rng: np.random.Generator) -> Values:
    """Each value 0 with probability `strength`: a transcript that was not captured.

    >>> dropout(np.array([[3.0, 5.0]]), 1.0, np.random.default_rng(0)).tolist()
    [[0.0, 0.0]]
    """
    return np.where(rng.random(values.shape) < strength, np.zeros_like(values), values)


def thinned(values: Values, strength: float, rng: np.random.Generator) -> Values:
    """A share `strength` of reads lost: each count is Binomial(count, 1 - strength).

    What sequencing less deeply would have given (Robinson and Storey 2014, Bioinformatics 30:3424).

    >>> thinned(np.array([[0.0, 7.0]]), 0.0, np.random.default_rng(0)).tolist()
    [[0.0, 7.0]]
    """
    out = values.copy()
    seen = np.nonzero(values)
    out[seen] = rng.binomial(values[seen].astype(np.int64), 1 - strength)
    return out


def batch_shift(
    values: Values, strength: float, rng: np.random.Generator, *, shared: Float
) -> Values:
    """Counts times 2^(strength z), with one z (p,) a gene that all rows share; whole at random.

    `strength` is the SD of a gene's shift in log2, where z is standard normal.
    """
    return whole_at_random(values * np.exp2(strength * shared), values, rng)


def amplified(values: Values, strength: float, rng: np.random.Generator) -> Values:
    """Each count times 2^(strength z), z standard normal; whole at random.

    Log-normal noise of amplification, of its own for each row and gene, which molecules counted
    once (UMI) are free of.
    """
    return whole_at_random(values * np.exp2(strength * rng.normal(size=values.shape)), values, rng)


def ambient(values: Values, strength: float, rng: np.random.Generator, *, profile: Float) -> Values:
    """A share of a droplet's reads replaced by reads of the soup, of `profile` (p,) summing to 1.

    Counts are thinned, and as many reads as were lost are drawn from the profile, so that each row
    keeps its number of reads (Young and Behjati 2020, GigaScience 9:giaa151).
    """
    kept = thinned(values, strength, rng)
    lost = (values.sum(axis=1) - kept.sum(axis=1)).astype(np.int64)
    return like(kept + np.stack([_soup(count, profile, rng) for count in lost.tolist()]), values)


def doublets(values: Values, strength: float, rng: np.random.Generator, *, pool: Values) -> Values:
    """A share of rows that hold a second cell: the counts of a row of `pool` (k, p) are added.

    Two cells in a droplet give the reads of both (Wolock et al. 2019, Cell Systems 8:281).
    """
    double, other = rng.random(len(values)), rng.integers(len(pool), size=len(values))
    return np.where((double < strength)[:, None], like(values + pool[other], values), values)


def resized(values: Values, strength: float, rng: np.random.Generator, *, size: float) -> Values:
    """Counts scaled towards a library of `size` reads: times (size / reads) ** strength.

    Strength 1 is scaling to a common library size; whole at random. A row without reads stays so.
    """
    reads = values.sum(axis=1, keepdims=True, dtype=np.float64)
    factor = np.divide(size, reads, out=np.ones_like(reads), where=reads > 0) ** strength
    return whole_at_random(values * factor, values, rng)


def _soup(count: int, profile: Float, rng: np.random.Generator) -> Int:
    """That many reads of a profile (p,), a multinomial draw; read by read where these are few."""
    if count >= len(profile):
        return rng.multinomial(count, profile)
    edges = np.cumsum(profile)
    found = np.searchsorted(edges, rng.random(count) * edges[-1], side="right")
    return np.bincount(found, minlength=len(profile)).astype(np.int64)
