"""PLINK's files are read as they are: alleles, missing calls, people, from disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Values
from evenlight.data.cohort import Cohort
from evenlight.data.rows import Rows
from evenlight.errors import CohortError, FeatureError, InputError
from evenlight.modalities import genotype_rows
from evenlight.modalities.plink import read_plink
from tests.genotype_files import dosages, made_samples, made_sites, write_bed, write_pgen

WRITERS = {"bed": write_bed, "pgen": write_pgen}


def by_hand(path: Path, n: int, p: int) -> Values:
    """A bed decoded as its format says: two bits a call, 00 is two copies of A1, 01 missing."""
    raw = path.read_bytes()
    assert raw[:3] == b"\x6c\x1b\x01"
    each = -(-n // 4)
    out = np.empty((n, p))
    for j in range(p):
        for i in range(n):
            bits = raw[3 + j * each + i // 4] >> 2 * (i % 4) & 3
            out[i, j] = {0: 2, 1: np.nan, 2: 1, 3: 0}[bits]
    return out


def test_a_bed_is_what_its_bits_say(tmp_path: Path) -> None:
    """Copies of A1 agree with the format read bit by bit, and missing is NaN, never 0 or -9."""
    x = dosages(11, 7, lost=0.2)
    path = write_bed(tmp_path / "a.bed", x)
    cohort = read_plink(path, missing="keep")
    np.testing.assert_array_equal(cohort.dense(), by_hand(path, 11, 7))
    np.testing.assert_array_equal(cohort.dense(), x)
    assert cohort.gaps
    assert isinstance(cohort.x, Rows)


@pytest.mark.parametrize("kind", ["bed", "pgen"])
def test_the_digest_is_that_of_the_same_people_in_memory(tmp_path: Path, kind: str) -> None:
    """Read from either format, a cohort is the same as one of arrays."""
    x = dosages(30, 12)
    path = WRITERS[kind](tmp_path / f"a.{kind}", x)
    people = pd.DataFrame({"case": np.arange(30) % 2}, index=[f"s{i}" for i in range(30)])
    direct = Cohort(x, people, [f"rs{j}" for j in range(12)], outcome="case")
    read = read_plink(path, people=people, outcome="case")
    assert read.digest == direct.digest
    assert read_plink(tmp_path / "a", people=people).digest == direct.digest


def test_the_other_allele_may_be_counted(tmp_path: Path) -> None:
    """Copies of A1 and of A2 add up to two in both formats; the table names what is counted."""
    x = dosages(9, 5)
    for kind, write in WRITERS.items():
        path = write(tmp_path / f"a.{kind}", x)
        first, second = read_plink(path), read_plink(path, counted="A2")
        np.testing.assert_array_equal(first.dense() + second.dense(), 2.0)
        table, other = first.features.table, second.features.table
        assert table is not None
        assert other is not None
        assert table["counted_allele"].tolist() == made_sites(5)["A1"].tolist()
        assert other["counted_allele"].tolist() == table["other_allele"].tolist()
        assert f"allele {'A2'}" in second.notes[0]


def test_missing_calls_are_counted_or_filled_as_asked(tmp_path: Path) -> None:
    """The default names how many are missing; other ways are those of every cohort."""
    x = dosages(20, 6, lost=0.1)
    lost = int(np.isnan(x).sum())
    for kind, write in WRITERS.items():
        path = write(tmp_path / f"{kind}.{kind}", x)
        with pytest.raises(CohortError, match=rf"x holds {lost} values that are not finite"):
            read_plink(path)
        filled = read_plink(path, missing="median").dense()
        expected = np.where(np.isnan(x), np.nanmedian(x, axis=0), x)
        np.testing.assert_array_equal(filled, expected)
        assert read_plink(path, missing="drop").n == int((~np.isnan(x).any(axis=1)).sum())


def test_imputed_dosages_of_a_pgen_are_kept(tmp_path: Path) -> None:
    """Dosages come to 1/16,384 of a copy, and missing ones are NaN."""
    x = np.random.default_rng(0).uniform(0, 2, (8, 4))
    x[2, 1] = np.nan
    read = read_plink(write_pgen(tmp_path / "a.pgen", x), missing="keep").dense()
    np.testing.assert_allclose(read, x, atol=1 / 16384)
    assert np.isnan(read).sum() == 1


def test_rows_are_read_in_any_order_and_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some rows, in any order and with repeats, are those of the whole; so are blocks of few."""
    x = dosages(23, 40, lost=0.05)
    at = np.array([7, 3, 22, 3, 0])
    for kind, write in WRITERS.items():
        cohort = read_plink(write(tmp_path / f"{kind}.{kind}", x), missing="keep")
        np.testing.assert_array_equal(cohort.dense(at), x[at])
        monkeypatch.setattr(genotype_rows, "TOGETHER", 4 * 40 * 5)
        monkeypatch.setattr(genotype_rows, "PART", 4 * 23 * 3)
        parts = [part for _, part in cohort.take(np.arange(1, 23, 2)).blocks(4)]
        np.testing.assert_array_equal(np.concatenate(parts), x[1:23:2])
        monkeypatch.undo()


