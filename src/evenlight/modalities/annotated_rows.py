"""Attributions of every row in a zarr folder: patients' data, kept only where somebody asks for it.

No id is written. Rows are known again by a salted digest of their ids in order, so that values are
never given to somebody else. Each chunk carries a checksum, and all must be there: one that was
altered, cut short or lost is an error, and never read as numbers or as zeros.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from typing import Any

import numpy as np

from evenlight.arrays import Text, Values
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.rows import blocks
from evenlight.errors import AttributionError
from evenlight.modalities.libraries import library
from evenlight.modalities.sealed import sealed_zarr

SCHEMA = "urn:evenlight:rows:1"

MAPS = ("values", "spread", "sensitivity")
"""Arrays with a number a row and feature."""

EACH = ("output", "base", "error", "converged")
"""Arrays with a number a row."""

CHUNK = (4096, 512)
"""Rows and features that are stored together."""


def write_rows(made: Attributions, path: str | Path, told: Mapping[str, Any]) -> Path:
    """Write attributions to a new zarr folder, readable by its owner only; the path is returned.

    `told` are their other fields as plain data. Values that were written there already, into the
    array of `filling`, are not written again. Raises AttributionError where the folder exists.
    """
    folder = Path(path)
    written = getattr(getattr(made.values, "store_path", None), "store", None)
    here = written is not None and Path(getattr(written, "root", "")) == folder
    group = _group(folder) if here else _new(folder)
    for name in MAPS:
        held = getattr(made, name)
        if held is not None and name not in group:
            array = _array(group, name, held.shape)
            for part, rows in blocks(held):
                array[part] = rows
    for name in EACH:
        held = np.asarray(getattr(made, name))
        group.create_array(name, data=held, **_checked())
    salt = secrets.token_hex(16)
    group.attrs.update(
        {"schema": SCHEMA, "salt": salt, "order": _order(salt, made.rows), "told": dict(told)}
    )
    for inside in folder.rglob("*"):
        inside.chmod(0o700 if inside.is_dir() else 0o600)
    return folder


@contextmanager
def filling(path: str | Path) -> Iterator[Callable[[Sequence[int]], Any]]:
    """What gives, for a shape (n, *s), the array of values in a new folder, for `write_rows` later.

    Rows can so be written as they are explained. Where that ends in an error, no folder stays.
    """
    folder, begun = Path(path), list[Path]()

    def values(shape: Sequence[int]) -> Any:
        array = _array(_new(folder), "values", shape)
        begun.append(folder)
        return array

    try:
        yield values
    except BaseException:
        for made in begun:
            rmtree(made)
        raise


def _new(folder: Path) -> Any:
    if folder.exists():
        raise AttributionError(f"{folder.name!r} exists; name a new folder, or delete it first")
    folder.mkdir(mode=0o700, parents=True)
    return _group(folder)


def _group(folder: Path) -> Any:
    zarr = library("zarr", package="zarr", reads="keep_rows=")
    return zarr.open_group(folder, mode="a")  # "w" would make the folder anew, open to all


def _array(group: Any, name: str, shape: Sequence[int]) -> Any:
    size = tuple(min(a, b) for a, b in zip(shape, (*CHUNK, *shape[2:]), strict=False))
    return group.create_array(
        name, shape=tuple(map(int, shape)), chunks=size, dtype="float32", fill_value=np.nan,
        **_checked(),
    )  # fmt: skip


def _checked() -> dict[str, Any]:
    """How chunks are written: with a checksum, and every one of them."""
    codecs = library("zarr.codecs", package="zarr", reads="keep_rows=")
    each = (codecs.ZstdCodec(level=0), codecs.Crc32cCodec())
    return {"compressors": each, "config": {"write_empty_chunks": True}}


class Chunks:
    """An array of a zarr folder, of which whatever is damaged is an error that says so."""

    def __init__(self, array: Any, place: str) -> None:
        self._array, self._place = array, place
        self.shape = tuple(int(n) for n in array.shape)
        self.dtype, self.ndim, self.chunks = array.dtype, array.ndim, array.chunks
        lost = array.nchunks - array.nchunks_initialized
        if lost > 0:
            raise AttributionError(f"{lost} of {array.nchunks} chunks are missing in {self._told}")

    @property
    def _told(self) -> str:
        return f"{self._place!r}; delete the folder, and explain again"

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> Values:
        """Some rows, read now."""
        try:
            found = self._array.oindex[rows] if isinstance(rows, np.ndarray) else self._array[rows]
            return np.asarray(found)
        except (ValueError, RuntimeError, OSError):
            raise AttributionError(f"a chunk was altered or cut short in {self._told}") from None

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Values:
        return np.asarray(self[:], dtype=dtype)


def read_rows(path: str | Path, cohort: Cohort) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """The arrays of attributions as `write_rows` left them, on disk, and their other fields.

    Raises AttributionError where the folder is no such one, or the cohort's rows are others.
    """
    zarr = library("zarr", package="zarr", reads="rows=")
    folder = Path(path)
    if not folder.is_dir():
        raise AttributionError(f"there is no folder {folder.name!r} of attributions")
    sealed_zarr(folder)
    group = zarr.open_group(folder, mode="r", use_consolidated=False)
    held = dict(group.attrs)
    if held.get("schema") != SCHEMA:
        raise AttributionError(f"{folder.name!r} holds no attributions of evenlight")
    if held["order"] != _order(held["salt"], cohort.rows):
        raise AttributionError(
            "the rows of adata are others than those explained, or stand in another order; explain "
            "again, or bring adata back to its order"
        )
    held_in = folder.name
    made: dict[str, Any] = {n: Chunks(group[n], held_in) for n in MAPS if n in group}
    made |= {name: np.asarray(Chunks(group[name], held_in)) for name in EACH}
    return made, held["told"]


def _order(salt: str, rows: Text) -> str:
    return sha256("\x1f".join([salt, *rows.tolist()]).encode()).hexdigest()


TOLD = tuple(
    f.name for f in fields(Attributions) if f.name not in (*MAPS, *EACH, "rows", "features")
)
"""Fields of attributions that are no arrays."""
