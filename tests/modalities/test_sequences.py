"""Sequences to one-hot rows: what each sign becomes, who is joined, and what is refused."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenlight.data.cohort import Cohort
from evenlight.errors import CohortError
from evenlight.modalities.letters import LETTERS, NOTHING, SEVERAL, UNKNOWN, all_codes, letters_of
from evenlight.modalities.sequences import read_sequences


def read(texts: list[str], **own: Any) -> Cohort:
    """Sequences of as many people."""
    people = pd.DataFrame({"seq": texts}, index=[f"p{i}" for i in range(len(texts))])
    return read_sequences(people, "seq", **own)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(sorted(LETTERS)), st.data())
def test_letters_come_back_from_the_columns(kind: Any, data: st.DataObject) -> None:
    """Each position holds a single 1, in the column of its letter."""
    texts = data.draw(st.lists(st.text(LETTERS[kind], min_size=7, max_size=7), min_size=2))
    cohort = read(texts, alphabet=kind)
    assert cohort.x.dtype == np.float32
    for i, text in enumerate(texts):
        for j, letter in enumerate(text):
            column = cohort.dense(slice(i, i + 1))[0, :, j]
            assert column.sum() == 1
            assert LETTERS[kind][int(column.argmax())] == letter
    codes = all_codes(cohort)
    assert ["".join(LETTERS[kind][c] for c in row) for row in codes] == texts


def test_signs_for_several_letters_are_divided_evenly_where_that_is_asked_for() -> None:
    """By the table of IUPAC, for DNA, RNA and proteins; otherwise they are an error or nothing."""
    x = read(["ANRC", "AAAA"], unknown="even").dense()[0]
    np.testing.assert_allclose(x[:, 1], 0.25)
    np.testing.assert_allclose(x[:, 2], [0.5, 0, 0.5, 0])
    for kind in LETTERS:
        for sign, letters in SEVERAL[kind].items():
            made = read([f"{sign}A", "AA"], alphabet=kind, unknown="even").dense()[0, :, 0]
            wanted = [1 / len(letters) if a in letters else 0.0 for a in LETTERS[kind]]
            np.testing.assert_allclose(made, wanted, atol=1e-7)
    none = read(["ANRC", "AAAA"], unknown="zero")
    assert none.dense()[0, :, 1:3].sum() == 0
    assert all_codes(none)[0].tolist() == [0, NOTHING, NOTHING, 1]
    assert all_codes(read(["ANRC", "AAAA"], unknown="even"))[0].tolist() == [0, UNKNOWN, UNKNOWN, 1]
    assert "2 signs for several letters (as N) in fewer than 11 of 2" in none.notes[0]
    with pytest.raises(CohortError, match=r"2 signs .* say unknown=\"even\""):
        read(["ANRC", "AAAA"])


def test_lower_case_is_read_hidden_or_refused() -> None:
    """And told in each case."""
    plain = read(["acGT", "AAAA"])
    assert all_codes(plain)[0].tolist() == [0, 1, 2, 3]
    assert plain.notes[0].endswith("were read as the letters that they are.")
    hidden = read(["acGT", "AAAA"], masked="unknown", unknown="even")
    assert all_codes(hidden)[0].tolist() == [UNKNOWN, UNKNOWN, 2, 3]
    with pytest.raises(CohortError, match="2 lower-case letters in fewer than 11 of 2 sequences"):
        read(["acGT", "AAAA"], masked="error")


def test_u_and_t_are_one_letter_where_only_one_of_them_occurs() -> None:
    """RNA that is written with T is RNA, and recorded; a mixture is refused."""
    rna = read(["ACGT", "TTTT"], alphabet="rna")
    assert all_codes(rna)[0].tolist() == [0, 1, 2, 3]
    assert rna.notes[0] == "Every T was read as U (RNA)."
    assert read(["ACGU", "UUUU"]).notes[0] == "Every U was read as T (DNA)."
    with pytest.raises(CohortError, match="both T and U occur, U in 1 of 2 sequences"):
        read(["ACGU", "TTTT"])


def test_several_lengths_need_a_declared_one() -> None:
    """Shorter sequences end in nothing; longer ones are never cut."""
    with pytest.raises(CohortError, match=r"2 lengths, from 2 to 4 positions; .* say length=4"):
        read(["ACGT", "AC"])
    made = read(["ACGT", "AC"], length=5)
    assert all_codes(made)[1].tolist() == [0, 1, NOTHING, NOTHING, NOTHING]
    assert made.notes[0].startswith("fewer than 11 of 2 sequences end before position 5")
    with pytest.raises(CohortError, match=r"1 of 2 sequences have more than 3 positions \(up to 4"):
        read(["ACGT", "AC"], length=3)


def test_what_is_no_letter_is_counted() -> None:
    """Gaps, stops, another alphabet, empty and missing sequences, words that are not known."""
    with pytest.raises(
        CohortError, match=r"1 signs in 1 of 2 .* no letters of dna, such as \['-'\]"
    ):
        read(["A-GT", "ACGT"])
    with pytest.raises(CohortError, match=r"no letters of protein, such as \['\*'\].*position 4"):
        read(["MKL*", "MKLL"], alphabet="protein")
    with pytest.raises(CohortError, match="no letters of dna"):
        read(["MKLE", "MKLL"])
    with pytest.raises(CohortError, match="no letters of dna"):
        read(["AC\u00e4T", "ACGT"])
    with pytest.raises(CohortError, match="1 of 2 sequences are empty"):
        read(["", "ACGT"])
    with pytest.raises(CohortError, match="1 of 2 sequences are missing"):
        read([None, "ACGT"])  # type: ignore[list-item]
    with pytest.raises(CohortError, match="alphabet 'aminoacids'"):
        read(["AC", "AC"], alphabet="aminoacids")
    with pytest.raises(CohortError, match="unknown='drop'; wanted one of error, even, zero"):
        read(["AC", "AC"], unknown="drop")
    with pytest.raises(
        CohortError, match="neither a column of people nor a FASTA file; did you me"
    ):
        read_sequences(pd.DataFrame({"seq": ["A"]}), "sec")


FASTA = ">b second person\nACG\nT\n>a\nTTTT\n\n>c\nGGGG\n"
PEOPLE = pd.DataFrame({"sex": ["f", "m", "f"]}, index=["a", "b", "c"])


@pytest.mark.parametrize("zipped", [False, True])
def test_fasta_is_joined_by_id(tmp_path: Path, zipped: bool) -> None:
    """In the order of people, whatever that of the file; lines of a record are one sequence."""
    path = tmp_path / "people.fa"
    path.write_bytes(gzip.compress(FASTA.encode()) if zipped else FASTA.encode())
    cohort = read_sequences(PEOPLE, path, groups=["sex"])
    codes = ["".join("ACGT"[c] for c in row) for row in all_codes(cohort)]
    assert dict(zip(cohort.rows.tolist(), codes, strict=True)) == {
        "a": "TTTT", "b": "ACGT", "c": "GGGG",
    }  # fmt: skip
    again = read_sequences(PEOPLE.iloc[::-1], str(path), groups=["sex"])
    assert again.digest == cohort.digest


def test_fasta_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    """People without a record, records of nobody, a name twice, no FASTA, no file."""
    path = tmp_path / "people.fa"
    path.write_text(FASTA)
    with pytest.raises(CohortError, match="the FASTA file: 1 of 4 row ids are missing"):
        read_sequences(pd.DataFrame({"sex": list("fmfm")}, index=list("abcd")), path)
    with pytest.raises(CohortError, match="1 of 3 records of the FASTA file are of nobody"):
        read_sequences(PEOPLE.iloc[:2], path)
    made = read_sequences(
        pd.DataFrame({"sex": list("fmf")}, index=list("abd")), path, groups=["sex"], join="inner"
    )
    assert made.rows.tolist() == ["a", "b"]
    assert made.notes[0].startswith(
        "Inner join: fewer than 11 rows of x and fewer than 11 of people"
    )
    path.write_text(">a\nAC\n>a\nAC\n")
    with pytest.raises(CohortError, match="1 row ids occur more than once"):
        read_sequences(PEOPLE, path)
    path.write_text("ACGT\n")
    with pytest.raises(CohortError, match="does not start with '>'"):
        read_sequences(PEOPLE, path)
    path.write_text(">a\n>b\nAC\n>c\nAC\n")
    with pytest.raises(CohortError, match=r"1 of 3 records of 'people\.fa' have no sequence"):
        read_sequences(PEOPLE, path)
    path.write_bytes(b"\x1f\x8bno")
    with pytest.raises(CohortError, match="is no FASTA file"):
        read_sequences(PEOPLE, path)
    with pytest.raises(CohortError, match=r"there is no FASTA file 'none\.fa'"):
        read_sequences(PEOPLE, tmp_path / "none.fa")


def test_cohorts_made_elsewhere_are_known_by_their_shape() -> None:
    """Four columns are DNA, twenty amino acids; other shapes are told."""
    people = pd.DataFrame({"sex": ["f", "m"]}, index=["a", "b"])
    assert letters_of(Cohort(np.zeros((2, 20, 3)), people)) == LETTERS["protein"]
    assert letters_of(read(["ACGU", "AAAA"], alphabet="rna")) == "ACGU"
    with pytest.raises(CohortError, match=r"shape \(9, 4\); .* with x.swapaxes"):
        letters_of(Cohort(np.zeros((2, 9, 4)), people))


def test_what_would_not_fit_into_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it is made."""
    monkeypatch.setattr("evenlight.modalities.sequences.DENSE_BUDGET", 63)
    with pytest.raises(CohortError, match="2 sequences of 2 positions would take"):
        read(["AC", "AC"])
