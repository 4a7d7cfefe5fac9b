"""Files that are no table of people: the error names the file, what it is, and what to do."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from evenlight.errors import CohortError, InputError
from evenlight.modalities.tables import read_table
from evenlight.modalities.text_tables import text_table
from tests.command_line import begun, evenlight

HEAD = "id,race,a,b,y\n"
ROWS = "p0,A,1,2,3\np1,B,2,3,4\n"

WRONG = [
    (b"", "'people.csv' is empty; write it again"),
    (HEAD.encode(), "'people.csv' holds the names of 5 columns and no rows"),
    ((HEAD + ROWS).encode("utf-16"), "'people.csv' is text in UTF-16; save it as CSV in UTF-8"),
    ((HEAD + "p\xe4,A,1,2,3\n").encode("latin1"), "'people.csv' is no text in UTF-8"),
    ((HEAD + ROWS).replace(",", ";").encode(), "has semicolons between its columns, where commas"),
    ((HEAD + ROWS).replace(",", "\t").encode(), "has tabs between its columns, where commas"),
    (b"PK\x03\x04" + bytes(60), "is a workbook or another zip file .* save its sheet as CSV"),
    (b"PAR1" + bytes(60), "is a Parquet file; name it .parquet"),
    (gzip.compress((HEAD + ROWS).encode(), mtime=0), "is packed by gzip; name it .csv.gz"),
    ((HEAD + ROWS + "p2,A,1,2,3,4,5\n").encode(), "'people.csv' is no table .Error tokenizing"),
    ((HEAD + ROWS).replace(",b,", ",a,").encode(), "'people.csv' has 2 columns named 'a'"),
]


@pytest.mark.parametrize(("content", "message"), WRONG)
def test_what_is_no_table_is_named(content: bytes, message: str, tmp_path: Path) -> None:
    """Empty, without rows, in UTF-16, divided otherwise, a workbook, or with one name twice."""
    path = tmp_path / "people.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_table(path, features=["a"], id="id", groups=["race"], unit="row")


@pytest.mark.parametrize(("content", "message"), WRONG[:5])
def test_a_command_ends_with_two(content: bytes, message: str, tmp_path: Path) -> None:
    """The command line tells of the file in one line, and of no fault of evenlight."""
    (begun(tmp_path) / "people.csv").write_bytes(content)
    done = evenlight("check", "audit.toml", folder=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "people.csv" in done.stderr
    assert "Traceback" not in done.stderr
    assert "does not hold numbers" not in done.stderr


def test_usual_tables_are_read(tmp_path: Path) -> None:
    """A mark of UTF-8 at the beginning, quoted names, names left out, and tabs do no harm."""
    path = tmp_path / "people.csv"
    path.write_bytes(b"\xef\xbb\xbf" + b'"id","a; b",,\np0,1,,\n')
    assert list(text_table(path).columns)[:2] == ["id", "a; b"]
    other = tmp_path / "people.tsv"
    other.write_text("id\ta\np0\t1\n")
    assert list(text_table(other).columns) == ["id", "a"]


def test_a_name_twice_is_refused_in_packed_tables_too(tmp_path: Path) -> None:
    """Read as it is, the second one would be called a.1."""
    path = tmp_path / "people.csv.gz"
    path.write_bytes(gzip.compress(b"id,a,a\np0,1,2\n"))
    with pytest.raises(CohortError, match="2 columns named 'a'"):
        text_table(path)


@pytest.mark.parametrize("split", [None, ("part", "test")])
def test_a_row_without_an_id_is_told(split: tuple[str, str] | None, tmp_path: Path) -> None:
    """One id that is missing is a note, also in a row of the other side of the split."""
    path = tmp_path / "people.csv"
    path.write_text("id,a,part\np0,1,test\np1,2,test\n,3,train\n")
    found = read_table(path, features=["a"], id="id", unit="row", split=split)
    assert "One row of the table has no id in its column id; look at the table." in found.notes
    path.write_text(path.read_text() + ",4,train\n")
    with pytest.raises(CohortError, match="1 row ids occur more than once"):
        read_table(path, features=["a"], id="id", unit="row", split=split)
