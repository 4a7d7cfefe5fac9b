"""Rows of x that are read when they are asked for; and blocks of rows of any x."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from evenlight.arrays import Bool, Float, Int, Text, Values
from evenlight.data.sources import Key, Source, source_of
from evenlight.errors import CohortError

Bytes = NDArray[np.uint8]

DENSE_BUDGET = 4 * 2**30
"""Most bytes that a sparse or lazy x may take when it is made dense."""

BLOCK = 2**26
"""Bytes of a block of rows in float64."""

BAND = 2**29
"""Most bytes of the rows that share chunks on disk and are read together."""


@dataclass(frozen=True, slots=True, eq=False, init=False)
class Rows:
    """n rows (*s) that are not in memory: read in their order, only those that are asked for.

    Parameters
    ----------
    x
        anything with shape (n, *s), dtype and row indexing (zarr, HDF5, a memory map), a map-style
        dataset (`len`, `[i]`), or a loader of one in sequential order. Items are x itself, tuples
        whose first part is x, or dicts.
    key
        the entry of a dict (or place in a tuple) that is x; left out, a dict's only floating array.

    Raises
    ------
    CohortError
        for a loader that shuffles, items without a clear x, or values that are no numbers.

    >>> rows = Rows(np.arange(12.0).reshape(6, 2))
    >>> rows.shape, rows[1:3].tolist(), rows.take(np.array([5, 0]))[:].tolist()
    ((6, 2), [[2.0, 3.0], [4.0, 5.0]], [[10.0, 11.0], [0.0, 1.0]])
    """

    source: Source
    index: Int
    fill: Float | None

    def __init__(self, x: object, *, key: Key = None) -> None:
        source = x if isinstance(x, Source) else source_of(x, key)
        _set(self, source, np.arange(source.shape[0], dtype=np.int64), None)

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, *s)."""
        return (len(self.index), *self.source.shape[1:])

    @property
    def ndim(self) -> int:
        """Number of axes, rows included."""
        return len(self.source.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """As the source holds them."""
        return self.source.dtype

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, index: slice | Int | Bool) -> Values:
        """The rows at some positions, (m, *s), read now."""
        at = np.atleast_1d(self.index[index])
        return self._filled(_read(self.source, at))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Values:
        """All rows, read now."""
        return np.asarray(self[:], dtype=dtype)

    def take(self, index: Int | Bool) -> Rows:
        """Some of the rows, not read yet."""
        return _set(object.__new__(Rows), self.source, self.index[index], self.fill)

    def filled(self, values: Float) -> Rows:
        """The same with `values` (*s) in place of what is not finite."""
        return _set(object.__new__(Rows), self.source, self.index, values)

    def blocks(self, size: int) -> Iterator[Values]:
        """All rows in their order, `size` at a time; what shares chunks is read once."""
        return _resized(
            (self._filled(part) for part in _parts(self.source, self.index, size)), size
        )

    def _filled(self, part: Values) -> Values:
        return part if self.fill is None else np.where(np.isfinite(part), part, self.fill)


Held = Values | sparse.csr_array | Rows
"""What a cohort holds of x: an array, CSR, or rows that are read when they are asked for."""


def is_sparse(x: object) -> bool:
    """Whether x is a scipy sparse array or matrix."""
    return bool(sparse.issparse(x))


def _set(rows: Rows, source: Source, index: Int, fill: Float | None) -> Rows:
    for name, value in {"source": source, "index": index, "fill": fill}.items():
        object.__setattr__(rows, name, value)
    return rows


def _read(source: Source, at: Int) -> Values:
    if not len(at):
        return np.empty((0, *source.shape[1:]), dtype=source.dtype)
    return source.read(at)


