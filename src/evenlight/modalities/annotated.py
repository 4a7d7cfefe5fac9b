"""Annotated matrices from files: .h5ad and .zarr to a cohort, in memory or left on disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import numpy as np
import pandas as pd

from evenlight.data import rows as reading
from evenlight.data.cohort import Cohort
from evenlight.data.observed import plain_people
from evenlight.errors import CohortError
from evenlight.modalities.libraries import library
from evenlight.modalities.sealed import sealed_hdf5, sealed_zarr

HDF5 = frozenset((".h5ad", ".h5", ".hdf5"))


def read_anndata(
    path: str | Path,
    *,
    backed: Literal["r"] | None = None,
    layer: str | None = None,
    raw: bool = False,
    **roles: Any,
) -> Cohort:
    """A cohort from an AnnData file, .h5ad or .zarr, as `Cohort.from_anndata` makes it.

    `backed="r"` leaves the matrix on disk, from which rows are read by block; obs and var are in
    memory. Only what is asked for is read: obs, var, one matrix and the entries of obsm that `axes`
    names. `layer`, `raw` and `roles`, `features=` among them, are those of `Cohort.from_anndata`.

    Raises
    ------
    Refused
        where the file has pickles, arrays of objects, or links to other files.
    CohortError
        where it is no AnnData file, or what is read takes more than 4 GiB.
    InputError
        where anndata is not installed.
    """
    if backed not in (None, "r"):
        raise CohortError(f'backed={backed!r}; wanted None, or "r" to leave the matrix on disk')
    group, io = _opened(Path(path))
    absent = [name for name in ("obs", "var") if name not in group]
    if absent:
        raise CohortError(f"{Path(path).name} has no {' and no '.join(absent)}: no AnnData file")
    try:
        stored = _stored(group, io)
    except KeyError as error:
        raise CohortError(f"{Path(path).name} is no AnnData file: {error}") from error
    if backed is None:
        _into_memory(stored, group, io, layer=layer, raw=raw)
    named = [a for a in roles.get("axes") or () if isinstance(a, str)]
    stored.obsm = {a: _read(group["obsm"][a], io) for a in named if a in group.get("obsm", {})}
    return Cohort.from_anndata(stored, layer=layer, raw=raw, **roles)


def read_obs(path: str | Path) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The people of an AnnData file, obs by its names, and the matrices that it holds.

    These are "X", where it is there, and the layers. Raises as `read_anndata` does.
    """
    group, io = _opened(Path(path))
    if "obs" not in group:
        raise CohortError(f"{Path(path).name} has no obs: no AnnData file")
    x = "X" in group and _matrix(group["X"], io) is not None
    return plain_people(_read(group["obs"], io)), (
        *(["X"] if x else []), *(str(name) for name in group.get("layers", {})),
    )  # fmt: skip


def _opened(path: Path) -> tuple[Any, Any]:
    """The root group of a file that was looked through, and anndata's module for reading it."""
    if not path.exists():
        raise CohortError(f"there is no file {path.name!r}")
    io = library("anndata.io", package="anndata", reads="an AnnData file")
    if path.is_dir():
        return _zarr(path), io
    h5py = library("h5py", package="h5py", reads="an .h5ad file")
    if path.suffix not in HDF5 or not h5py.is_hdf5(path):
        raise CohortError(
            f"{path.name!r} is no .h5ad file (HDF5) and no .zarr folder; write it with "
            "adata.write_h5ad or adata.write_zarr"
        )
    try:
        file = h5py.File(path, "r")
    except OSError:
        raise CohortError(f"{path.name!r} is broken or locked; HDF5 cannot open it") from None
    sealed_hdf5(file)
    return file, io


def _zarr(path: Path) -> Any:
    if not ((path / ".zgroup").is_file() or (path / "zarr.json").is_file()):
        raise CohortError(f"{path.name!r} is a folder and no zarr group")
    sealed_zarr(path)
    zarr = library("zarr", package="zarr", reads="a zarr folder")
    return zarr.open_group(path, mode="r", use_consolidated=False)


def _stored(group: Any, io: Any) -> SimpleNamespace:
    """The parts of an AnnData by name; matrices stay on disk."""
    raw = group.get("raw")  # anndata writes a null of no length where there is none
    return SimpleNamespace(
        X=_matrix(group["X"], io) if "X" in group else None,
        obs=_read(group["obs"], io), var=_read(group["var"], io),
        layers={name: _matrix(one, io) for name, one in _items(group, "layers")},
        raw=None if not hasattr(raw, "keys") else SimpleNamespace(
            X=_matrix(raw["X"], io), var=_read(raw["var"], io)
        ),
        uns={"log1p": _read(group["uns/log1p"], io)} if "uns/log1p" in group else {},
    )  # fmt: skip


def _items(group: Any, name: str) -> list[tuple[str, Any]]:
    return [(str(k), group[name][k]) for k in group[name]] if name in group else []


def _matrix(element: Any, io: Any) -> Any:
    """A matrix that is left on disk: a dataset, or a sparse one that gives rows; None if empty."""
    if element.attrs.get("encoding-type") == "null":
        return None
    return io.sparse_dataset(element) if hasattr(element, "keys") else element


def _into_memory(
    stored: SimpleNamespace, group: Any, io: Any, *, layer: str | None, raw: bool
) -> None:
    """Put the matrix that is asked for in place of the one on disk."""
    if raw and stored.raw is not None:
        stored.raw.X = _read(group["raw/X"], io)
    elif layer in stored.layers:
        stored.layers[layer] = _read(group[f"layers/{layer}"], io)
    elif layer is None and not raw and stored.X is not None:
        stored.X = _read(group["X"], io)


def _read(element: Any, io: Any) -> Any:
    """One element in memory, of which the declared size was looked at first."""
    try:
        size = _declared(element)
    except RecursionError:
        raise CohortError(f"{element.name} holds itself; it is no AnnData") from None
    if size > reading.DENSE_BUDGET:
        raise CohortError(
            f"{element.name} takes {size / 2**30:.1f} GiB in memory, more than the "
            f"{reading.DENSE_BUDGET / 2**30:.1f} GiB allowed; a matrix can stay on disk with "
            'backed="r"'
        )
    read: Callable[[Any], Any] = io.read_elem
    try:
        return read(element)
    except (KeyError, ValueError, TypeError, NotImplementedError) as error:
        raise CohortError(f"{element.name} cannot be read as AnnData ({error})") from error


def _declared(element: Any) -> int:
    """Bytes that an element says its arrays have, those below it included."""
    if isinstance(element, Mapping) or hasattr(element, "keys"):
        return sum(_declared(element[name]) for name in element)
    count = int(np.prod(element.shape or (), dtype=np.float64))
    return count * int(_kind(element).itemsize)


def _kind(element: Any) -> np.dtype[Any]:
    return element.dtype if isinstance(element.dtype, np.dtype) else np.dtype(object)
