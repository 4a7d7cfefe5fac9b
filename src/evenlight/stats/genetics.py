"""How far genotypes differ between groups: FST and informativeness, from dosages 0, 1, 2 or NaN.

Autosomal sites of diploid people. Sums over sites are ratios of sums, never means of ratios
(Bhatia, Patterson, Sankararaman and Price 2013, Genome Res 23:1514).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Bool, Float, Int


@dataclass(frozen=True, slots=True, eq=False)
class Ratio:
    """An estimate per site as numerator over denominator, each (p,)."""

    above: Float
    below: Float

    @property
    def sites(self) -> Float:
        """The ratio of each site (p,), NaN where nothing varies between the people compared."""
        out: Float = np.divide(
            self.above, self.below, out=np.full(len(self.above), np.nan), where=self.below > 0
        )
        return out

    @property
    def pooled(self) -> float:
        """The ratio of the sums over sites, NaN where no site varies."""
        known = np.isfinite(self.above) & np.isfinite(self.below)
        below = float(self.below[known].sum())
        return float(self.above[known].sum()) / below if below > 0 else float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Of k groups at p sites: `people` (k, p) with a known genotype, alternate `alleles` (k, p).

    `hets` (k, p) people carry one of each.
    """

    people: Float
    alleles: Float
    hets: Float

    @property
    def frequency(self) -> Float:
        """Alternate allele frequency (k, p), NaN where nobody of a group has a genotype."""
        out: Float = np.divide(
            self.alleles,
            2 * self.people,
            out=np.full(self.people.shape, np.nan),
            where=self.people > 0,
        )
        return out


def is_dosage(x: Float) -> Bool:
    """Whether each column (u, p) holds alternate allele counts only: 0, 1, 2 or NaN, (p,).

    >>> is_dosage(np.array([[0.0, 0.5], [2.0, 1.0]])).tolist()
    [True, False]
    """
    good: Bool = ((x == 0) | (x == 1) | (x == 2) | np.isnan(x)).all(axis=0)
    return good


def allele_counts(dosage: Float, codes: Int) -> Counts:
    """Counts of dosages (u, p) by group (u,); people of unknown group (-1) do not enter.

    >>> made = allele_counts(np.array([[0.0], [1.0], [2.0], [np.nan]]), np.array([0, 0, 1, 1]))
    >>> made.frequency.ravel().tolist()
    [0.25, 1.0]
    """
    member = np.equal.outer(np.arange(int(codes.max(initial=0)) + 1), codes).astype(np.float64)
    known = ~np.isnan(dosage)
    people = member @ known
    alleles = member @ np.where(known, dosage, 0.0)
    return Counts(people, alleles, member @ (dosage == 1))


def hudson(counts: Counts, a: int, b: int) -> Ratio:
    """Hudson's FST between groups `a` and `b`, unbiased numerator and denominator.

    [(pA - pB)^2 - pA (1 - pA) / (nA - 1) - pB (1 - pB) / (nB - 1)] / [pA (1 - pB) + pB (1 - pA)]
    with n alleles, twice the people (Bhatia 2013, eq. 10). NaN where a group has nobody.

    >>> made = allele_counts(np.array([[0.0], [0.0], [2.0], [2.0]]), np.array([0, 0, 1, 1]))
    >>> hudson(made, 0, 1).sites.tolist()
    [1.0]
    """
    p, n = counts.frequency[[a, b]], 2 * counts.people[[a, b]]
    own = np.divide(p * (1 - p), n - 1, out=np.full(p.shape, np.nan), where=n > 0)
    above = (p[0] - p[1]) ** 2 - own.sum(axis=0)
    below = p[0] * (1 - p[1]) + p[1] * (1 - p[0])
    return Ratio(above, np.where(np.isnan(above), np.nan, below))


def pairwise_hudson(counts: Counts) -> Float:
    """Hudson's FST of each pair of groups over all sites, (k, k), 0 on the diagonal."""
    k = len(counts.people)
    out = np.zeros((k, k))
    for a in range(k):
        for b in range(a):
            out[a, b] = out[b, a] = hudson(counts, a, b).pooled
    return out


def weir_cockerham(counts: Counts) -> Ratio:
    """Weir and Cockerham's theta over all groups with people: a over a + b + c.

    a lies between groups, b between people within groups, c within people (Weir and Cockerham
    1984, Evolution 38:1358, eq. 2 to 4). NaN where fewer than two groups have people at a site, or
    all have one.
    """
    n, p = counts.people, np.nan_to_num(counts.frequency)
    here = n > 0
    r, total = here.sum(axis=0).astype(np.float64), n.sum(axis=0)
    usable = (r > 1) & (total > r)
    r, total = np.where(usable, r, np.nan), np.where(usable, total, np.nan)
    mean = total / r
    spread = (total - (n**2).sum(axis=0) / total) / (r - 1)
    p_mean = (n * p).sum(axis=0) / total
    variance = (n * (p - p_mean) ** 2).sum(axis=0) / ((r - 1) * mean)
    het = counts.hets.sum(axis=0) / total
    inner = p_mean * (1 - p_mean) - (r - 1) / r * variance
    a = mean / spread * (variance - (inner - het / 4) / (mean - 1))
    b = mean / (mean - 1) * (inner - (2 * mean - 1) / (4 * mean) * het)
    return Ratio(a, a + b + het / 2)


def informativeness(counts: Counts) -> Float:
    """Rosenberg's informativeness for assignment In of each site, (p,), in nats.

    sum over both alleles of -p log p + (1/K) sum_k p_k log p_k, p the mean over groups, each group
    with equal weight (Rosenberg, Li, Ward and Pritchard 2003, Am J Hum Genet 73:1402, eq. 4). 0 to
    log K. Sampling raises it, by about (K - 1) / (4 n K) with n people a group. NaN where a group
    has nobody.

    >>> made = allele_counts(np.array([[0.0], [0.0], [2.0], [2.0]]), np.array([0, 0, 1, 1]))
    >>> informativeness(made).round(4).tolist()
    [0.6931]
    """
    p = counts.frequency[counts.people.any(axis=1)]
    out = np.zeros(p.shape[1])
    for allele in (p, 1 - p):
        mean = allele.mean(axis=0)
        out += _x_log_x(allele).mean(axis=0) - _x_log_x(mean)
    return out


def _x_log_x(p: Float) -> Float:
    return p * np.log(np.where(p > 0, p, 1.0))
