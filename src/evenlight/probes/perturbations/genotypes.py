"""Genotypes as alternate-allele counts or dosages 0 .. 2 (m, p): what data handling does to them.

Missing calls (NaN) stay missing. Every function leaves its argument as it is; strength 0 changes
nothing. The order of columns is that of the chromosome where `loci` know it.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from evenlight.arrays import Float, Int, Values
from evenlight.probes.perturbations.restored import first_share, like

Fill = Literal["mean", "mode", "nan"]


def flipped(values: Values, strength: float, rng: np.random.Generator, *, shared: Int) -> Values:
    """Dosage 2 - x in a share of variants, for everyone: the other allele was counted.

    `shared` (q,) is the order in which variants are flipped; it may hold some of them only, as
    those whose strand cannot be told (A/T, C/G).

    >>> flipped(np.array([[0, 1, 2]]), 0.5, None, shared=np.array([0, 1])).tolist()
    [[2, 1, 2]]
    """
    out, turned = values.copy(), first_share(shared, strength)
    out[:, turned] = 2 - values[:, turned]
    return out


def misplaced(
    values: Values, strength: float, rng: np.random.Generator, *, neighbour: Int, shared: Int
) -> Values:
    """A share of variants holds the genotypes of its `neighbour` (p,): another reference build.

    `shared` (p,) is the order in which variants are misplaced.

    >>> near = np.array([1, 2, 1])
    >>> misplaced(np.array([[0, 1, 2]]), 0.3, None, neighbour=near, shared=np.arange(3)).tolist()
    [[1, 1, 2]]
    """
    out, wrong = values.copy(), first_share(shared, strength)
    out[:, wrong] = values[:, neighbour[wrong]]
    return out


def imputed(values: Values, strength: float, rng: np.random.Generator, *, shares: Float) -> Values:
    """Genotypes known up to imputation: a concordance r2 of 1 - strength with what they were.

    Each call is kept with probability sqrt(r2), else drawn at the cohort's `shares` (2, p) of
    genotypes 0, and 0 or 1. Where values are such calls, their correlation with what is drawn is
    sqrt(r2) and their distribution stays what it was, since a drawn call is independent of the
    person's own: r2 is the squared correlation of dosage with truth (Browning and Browning 2009,
    American Journal of Human Genetics 84:210).
    """
    kept = rng.random(values.shape) < np.sqrt(1 - strength)
    u = rng.random(values.shape)
    drawn = (u >= shares[0]).astype(np.float64) + (u >= shares[1])
    return np.where(kept | np.isnan(values), values, like(drawn, values))


def uncalled(values: Values, strength: float, rng: np.random.Generator, *, fill: Float) -> Values:
    """A share of calls missing at random, holding `fill` (p,): the mean, the mode, or NaN.

    >>> uncalled(np.array([[0.0, 2.0]]), 1.0, np.random.default_rng(0), fill=np.ones(2)).tolist()
    [[1.0, 1.0]]
    """
    gone = rng.random(values.shape) < strength
    put = fill if values.dtype.kind == "f" else like(fill, values)
    return np.where(gone, np.asarray(put, dtype=values.dtype), values)