def test_variants_are_chosen_by_id_region_and_list(tmp_path: Path) -> None:
    """Ids come in the order they are named, regions in that of the file; a list is a file."""
    x = dosages(9, 8)
    path = write_bed(tmp_path / "a.bed", x)
    assert read_plink(path, variants=["rs5", "rs1"]).features.names == ("rs5", "rs1")
    np.testing.assert_array_equal(read_plink(path, variants=["rs5", "rs1"]).dense(), x[:, [5, 1]])
    assert read_plink(path, variants="chr2:6,000-7,000").features.names == ("rs5", "rs6")
    assert read_plink(path, variants="1:").features.names == ("rs0", "rs1", "rs2", "rs3")
    (tmp_path / "keep.txt").write_text("rs7\n\n1:1-2000\n")
    listed = read_plink(path, variants=tmp_path / "keep.txt")
    assert listed.features.names == ("rs7", "rs0", "rs1")
    for asked, why in {
        ("rs77", "rs1"): r"1 of 2 variants asked for .*\['rs77'\] \(the nearest is 'rs7'\)",
        ("X:1-9",): r"1 of 1 variants asked for",
        ("rs1", "1:"): r"1 variants are asked for twice",
        ("1:9-2",): r"ends before it begins",
        (): r"names none",
    }.items():
        with pytest.raises(FeatureError, match=why):
            read_plink(path, variants=asked)


def test_variants_without_an_id_of_their_own_are_named_by_place(tmp_path: Path) -> None:
    """A dot and a shared id give way to chromosome:position:other:counted; a double is refused."""
    sites = made_sites(5)
    sites["id"] = [".", "rs1", "rs1", "rs3", "rs4"]
    x = dosages(9, 5)
    path = write_bed(tmp_path / "a.bed", x, sites)
    cohort = read_plink(path)
    assert cohort.features.names == ("1:1000:G:A", "1:2000:A:C", "2:3000:C:T", "rs3", "rs4")
    assert any("3 of 5 variants have no id of their own" in note for note in cohort.notes)
    assert read_plink(path, variants="rs1").features.names == ("1:2000:A:C", "2:3000:C:T")
    sites.loc[2] = sites.loc[1]
    with pytest.raises(FeatureError, match=r"2 of 5 variants have a name .*'1:2000:A:C'.*rm-dup"):
        read_plink(write_bed(tmp_path / "b.bed", x, sites))


def test_chromosomes_have_one_name(tmp_path: Path) -> None:
    """PLINK's numbers and chr prefixes give way to letters; place 0 is unknown."""
    sites = made_sites(4)
    sites["chromosome"] = ["chr1", "24", "26", "25"]
    sites["position"] = [5, 6, 7, 0]
    table = read_plink(write_bed(tmp_path / "a.bed", dosages(8, 4), sites)).features.table
    assert table is not None
    assert table["chromosome"].tolist() == ["1", "Y", "MT", "XY"]
    assert table["position"].tolist()[:3] == [5, 6, 7]
    assert np.isnan(table["position"].iloc[3])


def test_a_pgen_may_stand_beside_bim_and_fam(tmp_path: Path) -> None:
    """Tables of either generation serve a pgen, and a pvar without header is a bim."""
    x = dosages(9, 4)
    write_bed(tmp_path / "a.bed", x)
    path = write_pgen(tmp_path / "a.pgen", x)
    digest = read_plink(path).digest
    path.with_suffix(".pvar").unlink()
    path.with_suffix(".psam").unlink()
    assert read_plink(path).digest == digest
    with pytest.raises(CohortError, match=r"there are a\.bed and a\.pgen; name the one"):
        read_plink(tmp_path / "a")


def test_files_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    """What is absent, of another size, packed or no PLINK file is named."""
    x = dosages(9, 4)
    path = write_bed(tmp_path / "a.bed", x)
    with pytest.raises(CohortError, match=r"there is no b\.bed"):
        read_plink(tmp_path / "b")
    fam = path.with_suffix(".fam").read_text().splitlines(keepends=True)
    path.with_suffix(".fam").write_text("".join(fam[:4]))
    with pytest.raises(CohortError, match=r"a\.bed does not fit its tables: 4 samples, 4 variants"):
        read_plink(path)
    pgen = write_pgen(tmp_path / "d.pgen", x)
    (tmp_path / "d.psam").write_text((tmp_path / "d.psam").read_text().rsplit("s8", 2)[0])
    with pytest.raises(CohortError, match=r"d\.pgen does not fit its tables: 8 samples"):
        read_plink(pgen)
    path.with_suffix(".fam").unlink()
    with pytest.raises(CohortError, match=r"there is no a\.fam"):
        read_plink(path)
    path.with_suffix(".fam").write_text("")
    with pytest.raises(CohortError, match=r"a\.fam has no rows"):
        read_plink(path)
    path.with_suffix(".fam").write_text("a b c\n")
    with pytest.raises(CohortError, match=r"a\.fam has 3 columns and no header"):
        read_plink(path)
    pgen = write_pgen(tmp_path / "c.pgen", x)
    pgen.with_suffix(".pvar").rename(tmp_path / "c.pvar.zst")
    with pytest.raises(CohortError, match=r"no c\.pvar or c\.bim; unpack c\.pvar\.zst"):
        read_plink(pgen)
    with pytest.raises(CohortError, match=r"counted='A3'"):
        read_plink(path, counted="A3")  # type: ignore[arg-type]


