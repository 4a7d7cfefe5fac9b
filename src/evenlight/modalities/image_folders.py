"""Image files, one a row: PNG, JPEG, TIFF and npy, read from disk when asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from evenlight.arrays import Int, Values
from evenlight.data.missing_codes import shown_count
from evenlight.data.rows import Rows
from evenlight.data.sources import plain
from evenlight.data.space import Space
from evenlight.errors import CohortError
from evenlight.modalities.image_axes import Channels, channel_names, spelled
from evenlight.modalities.image_files import COLOUR, GREY, Head, head_of, values_of
from evenlight.modalities.image_rows import ImageRows, ReadImages

Scale = Literal["stored", "unit"]
Transform = Callable[[Values], Any]

WORKERS = 4
"""Files that are decoded at the same time."""


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """What is made of each file: channels in an order, values on a scale, then the transform."""

    channels: tuple[str, ...] | None
    scale: Scale
    transform: Transform | None


def read_file_rows(
    files: Sequence[Path],
    *,
    channels: Channels = None,
    values: Scale = "stored",
    transform: Transform | None = None,
    layout: str | None = None,
    shared: str = "",
    spacing: tuple[float, ...] = (),
) -> ImageRows:
    """The images of files, one a row.

    Parameters
    ----------
    channels
        the channels in the order that the model takes, such as "rgb" or "bgr"; "intensity" reads
        grey and colour files as grey, if the three colours of each are equal. By default as stored.
    values
        "stored", or "unit": divided by the largest value of their bits (255, 65535), which lets
        files of 8 and 16 bits stand beside each other.
    transform
        the model's own, from (c, *space) in float32 to the same for every file, whose sizes may
        differ before it. It must be free of chance; attributions are of what it gives.
    layout
        of npy and TIFF files that do not tell, n for the file, such as "nhwc".
    shared, spacing
        as in `read_array_rows`.

    Raises CohortError, by position and count, for files that cannot be read, of several sizes,
    bits or channels.
    """
    if values not in ("stored", "unit"):
        raise CohortError(f'values={values!r}; wanted "stored" or "unit"')
    heads = _heads(files, layout)
    wanted = Wanted(None if channels is None else spelled(channels), values, transform)
    notes: list[str] = []
    _alike(heads, wanted)
    x, names = _rows(files, heads, wanted, notes)
    notes += _told(heads, wanted)
    shape = x.shape[2:]
    space = Space(shape, spacing, "mm" if spacing else "positions", shared=shared)
    return ImageRows(Rows(x), space, names, _facts(heads), tuple(notes))


def _heads(files: Sequence[Path], layout: str | None) -> list[Head]:
    return _each(lambda i: head_of(files[i], layout), range(len(files)), len(files))


def _each(do: Callable[[int], Any], at: Sequence[int], n: int) -> list[Any]:
    """What `do` gives at each position, several at a time; an error is told with its position."""
    if len(at) == 1:
        return [_named(do, at[0], n)]
    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(lambda i: _named(do, i, n), at))


def _named(do: Callable[[int], Any], i: int, n: int) -> Any:
    try:
        return do(i)
    except CohortError as error:
        raise CohortError(f"the image at position {i} of {n} {error}") from None


def _rows(
    files: Sequence[Path], heads: list[Head], wanted: Wanted, notes: list[str]
) -> tuple[ReadImages, tuple[str, ...]]:
    """The images as rows, and the names of their channels."""
    n = len(files)

    def stored(i: int) -> Values:
        return _scaled(_ordered(values_of(files[i], heads[i]), heads[i], wanted.channels), heads[i],
                       wanted.scale)  # fmt: skip

    def read(at: Int) -> Values:
        made: list[Values] = []
        for start in range(0, len(at), WORKERS):
            some = at[start : start + WORKERS].tolist()
            made += _finished(dict(zip(some, _each(stored, some, n), strict=True)), wanted, n)
        _one_shape(made, at, n)
        return np.stack(made)

    zero = np.zeros(1, dtype=np.int64)
    first, again = read(zero)[0], read(zero)[0]
    if not np.array_equal(first, again, equal_nan=True):
        raise CohortError(
            "transform= gives the first image in two ways when asked twice; switch its random "
            "augmentation off"
        )
    own = wanted.channels or heads[0].channels
    if len(own) != len(first):
        own = channel_names(len(first), None, notes)
    return ReadImages((n, *first.shape), first.dtype, read), own


def _finished(stored: Mapping[int, Values], wanted: Wanted, n: int) -> list[Values]:
    """What the transform makes of some images, by position; one at a time, as it may need that."""
    return [_named(lambda i: _transformed(stored[i], wanted), i, n) for i in stored]


def _scaled(x: Values, head: Head, scale: Scale) -> Values:
    if scale == "stored":
        return x
    if not np.isfinite(head.high):
        raise CohortError('holds floats, which have no largest value; say values="stored"')
    made: Values = ((x.astype(np.float64) - head.low) / (head.high - head.low)).astype(np.float32)
    return made


def _transformed(x: Values, wanted: Wanted) -> Values:
    if wanted.transform is None:
        return x
    done = plain(wanted.transform(x.astype(np.float32)))
    if done.ndim not in (3, 4) or done.dtype.kind not in "fiub":
        raise CohortError(
            f"became {done.dtype} {done.shape} by transform=; wanted (channels, *space)"
        )
    return done if done.dtype.kind == "f" else done.astype(np.float32)


def _ordered(stored: Values, head: Head, channels: tuple[str, ...] | None) -> Values:
    """Channels in the order that is wanted; grey of colours that are equal."""
    if channels is None or channels == head.channels:
        return stored
    if channels == GREY and head.channels == COLOUR:
        if (stored != stored[:1]).any():
            raise CohortError("has colours that differ, so that it is no grey image")
        return stored[:1]
    if sorted(channels) == sorted(head.channels):
        return stored[[head.channels.index(name) for name in channels]]
    if len(channels) == len(head.channels) and not set(head.channels) & set(COLOUR):
        return stored
    raise CohortError(
        f"has channels {', '.join(head.channels)}, and {', '.join(channels)} are wanted"
    )


def _one_shape(made: Sequence[Values], at: Int, n: int) -> None:
    """Raise CohortError where a transform gives several shapes."""
    for i, one in zip(at.tolist(), made, strict=True):
        if one.shape != made[0].shape:
            raise CohortError(
                f"the image at position {i} of {n} has shape {one.shape} after transform=, and "
                f"that at {int(at[0])} {made[0].shape}; resize or crop them to one shape in it"
            )


def _alike(heads: Sequence[Head], wanted: Wanted) -> None:
    """Raise CohortError, with counts, where files differ in what nothing asked for makes alike."""
    if wanted.transform is None:
        _same("sizes", [h.shape for h in heads], _RESIZE)
    if wanted.channels is None:
        _same("channels", [h.channels for h in heads], _CHANNELS)
    if wanted.scale == "stored":
        _same("ranges of values", [(h.low, h.high) for h in heads], _BITS)


_RESIZE = (
    "resize or crop them as the model's own preparation does, with transform=, which gets "
    "(c, *space) of each file"
)
_CHANNELS = (
    'say channels="intensity" to read colour files whose colours are equal as grey, or convert them'
)
_BITS = 'say values="unit" to divide each by the largest value of its bits'


def _same(what: str, seen: Sequence[Any], remedy: str) -> None:
    counts = Counter(str(own).replace("nan", "float") for own in seen)
    if len(counts) > 1:
        told = ", ".join(f"{own} in {many:,}" for own, many in counts.most_common(3))
        raise CohortError(
            f"the {len(seen):,} images have {len(counts)} {what} ({told}, ...); {remedy}"
            if len(counts) > 3
            else f"the {len(seen):,} images have {len(counts)} {what} ({told}); {remedy}"
        )


def _facts(heads: Sequence[Head]) -> pd.DataFrame:
    """What heads tell that may mark how an image was made, one row a file."""
    made = {
        "image format": [h.format for h in heads],
        "image bits": [h.bits for h in heads],
        "image size": [" x ".join(map(str, h.shape)) for h in heads],
        "image colour": [h.channels == COLOUR for h in heads],
        "image inverted": [h.inverted for h in heads],
    }
    return pd.DataFrame(made)


def _told(heads: Sequence[Head], wanted: Wanted) -> list[str]:
    """Notes: what was read, on which scale, and what was done to it."""
    bits = sorted({h.bits for h in heads})
    deep = f"{' and '.join(map(str, bits))} bits"
    high = max(h.high for h in heads)
    span = f"{deep}, {min(h.low for h in heads):g} to {high:g} possible"
    span = span if np.isfinite(high) else f"{deep}, floats"
    scale = "divided by the largest of their bits" if wanted.scale == "unit" else "as stored"
    kinds = Counter(h.format.upper() for h in heads)
    named = ", ".join(f"{many:,} {kind}" for kind, many in sorted(kinds.items()))
    notes = [f"Images: {named}; values {scale} ({span})."]
    white = sum(h.inverted for h in heads)
    if white:
        notes.append(f"{_many(white, heads)} store white as 0 and were turned round.")
    turned = sum(h.turned for h in heads)
    if turned:
        notes.append(
            f"{_many(turned, heads)} ask to be shown turned or mirrored (orientation of EXIF or "
            "TIFF); they were read as stored."
        )
    if wanted.channels == GREY and any(h.channels == COLOUR for h in heads):
        grey = sum(h.channels == COLOUR for h in heads)
        notes.append(f"{_many(grey, heads)} hold one grey image in three equal colours.")
    if wanted.transform is not None:
        notes.append(f"Each image went through {_name(wanted.transform)}.")
    return notes


def _many(count: int, heads: Sequence[Head]) -> str:
    return f"{shown_count(count)} of {len(heads):,} images"


def _name(transform: Transform) -> str:
    return getattr(transform, "__name__", type(transform).__name__)
