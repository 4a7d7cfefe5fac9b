"""Images that are one array: in memory, on disk, or in an npz or npy file."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypedDict, Unpack

import numpy as np
import pandas as pd

from evenlight.arrays import Int, Text, Values
from evenlight.data.archives import check_zip
from evenlight.data.nearest import hint
from evenlight.data.rows import DENSE_BUDGET, Held, Rows
from evenlight.data.sources import plain
from evenlight.data.space import Space
from evenlight.errors import CohortError, Refused
from evenlight.modalities.image_axes import Channels, Layout, channel_names, layout_of
from evenlight.modalities.image_files import open_npy
from evenlight.modalities.image_rows import ImageRows, ReadImages
from evenlight.modalities.resampling import directions

MOST_PACKED = 2**40
"""Bytes of all arrays of an npz file; each that is read is held to the budget by itself."""


class Told(TypedDict, total=False):
    """What may be told of an array by name, as `read_array_rows` takes it."""

    layout: str | None
    channels: Channels
    spacing: tuple[float, ...]
    orientation: str
    shared: str


def read_array_rows(
    x: Any,
    *,
    layout: str | None = None,
    channels: Channels = None,
    spacing: tuple[float, ...] = (),
    orientation: str = "",
    shared: str = "",
) -> ImageRows:
    """The images of an array (n, ...): numpy, a tensor, zarr, HDF5, a memory map or `Rows`.

    Parameters
    ----------
    layout
        a letter for each axis, such as "nhwc" or "ndhw"; without it only what is plain
        (`image_axes.layout_of`).
    channels
        names of the channels in their order, or letters such as "rgb".
    spacing
        distance of neighbouring positions along each spatial axis, in mm.
    orientation
        where each spatial axis points to, as "RAS" of a volume or "IL" of an X-ray from the front
        (down to the feet, right to the patient's left): the caller's word, nothing is turned.
    shared
        why a position means the same in every image ("registered", "template NAME"); "" if not.
    """
    x = plain(x) if hasattr(x, "detach") else x
    lies = layout_of(x.shape, layout)
    notes: list[str] = []
    names = channel_names(lies.channels, channels, notes)
    n = lies.shape[0]
    notes.append(f"Images: {n:,} of an array, laid out {lies.axes}; {_values(np.dtype(x.dtype))}.")
    if orientation:
        directions(orientation, len(lies.space))
    units = "mm" if spacing else "positions"
    space = Space(lies.space, spacing, units, orientation=orientation, shared=shared)
    return ImageRows(_laid(x, lies), space, names, pd.DataFrame(index=range(n)), tuple(notes))


def _laid(x: Any, lies: Layout) -> Held:
    """The images channels first: those that are floats in memory as they are, others read."""
    if isinstance(x, np.ndarray) and not isinstance(x, np.memmap) and x.dtype.kind == "f":
        return lies.first(x)
    rows = x if isinstance(x, Rows) else Rows(x)

    def read(at: Int) -> Values:
        return lies.first(rows[at])

    shape = (len(rows), lies.channels, *lies.space)
    return Rows(ReadImages(shape, rows.dtype, read, (rows.source.band,)))


def read_npz_rows(
    path: Path,
    *,
    key: str | None = None,
    **told: Unpack[Told],
) -> ImageRows:
    """The same of an npz or npy file; `key` names the array where several could be the images."""
    strange = sorted(set(told) - set(Told.__annotations__))
    if strange:
        known = ["key", *Told.__annotations__]
        raise CohortError(
            f"{strange[0]}= is no option of read_npz_rows nor a keyword of Cohort"
            f"{hint(strange[0], known)}; its options are {', '.join(known)}"
        )
    x, name = _array_of(path, key)
    made = read_array_rows(x, **told)
    named = f" ({name!r})" if name else ""
    notes = [note.replace("of an array", f"of one file{named}", 1) for note in made.notes]
    return replace(made, notes=tuple(notes))


def npz_names(path: Path, name: str) -> Text:
    """The ids (n,) that the array `name` of an npz file gives its rows, as text."""
    if path.suffix != ".npz":
        raise CohortError(f"names={name!r} is an array of an npz file, and this is none")
    with _opened(path) as file:
        if name not in file.files:
            raise CohortError(f"the npz file has no array {name!r}; it has {_list(file.files)}")
    _budget(name, *_shapes(path)[name])
    with _opened(path) as file:
        held = file[name]
    if held.ndim != 1 or held.dtype.kind not in "USiu":
        raise CohortError(f"names={name!r} is {held.dtype} {held.shape}; wanted one id a row")
    return np.asarray(np.char.decode(held) if held.dtype.kind == "S" else held, dtype=np.str_)


def _array_of(path: Path, key: str | None) -> tuple[Values, str]:
    if path.suffix == ".npy":
        return _told(path, open_npy), ""
    shapes = _shapes(path)
    likely = [name for name, (shape, dtype) in shapes.items() if _may(shape, dtype)]
    chosen = key if key is not None else likely[0] if len(likely) == 1 else None
    if chosen not in shapes:
        why = f"has no array {key!r}" if key is not None else f"holds {len(likely)} images' arrays"
        told = ", ".join(f"{name!r} ({d} {s})" for name, (s, d) in shapes.items())
        raise CohortError(f"the npz file {why}; it has {told}: say key=")
    _budget(chosen, *shapes[chosen])
    with _opened(path) as file:
        return file[chosen], str(chosen)


def _budget(name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Raise for an array of objects, or one that says that it would not fit into memory."""
    if dtype.hasobject:
        raise Refused(f"{name!r} of the npz file holds pickled objects; save numbers or text")
    if float(np.prod(shape, dtype=np.float64)) * dtype.itemsize > DENSE_BUDGET:
        raise CohortError(
            f"{name!r} {shape} of the npz file would take more than 4 GB, as an npz is read "
            "whole; save it with np.save and give the npy file, which is read by rows"
        )


def _may(shape: tuple[int, ...], dtype: np.dtype[Any]) -> bool:
    return len(shape) >= 3 and dtype.kind in "fiub"


def _shapes(path: Path) -> dict[str, tuple[tuple[int, ...], np.dtype[Any]]]:
    """Shape and dtype of each array of an npz file, from its headers."""
    made = {}
    with _opened(path) as file:
        for name in file.files:
            with file.zip.open(f"{name}.npy") as stream:
                version = np.lib.format.read_magic(stream)
                header = (
                    np.lib.format.read_array_header_1_0 if version == (1, 0)
                    else np.lib.format.read_array_header_2_0
                )  # fmt: skip
                shape, _, dtype = header(stream)
            made[str(name)] = (tuple(shape), np.dtype(dtype))
    return made


def _told(path: Path, do: Callable[[Path], Values]) -> Values:
    """What `do` reads, its errors told as those of a file."""
    try:
        return do(path)
    except (CohortError, Refused) as error:
        raise type(error)(f"the {path.suffix} file of images {error}") from None


def _opened(path: Path) -> Any:
    check_zip(path, most=MOST_PACKED)
    try:
        return np.load(path, allow_pickle=False)
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise CohortError(f"{path.suffix} file of images cannot be read: {error}") from None


def _list(names: list[str]) -> str:
    return ", ".join(map(repr, names[:12]))


def _values(dtype: np.dtype[Any]) -> str:
    """What the values are, in words."""
    if dtype.kind in "iu":
        most = np.iinfo(dtype)
        return f"values as stored, {8 * dtype.itemsize} bits ({most.min} to {most.max} possible)"
    return f"values as stored ({dtype})"
