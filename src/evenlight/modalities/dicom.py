"""DICOM images and series: values that mean the same in all, and facts that name nobody."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Unpack
from warnings import catch_warnings, simplefilter

import numpy as np

from evenlight.arrays import Bool, Float, Values
from evenlight.data.space import Space
from evenlight.errors import CohortError, InputError
from evenlight.modalities import dicom_tags, dicom_values, dicom_volumes
from evenlight.modalities.dicom_notes import notes_of
from evenlight.modalities.dicom_sides import sides
from evenlight.modalities.dicom_values import (
    Meaning,
    Window,
    meaning_of,
    meant,
    one_scale,
    padding,
)
from evenlight.modalities.dicom_volumes import Slice, flat_space, slice_of, stacked
from evenlight.modalities.image_rows import ImageRows
from evenlight.modalities.libraries import library
from evenlight.modalities.nifti import nifti_space
from evenlight.modalities.scans import Scan, gathered, spacings_of
from evenlight.modalities.wanted_grid import Asked, grid_of

SERIES = ("SeriesInstanceUID",)

HEAD = sorted(
    {*dicom_tags.READ, *dicom_values.READ, *dicom_volumes.READ, *SERIES},
)
"""All that is read of a header. What is not listed is skipped while the file is parsed."""

PIXELS = ["PixelData", "FloatPixelData", *dicom_values.READ]
"""All that is read where values are asked for: no tag of a person is among them."""

COLOURS = ("red", "green", "blue")


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """One plane of an image: its file, its frame there, and what its stored numbers mean."""

    path: Path
    frame: int | None
    meaning: Meaning


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """One row before its values are read: its facts' header, its planes in order, its space."""

    head: Any
    planes: tuple[Plane, ...]
    space: Space


def read_dicom_rows(
    files: Sequence[Path], *, window: Window = None, **asked: Unpack[Asked]
) -> ImageRows:
    """Images (n, c, h, w) or volumes (n, c, d, h, w); one path is one row.

    Parameters
    ----------
    files
        a file each, of one plane, or of many with positions (enhanced CT and MR: a volume); or a
        folder each, whose files are the slices of one series.
    window
        None keeps values in the file's unit (HU of CT; the stored numbers after slope and
        intercept); "bits" maps the stored range to 0 to 1, "file" the first window of each file,
        (centre, width) the same window for all.
    **asked
        template=, fill=, orientation=, transform=, shared= of `wanted_grid.Asked`.

    More is always whiter: MONOCHROME1 is mirrored, and counted in a note. Padding (a value of its
    own outside of what was imaged) becomes the lowest value of its image. Flat images that lie
    mirrored or turned by their own headers are an error unless `orientation` turns them. Facts are
    those of `dicom_tags.facts_of`: words and numbers of a closed list, and codes that tell which
    images are of one patient or device. Names, numbers, dates and texts of people are not kept.

    Raises
    ------
    CohortError
        for images of other sizes, channels, spacings, scales or sides (counts and positions),
        slices that are no volume, and files that are no DICOM.
    InputError
        where pydicom, or what decodes a compression, is not installed.
    """
    with _quiet():
        images = [_image(Path(path), i) for i, path in enumerate(files)]
        facts = dicom_tags.facts_of([image.head for image in images])
        facts = facts.assign(**spacings_of([image.space for image in images]))
    meanings = [plane.meaning for image in images for plane in image.planes]
    own = asked.get("transform") is not None
    notes = one_scale(meanings, window, own=own)
    notes += notes_of(facts, [image.planes[0].meaning for image in images])
    flat = np.array([len(image.space.shape) == 2 for image in images], dtype=bool)
    notes += sides(facts[flat], asked=bool(asked.get("orientation")), own=own)
    scans = [
        Scan(
            image.space,
            COLOURS if image.planes[0].meaning.colour else ("intensity",),
            partial(_read, image.planes, window, len(image.space.shape), i),
        )
        for i, image in enumerate(images)
    ]
    grid = grid_of(asked, labels=False, template_of=nifti_space)
    return gathered(scans, facts, grid, notes)


