"""Values that were computed elsewhere: arrays, tensors, arrays on disk; one float32 array of them.

What is larger than memory should be stays on disk, and is read block by block; it must then still
be what it was when the record was made, or what was found of it would be of other numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from evenlight.arrays import Bool, Float, Int, Single, Values
from evenlight.data import rows as reading
from evenlight.data.completeness import row_sums
from evenlight.data.sources import lazy, plain
from evenlight.errors import AttributionError

OPEN = 'np.load(path, mmap_mode="r"), zarr.open_array(path, mode="r") or h5py.File(path)["name"]'

NEAR = 1e-6
"""How far a row may add up to another sum than before, as a share of it: rounding alone."""


def given_values(values: Any) -> Single:
    """Values (n, *s) as float32, in memory, or on disk where they are more than `DENSE_BUDGET`.

    Raises AttributionError for a path, for what holds several arrays (an npz, an HDF5 file, a zarr
    group), for what are no numbers, and for values on disk that are too many and not float32.

    >>> given_values([[1, 2], [3, 4]]).dtype
    dtype('float32')
    >>> given_values("phi.npz")
    Traceback (most recent call last):
    evenlight.errors.AttributionError: values are a path, 'phi.npz'; pass the array in it, as \
np.load(path, mmap_mode="r"), zarr.open_array(path, mode="r") or h5py.File(path)["name"]
    """
    if isinstance(values, str | Path):
        raise AttributionError(
            f"values are a path, {Path(values).name!r}; pass the array in it, as {OPEN}"
        )
    if not hasattr(values, "shape") and hasattr(values, "keys"):
        names = sorted(str(name) for name in values.keys())  # noqa: SIM118 - no dict, in general
        raise AttributionError(
            f"values are a {type(values).__name__} of {len(names)} arrays ({', '.join(names[:5])});"
            " pass one of them, as values[name]"
        )
    if lazy(values) and hasattr(values, "shape"):
        reachable(values)
        if _size(values) > reading.DENSE_BUDGET:
            return _on_disk(values)
    try:
        array: Single = np.asarray(plain(values), dtype=np.float32)
    except (TypeError, ValueError):
        array = np.zeros((), dtype=np.float32)
    if not array.shape:
        raise AttributionError(
            f"values are a {type(values).__name__} that holds no rows of numbers; pass an array "
            "(rows, features)"
        )
    return array


def reachable(values: Any) -> None:
    """Raise AttributionError for values on disk whose file is closed or gone."""
    try:
        np.asarray(values[: min(1, int(values.shape[0]))])
    except (RuntimeError, ValueError, OSError, KeyError, TypeError):
        raise AttributionError(
            "the values lie in a file that is closed or gone; keep it open as long as they are "
            "used, or open it again and make the attributions anew"
        ) from None


def unchanged(values: Any, sums: Float) -> None:
    """Raise AttributionError where rows on disk add up to other sums (n,) than they did.

    A zarr folder that was deleted, or an array that was written again, gives numbers all the same.
    """
    reachable(values)
    now, size = row_sums(values)
    off: Bool = ~(np.abs(now - sums) <= NEAR * np.maximum(size, np.abs(sums)))
    if off.any():
        raise AttributionError(
            f"the values on disk are not those that the attributions were made of: {int(off.sum())}"
            f" of {len(off)} rows add up to something else; make the attributions anew"
        )


def in_order(values: Any, order: Int) -> Iterator[Values]:
    """The rows of values (n, *s) at the positions `order`, block by block."""
    some = reading.Rows(values).take(order) if lazy(values) else values[order]
    return (part for _, part in reading.blocks(some))


def _size(values: Any) -> int:
    """Bytes in float32."""
    return 4 * int(np.prod(values.shape, dtype=np.float64))


def _on_disk(values: Any) -> Single:
    if np.dtype(values.dtype) != np.float32:
        raise AttributionError(
            f"values on disk are {values.dtype}, and take {_size(values) / 2**30:.1f} GiB as "
            "float32; write them as float32, which stays on disk"
        )
    kept: Single = values
    return kept
