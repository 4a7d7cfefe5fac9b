"""Rows in a file of our own, of which no byte is read as a number that is not what was written.

A file that is cut short gives zeros, or ends the process, where it is mapped to memory; a bit that
turned gives another number. So the digest of every band of rows is taken once the file is whole,
and each band is read as bytes, and held against it, before it is numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from evenlight.arrays import Int, Values
from evenlight.data.rows import Rows
from evenlight.data.sources import Source
from evenlight.errors import AttributionError

BAND = 2**22
"""Bytes of a band, where a row has no more."""


@dataclass(frozen=True, slots=True)
class _Sealed:
    """A .npy file with the digests of its bands of `band` rows; the numbers begin at `start`."""

    path: Path
    start: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    band: int
    digests: tuple[bytes, ...]

    @property
    def each(self) -> int:
        """Bytes of a row."""
        return int(np.prod(self.shape[1:])) * self.dtype.itemsize

    def read(self, at: Int) -> Values:
        """The rows at some positions (m,); AttributionError where one is not as it was written."""
        out = np.empty((len(at), *self.shape[1:]), dtype=self.dtype)
        bands = at // self.band
        for b in np.unique(bands).tolist():
            own = bands == b
            out[own] = self._band(int(b))[at[own] - b * self.band]
        return out

    def _band(self, b: int) -> Values:
        first = b * self.band
        rows = min(self.band, self.shape[0] - first)
        data = _bytes(self.path, self.start + first * self.each, rows * self.each)
        if sha256(data).digest() != self.digests[b]:
            raise AttributionError(
                f"rows {first} to {first + rows - 1} of {self.path.name!r} are not what was "
                "written there: the file was cut short or changed; delete it, and explain again"
            )
        return np.frombuffer(data, dtype=self.dtype).reshape(rows, *self.shape[1:])


def sealed(values: Any) -> Any:
    """Rows over the .npy file that a memory map has filled, sealed from now on; else as it is."""
    name = str(getattr(values, "filename", "") or "")
    if not isinstance(values, np.memmap) or not name.endswith(".npy") or not len(values):
        return values
    values.flush()
    each = int(np.prod(values.shape[1:])) * values.dtype.itemsize
    band = max(1, BAND // max(each, 1))
    made = _Sealed(
        Path(name), values.offset, values.shape, values.dtype, band, tuple(_digests(values, band))
    )
    return Rows(Source(made.shape, made.dtype, made.read, band=band))


def _digests(values: Values, band: int) -> Iterator[bytes]:
    for first in range(0, len(values), band):
        yield sha256(np.ascontiguousarray(values[first : first + band]).tobytes()).digest()


def _bytes(path: Path, start: int, count: int) -> bytes:
    """Some bytes of a file, fewer where it has fewer."""
    try:
        with path.open("rb") as file:
            file.seek(start)
            return file.read(count)
    except OSError:
        return b""
