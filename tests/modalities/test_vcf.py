"""A VCF is read by cyvcf2: calls and dosages, several alternates, missing alleles, phase."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evenlight.data.cohort import Cohort
from evenlight.errors import CohortError, FeatureError, InputError
from evenlight.modalities import vcf_records
from evenlight.modalities.plink import read_plink
from evenlight.modalities.vcf import read_vcf
from tests.genotype_files import calls, dosages, write_pgen, write_vcf

PEOPLE = pd.DataFrame({"sex": ["M", "F", "M"]}, index=["a", "b", "c"])


def of(folder: Path, *records: str, header: Sequence[str] = ()) -> Path:
    """A VCF of three people."""
    return write_vcf(folder / "a.vcf", records, ["a", "b", "c"], header=header)


def slow_copies(call: str, allele: int) -> float:
    """Copies of one allele in a call, as its text says; NaN with a missing allele."""
    alleles = call.replace("|", "/").split("/")
    return float("nan") if "." in alleles else float(alleles.count(str(allele)))


def test_calls_are_what_their_text_says(tmp_path: Path) -> None:
    """Copies agree with the text of each call, haploid, phased and missing ones too."""
    words = ["0/0", "0|1", "1/1", "./.", "./1", "1", "0", ".", "1|2", "0/2", "2"]
    rng = np.random.default_rng(0)
    table = rng.choice(words, (40, 3))
    rows = [f"1 {j + 1} rs{j} A G,T . . . GT {' '.join(own)}" for j, own in enumerate(table)]
    cohort = read_vcf(of(tmp_path, *rows), people=PEOPLE, multiallelic="split", missing="keep")
    expected = [[slow_copies(c, k) for c in own] for own in table for k in (1, 2)]
    np.testing.assert_array_equal(cohort.dense().T, expected)


def test_a_vcf_and_a_pgen_of_the_same_people_are_one_cohort(tmp_path: Path) -> None:
    """Both readers give the same names, alleles, values and digest."""
    x = dosages(9, 6)
    names = [f"s{i}" for i in range(9)]
    path = write_pgen(tmp_path / "a.pgen", x)
    first = read_plink(path)
    assert first.features.table is not None
    rows = [
        f"{s.chromosome} {s.position} {name} {s.other_allele} {s.counted_allele} . . . GT "
        + calls(x[:, j])
        for j, (name, s) in enumerate(first.features.table.iterrows())
    ]
    people = pd.DataFrame({"age": range(9)}, index=names[::-1])
    second = read_vcf(write_vcf(tmp_path / "a.vcf", rows, names), people=people)
    assert second.digest == first.digest
    assert second.people["age"].tolist() == list(range(9))[::-1]
    assert second.features.table is not None
    pd.testing.assert_frame_equal(second.features.table, first.features.table)


def test_a_packed_vcf_is_the_same(tmp_path: Path) -> None:
    """A .vcf.gz gives what its text gives."""
    path = of(tmp_path, "1 10 rs1 A G . . . GT 0/1 0/0 1/1", "1 20 rs2 C T . . . GT 0/0 0/1 0/1")
    packed = tmp_path / "a.vcf.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert read_vcf(packed, people=PEOPLE).digest == read_vcf(path, people=PEOPLE).digest


def test_several_alternates_are_refused_or_split(tmp_path: Path) -> None:
    """The error names them; split, each allele is a variant of its own, and shares no copies."""
    path = of(tmp_path, "1 10 rs1 A G . . . GT 0/1 0/0 1/1", "1 20 rs2 A G,T . . . GT 0/1 1/2 2/2")
    with pytest.raises(FeatureError, match=r"1 records have several .*\['rs2'\].*split.*norm -m-"):
        read_vcf(path, people=PEOPLE)
    cohort = read_vcf(path, people=PEOPLE, multiallelic="split")
    assert cohort.features.names == ("rs1", "1:20:A:G", "1:20:A:T")
    np.testing.assert_array_equal(cohort.dense().T, [[1, 0, 2], [1, 1, 0], [0, 1, 2]])
    assert any("1 records were split" in note for note in cohort.notes)
    assert read_vcf(path, people=PEOPLE, variants=["rs1"]).features.names == ("rs1",)
    only = read_vcf(path, people=PEOPLE, variants=["1:20:A:T"], multiallelic="split")
    np.testing.assert_array_equal(only.dense()[:, 0], [0, 1, 2])


def test_what_was_dropped_is_recorded(tmp_path: Path) -> None:
    """Phase, half calls, sites without alternates, filters and imputation are counted in notes."""
    cohort = read_vcf(
        of(
            tmp_path,
            "1 10 rs1 A G . PASS IMP GT 0|1 0|0 1/1",
            "1 20 rs2 A G . q10 . GT 0/1 ./1 0/0",
            "1 30 rs3 A . . . . GT 0/0 0/0 0/0",
        ),
        people=PEOPLE, missing="keep",
    )  # fmt: skip
    assert cohort.features.names == ("rs1", "rs2")
    told = " ".join(cohort.notes)
    for words in (
        "calls (GT) of the alternate allele at 2 records",
        "Phase was dropped: 2 of 5 calls were phased.",
        "1 calls with one of two alleles missing are taken as missing.",
        "1 records without an alternate allele were left out.",
        "1 records did not pass a filter of the file and were kept.",
        "1 records are marked as imputed.",
        "Genome build: not recorded",
    ):
        assert words in told
    with pytest.raises(CohortError, match="x holds 1 values that are not finite"):
        read_vcf(tmp_path / "a.vcf", people=PEOPLE)


def test_dosages_are_read_where_asked_for(tmp_path: Path) -> None:
    """DS comes as it is written; absent, of another number or out of range it is refused."""
    path = of(tmp_path, "1 10 rs1 A G . . . GT:DS 0/1:0.9 ./.:. 1/1:2")
    cohort = read_vcf(path, people=PEOPLE, field="DS", missing="keep")
    np.testing.assert_allclose(cohort.dense()[:, 0], [0.9, np.nan, 2.0], rtol=1e-6)
    assert "expected copies (DS, not observed counts)" in cohort.notes[0]
    for record, why in {
        "1 10 rs1 A G . . . GT 0/1 0/0 1/1": r"rs1 has no DS \(its fields are GT\)",
        "1 10 rs1 A G . . . DS 7 0 1": r"rs1 has a dosage of 7; wanted 0 to 2",
        "1 10 rs1 A G . . . DS -1 0 1": r"rs1 has a dosage of -1; wanted",
    }.items():
        with pytest.raises(FeatureError, match=why):
            read_vcf(of(tmp_path, record), people=PEOPLE, field="DS")
    with pytest.raises(FeatureError, match=r"rs1 has no GT \(its fields are DS\)"):
        read_vcf(of(tmp_path, "1 10 rs1 A G . . . DS 1 0 1"), people=PEOPLE)


def test_a_build_is_read_from_the_header(tmp_path: Path) -> None:
    """By contigs' lengths, else by the word of the reference; another one given is refused."""
    row = "chr1 10 rs1 A G . . . GT 0/1 0/0 1/1"
    for line, build in {
        "##contig=<ID=chr1,length=248956422>": "GRCh38",
        "##contig=<ID=chr1,assembly=b37>": "GRCh37",
        "##reference=file:///refs/human_g1k_v37.fasta": "GRCh37",
        "##reference=mine.fa": None,
    }.items():
        head = [line] if line.startswith("##contig") else [line, "##contig=<ID=chr1>"]
        table = read_vcf(of(tmp_path, row, header=head), people=PEOPLE).features.table
        assert table is not None
        assert table["build"].tolist() == [build]
        assert table["chromosome"].tolist() == ["1"]
    path = of(tmp_path, row, header=["##contig=<ID=chr1,length=248956422>"])
    with pytest.raises(CohortError, match="says GRCh38; lift the file over"):
        read_vcf(path, people=PEOPLE, build="GRCh37")