def _image(path: Path, position: int) -> Image:
    if path.is_dir():
        return _series(path, position)
    head = _opened(path, position, HEAD)
    frames = dicom_tags.number(head, "NumberOfFrames")
    if np.isfinite(frames) and frames > 1:
        return _frames(path, head, int(frames), position)
    size = _size(head, position)
    return Image(head, (Plane(path, None, meaning_of(head, position)),), flat_space(head, size))


def _series(folder: Path, position: int) -> Image:
    """The files of a folder as one volume; files that are no DICOM images are passed over."""
    paths = sorted(path for path in folder.iterdir() if path.is_file())
    found = [(path, _maybe(path)) for path in paths]
    heads = [(path, head) for path, head in found if head is not None]
    if not heads:
        raise CohortError(f"the folder at position {position} holds no DICOM images")
    for tag, what in (("SeriesInstanceUID", "series"), ("PatientID", "patients")):
        many = len({str(getattr(head, tag, "")) for _, head in heads})
        if many > 1:
            raise CohortError(
                f"the folder at position {position} holds {many} {what}; pass one folder for each"
            )
    slices = [slice_of(head, _size(head, position), position) for _, head in heads]
    order, space = stacked(slices, position)
    planes = [Plane(path, None, meaning_of(head, position)) for path, head in heads]
    return Image(heads[0][1], tuple(planes[i] for i in order), space)


def _frames(path: Path, head: Any, frames: int, position: int) -> Image:
    """The frames of an enhanced image as one volume, by their groups (PS3.3 C.7.6.16)."""
    per_frame = getattr(head, "PerFrameFunctionalGroupsSequence", None)
    if not per_frame or len(per_frame) != frames:
        raise CohortError(
            f"the file at position {position} holds {frames} frames without positions; write one "
            "file a frame"
        )
    shared = getattr(head, "SharedFunctionalGroupsSequence", None) or [SimpleNamespace()]
    told = [_groups(shared[0], one) for one in per_frame]
    size = _size(head, position)
    slices: list[Slice] = [slice_of(head, size, position, groups=one) for one in told]
    order, space = stacked(slices, position)
    planes = [Plane(path, k, meaning_of(head, position, frame=told[k])) for k in order.tolist()]
    return Image(head, tuple(planes), space)


def _groups(shared: Any, own: Any) -> SimpleNamespace:
    """The tags of one frame, its own before the shared ones, as if it were a file."""
    wanted = {
        "PlanePositionSequence": ("ImagePositionPatient",),
        "PlaneOrientationSequence": ("ImageOrientationPatient",),
        "PixelMeasuresSequence": ("PixelSpacing", "SliceThickness"),
        "PixelValueTransformationSequence": ("RescaleSlope", "RescaleIntercept", "RescaleType"),
        "FrameVOILUTSequence": ("WindowCenter", "WindowWidth", "VOILUTFunction"),
    }
    found: dict[str, Any] = {}
    for sequence, tags in wanted.items():
        held = getattr(own, sequence, None) or getattr(shared, sequence, None)
        if held:
            found |= {tag: getattr(held[0], tag) for tag in tags if hasattr(held[0], tag)}
    return SimpleNamespace(**found)


def _read(planes: Sequence[Plane], window: Window, axes: int, position: int) -> Values:
    """The values of an image (c, *s), read now."""
    read = [_plane(plane, window, position) for plane in planes]
    made = np.stack([values for values, _ in read], axis=1)
    outside = np.stack([padded for _, padded in read])
    if outside.any():
        # Black of a window; else the lowest of the image, since the stored range goes far below.
        rest = made[:, ~outside]
        made[:, outside] = 0.0 if window is not None or not rest.size else np.nanmin(rest)
    return (made if axes == 3 else made[:, 0]).astype(np.float32)


