"""HDF5 files and zarr folders that hold data and nothing else, or are refused before they are read.

Refused are pickles and arrays of Python objects, since reading these runs code, and links that lead
out of the file, since a file that somebody sent may otherwise show files of whoever reads it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from evenlight.data.rows import DENSE_BUDGET
from evenlight.errors import CohortError, Refused

PLAIN_FILTERS = frozenset(("vlen-utf8", "vlen-bytes", "json2"))
"""Codecs of zarr 2 that store objects as text or bytes."""

METADATA = frozenset((".zarray", ".zmetadata", "zarr.json"))
"""Files of a zarr folder that say how arrays are stored."""

MOST_METADATA = 2**26
"""Most bytes of one such file."""

REMEDY = "write it again with anndata's write_h5ad or write_zarr, from a place that you trust"


def sealed_hdf5(file: Any) -> None:
    """Raise Refused where an open h5py file has links out of it, objects, or pickled attributes."""
    import h5py  # type: ignore[import-untyped]

    seen: set[int] = set()
    waiting: list[Any] = [file]
    while waiting:
        one = waiting.pop()
        at = int(h5py.h5o.get_info(one.id).addr)
        if at in seen:
            continue
        seen.add(at)
        _attributes(one, h5py)
        if isinstance(one, h5py.Dataset):
            _dataset(one, h5py)
            continue
        for name in one:
            try:
                link = one.get(name, getlink=True)
            except TypeError:  # a kind of link that a program defined for itself
                raise Refused(f"{one.name} has a link of a strange kind; {REMEDY}") from None
            if isinstance(link, h5py.ExternalLink):
                raise Refused(f"{one.name} has a link to another file; {REMEDY}")
            if isinstance(link, h5py.HardLink):  # what a soft link names is met by its own name
                waiting.append(one[name])


def _dataset(dataset: Any, h5py: Any) -> None:
    if dataset.external:
        raise Refused(f"{dataset.name} keeps its values in another file; {REMEDY}")
    if dataset.is_virtual and any(s.file_name != "." for s in dataset.virtual_sources()):
        raise Refused(f"{dataset.name} is put together from other files; {REMEDY}")
    if _objects(dataset.dtype, h5py):
        raise Refused(f"{dataset.name} holds objects of the type {dataset.dtype}; {REMEDY}")


def _attributes(one: Any, h5py: Any) -> None:
    for name in one.attrs:
        kind = one.attrs.get_id(name).dtype
        if _objects(kind, h5py) or _pickled(one.attrs[name]):
            raise Refused(f"attribute {name!r} of {one.name} holds a pickled object; {REMEDY}")


def _objects(dtype: np.dtype[Any], h5py: Any) -> bool:
    """Whether values are neither numbers, text, references nor records of these."""
    if dtype.names:
        return any(_objects(dtype[name], h5py) for name in dtype.names)
    if dtype.kind == "V":
        return dtype.subdtype is None or _objects(dtype.subdtype[0], h5py)
    told = h5py.check_string_dtype(dtype) or h5py.check_ref_dtype(dtype)
    return dtype.kind == "O" and told is None


def _pickled(value: Any) -> bool:
    """Whether bytes begin as a pickle of protocol 2 or newer does."""
    raw = value.encode("latin-1", "replace") if isinstance(value, str) else value
    return isinstance(raw, bytes) and raw[:1] == b"\x80" and raw[1:2] in b"\x02\x03\x04\x05"


def sealed_zarr(folder: Path) -> None:
    """Raise Refused where a zarr folder has symbolic links, or arrays kept as pickled objects."""
    for place, folders, names in os.walk(folder):
        here = Path(place)
        linked = [name for name in (*folders, *names) if (here / name).is_symlink()]
        if linked:
            raise Refused(f"{linked[0]!r} in the zarr folder is a symbolic link; {REMEDY}")
        for name in METADATA.intersection(names):
            for part in _parts(_loaded(here / name), name):
                _array(part, here.name)


def _loaded(path: Path) -> Any:
    if path.stat().st_size > MOST_METADATA:
        raise Refused(f"{path.name} of the zarr folder is larger than {MOST_METADATA >> 20} MiB")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise CohortError(f"{path.parent.name}/{path.name} is no JSON ({error})") from None


def _parts(data: Any, name: str) -> Iterator[Mapping[str, Any]]:
    """The metadata of each array that one file holds, without what people wrote as attributes."""
    if not isinstance(data, Mapping):
        return
    if name == ".zmetadata":
        held = data.get("metadata", {})
        yield from (v for k, v in held.items() if k.endswith(".zarray"))
        return
    yield data
    gathered = data.get("consolidated_metadata") or {}
    yield from gathered.get("metadata", {}).values()


def _array(array: Mapping[str, Any], place: str) -> None:
    codecs = [*_codecs({k: v for k, v in array.items() if k != "attributes"})]
    if any("pickle" in name for name in codecs):
        raise Refused(f"{place} of the zarr folder is stored as pickled objects; {REMEDY}")
    if _chunk(array) > DENSE_BUDGET:
        raise Refused(
            f"{place} of the zarr folder says that one chunk takes more than "
            f"{DENSE_BUDGET >> 30} GiB, all of which is made to read one number; {REMEDY}"
        )
    if "|O" in str(array.get("dtype", "")) and not PLAIN_FILTERS.intersection(codecs):
        raise Refused(f"{place} of the zarr folder holds objects, not text or numbers; {REMEDY}")


def _chunk(array: Mapping[str, Any]) -> float:
    """Bytes of one chunk, as they are declared; 0 where nothing is."""
    grid = array.get("chunk_grid") or {}
    own = grid.get("configuration") or {} if isinstance(grid, Mapping) else {}
    sides = array.get("chunks") or (own.get("chunk_shape") if isinstance(own, Mapping) else None)
    if not isinstance(sides, list) or not all(isinstance(one, int) for one in sides):
        return 0.0
    try:
        size = np.dtype(array.get("dtype") or array.get("data_type")).itemsize
    except TypeError:
        size = 8  # text, and what numpy has no name for
    return float(np.prod(sides, dtype=np.float64)) * max(size, 1)


def _codecs(data: Any) -> Iterator[str]:
    """Every name of a codec, however deep."""
    if isinstance(data, Mapping):
        yield from (str(data[k]).casefold() for k in ("id", "name") if k in data)
        data = list(data.values())
    if isinstance(data, list):
        for part in data:
            yield from _codecs(part)
