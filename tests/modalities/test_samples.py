"""People are joined to a file by id, and what a fam or psam tells of them is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evenlight.errors import CohortError
from evenlight.modalities.plink import read_plink
from evenlight.modalities.samples import phenotype_of
from tests.genotype_files import dosages, made_samples, write_bed, write_pgen


def table(ids: list[str]) -> pd.DataFrame:
    """People by id, with the number that is in it."""
    return pd.DataFrame({"number": [int(i.lstrip("s")) for i in ids]}, index=ids)


def test_people_are_matched_by_id_in_whatever_order(tmp_path: Path) -> None:
    """Rows are those of the file, and each has the genotypes and the columns of its own id."""
    x = dosages(12, 5)
    path = write_bed(tmp_path / "a.bed", x)
    ids = [f"s{i}" for i in np.random.default_rng(0).permutation(12)]
    cohort = read_plink(path, people=table(ids))
    assert cohort.rows.tolist() == [f"s{i}" for i in range(12)]
    assert cohort.people["number"].tolist() == list(range(12))
    np.testing.assert_array_equal(cohort.dense(), x)


@pytest.mark.parametrize("id", ["IID", "sample", "FID_IID", "index"])
def test_an_id_is_an_index_a_column_or_family_and_id(tmp_path: Path, id: str) -> None:
    """IID and FID_IID of the file are found in the index or in a column of people."""
    x, samples = dosages(12, 5), made_samples(12)
    samples["FID"] = [f"f{i // 2}" for i in range(12)]
    path = write_bed(tmp_path / "a.bed", x, samples=samples)
    people = table([f"s{i}" for i in range(12)][::-1])
    if id == "FID_IID":
        people.insert(0, "FID", samples["FID"].tolist()[::-1])
        people.insert(1, "IID", people.index)
    if id in ("IID", "sample"):
        people = people.rename_axis(id).reset_index()
    cohort = read_plink(path, people=people, id="IID" if id == "index" else id)
    assert cohort.people["number"].tolist() == list(range(12))
    assert cohort.rows[3] == ("f1_s3" if id == "FID_IID" else "s3")


@pytest.mark.parametrize("name", ["people.csv", "people.tsv", "people.cov"])
def test_a_table_of_people_may_be_a_file(tmp_path: Path, name: str) -> None:
    """A CSV and columns parted by space are read, ids as text that keeps its zeros."""
    x, samples = dosages(12, 5), made_samples(12)
    samples["IID"] = samples["FID"] = [f"{i:03d}" for i in range(12)]
    path = write_bed(tmp_path / "a.bed", x, samples=samples)
    people = pd.DataFrame({"#FID": samples["FID"], "IID": samples["IID"], "age": range(12)})
    parted = {"csv": ",", "tsv": "\t", "cov": " "}[name[-3:]]
    people.to_csv(tmp_path / name, sep=parted, index=False)
    cohort = read_plink(path, people=tmp_path / name)
    assert cohort.people["age"].tolist() == list(range(12))
    assert cohort.rows[1] == "001"
    with pytest.raises(CohortError, match=r"there is no table of people 'none\.csv'"):
        read_plink(path, people=tmp_path / "none.csv")
    (tmp_path / "bare.csv").write_text("a,b\n1,2\n")
    with pytest.raises(CohortError, match=r"no column 'IID' and no ids .* id=, one of a, b"):
        read_plink(path, people=str(tmp_path / "bare.csv"))
    (tmp_path / "torn.csv").write_text("a,b\n1,2,3,4\n1,2,3,4,5\n")
    with pytest.raises(CohortError, match=r"'torn\.csv' is no table"):
        read_plink(path, people=tmp_path / "torn.csv")
    with pytest.raises(CohortError, match="no column 'IID' and no ids as index"):
        read_plink(path, people=pd.DataFrame({"age": range(12)}))


def test_missing_and_extra_ids_are_counted_and_nobody_is_named(tmp_path: Path) -> None:
    """The error tells how many of each, at which positions, and an inner join records its loss."""
    x = dosages(20, 5)
    path = write_bed(tmp_path / "a.bed", x)
    people = table([f"s{i}" for i in range(2, 24)])
    people["site"] = np.where(people["number"] < 13, "a", "b")
    with pytest.raises(CohortError) as raised:
        read_plink(path, people=people)
    assert "2 of 20 samples of the file are not in the table" in str(raised.value)
    assert "(first at positions [0, 1]), and 4 of 22 people" in str(raised.value)
    assert "s0" not in str(raised.value)
    cohort = read_plink(path, people=people, join="inner", groups=["site"])
    assert cohort.n == 18
    np.testing.assert_array_equal(cohort.dense(), x[2:])
    few = "fewer than 11"
    assert (
        f"Inner join: {few} rows of x and {few} of people left out; site: b {few}." in cohort.notes
    )
    with pytest.raises(CohortError, match="nobody is in the file and in the table"):
        read_plink(path, people=table(["s77", "s78"]), join="inner")
    with pytest.raises(CohortError, match="join='outer'"):
        read_plink(path, people=people, join="outer")


def test_the_other_way_of_naming_is_offered(tmp_path: Path) -> None:
    """Where FID_IID would match, the error says so, and the other way round."""
    path = write_bed(tmp_path / "a.bed", dosages(12, 5))
    people = table([f"s{i}" for i in range(12)])
    double = people.set_axis([f"s{i}_s{i}" for i in range(12)], axis=0)
    with pytest.raises(CohortError, match=r'id="FID_IID" would match 12'):
        read_plink(path, people=double)
    assert read_plink(path, people=double, id="FID_IID").n == 12
    with pytest.raises(CohortError, match=r'id="IID" would match 12'):
        read_plink(path, people=people, id="FID_IID")


def test_ids_that_repeat_are_refused(tmp_path: Path) -> None:
    """In the file and in the table, by count and position."""
    samples = made_samples(12)
    samples.loc[5, "IID"] = "s4"
    path = write_bed(tmp_path / "a.bed", dosages(12, 5), samples=samples)
    with pytest.raises(CohortError, match=r"1 of 12 ids of the file .* position 5.*FID_IID"):
        read_plink(path)
    assert read_plink(path, id="FID_IID").n == 12
    good = write_bed(tmp_path / "b.bed", dosages(12, 5))
    with pytest.raises(CohortError, match=r"1 of 13 ids of the table of people"):
        read_plink(good, people=table([*(f"s{i}" for i in range(12)), "s3"]))


def test_a_fam_tells_sex_parents_family_and_phenotype(tmp_path: Path) -> None:
    """Codes become words, 0 and -9 are unknown, cases are 1, and relatives are noted."""
    samples = made_samples(12)
    samples.loc[:2, "FID"] = "f"
    samples.loc[2, ["father", "mother"]] = ["s0", "s1"]
    samples.loc[11, "sex"] = 0
    samples["phenotype"] = ["1", "2"] * 5 + ["-9", "0"]
    path = write_bed(tmp_path / "a.bed", dosages(12, 5), samples=samples)
    cohort = read_plink(path, groups=["sex"], outcome="phenotype")
    people = cohort.people
    assert people["sex"].tolist()[:2] == ["male", "female"]
    assert cohort.groups[0].codes.tolist()[-1] == -1
    assert people["phenotype"].tolist()[:2] == [0, 1]
    assert cohort.outcome_kind == "binary"
    assert np.isnan(cohort.y[10:]).all()
    assert people["father"].dropna().tolist() == ["s0"]
    assert people["family"].tolist()[:4] == ["f", "f", "f", "s3"]
    told = "fewer than 11 people share a family id and fewer than 11 have a parent among the people"
    assert any(told in note for note in cohort.notes)
    plain = read_plink(write_bed(tmp_path / "b.bed", dosages(12, 5)))
    assert list(plain.people.columns) == ["sex"]
    assert not any("relatives" in note for note in plain.notes)


def test_a_phenotype_is_what_plink_takes_it_for() -> None:
    """Two codes are controls and cases, other numbers are numbers, words stay, 0/1 is told."""
    notes: list[str] = []
    made = phenotype_of(pd.Series(["1.5", "-9", "NA", "0"], name="bmi"), notes)
    assert made is not None
    np.testing.assert_array_equal(made, [1.5, np.nan, np.nan, 0])
    words = phenotype_of(pd.Series(["mild", "NONE", "severe"], name="grade"), notes)
    assert words is not None
    assert words.tolist() == ["mild", None, "severe"]
    assert not notes
    assert phenotype_of(pd.Series(["-9", "0"], name="none"), notes) is None
    assert phenotype_of(pd.Series(["0", "1"], name="odd"), notes) is None
    assert "which to PLINK are missing and control" in notes[0]


def test_a_psam_may_hold_several_phenotypes(tmp_path: Path) -> None:
    """Further columns keep their names; without FID a person is a family."""
    path = write_pgen(tmp_path / "a.pgen", dosages(4, 4))
    path.with_suffix(".psam").write_text(
        "#IID\tSEX\tldl\tt2d\na\tM\t3.5\t1\nb\tF\t-9\t2\nc\tNA\t2\t2\nd\t1\t4\tNA\n"
    )
    people = read_plink(path).people
    assert people["sex"].tolist() == ["male", "female", None, "male"]
    np.testing.assert_array_equal(people["ldl"], [3.5, np.nan, 2, 4])
    np.testing.assert_array_equal(people["t2d"], [0, 1, 1, np.nan])
    assert "family" not in people


def test_sex_that_differs_between_file_and_table_is_refused(tmp_path: Path) -> None:
    """The table's own column stands where they agree; recoded the other way round is an error."""
    path = write_bed(tmp_path / "a.bed", dosages(12, 5))
    people = table([f"s{i}" for i in range(12)])
    people["Sex"] = ["m", "f"] * 5 + ["x", None]
    assert read_plink(path, people=people).people["sex"].tolist()[:2] == ["m", "f"]
    people["Sex"] = [2, 1] * 6
    with pytest.raises(CohortError, match=r"disagree on the sex of 12 of 12 people"):
        read_plink(path, people=people)


def test_a_column_of_donors_that_repeats_asks_for_its_unit(tmp_path: Path) -> None:
    """A sample is a person unless the table names donors twice."""
    path = write_bed(tmp_path / "a.bed", dosages(12, 5))
    people = table([f"s{i}" for i in range(12)])
    assert read_plink(path, people=people).u == 12
    people["donor"] = [f"d{i // 2}" for i in range(12)]
    with pytest.raises(CohortError, match=r"pass unit='donor'"):
        read_plink(path, people=people)
    assert read_plink(path, people=people, unit="donor").u == 6
