"""One image file: what its head says of it, and its values, channels first.

PNG and JPEG through pillow, TIFF through tifffile, npy through numpy.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evenlight.arrays import Values
from evenlight.data.rows import DENSE_BUDGET
from evenlight.errors import CohortError, InputError, Refused
from evenlight.modalities.image_axes import layout_of
from evenlight.modalities.libraries import library

PILLOW = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".bmp": "bmp", ".webp": "webp"}
TIFF = {".tif": "tiff", ".tiff": "tiff"}
FORMATS = {**PILLOW, **TIFF, ".npy": "npy"}
"""File names that are read here, by their end."""

GREY = ("intensity",)
COLOUR = ("red", "green", "blue")
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB = 0, 1, 2
"""TIFF 6.0, PhotometricInterpretation."""

NOT_COMPRESSED = 1
"""TIFF 6.0, Compression."""

MEANT = {"Y": "h", "X": "w", "Z": "d", "S": "c", "C": "c"}
"""Axes of tifffile that have one meaning for an image."""


@dataclass(frozen=True, slots=True)
class Head:
    """What the head of a file says: `shape` of the space, channels, bits of a value.

    `low` and `high` are the least and the largest value that it can hold, NaN for floats;
    `inverted` where 0 is white; `turned` where it asks to be shown otherwise (EXIF orientation);
    `clear` where it has an alpha channel.
    """

    format: str
    shape: tuple[int, ...]
    channels: tuple[str, ...]
    bits: int
    low: float
    high: float
    axes: str = ""
    inverted: bool = False
    turned: bool = False
    clear: bool = False


def head_of(path: Path, layout: str | None = None) -> Head:
    """The head of a file; `layout` says the axes of an npy or TIFF file that tells too little.

    Raises CohortError, with what to do, for a file that cannot be read as it stands.
    """
    end = path.suffix.lower()
    with _readable():
        if end in TIFF:
            return _tiff_head(path, layout)
        return _npy_head(path, layout) if end == ".npy" else _pillow_head(path)


def values_of(path: Path, head: Head) -> Values:
    """The values (c, *space) of a file, alpha left out; 0 is black."""
    with _readable():
        if head.format == "tiff":
            return _tiff_values(path, head)
        if head.format == "npy":
            return _first(np.asarray(open_npy(path)), head)
        return _pillow_values(path, head)


@contextmanager
def _readable() -> Iterator[None]:
    """What a library raises for a file that is cut or changed, as a CohortError."""
    try:
        yield
    except (InputError, Refused):
        raise
    except Exception as error:
        more = ": pip install imagecodecs" if "imagecodecs" in str(error) else ""
        raise CohortError(f"cannot be read: {type(error).__name__}{more}") from None


def _first(held: Values, head: Head) -> Values:
    """One image (c, *space)."""
    made: Values = layout_of((1, *held.shape), head.axes).first(held[None])[0]
    return made


def _pillow_head(path: Path) -> Head:
    bits = _png_bits(path)
    with _pillow(path) as image:
        mode, turned = image.mode, image.getexif().get(274, 1) != 1
        frames = getattr(image, "n_frames", 1)
        shape = (image.height, image.width)
        clear = mode in ("LA", "RGBA", "PA") or "transparency" in image.info
    if frames > 1:
        raise CohortError(f"holds {frames} frames; give one file an image")
    grey = mode in ("1", "L", "LA", "F") or mode.startswith("I")
    if mode not in ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "I", "F") and mode[:4] != "I;16":
        raise CohortError(f"has values of kind {mode}; convert it to grey or RGB")
    if bits == 16 and (not grey or clear):
        raise CohortError("is a PNG of 16 bits in colour, which pillow cuts to 8; save it as TIFF")
    deep = 16 if mode[:1] == "I" else 8
    high = float("nan") if mode == "F" else 2.0**deep - 1
    low = high if mode == "F" else 0.0
    channels = GREY if grey else COLOUR
    return Head(PILLOW[path.suffix.lower()], shape, channels, deep, low, high,
                turned=turned, clear=clear)  # fmt: skip


def _pillow_values(path: Path, head: Head) -> Values:
    with _pillow(path) as image:
        if head.clear:
            both = np.asarray(image.convert("LA" if head.channels == GREY else "RGBA"))
            _opaque(both[..., -1], 255)
            return np.moveaxis(both[..., :-1], -1, 0)
        if head.bits == 8:
            image = image.convert("L" if head.channels == GREY else "RGB")
        made = np.asarray(image)
    if head.bits == 16:
        made = made.astype(np.uint16)
    return made[None] if made.ndim == 2 else np.moveaxis(made, -1, 0)


def _pillow(path: Path) -> Any:
    pillow = library("PIL.Image", package="pillow", reads="a PNG or JPEG file", extra="imaging")
    return pillow.open(path)


def _png_bits(path: Path) -> int:
    """Bits of a value of a PNG, from its head (PNG, section 11.2.1); 0 for other files."""
    with path.open("rb") as file:
        start = file.read(26)
    return start[24] if start[:8] == b"\x89PNG\r\n\x1a\n" and len(start) == 26 else 0


def _tiff_head(path: Path, layout: str | None) -> Head:
    with _tiff(path) as file:
        if len(file.series) != 1:
            raise CohortError(f"holds {len(file.series)} images; give one file an image")
        series, page = file.series[0], file.pages[0]
        shape, named, dtype = tuple(series.shape), str(series.axes), np.dtype(series.dtype)
        shown = int(page.photometric)
        bits, extra = int(page.bitspersample), len(page.extrasamples or ())
        _holds(path, series, plain=int(page.compression) == NOT_COMPRESSED)
        turned = "Orientation" in page.tags and page.tags["Orientation"].value != 1
    if dtype.kind not in "fiub":
        raise CohortError(f"has values of kind {dtype}; convert it to numbers")
    if shown not in (WHITE_IS_ZERO, BLACK_IS_ZERO, RGB):
        raise CohortError("is no grey or RGB image (palette, CMYK or YCbCr); convert it")
    own = layout[1:] if layout is not None else _meant(named)
    lies = layout_of((1, *shape), "n" + own)
    count = lies.channels - extra
    high = float("nan") if dtype.kind == "f" else float(2**bits - 1)
    low = high if dtype.kind == "f" else 0.0
    if dtype.kind == "i":
        low, high = float(np.iinfo(dtype).min), float(np.iinfo(dtype).max)
    names = COLOUR if shown == RGB and count == 3 else _numbered(count)
    return Head("tiff", lies.space, names, bits, low, high, lies.axes,
                shown == WHITE_IS_ZERO, turned, extra > 0)  # fmt: skip


def _holds(path: Path, series: Any, *, plain: bool) -> None:
    """Raise CohortError where a head, by one wrong byte, claims more than the file can hold."""
    size = int(series.size) * np.dtype(series.dtype).itemsize
    if size > (path.stat().st_size if plain else DENSE_BUDGET):
        raise CohortError("cannot be read: its head claims more values than it holds")


def _meant(named: str) -> str:
    """Axes of tifffile in our letters."""
    strange = [a for a in named if a not in MEANT]
    if strange:
        raise CohortError(
            f'has axes {named} (tifffile), and {strange[0]} has no one meaning; say layout="ndhw" '
            'for a stack of planes, "nchw" for channels'
        )
    return "".join(MEANT[a] for a in named)


def _tiff_values(path: Path, head: Head) -> Values:
    with _tiff(path) as file:
        held = file.asarray()
    made = _first(held, head)
    if head.clear:
        _opaque(made[len(head.channels) :], head.high)
        made = made[: len(head.channels)]
    if head.inverted:
        made = (head.high + head.low - made).astype(made.dtype)
    return made


def _tiff(path: Path) -> Any:
    reader = library("tifffile", package="tifffile", reads="a TIFF file", extra="imaging")
    return reader.TiffFile(path)


def open_npy(path: Path) -> Values:
    """The array of an npy file, left on disk; Refused for one of pickled objects."""
    try:
        held: Values = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        with path.open("rb") as file:
            bare = file.read(1) == b"\x80"  # a pickle of protocol 2 or newer
        if bare or "Python objects" in str(error):
            raise Refused("holds pickled objects, which could run any code; save numbers") from None
        raise CohortError("cannot be read: it was cut short, or is no npy file") from None
    return held


def _npy_head(path: Path, layout: str | None) -> Head:
    held = open_npy(path)
    if held.dtype.kind not in "fiub":
        raise CohortError(f"has values of kind {held.dtype}; convert it to numbers")
    lies = layout_of((1, *held.shape), layout)
    whole = held.dtype.kind in "iu"
    ends = np.iinfo(held.dtype) if whole else None
    low, high = (ends.min, ends.max) if ends else (float("nan"), float("nan"))
    return Head("npy", lies.space, _numbered(lies.channels), 8 * held.dtype.itemsize, float(low),
                float(high), lies.axes)  # fmt: skip


def _numbered(count: int) -> tuple[str, ...]:
    return GREY if count == 1 else tuple(f"channel {k + 1}" for k in range(count))


def _opaque(alpha: Values, full: float) -> None:
    if (alpha != full).any():
        raise CohortError(
            "is transparent in places, so that its values depend on what is behind; put it on a "
            "background first"
        )
