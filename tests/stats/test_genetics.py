"""FST and informativeness: equal to loops, to another library, and to planted drift."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenlight.arrays import Float, Int
from evenlight.stats.genetics import (
    allele_counts,
    hudson,
    informativeness,
    is_dosage,
    pairwise_hudson,
    weir_cockerham,
)
from tests.genotyped import drifted, with_gaps


def made(seed: int, *, gaps: float = 0.0, sizes: tuple[int, ...] = (9, 14, 6)) -> tuple[Float, Int]:
    """A few people of three populations at 40 sites."""
    rng = np.random.default_rng(seed)
    dosage, codes, _ = drifted(sizes, 40, fst=0.15, rng=rng)
    return with_gaps(dosage, gaps, rng), codes


def known(dosage: Float, codes: Int, group: int, site: int) -> list[float]:
    """The genotypes of one group at one site that are not missing."""
    return [float(v) for v, c in zip(dosage[:, site], codes, strict=True) if c == group and v == v]


@pytest.mark.parametrize("gaps", [0.0, 0.2])
def test_hudson_is_the_formula(gaps: float) -> None:
    """Numerator and denominator are those of Bhatia's equation 10, site by site."""
    dosage, codes = made(0, gaps=gaps)
    found = hudson(allele_counts(dosage, codes), 0, 2)
    for j in range(dosage.shape[1]):
        a, b = known(dosage, codes, 0, j), known(dosage, codes, 2, j)
        p, q = sum(a) / (2 * len(a)), sum(b) / (2 * len(b))
        above = (p - q) ** 2
        above -= p * (1 - p) / (2 * len(a) - 1) + q * (1 - q) / (2 * len(b) - 1)
        assert found.above[j] == pytest.approx(above)
        assert found.below[j] == pytest.approx(p * (1 - q) + q * (1 - p))


@pytest.mark.parametrize("gaps", [0.0, 0.2])
def test_weir_cockerham_is_the_formula(gaps: float) -> None:
    """a, b and c are those of Weir and Cockerham's equations 2 to 4, site by site."""
    dosage, codes = made(1, gaps=gaps)
    found = weir_cockerham(allele_counts(dosage, codes))
    for j in range(dosage.shape[1]):
        groups = [g for g in (known(dosage, codes, k, j) for k in range(3)) if g]
        r, n = len(groups), [len(g) for g in groups]
        total = sum(n)
        mean = total / r
        nc = (total - sum(m * m for m in n) / total) / (r - 1)
        p = [sum(g) / (2 * len(g)) for g in groups]
        h = [sum(v == 1 for v in g) / len(g) for g in groups]
        pb = sum(m * q for m, q in zip(n, p, strict=True)) / total
        hb = sum(m * q for m, q in zip(n, h, strict=True)) / total
        s2 = sum(m * (q - pb) ** 2 for m, q in zip(n, p, strict=True)) / ((r - 1) * mean)
        inner = pb * (1 - pb) - (r - 1) / r * s2
        a = mean / nc * (s2 - (inner - hb / 4) / (mean - 1))
        b = mean / (mean - 1) * (inner - (2 * mean - 1) / (4 * mean) * hb)
        assert found.above[j] == pytest.approx(a)
        assert found.below[j] == pytest.approx(a + b + hb / 2)


@pytest.mark.parametrize("gaps", [0.0, 0.15])
def test_as_scikit_allel(gaps: float) -> None:
    """Hudson's and Weir and Cockerham's FST are those of scikit-allel."""
    allel = pytest.importorskip("allel")
    dosage, codes = made(2, gaps=gaps, sizes=(12, 12, 12))
    called = np.nan_to_num(dosage, nan=-2).astype(int).T
    pairs = np.stack([np.where(called < 0, -1, called > 1), np.where(called < 0, -1, called > 0)])
    genotypes = allel.GenotypeArray(pairs.transpose(1, 2, 0).astype("i1"))
    of_group = [np.flatnonzero(codes == k) for k in range(3)]
    counts = [genotypes.count_alleles(subpop=rows, max_allele=1) for rows in of_group]
    ours = allele_counts(dosage, codes)
    above, below = allel.hudson_fst(counts[0], counts[1])
    np.testing.assert_allclose(hudson(ours, 0, 1).above, above)
    np.testing.assert_allclose(hudson(ours, 0, 1).below, below)
    a, b, c = (part[:, 1] for part in allel.weir_cockerham_fst(genotypes, of_group))
    if gaps == 0:
        np.testing.assert_allclose(weir_cockerham(ours).above, a, atol=1e-12)
        np.testing.assert_allclose(weir_cockerham(ours).below, a + b + c, atol=1e-12)


