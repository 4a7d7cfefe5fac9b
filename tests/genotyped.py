"""Genotypes that a test makes: people of populations that drifted apart, and their families."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Float, Int


def drifted(
    sizes: tuple[int, ...], sites: int, *, fst: float, rng: np.random.Generator
) -> tuple[Float, Int, Float]:
    """Dosages (u, p), population (u,) and frequencies (k, p): the Balding-Nichols model."""
    ancestral = rng.uniform(0.1, 0.9, sites)
    spread = (1 - fst) / fst
    frequency = rng.beta(ancestral * spread, (1 - ancestral) * spread, (len(sizes), sites))
    codes = np.repeat(np.arange(len(sizes)), sizes).astype(np.int64)
    return rng.binomial(2, frequency[codes]).astype(np.float64), codes, frequency


def child(mother: Float, father: Float, rng: np.random.Generator) -> Float:
    """A child (p,) of two people, one allele of each at every site, sites unlinked."""
    passed = [rng.random(len(parent)) < parent / 2 for parent in (mother, father)]
    made: Float = np.sum(passed, axis=0).astype(np.float64)
    return made


def linked(people: int, blocks: int, *, size: int, rng: np.random.Generator) -> Float:
    """Dosages (people, blocks * size) of two haplotypes each; sites of a block are copies mostly.

    A block has one founder site; each other site differs from it in a tenth of the haplotypes.
    """
    founder = rng.random((2 * people, blocks)) < 0.4
    wide = np.repeat(founder, size, axis=1)
    changed = rng.random(wide.shape) < 0.1
    changed[:, ::size] = False
    both: Float = (wide ^ changed).reshape(people, 2, -1).sum(axis=1).astype(np.float64)
    return both


def with_gaps(dosage: Float, share: float, rng: np.random.Generator) -> Float:
    """The same dosages with a share of them missing."""
    return np.where(rng.random(dosage.shape) < share, np.nan, dosage)