def _plane(plane: Plane, window: Window, position: int) -> tuple[Float, Bool]:
    """The values (c, h, w) of one plane, and where it is padding (h, w)."""
    stored, dataset = _stored(plane, position)
    meaning = plane.meaning
    if meaning.colour:
        scale = 1.0 if window is None else 2.0**meaning.bits - 1
        moved = np.moveaxis(np.asarray(stored, dtype=np.float64) / scale, -1, 0)
        return moved, np.zeros(moved.shape[1:], dtype=bool)
    outside = padding(stored, dataset)
    if meaning.table and window == "file" and meaning.window is None:
        shown = _by_table(stored, dataset)
        return (1.0 - shown if meaning.inverted else shown)[None], outside
    return meant(stored, meaning, window)[None].astype(np.float64), outside


def _stored(plane: Plane, position: int) -> tuple[Values, Any]:
    """The stored numbers of one plane, and the tags that say what they mean."""
    pixels = _pixels()
    with _quiet():
        dataset = _opened(plane.path, position, PIXELS)
        try:
            return pixels.pixel_array(dataset, index=plane.frame), dataset
        except (RuntimeError, NotImplementedError):
            raise InputError(_no_decoder(dataset, position)) from None
        except (AttributeError, ValueError, TypeError, KeyError, EOFError):
            raise CohortError(f"the image at position {position} has no whole values") from None


def _by_table(stored: Values, dataset: Any) -> Float:
    """Values in 0 to 1 by the file's own table of grey values (PS3.3 C.11.2.1.1)."""
    bits = int(dataset.VOILUTSequence[0].LUTDescriptor[2])
    with _quiet():
        return np.asarray(_pixels().apply_voi(stored, dataset), dtype=np.float64) / (2.0**bits - 1)


def _pixels() -> Any:
    return library("pydicom.pixels", package="pydicom", reads="a DICOM file", extra="imaging")


def _size(head: Any, position: int) -> tuple[int, int]:
    rows, columns = dicom_tags.number(head, "Rows"), dicom_tags.number(head, "Columns")
    if not np.isfinite([rows, columns, dicom_tags.number(head, "BitsStored")]).all():
        raise CohortError(f"the file at position {position} is DICOM without an image")
    return int(rows), int(columns)


def _maybe(path: Path) -> Any:
    """The header of a file of a folder, None where it is no DICOM image."""
    try:
        head = _opened(path, 0, HEAD)
    except CohortError:
        return None
    return head if np.isfinite(dicom_tags.number(head, "Rows")) else None


def _opened(path: Path, position: int, tags: Sequence[str]) -> Any:
    """The listed tags of a file; its error tells a position, since names of files name people."""
    pydicom = library("pydicom", package="pydicom", reads="a DICOM file", extra="imaging")
    try:
        return pydicom.dcmread(
            path, specific_tags=list(tags), stop_before_pixels="PixelData" not in tags
        )
    except (OSError, EOFError, ValueError, AttributeError, pydicom.errors.InvalidDicomError):
        raise CohortError(f"the file at position {position} cannot be read as DICOM") from None


def _no_decoder(dataset: Any, position: int) -> str:
    syntax = getattr(getattr(dataset, "file_meta", None), "TransferSyntaxUID", None)
    named = (
        getattr(syntax, "name", "a compression") if getattr(syntax, "is_private", 1) == 0 else ""
    )
    return (
        f"the image at position {position} is stored as {named or 'a compression'}, which nothing "
        "installed decodes or which is damaged: pip install 'pylibjpeg[all]', or decompress it"
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Nothing that pydicom warns of or logs is told: such lines quote values of tags."""
    logger = logging.getLogger("pydicom")
    before = logger.disabled
    logger.disabled = True
    try:
        with catch_warnings():
            simplefilter("ignore")
            yield
    finally:
        logger.disabled = before
