"""What is asked of a file of genotypes is the count of letters in each person's calls, or no."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Values
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features
from evenlight.errors import FeatureError, ModelError
from evenlight.modalities.alignment import align_alleles
from evenlight.modalities.pgs import COLUMNS, PolygenicScore
from evenlight.modalities.plink import read_plink
from evenlight.modalities.split_sites import alleles_at, by_place
from evenlight.modalities.vcf import read_vcf
from evenlight.models.adapt import adapt
from tests.genotype_files import made_samples, made_sites, write_bed, write_vcf

N = 24
IDS = [f"s{i:02d}" for i in range(N)]
MALE = np.arange(N) % 2 == 0
PEOPLE = pd.DataFrame({"sex": np.where(MALE, "male", "female")}, index=IDS)
PLACES = {"1": 1000, "X": 5_000_000, "Y": 9_000_000, "MT": 3000}
AWAY = "."


def called(chromosome: str, alleles: int, seed: int) -> list[str]:
    """Calls of the people as a VCF has them: one allele of males on X and Y, of everybody on MT."""
    rng = np.random.default_rng(seed)
    words = []
    for male in MALE:
        one = chromosome == "MT" or (male and chromosome in ("X", "Y"))
        drawn = rng.integers(0, alleles, 1 if one else 2)
        words.append(AWAY if chromosome == "Y" and not male else "/".join(map(str, drawn)))
    return words


def truth(words: Sequence[str], letters: Sequence[str], effect: str) -> Values:
    """Copies of the effect allele (n,), letter by letter; NaN for what was not called."""
    return np.array(
        [
            np.nan if w == AWAY else sum(letters[int(a)] == effect for a in w.split("/"))
            for w in words
        ]
    )


def split(words: Sequence[str], k: int) -> str:
    """The calls of alternate allele k as bcftools norm -m- writes them: all others become 0."""
    return " ".join(
        w if w == AWAY else "/".join("1" if a == str(k) else "0" for a in w.split("/"))
        for w in words
    )


def read(folder: Path, chromosome: str, alts: Sequence[str], *, normed: bool, seed: int) -> Cohort:
    """One site from a VCF: several alternates in one record, or in one record each."""
    words, at = called(chromosome, len(alts) + 1, seed), PLACES[chromosome]
    rows = [f"{chromosome} {at} . A {','.join(alts)} . . . GT {' '.join(words)}"]
    if normed:
        rows = [
            f"{chromosome} {at} . A {alt} . . . GT {split(words, k + 1)}"
            for k, alt in enumerate(alts)
        ]
    path = write_vcf(folder / f"{chromosome}{''.join(alts)}{normed}{seed}.vcf", rows, IDS)
    return read_vcf(path, people=PEOPLE, multiallelic="split", missing="keep")


def score_of(chromosome: str, effect: str, other: str) -> PolygenicScore:
    """A score of one variant with weight 1."""
    row = [None, chromosome, float(PLACES[chromosome]), effect, other, 1.0, np.nan]
    return PolygenicScore("one", pd.DataFrame([row], columns=[*COLUMNS]), "GRCh37")


@pytest.mark.parametrize("chromosome", list(PLACES))
@pytest.mark.parametrize("alts", [["G"], ["G", "T"], ["G", "C", "AC"]])
@pytest.mark.parametrize("normed", [False, True])
def test_copies_are_those_of_letters_in_calls(
    tmp_path: Path, chromosome: str, alts: list[str], normed: bool
) -> None:
    """Aligned dosages count the letters of each allele of a site; of three, never the reference.

    What is inserted behind the base is no third base: the others are all those without it.
    """
    letters = ["A", *alts]
    bases = [alt for alt in alts if len(alt) == 1]
    words = called(chromosome, len(letters), seed=3)
    cohort = read(tmp_path, chromosome, alts, normed=normed, seed=3)
    for alt in alts:
        name = f"{chromosome}:{PLACES[chromosome]}:A:{alt}"
        for effect, other in ((alt, "A"), ("A", alt)):
            wanted = pd.DataFrame(
                {"variant": [name], "effect_allele": [effect], "other_allele": [other]}
            )
            if effect == "A" and alt in bases and len(bases) > 1:
                with pytest.raises(FeatureError, match="1 variants are to be swapped at sites of"):
                    align_alleles(cohort, wanted, ambiguous="forward")
                continue
            made = align_alleles(cohort, wanted, ambiguous="forward").dense()[:, 0]
            others = [a for a in letters if a != alt] if effect == "A" else [alt]
            seen = np.sum([truth(words, letters, a) for a in others], axis=0)
            np.testing.assert_array_equal(made, seen)


@pytest.mark.parametrize("chromosome", list(PLACES))
def test_a_score_is_that_of_letters_in_calls(tmp_path: Path, chromosome: str) -> None:
    """A score of one variant is the count of its effect allele; turned where all have as many."""
    cohort = read(tmp_path, chromosome, "G", normed=False, seed=5)
    table = cohort.features.table
    assert table is not None
    cohort = cohort.altered(features=Features(cohort.features.names, table.assign(build="GRCh37")))
    words = called(chromosome, 2, seed=5)
    kept = np.array(words) != AWAY
    same = adapt(score_of(chromosome, "G", "A").aligned(cohort))
    x = cohort.dense()[kept]
    np.testing.assert_array_equal(same.margin(x)[:, 0], truth(words, "AG", "G")[kept])
    turned = score_of(chromosome, "A", "G")
    if chromosome in ("X", "Y"):
        with pytest.raises(ModelError, match=r"of 1 variants on X, Y or MT .*align_alleles"):
            turned.aligned(cohort)
        return
    model = turned.aligned(cohort)
    assert model.intercept == {"1": 2, "MT": 1}[chromosome]
    np.testing.assert_array_equal(adapt(model).margin(x)[:, 0], truth(words, "AG", "A")[kept])


def test_of_one_allele_the_others_are_known_though_not_asked_for(tmp_path: Path) -> None:
    """A variant that is read alone of its site still says how many alleles the site has."""
    for normed in (False, True):
        cohort = read(tmp_path, "1", "GT", normed=normed, seed=1)
        assert cohort.features.table is not None
        assert cohort.features.table["alleles"].tolist() == [3, 3]
        assert any("2 variants lie at sites of more than two alleles" in n for n in cohort.notes)
        path = tmp_path / f"1GT{normed}1.vcf"
        alone = read_vcf(path, people=PEOPLE, multiallelic="split", variants=["1:1000:A:T"])
        assert alone.features.table is not None
        assert alone.features.table["alleles"].tolist() == [3]


def test_a_bed_whose_sites_were_split_is_seen(tmp_path: Path) -> None:
    """Two variants of one place that share an allele are one site, however few are read."""
    sites = made_sites(4)
    sites["position"] = [10, 10, 20, 30]
    sites["A1"], sites["A2"] = list("GCGA"), list("AAAC")
    x = np.random.default_rng(0).integers(0, 3, (8, 4)).astype(float)
    path = write_bed(tmp_path / "a.bed", x, sites.assign(chromosome="1"), made_samples(8))
    cohort = read_plink(path, variants=["rs1", "rs2"])
    assert cohort.features.table is not None
    assert cohort.features.table["alleles"].tolist() == [3, 2]
    wanted = pd.DataFrame({"variant": ["rs1"], "effect_allele": ["A"], "other_allele": ["C"]})
    with pytest.raises(FeatureError, match=r"more than two alleles, first \['rs1'\]"):
        align_alleles(cohort, wanted)


def test_a_score_leaves_out_what_a_third_allele_hides(tmp_path: Path) -> None:
    """The reference allele of a site of three is not used, and the note counts and names it."""
    cohort = read(tmp_path, "1", "GT", normed=False, seed=2)
    rows = [
        [None, "1", 1000.0, "A", "G", 0.1, np.nan], [None, "1", 1000.0, "T", "A", 1.0, np.nan],
    ]  # fmt: skip
    score = PolygenicScore("two", pd.DataFrame(rows, columns=[*COLUMNS]), "GRCh37")
    found = score.matched(cohort, by="position", ambiguous="forward")
    assert found["match"].tolist() == ["more than two alleles", "same"]
    model = score.aligned(cohort, by="position", ambiguous="forward")
    assert dict(model.weights) == {"1:1000:A:T": 1.0}
    assert model.intercept == 0
    assert "1 more than two alleles ['1:1000:G:A']" in model.notes[0]


def test_one_variant_twice_is_not_split() -> None:
    """Duplicates, on either strand, and variants without alleles or place are no third allele."""
    table = pd.DataFrame(
        {
            "chromosome": ["1", "1", "1", "2", "2", "3", None, None],
            "position": [7] * 8,
            "counted_allele": ["A", "G", "T", "A", None, "A", "A", "A"],
            "other_allele": ["G", "A", "C", "G", "A", "C", "C", "G"],
        }
    )
    assert alleles_at(table).tolist() == [2] * 8
    assert alleles_at(table.assign(chromosome="1"))[0] == 3
    assert alleles_at(table.assign(alleles=[4.0, *[np.nan] * 7]))[0] == 4
    assert alleles_at(table.iloc[:0]).tolist() == []
    assert alleles_at(table[["counted_allele"]]).tolist() == [2] * 8


def test_a_place_holder_is_no_third_allele() -> None:
    """<NON_REF> of a genomic VCF is an allele that nobody has; a star is one."""
    one = SimpleNamespace(CHROM="1", POS=7, REF="C", ALT=["T", "<NON_REF>"])
    star = SimpleNamespace(CHROM="1", POS=8, REF="T", ALT=["C", "*"])
    assert [counts for _, counts in by_place([one, star])] == [[2, 2], [3, 3]]