def test_drift_that_was_planted_is_found() -> None:
    """Over 4,000 sites both estimates are near the FST that made the frequencies."""
    rng = np.random.default_rng(3)
    dosage, codes, _ = drifted((60, 25), 4000, fst=0.1, rng=rng)
    counts = allele_counts(dosage, codes)
    assert hudson(counts, 0, 1).pooled == pytest.approx(0.1, abs=0.01)
    assert weir_cockerham(counts).pooled == pytest.approx(0.1, abs=0.01)
    assert pairwise_hudson(counts)[1, 0] == hudson(counts, 0, 1).pooled


def test_no_drift_gives_none_whatever_the_sizes() -> None:
    """With equal frequencies the mean numerator is 0 within its error, and most sites lie below."""
    rng = np.random.default_rng(4)
    p = rng.uniform(0.1, 0.9, 5000)
    dosage = rng.binomial(2, p, (45, 5000)).astype(np.float64)
    counts = allele_counts(dosage, np.repeat([0, 1], [5, 40]))
    for found in (hudson(counts, 0, 1), weir_cockerham(counts)):
        error = found.above.std() / np.sqrt(5000)
        assert abs(found.above.mean()) < 4 * error
        assert (found.sites < 0).mean() > 0.5


@given(st.integers(0, 10_000), st.integers(2, 4))
def test_informativeness_is_between_nothing_and_everything(seed: int, k: int) -> None:
    """In is the mean divergence of groups from their mean: 0 to log K, whoever is counted alt."""
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(k), 4)
    dosage = rng.integers(0, 3, (4 * k, 5)).astype(np.float64)
    found = informativeness(allele_counts(dosage, codes))
    np.testing.assert_allclose(found, informativeness(allele_counts(2 - dosage, codes)))
    assert (found > -1e-12).all()
    assert (found < log(k) + 1e-12).all()
    p = allele_counts(dosage, codes).frequency
    for j in range(5):
        total = 0.0
        for q in (p[:, j], 1 - p[:, j]):
            m = sum(q) / k
            total += -(m * log(m) if m > 0 else 0)
            total += sum((v * log(v) if v > 0 else 0) / k for v in q)
        assert found[j] == pytest.approx(total, abs=1e-12)


def test_what_is_no_allele_count_is_seen() -> None:
    """Only 0, 1, 2 and missing are dosages; an imputed 0.7 is none."""
    x = np.array([[0.0, 0.7, 3.0, np.nan], [2.0, 1.0, 1.0, 1.0]])
    assert is_dosage(x).tolist() == [True, False, False, True]


def test_one_person_a_group_is_too_few_for_theta() -> None:
    """With one person in each group nothing tells between from within: there is no estimate."""
    counts = allele_counts(np.array([[0.0], [2.0]]), np.array([0, 1]))
    assert np.isnan(weir_cockerham(counts).sites[0])
    assert np.isnan(weir_cockerham(counts).pooled)
    assert hudson(counts, 0, 1).sites[0] == 1.0


def test_a_group_with_nobody_at_a_site_is_not_guessed() -> None:
    """Where one of two groups has no genotype the site has no FST, and the sums leave it out."""
    dosage, codes = made(5)
    whole = hudson(allele_counts(dosage[:, 1:], codes), 0, 1).pooled
    dosage[codes == 0, 0] = np.nan
    counts = allele_counts(dosage, codes)
    assert np.isnan(hudson(counts, 0, 1).sites[0])
    assert np.isnan(informativeness(counts)[0])
    assert hudson(counts, 0, 1).pooled == pytest.approx(whole)
    assert np.isfinite(weir_cockerham(counts).sites[0])