def test_what_is_no_vcf_of_people_is_refused(tmp_path: Path) -> None:
    """An absent file, another format, a gVCF, unknown choices and too much to hold are named."""
    with pytest.raises(CohortError, match=r"there is no VCF 'none\.vcf'"):
        read_vcf(tmp_path / "none.vcf", people=PEOPLE)
    (tmp_path / "text.vcf").write_text("hello\n")
    with pytest.raises(CohortError, match=r"text\.vcf is no VCF or BCF"):
        read_vcf(tmp_path / "text.vcf", people=PEOPLE)
    path = of(tmp_path, "1 10 . A <NON_REF> . . . GT 0/0 0/0 0/0")
    with pytest.raises(FeatureError, match="gVCF of blocks"):
        read_vcf(path, people=PEOPLE)
    with pytest.raises(FeatureError, match="no variant of the file was asked for"):
        read_vcf(of(tmp_path, "1 10 rs1 A G . . . GT 0/1 0/0 1/1"), people=PEOPLE, variants="7:")
    with pytest.raises(FeatureError, match="more than two alleles"):
        read_vcf(of(tmp_path, "1 10 rs1 A G . . . GT 0/1/1 0/0 1/1"), people=PEOPLE)
    for wrong in ({"field": "GP"}, {"multiallelic": "first"}):
        with pytest.raises(CohortError, match="wanted"):
            read_vcf(path, people=PEOPLE, **wrong)  # type: ignore[arg-type]


