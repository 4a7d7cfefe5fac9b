"""Attributions in a file: no byte is read as a number that is not what was written."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest

from evenlight.data import sealed_rows
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.sealed_rows import sealed
from evenlight.errors import AttributionError
from evenlight.explainers.explain import explain
from evenlight.modalities.annotated_rows import read_rows, write_rows

VALUES = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)


@pytest.fixture
def file(tmp_path: Path) -> tuple[Path, Any]:
    """Fifty rows in a file, sealed in bands of seven."""
    path = tmp_path / "values.npy"
    held = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=VALUES.shape)
    held[:] = VALUES
    with patch.object(sealed_rows, "BAND", 7 * 12):
        return path, sealed(held)


def test_rows_are_read_as_they_were_written(file: tuple[Path, Any]) -> None:
    """Whichever rows are asked for, in whichever order."""
    rows = file[1]
    assert (rows.shape, rows.dtype) == (VALUES.shape, VALUES.dtype)
    np.testing.assert_array_equal(np.asarray(rows), VALUES)
    at = np.array([49, 0, 13, 13, 7])
    np.testing.assert_array_equal(rows[at], VALUES[at])
    np.testing.assert_array_equal(np.concatenate(list(rows.blocks(9))), VALUES)


def test_58_59_no_bit_turned_and_no_byte_cut_is_read(file: tuple[Path, Any]) -> None:
    """Wherever in the numbers it is: its band is an error, and the others are read."""
    path, rows = file
    whole = path.read_bytes()
    start = len(whole) - VALUES.nbytes
    for at in range(0, VALUES.nbytes, 41):
        turned = bytearray(whole)
        turned[start + at] ^= 1 << (at % 8)
        for wrong in (bytes(turned), whole[: start + at]):
            path.write_bytes(wrong)
            with pytest.raises(AttributionError, match=r"'values.npy' are not what was written"):
                np.asarray(rows)
        if at // 12 >= 7:
            np.testing.assert_array_equal(rows[:7], VALUES[:7])


def test_57_a_file_that_was_deleted_is_an_error(file: tuple[Path, Any]) -> None:
    """Nothing stands in for it."""
    path, rows = file
    path.unlink()
    with pytest.raises(AttributionError, match="cut short or changed"):
        rows[:1]


def test_what_is_no_file_of_ours_stays_as_it_is(tmp_path: Path) -> None:
    """Arrays in memory, and maps of other files, are their owner's."""
    other = np.memmap(tmp_path / "a.bin", dtype=np.float32, shape=(2, 2), mode="w+")
    assert sealed(VALUES) is VALUES
    assert sealed(other) is other


def explained(out: Path | None = None) -> tuple[Attributions, Cohort]:
    """Attributions of 60 rows."""
    people = pd.DataFrame({"sex": ["f", "m"] * 30}, index=[f"p{i}" for i in range(60)])
    x = np.random.default_rng(1).normal(size=(60, 2))
    cohort = Cohort(x, people, ["a", "b"], groups=["sex"], unit="row")
    own: dict[str, Any] = {} if out is None else {"out": out}
    made: Attributions = explain(
        lambda rows: rows[:, 0] * rows[:, 1], cohort, method="occlusion", **own
    )
    return made, cohort


def test_a_named_file_of_an_explanation_is_sealed(tmp_path: Path) -> None:
    """Between the explanation and what is measured of it nothing is read that was not written."""
    made, cohort = explained(tmp_path / "values.npy")
    np.testing.assert_array_equal(np.asarray(made.values), explained()[0].values)
    data = bytearray((tmp_path / "values.npy").read_bytes())
    data[-1] ^= 1
    (tmp_path / "values.npy").write_bytes(data)
    with pytest.raises(AttributionError, match="are not what was written"):
        made.at(cohort).total()


@pytest.mark.parametrize("fault", ["turned", "cut", "lost", "none"])
def test_57_58_59_a_chunk_of_kept_rows_is_never_read_wrong(fault: str, tmp_path: Path) -> None:
    """A bit, an end or a whole chunk of the zarr folder: an error with the remedy."""
    pytest.importorskip("zarr")
    made, cohort = explained()
    folder = write_rows(made, tmp_path / "rows", {})
    chunk = next(p for p in sorted((folder / "values").rglob("*")) if p.name != "zarr.json"
                 and p.is_file())  # fmt: skip
    data = bytearray(chunk.read_bytes())
    if fault == "none":
        found, _ = read_rows(folder, cohort)
        np.testing.assert_array_equal(np.asarray(found["values"]), made.values)
        np.testing.assert_array_equal(found["values"][np.array([5, 2])], made.values[[5, 2]])
        return
    if fault == "lost":
        chunk.unlink()
    elif fault == "cut":
        chunk.write_bytes(data[: len(data) // 2])
    else:
        data[len(data) // 2] ^= 4
        chunk.write_bytes(data)
    told = "1 of 1 chunks are missing" if fault == "lost" else "altered or cut short"
    with pytest.raises(AttributionError, match=rf"{told} in 'rows'; delete the folder"):
        np.asarray(read_rows(folder, cohort)[0]["values"])
