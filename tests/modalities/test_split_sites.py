"""What a third allele of a site is, and what stands beside it without being one."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from evenlight.data.cohort import Cohort
from evenlight.data.features import Features
from evenlight.errors import FeatureError
from evenlight.modalities.alignment import align_alleles
from evenlight.modalities.pgs import COLUMNS, PolygenicScore
from evenlight.modalities.split_sites import alleles_at, by_place, together
from evenlight.modalities.vcf import read_vcf
from tests.genotype_files import write_vcf

N = 40
IDS = [f"s{i:02d}" for i in range(N)]


def table_of(*pairs: tuple[str, str]) -> pd.DataFrame:
    """Variants of one place, by other and counted allele."""
    made = pd.DataFrame(list(pairs), columns=["other_allele", "counted_allele"])
    return made.assign(chromosome="1", position=7)


@pytest.mark.parametrize(
    ("pairs", "alleles"),
    [
        ([("A", "G"), ("AT", "A")], [2, 2]),
        ([("A", "G"), ("A", "ATT")], [2, 2]),
        ([("A", "G"), ("A", "<DEL>")], [2, 2]),
        ([("A", "G"), ("I", "D")], [2, 2]),
        ([("A", "G"), ("A", "T"), ("AT", "A")], [3, 3, 2]),
        ([("AT", "A"), ("ATT", "A")], [3, 3]),
        ([("A", "AT"), ("AT", "A")], [3, 3]),
        ([("AT", "A"), ("AT", "ATT")], [3, 3]),
        ([("AT", "A"), ("AT", "A")], [2, 2]),
        ([("AT", "GC"), ("A", "G")], [3, 3]),
        ([("AT", "GT"), ("AT", "A")], [2, 2]),
        ([("A", "<CN0>"), ("A", "<CN2>")], [3, 3]),
        ([("A", "<DEL>"), ("AT", "A")], [3, 3]),
        ([("T", "*"), ("TA", "T")], [3, 3]),
        ([("A", "C"), ("T", "G"), ("A", "G")], [3, 3, 3]),
        ([("a", "g"), ("A", "C")], [3, 3]),
    ],
)
def test_a_third_allele_changes_what_another_changes(
    pairs: list[tuple[str, str]], alleles: list[int]
) -> None:
    """Bases of one place exclude one another; a change behind the base leaves it."""
    assert alleles_at(table_of(*pairs)).tolist() == alleles


def touched(ref: str, alt: str) -> set[float]:
    """The letters of the reference that a variant replaces; where it only inserts, the gap."""
    while ref and alt and ref[-1] == alt[-1]:
        ref, alt = ref[:-1], alt[:-1]
    start = 0
    while ref[start : start + 1] and ref[start : start + 1] == alt[start : start + 1]:
        start += 1
    return set(map(float, range(start, len(ref)))) or {start - 0.5}


def test_nothing_that_shares_a_letter_is_overlooked() -> None:
    """Two variants of a VCF that replace a letter in common, drawn at random, are a site of three.

    A base is one of three wherever another variant replaces it, and nowhere else, but where letters
    are put before it, which no VCF writes at its place.
    """
    rng = np.random.default_rng(0)
    seen = [0, 0]
    for _ in range(3000):
        genome = "".join(rng.choice(list("ACGT"), 4))
        pairs = []
        for _ in range(2):
            alt = "".join(rng.choice(list("ACGT"), rng.integers(1, 4)))
            pairs.append((genome[: rng.integers(1, 4)], alt))
        if any(ref == alt for ref, alt in pairs) or pairs[0] == pairs[1]:
            continue
        shared = bool(touched(*pairs[0]) & touched(*pairs[1]))
        base = any(len(ref) == len(alt) == 1 for ref, alt in pairs)
        base &= not any(-0.5 in touched(*pair) for pair in pairs)
        found = together(pairs)
        seen[shared] += 1
        if shared or base:
            assert found == ([3, 3] if shared else [2, 2]), (genome, pairs)
    assert min(seen) > 500


def test_records_of_a_vcf_are_compared_alternate_by_alternate() -> None:
    """In one record or several, the same; a place holder of a gVCF is nobody's allele."""
    snp = SimpleNamespace(CHROM="1", POS=7, REF="A", ALT=["G", "<NON_REF>"])
    gone = SimpleNamespace(CHROM="1", POS=7, REF="AT", ALT=["A"])
    both = SimpleNamespace(CHROM="1", POS=9, REF="AT", ALT=["GT", "A"])
    none = SimpleNamespace(CHROM="1", POS=9, REF="A", ALT=[])
    counts = [found for _, found in by_place([snp, gone, both, none])]
    assert [counts[0][0], *counts[1:]] == [2, [2], [2, 2], []]


