"""Who is related: kinship that holds whatever the ancestry, and the families that it makes.

KING-robust, between families (Manichaikul et al. 2010, Bioinformatics 26:2867, eq. 11):

    phi_ij = 1/2 - sum_s (x_is - x_js)^2 / (4 min(h_i, h_j))

over sites s known in both, h the number of them at which one is heterozygous. It compares the two
people alone and takes no allele frequency, so that ancestry in common is not taken for kinship:
about 0.5 for the same person, 0.25 parent and child or full siblings, 0.125 and 0.0625 for second
and third degree, 0 for strangers of one ancestry, below 0 for strangers of two.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from evenlight.arrays import Float, Int
from evenlight.errors import InputError

DEGREES = {"same": 2**-1.5, "first": 2**-2.5, "second": 2**-3.5, "third": 2**-4.5}
"""Kinship above which a pair is of that degree or nearer (Manichaikul 2010, table 1)."""

ROWS = 512
"""People whose pairs are counted at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """m pairs of people i < j with their kinship and its standard error, each (m,).

    The error is that of a ratio of sums over sites that are independent: sites in linkage make it
    too small.
    """

    i: Int
    j: Int
    kinship: Float
    error: Float


def king_robust(dosage: Float) -> tuple[Float, Float]:
    """Kinship and its standard error of every two people, each (u, u); (u, p) dosages or NaN.

    0.5 on the diagonal; NaN where no site known in both is heterozygous in each.

    >>> x = np.array([[1.0, 1.0, 0.0, 2.0], [1.0, 1.0, 0.0, 2.0], [1.0, 1.0, 2.0, 0.0]])
    >>> king_robust(x)[0].tolist()
    [[0.5, 0.5, -0.5], [0.5, 0.5, -0.5], [-0.5, -0.5, 0.5]]
    """
    parts = list(_blocks(dosage))
    return np.vstack([phi for _, phi, _ in parts]), np.vstack([se for _, _, se in parts])


def related_pairs(dosage: Float, *, cut: float = DEGREES["second"]) -> Pairs:
    """The pairs of people (u, p) whose kinship is above `cut`, without an array of all pairs."""
    if not 0 < cut < 0.5:
        raise InputError(
            f"cut is {cut}; a kinship between 0 and 0.5, as 0.0884 for the second degree"
        )
    found: list[tuple[Int, Int, Float, Float]] = []
    for start, phi, se in _blocks(dosage):
        i, j = np.nonzero(phi > cut)
        upper = i + start < j
        i, j = i[upper], j[upper]
        found.append((i + start, j, phi[i, j], se[i, j]))
    i, j, phi, se = (np.concatenate([part[k] for part in found]) for k in range(4))
    return Pairs(i.astype(np.int64), j.astype(np.int64), phi, se)


def typical_error(dosage: Float, *, people: int = ROWS) -> float:
    """The median standard error of kinship among some people (u, p), evenly taken."""
    u = len(dosage)
    some = dosage[np.unique(np.linspace(0, u - 1, min(people, u)).astype(np.int64))]
    error = king_robust(some)[1][np.triu_indices(len(some), 1)]
    known = error[np.isfinite(error)]
    return float(np.median(known)) if len(known) else float("nan")


def families_of(pairs: Pairs, u: int) -> Int:
    """The family (u,) of each person: whoever is joined by a chain of pairs, numbered from 0.

    >>> one = np.zeros(1)
    >>> families_of(Pairs(np.array([0]), np.array([2]), one, one), 4).tolist()
    [0, 1, 0, 2]
    """
    edges = coo_array((np.ones(len(pairs.i)), (pairs.i, pairs.j)), shape=(u, u))
    labels = connected_components(edges, directed=False)[1]
    _, first, code = np.unique(labels, return_index=True, return_inverse=True)
    family: Int = np.argsort(np.argsort(first))[code].astype(np.int64)
    return family


def _blocks(dosage: Float) -> Iterator[tuple[int, Float, Float]]:
    """Kinship and error of runs of people with everybody: (start, (b, u), (b, u))."""
    known = (~np.isnan(dosage)).astype(np.float32)
    zero, one, two = ((dosage == g).astype(np.float32) for g in (0, 1, 2))
    for start in range(0, len(dosage), ROWS):
        at = slice(start, start + ROWS)
        both = known[at] @ known.T
        hets = np.minimum(one[at] @ known.T, known[at] @ one.T).astype(np.float64)
        shared = (one[at] @ one.T).astype(np.float64)
        opposite = (zero[at] @ two.T + two[at] @ zero.T).astype(np.float64)
        single = both - shared - zero[at] @ zero.T - two[at] @ two.T - opposite
        ratio = _over(single + 4 * opposite, hets)
        left = single + 16 * opposite - 2 * ratio * (hets - shared) + ratio**2 * hets
        yield start, 0.5 - ratio / 4, _over(np.sqrt(np.maximum(left, 0.0)), hets) / 4


def _over(above: Float, hets: Float) -> Float:
    out: Float = np.divide(above, hets, out=np.full(above.shape, np.nan), where=hets > 0)
    return out
