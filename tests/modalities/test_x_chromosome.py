"""One copy on X, Y and MT is coded 0/2 or 0/1: recorded, and checked against recorded sex."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Values
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features
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
    assert f"X chromosome: at 3 variants males are coded {coding}." in cohort.notes


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
    assert any("at 3 variants males hold the counted allele nowhere" in note for note in none.notes)


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
    with pytest.raises(FeatureError, match=r"3 variants on X, Y or MT .*'rs3'.*give column sex"):
        align_alleles(cohort, wanted)


def of_dosages(folder: Path, chromosome: str, values: list[float], sex: list[str]) -> Cohort:
    """A cohort of one variant off the pseudo-autosomal parts, by dosages of imputation."""
    ids = [f"p{i}" for i in range(len(values))]
    row = f"{chromosome} 5000000 rs1 A G . . . DS " + " ".join(map(str, values))
    path = write_vcf(folder / "ds.vcf", [row], ids)
    return read_vcf(path, people=pd.DataFrame({"sex": sex}, index=ids), field="DS")


@pytest.mark.parametrize(
    ("values", "coding", "words"),
    [
        ([0.98, 0.02, 0.95, 1.9, 0.02, 1.1], "0/1", "are coded 0/1, by the size of dosages"),
        ([1.97, 0.02, 1.0, 0.5, 1.95, 0.1], "0/2", "are coded 0/2, by the size of dosages"),
        ([0.6, 0.02, 0.7, 0.5, 0.95, 0.1], "unknown", "not told how one copy is coded"),
        ([1.2, 0.02, 0.9, 0.5, 0.95, 0.1], "unknown", "not told how one copy is coded"),
        ([1.9, 0.02, 0.9, 0.5, 0.95, 0.1], "unknown", "not told how one copy is coded"),
        ([0.02, 0.9, 0.03, 1.9, 0.01, 1.1], "unknown", "hold the counted allele nowhere"),
    ],
)
def test_dosages_of_imputation_tell_by_their_size(
    tmp_path: Path, values: list[float], coding: str, words: str
) -> None:
    """0.98 is one copy; an uncertain 1.0 beside 1.97 is no second coding; else nothing is told."""
    cohort = of_dosages(tmp_path, "X", values, ["m", "f"] * 3)
    assert cohort.features.table is not None
    assert cohort.features.table["males"].tolist() == [coding]
    assert any(words in note for note in cohort.notes)


def test_how_one_copy_is_coded_is_found_on_y_and_mt(tmp_path: Path) -> None:
    """A bed doubles them, a VCF does not; mixed values are read, told, and never swapped."""
    sites = on_x().iloc[:3].assign(chromosome=["1", "24", "26"])
    x = np.array([[1, 2, 0], [2, 0, 2], [0, 0, 2], [1, 0, 0]] * 5, dtype=float)
    people = read_plink(write_bed(tmp_path / "a.bed", x, sites)).people
    for doubled, coding in ((x, "0/2"), (np.where([False, True, True], x / 2, x), "0/1")):
        cohort = read_plink(write_bed(tmp_path / "a.bed", doubled, sites))
        table = cohort.features.table
        assert table is not None
        assert table["males"].tolist() == ["", coding, coding]
        assert f"Y chromosome: at 1 variants males are coded {coding}." in cohort.notes
        assert f"Mitochondria: at 1 variants people are coded {coding}." in cohort.notes
    mixed = x.copy()
    mixed[0, 1:] = 1
    cohort = read_plink(write_bed(tmp_path / "a.bed", mixed, sites))
    assert cohort.features.table is not None
    assert cohort.features.table["males"].tolist() == ["", "unknown", "unknown"]
    wanted = swapped_of(sites)
    for name in ("rs1", "rs2"):
        with pytest.raises(FeatureError, match=r"1 variants on X, Y or MT .*column males"):
            align_alleles(cohort, wanted[wanted["variant"] == name])
    assert people["sex"].tolist() == ["male", "female"] * 10


def swapped_of(sites: pd.DataFrame) -> pd.DataFrame:
    """The same variants, the other allele wanted."""
    return pd.DataFrame(
        {"variant": sites["id"], "effect_allele": sites["A2"], "other_allele": sites["A1"]}
    )


def test_females_with_copies_of_y_are_told_and_their_site_is_not_swapped(tmp_path: Path) -> None:
    """Their number is not told where it is small; 0 - 2 is no count of copies."""
    sites = on_x().iloc[:2].assign(chromosome=["1", "24"])
    x = np.zeros((N, 2))
    x[MALE, 1] = 2
    x[1, 1] = 2
    cohort = read_plink(write_bed(tmp_path / "a.bed", x, sites))
    assert any("Y chromosome: fewer than 11 females hold" in note for note in cohort.notes)
    with pytest.raises(FeatureError, match=r"\['rs1'\], and somebody holds more copies"):
        align_alleles(cohort, swapped_of(sites))


def by_hand(chromosome: str, sex: list[str], **more: object) -> Cohort:
    """A cohort in memory with a table of features that somebody wrote."""
    table = pd.DataFrame(
        {"chromosome": [chromosome], "counted_allele": ["A"], "other_allele": ["G"], **more},
        index=["v"],
    )
    people = pd.DataFrame({"sex": sex}, index=[f"p{i}" for i in range(len(sex))])
    x = np.zeros((len(sex), 1))
    return Cohort(x, people, Features(("v",), table), unit="row")


WANTS_G = pd.DataFrame({"variant": ["v"], "effect_allele": ["G"], "other_allele": ["A"]})


@pytest.mark.parametrize("name", ["X", "chrX", "23", "Y", "chrM"])
def test_tables_of_the_users_own_are_not_taken_for_diploid(name: str) -> None:
    """Without `males` no swap is made on X, Y or MT, whatever the chromosome is called."""
    with pytest.raises(FeatureError, match="1 variants on X, Y or MT are to be swapped"):
        align_alleles(by_hand(name, ["m", "f"] * 4), WANTS_G)


def test_copies_that_are_known_without_males_are_used() -> None:
    """Females have two of X, both sexes two of its pseudo-autosomal parts."""
    women = align_alleles(by_hand("X", ["f"] * 8), WANTS_G)
    np.testing.assert_array_equal(women.dense(), 2.0)
    shared = by_hand("X", ["m", "f"] * 4, position=[70_000], build=["GRCh37"])
    np.testing.assert_array_equal(align_alleles(shared, WANTS_G).dense(), 2.0)
    single = by_hand("X", ["m", "f"] * 4, position=[5_000_000], males=["0/1"])
    assert align_alleles(single, WANTS_G).dense()[:2, 0].tolist() == [1, 2]
