"""The packaged table is derived from the released one by the script beside it."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest

from evenlight.cohorts import build_warfarin
from evenlight.cohorts.warfarin import patients
from evenlight.errors import CohortError, Refused

PACKAGED = Path(build_warfarin.__file__).with_name("warfarin.csv.gz")


def released(**changed: object) -> pd.DataFrame:
    """One released patient, with some entries changed."""
    row: dict[str, object] = dict.fromkeys(build_warfarin.COLUMNS, 1.0)
    row |= dict.fromkeys(build_warfarin.INDUCERS, None)
    row |= {"Age": "60 - 69", "Amiodarone (Cordarone)": None}
    return pd.DataFrame([row | changed])


@pytest.mark.data
def test_packaged_table_equals_the_raw_file(data: Path) -> None:
    """Deriving the table from the raw file again gives the packaged text, byte for byte."""
    made = build_warfarin.compact(build_warfarin.read_source(data / "iwpc" / "iwpc.csv"))
    assert made.to_csv(lineterminator="\n").encode() == gzip.decompress(PACKAGED.read_bytes())


@pytest.mark.data
def test_packaged_values_equal_the_raw_columns(data: Path) -> None:
    """Columns that are only renamed hold the raw values, in the raw order."""
    raw = pd.read_csv(data / "iwpc" / "iwpc.csv")
    for theirs, ours in build_warfarin.COLUMNS.items():
        mine = patients()[ours].reset_index(drop=True)
        wanted = raw[theirs].astype(str) if ours == "site" else raw[theirs]
        pd.testing.assert_series_equal(mine, wanted, check_names=False, check_dtype=False)


def test_writing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    """The file holds no time and no name, so the same table gives the same bytes."""
    build_warfarin.write(patients(), tmp_path / "a.csv.gz")
    build_warfarin.write(patients(), tmp_path / "b.csv.gz")
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()


@pytest.mark.parametrize(("age", "decade"), [("10 - 19", 1), ("60 - 69", 6), ("90+", 9)])
def test_age_bands_become_decades(age: str, decade: int) -> None:
    """10-19 is 1 and 90 and over is 9."""
    assert build_warfarin.compact(released(Age=age))["age_decade"].tolist() == [decade]


@pytest.mark.parametrize("drug", build_warfarin.INDUCERS)
def test_any_inducer_counts_and_a_missing_entry_is_none(drug: str) -> None:
    """One recorded inducer sets the column, and without any record it is 0."""
    assert build_warfarin.compact(released(**{drug: 1.0}))["enzyme_inducer"].tolist() == [1]
    assert build_warfarin.compact(released())["enzyme_inducer"].tolist() == [0]
    assert build_warfarin.compact(released())["amiodarone"].tolist() == [0]


def test_a_strange_pickle_is_never_opened(tmp_path: Path) -> None:
    """A pickle with another digest is refused before it is read."""
    strange = tmp_path / "iwpc.pkl"
    strange.write_bytes(b"cos\nsystem\n(S'exit 1'\ntR.")
    with pytest.raises(Refused, match=r"sha256 .* wanted"):
        build_warfarin.read_source(strange)


def test_a_missing_column_is_named() -> None:
    """A source without a needed column says which one."""
    with pytest.raises(CohortError, match=r"no column 'Gender' \(1 missing\)"):
        build_warfarin.compact(released().drop(columns="Gender"))


def test_the_script_reads_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Called with a source and a target it writes the table; called otherwise it says how."""
    released().to_csv(tmp_path / "in.csv", index=False)
    assert build_warfarin.main([str(tmp_path / "in.csv"), str(tmp_path / "out.csv.gz")]) == 0
    assert pd.read_csv(tmp_path / "out.csv.gz")["row"].tolist() == ["w0001"]
    assert build_warfarin.main([]) == 2
    assert "usage" in capsys.readouterr().err
