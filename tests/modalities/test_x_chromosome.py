"""Males on the X chromosome are coded 0/2 or 0/1: recorded, and checked against recorded sex."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Values
from evenlight.errors import CohortError, FeatureError
from evenlight.modalities.alignment import align_alleles
from evenlight.modalities.plink import read_plink
from evenlight.modalities.vcf import read_vcf
from tests.genotype_files import dosages, made_samples, made_sites, write_bed, write_vcf

N, P = 20, 6
MALE = np.arange(N) % 2 == 0


def on_x() -> pd.DataFrame:
    """Three variants on chromosome 1 and three on X, off its pseudo-autosomal parts."""
    sites = made_sites(P)
    sites["chromosome"] = ["1"] * 3 + ["23"] * 3
    sites["position"] = [1, 2, 3, 5_000_000, 6_000_000, 7_000_000]
    return sites


def coded(copies: int) -> Values:
    """Dosages whose males hold none or `copies` at the variants on X."""
    x = dosages(N, P, seed=3)
    rng = np.random.default_rng(4)
    x[np.ix_(MALE, np.arange(3, P))] = copies * rng.integers(0, 2, (int(MALE.sum()), 3))
    return x


@pytest.mark.parametrize(("copies", "coding"), [(2, "0/2"), (1, "0/1")])
def test_the_coding_of_males_is_recorded(tmp_path: Path, copies: int, coding: str) -> None:
    """A note and the feature table say how males are coded, at variants on X alone."""
    cohort = read_plink(write_bed(tmp_path / "a.bed", coded(copies), on_x()))
    table = cohort.features.table
    assert table is not None
    assert table["males"].tolist() == [""] * 3 + [coding] * 3
    assert f"X chromosome: at 3 variants 10 males are coded {coding}." in cohort.notes


def test_a_mixture_is_an_error(tmp_path: Path) -> None:
    """Males that hold one copy where others hold two are counted."""
    x = coded(2)
    x[0, 3], x[2, 3] = 1, 2
    twos = int((x[MALE][:, 3:] == 2).sum())
    with pytest.raises(CohortError) as raised:
        read_plink(write_bed(tmp_path / "a.bed", x, on_x()))
    told = str(raised.value)
    assert f"1 in 1 and 2 in {twos} of 30 genotypes of 10 males at 3 variants (1 males" in told
    assert "--set-invalid-haploid-missing" in told
    assert "other way round" not in told


def test_sex_the_other_way_round_is_found(tmp_path: Path) -> None:
    """Females taken for males hold 1 as well as 2, and the error asks whether sex is swapped."""
    samples = made_samples(N)
    samples["sex"] = 3 - samples["sex"]
    with pytest.raises(CohortError, match="is sex coded the other way round"):
        read_plink(write_bed(tmp_path / "a.bed", coded(2), on_x(), samples))


def test_pseudo_autosomal_variants_do_not_count(tmp_path: Path) -> None:
    """There males are as diploid as females: in both builds' parts, unless the build is known."""
    x, sites = coded(2), on_x()
    x[0, 3] = 1
    sites.loc[3, "position"] = 2_750_000
    path = write_bed(tmp_path / "a.bed", x, sites)
    for build in (None, "GRCh38"):
        cohort = read_plink(path, build=build)
        assert cohort.features.table is not None
        assert cohort.features.table["males"].tolist() == [""] * 4 + ["0/2"] * 2
    with pytest.raises(CohortError, match="males are coded in two ways"):
        read_plink(path, build="GRCh37")


def test_without_sex_nothing_is_claimed(tmp_path: Path) -> None:
    """Nobody's sex is known: a note says that males were not checked; nor where they hold none."""
    samples = made_samples(N)
    samples["sex"] = 0
    cohort = read_plink(write_bed(tmp_path / "a.bed", coded(2), on_x(), samples))
    assert any("nobody's sex is recorded" in note for note in cohort.notes)
    assert cohort.features.table is not None
    assert set(cohort.features.table["males"]) == {"", "unknown"}
    none = read_plink(write_bed(tmp_path / "b.bed", coded(0), on_x()))
    assert any("10 males hold the counted allele nowhere" in note for note in none.notes)


def test_sex_may_come_from_the_table_of_people(tmp_path: Path) -> None:
    """A VCF has no sex: that of people is taken, and only people who are read are looked at."""
    rows = ["X 5000000 rs1 A G . . . GT 0 0/1 1 1/1", "X 6000000 rs2 A G . . . GT 1 0/0 0 1/1"]
    path = write_vcf(tmp_path / "a.vcf", rows, ["a", "b", "c", "d"])
    people = pd.DataFrame({"Sex": ["M", "F", "M", "M"]}, index=["a", "b", "c", "d"])
    with pytest.raises(CohortError, match="1 in 2 and 2 in 2 of 6 genotypes of 3 males"):
        read_vcf(path, people=people)
    cohort = read_vcf(path, people=people.iloc[:3], join="inner")
    assert cohort.features.table is not None
    assert cohort.features.table["males"].tolist() == ["0/1", "0/1"]


@pytest.mark.parametrize("copies", [1, 2])
def test_swapped_alleles_of_males_are_taken_from_their_own_copies(
    tmp_path: Path, copies: int
) -> None:
    """1 - x of males coded 0/1, 2 - x of everybody else; twice swapped is what it was."""
    x, sites = coded(copies), on_x()
    cohort = read_plink(write_bed(tmp_path / "a.bed", x, sites))
    wanted = pd.DataFrame(
        {"variant": sites["id"], "effect_allele": sites["A2"], "other_allele": sites["A1"]}
    )
    swapped = align_alleles(cohort, wanted)
    expected = 2 - x
    if copies == 1:
        expected[np.ix_(MALE, np.arange(3, P))] = 1 - x[np.ix_(MALE, np.arange(3, P))]
    np.testing.assert_array_equal(swapped.dense(), expected)
    back = wanted.rename(columns={"effect_allele": "other_allele", "other_allele": "effect_allele"})
    np.testing.assert_array_equal(align_alleles(swapped, back).dense(), x)


def test_a_swap_on_x_needs_to_know_males(tmp_path: Path) -> None:
    """Where nobody's sex is known a swap on X is refused by name; off X it goes on."""
    samples, sites = made_samples(N), on_x()
    samples["sex"] = 0
    cohort = read_plink(write_bed(tmp_path / "a.bed", coded(1), sites, samples))
    wanted = pd.DataFrame(
        {"variant": sites["id"], "effect_allele": sites["A2"], "other_allele": sites["A1"]}
    )
    assert align_alleles(cohort, wanted.iloc[:3]).features.names == ("rs0", "rs1", "rs2")
    with pytest.raises(FeatureError, match=r"3 variants on X .*'rs3'.*give column sex"):
        align_alleles(cohort, wanted)