def test_a_file_that_would_not_fit_into_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says how to have it read from disk."""
    monkeypatch.setattr(vcf_records, "DENSE_BUDGET", 2)
    with pytest.raises(CohortError, match=r"make a pgen of it.*then read_plink"):
        read_vcf(of(tmp_path, "1 10 rs1 A G . . . GT 0/1 0/0 1/1"), people=PEOPLE)


def test_a_reader_that_is_absent_is_told_with_its_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without cyvcf2 the error says what to install."""
    path = of(tmp_path, "1 10 rs1 A G . . . GT 0/1 0/0 1/1")
    monkeypatch.setitem(__import__("sys").modules, "cyvcf2", None)
    with pytest.raises(InputError, match="pip install cyvcf2"):
        read_vcf(path, people=PEOPLE)


def test_people_are_joined_to_a_vcf_by_id(tmp_path: Path) -> None:
    """A column of people may hold the ids, and a subset is an inner join that is recorded."""
    path = of(tmp_path, "1 10 rs1 A G . . . GT 0/1 0/0 1/1")
    people = pd.DataFrame({"sample": ["c", "a"], "age": [3, 1]})
    cohort: Cohort = read_vcf(path, people=people, id="sample", join="inner")
    np.testing.assert_array_equal(cohort.dense()[:, 0], [1, 2])
    assert cohort.people["age"].tolist() == [1, 3]
    with pytest.raises(CohortError, match="1 of 3 samples of the file are not in the table"):
        read_vcf(path, people=people, id="sample")


def test_one_allele_on_an_autosome_is_told(tmp_path: Path) -> None:
    """A haploid call counts as it stands; on chromosome 1 a note says so, on X of a male none."""
    read = read_vcf(of(tmp_path, "1 10 rs1 A G . . . GT 0 0/0 1"), people=PEOPLE)
    assert read.dense().ravel().tolist() == [0, 0, 1]
    assert any("2 calls on autosomes name one allele" in note for note in read.notes)
    alone = read_vcf(of(tmp_path, "1 10 rs1 A G . . . GT . 0/0 1/1"), people=PEOPLE, missing="keep")
    on_x = read_vcf(of(tmp_path, "X 90000000 rs1 A G . . . GT 0 0/1 1"), people=PEOPLE)
    assert not any("name one allele" in note for note in (*alone.notes, *on_x.notes))


def test_an_alternate_that_is_the_reference_is_refused(tmp_path: Path) -> None:
    """Of A/A nobody knows what is counted; a file may be read without it."""
    records = ("1 10 rs1 A A . . . GT 0/1 0/0 1/1", "1 20 rs2 A G . . . GT 0/1 0/0 1/1")
    path = of(tmp_path, *records)
    with pytest.raises(FeatureError, match=r"1 of 2 variants.*first \['rs1'\] \(A/A\)"):
        read_vcf(path, people=PEOPLE)
    assert read_vcf(path, people=PEOPLE, variants=["rs2"]).features.names == ("rs2",)


def test_a_file_that_ends_early_or_names_a_sample_twice_is_named(tmp_path: Path) -> None:
    """What the reader raises without a name becomes an error with the file's."""
    path = of(tmp_path, *(f"1 {j}0 rs{j} A G . . . GT 0/1 0/0 1/1" for j in range(1, 99)))
    path.write_text(path.read_text()[:-9])
    with pytest.raises(CohortError, match=r"a\.vcf: a record cannot be read.*cut off"):
        read_vcf(path, people=PEOPLE)
    twice = write_vcf(tmp_path / "b.vcf", ["1 10 rs1 A G . . . GT 0/1 0/0 1/1"], ["a", "b", "a"])
    with pytest.raises(CohortError, match=r"b\.vcf: its header cannot be read.*sample named twice"):
        read_vcf(twice, people=PEOPLE)
