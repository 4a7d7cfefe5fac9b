"""Tiles and records: what is kept comes back as it was, or is made again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenlight.arrays import Bool, Float, Int, Single, Text
from evenlight.journal import tiles
from evenlight.journal.packing import pack, unpack


@dataclass(frozen=True, slots=True, eq=False)
class Inner:
    """A record in a record."""

    name: str
    share: float


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """One field of every kind that records have."""

    double: Float
    single: Single
    count: Int
    flag: Bool
    words: Text
    inner: Inner
    several: tuple[Inner, ...]
    none: Inner | None
    mapped: dict[str, float]


def _record(number: float = 1.0) -> Record:
    inner = Inner("é\x00", number)
    return Record(
        np.array([[number, -0.0], [np.nan, 1e-320]]), np.array([0.1], dtype=np.float32),
        np.zeros((0, 3), dtype=np.int64), np.array([True]), np.array(["a", "bc"]), inner,
        (inner, inner), None, {"x": number},
    )  # fmt: skip


@given(number=st.floats(allow_nan=True, allow_infinity=True))
@settings(max_examples=30, deadline=None)
def test_a_record_comes_back_bit_by_bit(number: float) -> None:
    """Numbers that are not finite, dtypes, empty arrays and None are as they were."""
    made = _record(number)
    again = unpack(Record, pack(made))
    for name in ("double", "single", "count", "flag", "words"):
        old, new = getattr(made, name), getattr(again, name)
        assert old.tobytes() == new.tobytes()
        assert (old.shape, old.dtype) == (new.shape, new.dtype)
    assert repr((again.inner, again.several, again.none, again.mapped)) == repr(
        (made.inner, made.several, made.none, made.mapped)
    )


def test_an_array_of_objects_is_in_no_tile() -> None:
    """What could only be pickled is refused as it is written."""
    with pytest.raises(TypeError, match="objects"):
        pack({"a": np.array([{}], dtype=object)})


def test_57_a_tile_that_was_deleted_is_no_tile(tmp_path: Path) -> None:
    """No fill value stands in for it."""
    assert tiles.read(tmp_path / "a.tile") is None


def test_58_59_no_bit_turned_and_no_byte_cut_is_read(tmp_path: Path) -> None:
    """Whichever bit of a tile is turned, and wherever it is cut, it is no tile."""
    path = tmp_path / "a.tile"
    tiles.commit(path, pack(_record()))
    whole = path.read_bytes()
    assert tiles.read(path) is not None
    for at in range(0, len(whole), 97):
        turned = bytearray(whole)
        turned[at] ^= 1 << (at % 8)
        path.write_bytes(turned)
        assert tiles.read(path) is None, at
        path.write_bytes(whole[:at])
        assert tiles.read(path) is None, at


def test_a_tile_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    """It holds data of people."""
    tiles.commit(tmp_path / "a.tile", pack(_record()))
    assert (tmp_path / "a.tile").stat().st_mode & 0o777 == 0o600