def test_several_alternate_alleles_in_a_pvar_are_refused(tmp_path: Path) -> None:
    """They are named, with the command that splits them."""
    sites = made_sites(4)
    sites.loc[2, "A1"] = "T,G"
    path = write_pgen(tmp_path / "a.pgen", dosages(8, 4), sites)
    with pytest.raises(FeatureError, match=r"1 of 4 variants have several .*\['rs2'\].*=-"):
        read_plink(path)


def test_a_build_is_recorded_and_not_contradicted(tmp_path: Path) -> None:
    """It is in table and notes; another one in the header, or a position beyond, is refused."""
    x, header = dosages(8, 4), ["##contig=<ID=1,length=249250621>"]
    path = write_pgen(tmp_path / "a.pgen", x, header=header)
    cohort = read_plink(path)
    assert cohort.features.table is not None
    assert set(cohort.features.table["build"]) == {"GRCh37"}
    assert "Genome build: GRCh37 (header of the file)." in cohort.notes
    with pytest.raises(CohortError, match=r"build='hg38', but the header .* says GRCh37"):
        read_plink(path, build="hg38")
    with pytest.raises(CohortError, match=r"build='hg18'; known"):
        read_plink(path, build="hg18")
    sites = made_sites(4)
    sites.loc[0, "position"] = 249_000_000
    bed = write_bed(tmp_path / "b.bed", x, sites)
    assert read_plink(bed, build="hg19").n == 8
    with pytest.raises(FeatureError, match=r"1 of 4 variants lie behind the end .* GRCh38"):
        read_plink(bed, build="hg38")
    assert "Genome build: not recorded" in " ".join(read_plink(bed).notes)


def test_a_reader_that_is_absent_is_told_with_its_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without bed-reader or Pgenlib the error says what to install."""
    x = dosages(8, 4)
    paths = [write(tmp_path / f"a.{kind}", x) for kind, write in WRITERS.items()]
    monkeypatch.setitem(__import__("sys").modules, "bed_reader", None)
    monkeypatch.setitem(__import__("sys").modules, "pgenlib", None)
    for path, package in zip(paths, ("bed-reader", "Pgenlib"), strict=True):
        with pytest.raises(InputError, match=rf"pip install {package}"):
            read_plink(path)


def test_a_role_and_a_split_are_those_of_any_cohort(tmp_path: Path) -> None:
    """Groups, outcome and split go to the cohort; missing calls of training rows do not count."""
    x = dosages(20, 4)
    x[:10, 0] = np.nan
    samples = made_samples(20)
    people = pd.DataFrame(
        {"half": ["train"] * 10 + ["test"] * 10, "case": [0, 1] * 10}, index=samples["IID"]
    )
    path = write_bed(tmp_path / "a.bed", x, samples=samples)
    cohort = read_plink(path, people=people, split=("half", "test"), outcome="case", groups=["sex"])
    assert cohort.n == 10
    np.testing.assert_array_equal(cohort.dense(), x[10:])
    assert cohort.groups[0].levels == ("female", "male")


def test_a_bed_that_is_none_is_named_before_it_is_read(tmp_path: Path) -> None:
    """Other first bytes, and a file that lies by sample, are told as such."""
    path = write_bed(tmp_path / "a.bed", dosages(9, 4))
    held = path.read_bytes()
    path.write_bytes(b"\x00\x00\x00" + held[3:])
    with pytest.raises(
        CohortError, match=r"a\.bed does not begin as a PLINK bed does \(6c 1b, .*00"
    ):
        read_plink(path)
    path.write_bytes(held[:2] + b"\x00" + held[3:])
    with pytest.raises(CohortError, match=r"a\.bed lies by sample.*--make-bed"):
        read_plink(path)


def test_one_allele_twice_is_refused(tmp_path: Path) -> None:
    """A bim whose A1 is its A2 does not say what is counted."""
    path = write_bed(tmp_path / "a.bed", dosages(9, 2))
    bim = path.with_suffix(".bim")
    first, *rest = bim.read_text().splitlines()
    cells = first.split()
    bim.write_text("\n".join(["\t".join([*cells[:5], cells[4]]), *rest]) + "\n")
    with pytest.raises(FeatureError, match="1 of 2 variants have the same allele twice"):
        read_plink(path)
