"""NIfTI volumes: their grid from the header, their values when they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from os import PathLike
from pathlib import Path
from typing import Any, Literal, Unpack

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Values
from evenlight.data.rows import DENSE_BUDGET
from evenlight.data.space import Space
from evenlight.errors import CohortError
from evenlight.modalities.image_rows import ImageRows
from evenlight.modalities.libraries import library
from evenlight.modalities.resampling import orientation_of, spacing_of
from evenlight.modalities.scans import Scan, counted, gathered, spacings_of
from evenlight.modalities.wanted_grid import Asked, grid_of

DEFLATED = 1032
"""Most bytes that one byte of a gzip file can stand for (zlib, technical details)."""

MILLIMETRES = {"meter": 1000.0, "micron": 0.001, "mm": 1.0, "unknown": 1.0}

NAMED = {3: "template Talairach", 4: "template MNI152"}
"""What a header says that its coordinates are, by its sform code."""

REMEDY = 'say which is right with form="sform" or form="qform"'


@dataclass(frozen=True, slots=True, eq=False)
class Header:
    """What is taken from a NIfTI header; its free texts and extensions are never read."""

    space: Space
    channels: int
    stored: str
    colour: bool
    codes: tuple[int, int]
    claims: tuple[Float, ...]
    units: str


def read_nifti_rows(
    files: Sequence[Path],
    *,
    channels: tuple[str, ...] = (),
    form: Literal["", "sform", "qform"] = "",
    labels: bool = False,
    **asked: Unpack[Asked],
) -> ImageRows:
    """Volumes (n, c, i, j, k) of NIfTI files in the order of their arrays; one file is one row.

    Parameters
    ----------
    files
        .nii or .nii.gz, of two to five axes; a fourth (or fifth) axis is that of channels.
    channels
        their names where there are several; one is "intensity", colours are red, green, blue.
    form
        which of a header's two affines is believed where they point elsewhere; left out, that is an
        error.
    labels
        whole numbers are read as they are stored: label maps, one a person.
    **asked
        template=, fill=, orientation=, transform=, shared= of `wanted_grid.Asked`.

    Facts are orientation, spacing in mm, type and sform code of each file. Header texts (descrip,
    names, extensions) are not read. Values are float32 after slope and intercept, (labels: int32).

    Raises
    ------
    CohortError
        for volumes of other shape, spacing, orientation or channels (with counts and positions),
        headers that contradict themselves (that of the template as well), and files that are no
        NIfTI.
    """
    headers = [_header(Path(file), i, form) for i, file in enumerate(files)]
    _consistent(headers)
    reads = [
        partial(_read, Path(f), h, labels, i)
        for i, (f, h) in enumerate(zip(files, headers, strict=True))
    ]
    scans = [
        Scan(head.space, _names(head, channels, i), read)
        for i, (head, read) in enumerate(zip(headers, reads, strict=True))
    ]
    grid = grid_of(asked, labels=labels, template_of=partial(nifti_space, form=form))
    return gathered(scans, _facts(headers), grid, _notes(headers))


def nifti_space(path: str | PathLike[str], *, form: Literal["", "sform", "qform"] = "") -> Space:
    """The grid of a NIfTI file: a template's, for `template=`.

    Raises CohortError where its header contradicts itself, unless `form` says what is believed.
    """
    head = _header(Path(path), 0, form)
    if why := _torn(head):
        raise CohortError(f"the header of the template contradicts itself: it {why}; {REMEDY}")
    return head.space


def opened(path: Path, position: int) -> Any:
    """The file, its values not read; CohortError by its position where it is no NIfTI."""
    nibabel = library("nibabel", package="nibabel", reads="a NIfTI file", extra="imaging")
    try:
        made = nibabel.load(path)
    except (OSError, EOFError, nibabel.filebasedimages.ImageFileError):
        made = None
    if not isinstance(made, nibabel.Nifti1Pair):
        raise CohortError(f"the file at position {position} cannot be read as NIfTI") from None
    return made


def _header(path: Path, position: int, form: str) -> Header:
    image = opened(path, position)
    dtype = image.get_data_dtype()
    _holds(path, position, float(np.prod(image.shape, dtype=np.float64)) * dtype.itemsize)
    colour = dtype.names is not None
    if not colour and dtype.kind not in "fiub":
        raise CohortError(f"the file at position {position} holds {dtype}; wanted real numbers")
    space_axes = min(3, len(image.shape))
    last = [n for n in image.shape[space_axes:] if n > 1]
    if space_axes < 2 or len(last) > 1 or (colour and last):
        raise CohortError(
            f"the file at position {position} has axes {image.shape}; wanted space, then channels"
        )
    length, _ = image.header.get_xyzt_units()
    codes = int(image.header["sform_code"]), int(image.header["qform_code"])
    affine, claims = _affine(image, codes, form)
    space = _space(image, affine, space_axes, MILLIMETRES.get(length, 1.0))
    count = 3 if colour else (last[0] if last else 1)
    stored = "rgb" if colour else str(dtype.newbyteorder("="))
    return Header(space, count, stored, colour, codes, claims, length)


def _holds(path: Path, position: int, size: float) -> None:
    """Raise CohortError where a header claims more values than its file can hold."""
    most = path.stat().st_size * (DEFLATED if path.name.lower().endswith(".gz") else 1)
    if size > min(most, DENSE_BUDGET):
        raise CohortError(
            f"the file at position {position} ends before its values do: its header claims more "
            "values than it can hold"
        )


def _affine(
    image: Any, codes: tuple[int, int], form: str
) -> tuple[Float | None, tuple[Float, ...]]:
    """The affine that is believed, None where the header has none; and all that it has."""
    held = {
        name: np.asarray(affine, dtype=np.float64)
        for name, affine, code in zip(
            ("sform", "qform"), (image.get_sform(), image.get_qform()), codes, strict=True
        )
        if code > 0
    }
    if form:
        return held.get(form), ()
    return next(iter(held.values()), None), tuple(held.values())


def _space(image: Any, affine: Float | None, axes: int, scale: float) -> Space:
    shape = tuple(int(n) for n in image.shape[:axes])
    if affine is None or axes < 3:
        zooms = [float(step) * scale for step in image.header.get_zooms()[:axes]]
        return Space(shape, tuple(step if step > 0 else float("nan") for step in zooms), "mm")
    scaled = affine.copy()
    scaled[:3] *= scale
    return Space(shape, spacing_of(scaled), "mm", scaled, orientation_of(scaled))


def _consistent(headers: Sequence[Header]) -> None:
    """Refuse headers whose two affines point elsewhere: left and right may be exchanged."""
    torn = [(i, why) for i, head in enumerate(headers) if (why := _torn(head))]
    if torn:
        raise CohortError(
            f"{len(torn)} of {len(headers)} NIfTI headers contradict themselves, the one at "
            f"position {torn[0][0]} {torn[0][1]}; {REMEDY}"
        )


def _torn(head: Header) -> str:
    """How the two affines of a header contradict each other, "" where they do not.

    They do where axes point to other sides, and where both have one code, so that they are of the
    same coordinates, and a corner of the volume lies more than a position apart.
    """
    if len(head.claims) < 2:
        return ""
    first, second = (orientation_of(affine) for affine in head.claims)
    if first != second:
        return f"is {first} by sform and {second} by qform"
    far = _elsewhere(head)
    if head.codes[0] != head.codes[1] or far <= 1:
        return ""
    return f"lies {far:.3g} positions elsewhere by qform than by sform, at a corner"


def _elsewhere(head: Header) -> float:
    """How far apart the two affines put a corner of a volume, over its shortest step."""
    if len(head.claims) < 2:
        return 0.0
    ends = product(*((0, n - 1) for n in (*head.space.shape, 1, 1)[:3]))
    corners = np.array([[*end, 1.0] for end in ends]).T
    apart = (head.claims[0] - head.claims[1])[:3] @ corners
    return float(np.sqrt((apart**2).sum(axis=0)).max()) / min(spacing_of(head.claims[0]))


def _names(head: Header, channels: tuple[str, ...], position: int) -> tuple[str, ...]:
    if head.colour:
        return "red", "green", "blue"
    if head.channels == 1 and not channels:
        return ("intensity",)
    if len(channels) != head.channels:
        raise CohortError(
            f"the file at position {position} has {head.channels} volumes, and channels= names "
            f"{len(channels)}; name each, or pass files of one volume"
        )
    return channels


def _read(path: Path, head: Header, labels: bool, position: int) -> Values:
    """One volume (c, *s), read now; the file is closed again."""
    image = opened(path, position)
    try:
        held = np.asarray(image.dataobj)
    except (OSError, EOFError, ValueError):
        raise CohortError(f"the file at position {position} ends before its values do") from None
    if head.colour:
        return np.stack([held[name] for name in ("R", "G", "B")]).astype(np.float32)
    shape = (*head.space.shape, head.channels)
    moved = np.moveaxis(held.reshape(shape), -1, 0)
    if not labels:
        return moved.astype(np.float32)
    whole = np.round(moved)
    if not np.array_equal(whole, moved):
        raise CohortError(
            f"the label map at position {position} has values between whole numbers; it was "
            "interpolated or holds probabilities"
        )
    return whole.astype(np.int32)


def _facts(headers: Sequence[Header]) -> pd.DataFrame:
    """What may be known of each file."""
    return pd.DataFrame(
        {
            "orientation": [head.space.orientation for head in headers],
            **spacings_of([head.space for head in headers]),
            "stored": [head.stored for head in headers],
            "sform_code": [head.codes[0] for head in headers],
        }
    )


def _notes(headers: Sequence[Header]) -> list[str]:
    notes = []
    n, heads = len(headers), "NIfTI headers"
    blind = sum(head.space.affine is None for head in headers)
    if blind:
        notes.append(f"{counted(blind, n, heads)} hold no coordinates: left and right unknown.")
    unsaid = sum(head.units == "unknown" for head in headers)
    if unsaid:
        notes.append(f"{counted(unsaid, n, heads)} name no unit of length; taken as mm.")
    two = sum(_elsewhere(head) > 1 for head in headers)
    if two:
        notes.append(
            f"{counted(two, n, heads)} have coordinates of two kinds, by sform and by qform; those "
            "of sform were taken (form=)."
        )
    codes = {head.codes[0] for head in headers}
    if len(codes) == 1 and codes <= set(NAMED):
        notes.append(
            f"The headers say that coordinates are those of {NAMED[codes.pop()].split()[1]}; "
            "say shared= if the images were registered to it."
        )
    return notes
