"""Principal axes of genotypes: people along what their genotypes have in common.

Sites are centred and divided by sqrt(p (1 - p)), p the allele frequency: the scale of drift
(Patterson, Price and Reich 2006, PLoS Genet 2:e190, eq. 3). A missing genotype stands at 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh
from scipy.sparse.linalg import svds

from evenlight.arrays import Bool, Float
from evenlight.errors import InputError

DENSE = 1000
"""Up to so many people or sites every eigenvector is had from the whole matrix."""


@dataclass(frozen=True, slots=True, eq=False)
class PrincipalAxes:
    """q axes of s sites: `centre`, `scale` (s,), `loadings` (s, q), `share` of variance (q,).

    `sites` (p,) says which columns they are. Scores have mean 0 over the people they were made of.
    """

    sites: Bool
    centre: Float
    scale: Float
    loadings: Float
    share: Float

    def scores(self, dosage: Float) -> Float:
        """Scores (u, q) of people (u, p), whether or not the axes were made of them.

        New people's scores are drawn towards 0 where sites outnumber people (Lee, Zou and Wright
        2010, Ann Stat 38:3605).
        """
        if dosage.shape[1] != len(self.sites):
            raise InputError(f"{dosage.shape[1]} sites, the axes were made of {len(self.sites)}")
        return _scaled(dosage[:, self.sites], self.centre, self.scale) @ self.loadings


def principal_axes(dosage: Float, *, components: int, keep: Bool | None = None) -> PrincipalAxes:
    """The first axes of dosages (u, p) at the sites of `keep` (p,); sites that do not vary leave.

    Each axis points to where its largest loading is above 0, so it is the same for the same people
    in whatever order. Raises InputError where people or sites are too few.

    >>> x = np.array([[0.0, 0.0], [0.0, 1.0], [2.0, 1.0], [2.0, 2.0]])
    >>> principal_axes(x, components=1).scores(x).round(2).ravel().tolist()
    [-2.75, -1.7, 1.7, 2.75]
    """
    centre = _mean(dosage)
    sites = (centre > 0) & (centre < 2)
    sites &= np.ones(len(sites), dtype=bool) if keep is None else keep
    u, s = len(dosage), int(sites.sum())
    if not 1 <= components < min(u, s + 1):
        raise InputError(
            f"{components} axes of {u} people at {s} sites that vary; fewer than people, and no "
            "more than sites, are possible"
        )
    p = centre[sites] / 2
    scale = np.sqrt(p * (1 - p))
    z = _scaled(dosage[:, sites], centre[sites], scale)
    loadings, squares = _leading(z, components)
    at = np.abs(loadings).argmax(axis=0)
    turned = loadings * np.where(loadings[at, np.arange(components)] < 0, -1.0, 1.0)
    return PrincipalAxes(sites, centre[sites], scale, turned, squares / (z**2).sum())


def _leading(z: Float, count: int) -> tuple[Float, Float]:
    """Right singular vectors (s, count) and squared singular values (count,), largest first."""
    u, s = z.shape
    if min(u, s) > DENSE:
        start = np.sin(np.arange(1.0, min(u, s) + 1))  # not in the null space, as ones would be
        _, size, right = svds(z, k=count, v0=start)
        order = np.argsort(-size)
        first: Float = np.asarray(right[order].T, dtype=np.float64)
        return first, np.asarray(size[order] ** 2, dtype=np.float64)
    wide = s > u
    n = min(u, s)
    squares, vectors = eigh(z @ z.T if wide else z.T @ z, subset_by_index=[n - count, n - 1])
    squares, vectors = np.maximum(squares[::-1], 0.0), vectors[:, ::-1]
    if wide:
        vectors = z.T @ vectors / np.sqrt(np.maximum(squares, 1e-300))
    return vectors, squares


def _mean(dosage: Float) -> Float:
    known = ~np.isnan(dosage)
    total = np.where(known, dosage, 0.0).sum(axis=0)
    out: Float = np.divide(
        total, known.sum(axis=0), out=np.full(dosage.shape[1], np.nan), where=known.any(axis=0)
    )
    return out


def _scaled(dosage: Float, centre: Float, scale: Float) -> Float:
    z: Float = (dosage - centre) / scale
    return np.where(np.isnan(z), 0.0, z)