def test_one_place_is_found_by_any_name_of_its_chromosome() -> None:
    """chrX, X and 23 are one; 0 is where a file has what it cannot place."""
    table = table_of(("A", "G"), ("A", "T"), ("A", "C"))
    assert alleles_at(table.assign(chromosome=["chrX", "X", 23])).tolist() == [4, 4, 4]
    assert alleles_at(table.assign(position=0)).tolist() == [2, 2, 2]


def beside(folder: Path, *, normed: bool) -> tuple[Cohort, np.ndarray]:
    """A SNP and a deletion of one place from a VCF, and the haplotypes that it was made of."""
    held = np.random.default_rng(4).integers(0, 3, (N, 2))
    both = [f"1 1000 . AT GT,A . . . GT {' '.join(f'{a}/{b}' for a, b in held)}"]
    one = " ".join(f"{int(a == 1)}/{int(b == 1)}" for a, b in held)
    two = " ".join(f"{int(a == 2)}/{int(b == 2)}" for a, b in held)
    split = [f"1 1000 snp A G . . . GT {one}", f"1 1000 del AT A . . . GT {two}"]
    path = write_vcf(folder / f"{normed}.vcf", split if normed else both, IDS)
    people = pd.DataFrame(index=IDS)
    return read_vcf(path, people=people, multiallelic="split", build="GRCh37"), held


def test_a_base_beside_a_deletion_is_turned_as_any(tmp_path: Path) -> None:
    """Copies of A are those of haplotypes that have an A there, the deletion's among them."""
    cohort, held = beside(tmp_path, normed=True)
    wanted = pd.DataFrame({"variant": ["snp"], "effect_allele": ["A"], "other_allele": ["G"]})
    made = align_alleles(cohort, wanted).dense()[:, 0]
    np.testing.assert_array_equal(made, (held != 1).sum(axis=1))
    score = PolygenicScore(
        "one",
        pd.DataFrame([[None, "1", 1000.0, "A", "G", 0.5, np.nan]], columns=[*COLUMNS]),
        "GRCh37",
    )
    assert score.matched(cohort)["match"].tolist() == ["swapped"]
    assert cohort.features.table is not None
    assert "alleles" not in cohort.features.table
    apart, _ = beside(tmp_path, normed=False)
    assert apart.features.table is not None
    assert "alleles" not in apart.features.table


def test_two_deletions_of_a_place_are_still_refused() -> None:
    """2 less the copies of one length of a repeat counts the others as the reference."""
    table = table_of(("AT", "A"), ("ATT", "A")).set_axis(["one", "two"], axis=0)
    x = np.random.default_rng(0).integers(0, 2, (N, 2)).astype(float)
    cohort = Cohort(x, pd.DataFrame(index=IDS), Features(("one", "two"), table), unit="row")
    wanted = pd.DataFrame({"variant": ["one"], "effect_allele": ["AT"], "other_allele": ["A"]})
    with pytest.raises(FeatureError, match=r"more than two alleles, first \['one'\]"):
        align_alleles(cohort, wanted)