def _parts(source: Source, at: Int, size: int) -> Iterator[Values]:
    """The rows at some positions in parts of any length, as the source reads them best."""
    if source.stream is not None:
        yield from source.stream(at)
        return
    cuts = np.arange(size, len(at), size)
    each = int(np.prod(source.shape[1:])) * source.dtype.itemsize
    if 1 < source.band <= BAND // max(1, each) and (np.diff(at) > 0).all():
        together = source.band * max(1, size // source.band)
        cuts = np.flatnonzero(np.diff(at // together)) + 1
    for some in np.split(at, cuts):
        yield _read(source, some)


def _resized(parts: Iterable[Values], size: int) -> Iterator[Values]:
    """The same rows, `size` at a time."""
    held: list[Values] = []
    count = 0
    for part in parts:
        held.append(part)
        count += len(part)
        if count < size:
            continue
        whole = np.concatenate(held) if len(held) > 1 else part
        for start in range(0, count - count % size, size):
            yield whole[start : start + size]
        held, count = [whole[count - count % size :].copy()], count % size
    if count:
        yield np.concatenate(held)


def take(x: Any, index: Int) -> Any:
    """Some rows of x, which stays what it is: an array, CSR, or `Rows` not read yet."""
    return x.take(index) if isinstance(x, Rows) else x[index]


def dense(x: Any, index: Int | Bool | slice) -> Float:
    """Rows of x as float64 (m, *s).

    Raises CohortError where x is sparse or lazy and the rows would take more than 4 GB.
    """
    count = len(range(x.shape[0])[index]) if isinstance(index, slice) else _many(index)
    numbers = count * int(np.prod(x.shape[1:]))
    if not isinstance(x, np.ndarray) and numbers * 8 > DENSE_BUDGET:
        kind = "sparse" if is_sparse(x) else "not in memory"
        raise CohortError(f"x is {kind} and too large to be made dense; ask for fewer rows")
    return np.asarray(_plain(x[index]), dtype=np.float64)


def _plain(part: Any) -> Any:
    return part.toarray() if is_sparse(part) else part


def _many(index: Int | Bool) -> int:
    at = np.asarray(index)
    return int(at.sum()) if at.dtype == np.bool_ else at.size


def blocks(x: Any, size: int | None = None) -> Iterator[tuple[slice, Values]]:
    """All rows in their order, `size` at a time (by default 64 MB): where, and x (m, *s).

    x is an array, CSR, `Rows`, or anything with shape and row indexing. Parts of an array are
    views; a CSR part is made dense.
    """
    n = int(x.shape[0])
    each = size or max(1, BLOCK // (8 * max(1, int(np.prod(x.shape[1:])))))
    starts = range(0, n, each)
    if isinstance(x, np.ndarray) or is_sparse(x):
        parts: Iterator[Any] = (_plain(x[start : start + each]) for start in starts)
    else:
        parts = (x if isinstance(x, Rows) else Rows(x)).blocks(each)
    for start, part in zip(starts, parts, strict=True):
        yield slice(start, start + len(part)), part


def columns(x: Any, chosen: Sequence[int]) -> Float:
    """Some columns of x (n, *s), each row laid flat, as float64 (n, k), in one pass over the rows.

    >>> columns(np.arange(6.0).reshape(3, 2), [1]).tolist()
    [[1.0], [3.0], [5.0]]
    >>> columns(np.arange(8.0).reshape(2, 2, 2), [0, 3]).tolist()
    [[0.0, 3.0], [4.0, 7.0]]
    """
    at = list(chosen)
    if not at:
        return np.empty((x.shape[0], 0))
    if isinstance(x, np.ndarray) and x.ndim == 2:
        return np.asarray(x[:, at], dtype=np.float64)
    if is_sparse(x):
        return np.asarray(x[:, at].toarray(), dtype=np.float64)
    found = np.empty((x.shape[0], len(at)))
    for part, rows in blocks(x):
        found[part] = rows.reshape(len(rows), -1)[:, at]
    return found


def fingerprints(x: Any, ids: Text) -> Bytes:
    """sha256 (n, 32) of the id and the values (as float64) of each row; 0 and -0 are the same."""
    found = np.empty((len(ids), 32), dtype=np.uint8)
    for part, rows in blocks(x):
        exact = np.ascontiguousarray(rows, dtype="<f8") + 0.0
        prints = [
            sha256(name.encode() + b"\x1f" + row.tobytes()).digest()
            for name, row in zip(ids[part].tolist(), exact, strict=True)
        ]
        found[part] = np.frombuffer(b"".join(prints), dtype=np.uint8).reshape(-1, 32)
    return found
