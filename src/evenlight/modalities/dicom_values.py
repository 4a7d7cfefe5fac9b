"""What stored numbers of a DICOM image mean: rescaled, windowed, and white where white is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.special import expit

from evenlight.arrays import Bool, Float, Values
from evenlight.errors import CohortError
from evenlight.modalities.dicom_tags import number, word

Window = Literal["file", "bits"] | tuple[float, float] | None

READ = (
    "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "SamplesPerPixel",
    "PlanarConfiguration", "PhotometricInterpretation", "Rows", "Columns", "NumberOfFrames",
    "PixelPaddingValue", "PixelPaddingRangeLimit",
    "RescaleSlope", "RescaleIntercept", "RescaleType", "ModalityLUTSequence", "WindowCenter",
    "WindowWidth", "VOILUTFunction", "VOILUTSequence", "PresentationLUTShape",
)  # fmt: skip

FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")


@dataclass(frozen=True, slots=True)
class Meaning:
    """How stored numbers become values: v = slope * stored + intercept, in `unit` ("HU", "").

    `low` and `high` are the values of the ends of the stored range; `inverted` (MONOCHROME1) where
    the lowest is shown white; `window` is (centre, width, function) of the file, or None; `table`
    where the file has a table of grey values in place of a window.
    """

    slope: float
    intercept: float
    unit: str
    bits: int
    low: float
    high: float
    colour: bool
    inverted: bool
    window: tuple[float, float, str] | None
    table: bool


def meaning_of(dataset: Any, position: int, *, frame: Any = None) -> Meaning:
    """The meaning of one image; `frame` holds the functional groups of an enhanced one.

    Raises CohortError, by position, for what would be guessed: a table of stored values, an
    unknown kind of grey, a slope of 0.
    """
    grey = word(dataset, "PhotometricInterpretation")
    if grey in ("", "other", "PALETTE COLOR"):
        raise CohortError(
            f"the image at position {position} has {grey or 'no kind of'} grey values or colours; "
            "wanted MONOCHROME1, MONOCHROME2, RGB or YBR"
        )
    if getattr(dataset, "ModalityLUTSequence", None):
        raise CohortError(
            f"the image at position {position} has a modality LUT, which is not applied; write its "
            "values out first (pydicom.pixels.apply_modality_lut)"
        )
    held = frame if frame is not None else dataset
    slope, intercept = _real(held, "RescaleSlope", 1.0), _real(held, "RescaleIntercept", 0.0)
    if slope == 0 or not np.isfinite([slope, intercept]).all():
        raise CohortError(f"the image at position {position} is rescaled by {slope}, {intercept}")
    low, high = _stored_range(dataset)
    at_low, at_high = sorted((slope * low + intercept, slope * high + intercept))
    colour = not grey.startswith("MONOCHROME")
    return Meaning(
        slope, intercept, _unit(dataset, held), int(number(dataset, "BitsStored")), at_low,
        at_high, colour, grey == "MONOCHROME1", _window(held),
        bool(getattr(dataset, "VOILUTSequence", None)),
    )  # fmt: skip


def meant(stored: Values, meaning: Meaning, window: Window) -> Float:
    """Values (h, w) of stored numbers, in the file's unit, or in 0 to 1 where a window was asked.

    Where the image is MONOCHROME1 they are mirrored within the stored range, so that more is always
    whiter: after the file's own window, which is of stored values, and before one for all. Windows
    are PS3.3 C.11.2.1.2 and C.11.2.1.3.

    >>> m = Meaning(1.0, 0.0, "", 8, 0.0, 255.0, False, True, None, False)
    >>> meant(np.array([[0, 55]]), m, None).tolist()
    [[255.0, 200.0]]
    """
    values = stored * meaning.slope + meaning.intercept
    if window == "file":
        shown = windowed(values, *(meaning.window or (np.nan, np.nan, "LINEAR")))
        return 1.0 - shown if meaning.inverted else shown
    if meaning.inverted:
        values = meaning.low + meaning.high - values
    if window is None:
        return values
    if window == "bits":
        return (values - meaning.low) / (meaning.high - meaning.low)
    return windowed(values, *window, "LINEAR_EXACT")


def padding(stored: Values, dataset: Any) -> Bool:
    """Where stored numbers are padding, and no tissue (PS3.3 C.7.5.1.1.2).

    PixelPaddingValue, or all from there to PixelPaddingRangeLimit.

    >>> from types import SimpleNamespace
    >>> told = SimpleNamespace(PixelPaddingValue=0, PixelPaddingRangeLimit=2, PixelRepresentation=0)
    >>> padding(np.array([0, 1, 2, 3]), told).tolist()
    [True, True, True, False]
    """
    value = _real(dataset, "PixelPaddingValue", np.nan)
    ends = np.array([value, _real(dataset, "PixelPaddingRangeLimit", value)])
    if _real(dataset, "PixelRepresentation", 0.0) == 1:
        # Some files write a signed number as if it had no sign.
        bits = _real(dataset, "BitsAllocated", 16.0)
        ends = np.where(ends >= 2 ** (bits - 1), ends - 2**bits, ends)
    made: Bool = (stored >= ends.min()) & (stored <= ends.max())
    return made


def windowed(values: Values, centre: float, width: float, function: str) -> Float:
    """Values in 0 to 1 by a window (PS3.3 C.11.2.1.2.1, C.11.2.1.3).

    >>> windowed(np.array([0.0, 50.0, 100.0]), 50.0, 100.0, "LINEAR_EXACT").tolist()
    [0.0, 0.5, 1.0]
    """
    v = np.asarray(values, dtype=np.float64)
    if function == "SIGMOID":
        made: Float = expit(4.0 * (v - centre) / width)
        return made
    if function == "LINEAR_EXACT":
        return np.clip((v - centre) / width + 0.5, 0.0, 1.0)
    if width <= 1:
        return (v > centre - 0.5).astype(np.float64)
    return np.clip((v - (centre - 0.5)) / (width - 1.0) + 0.5, 0.0, 1.0)


def one_scale(meanings: Sequence[Meaning], window: Window, *, own: bool) -> list[str]:
    """Refuse planes whose values are not of one scale, and windows that not all of them have.

    `own`: the model's own transform follows, so that other scales are a note. Raises CohortError
    with counts: other bits or units without a window; colours beside grey.
    """
    n = len(meanings)
    colour = sum(m.colour for m in meanings)
    if 0 < colour < n:
        raise CohortError(f"{colour} of {n} planes are in colour; bring all to the same channels")
    if window == "file":
        without = sum(m.window is None and not m.table for m in meanings)
        if without and not colour:
            raise CohortError(
                f"{without} of {n} planes have no window of their own; give one for all, "
                'window=(centre, width), or window="bits"'
            )
    scales = Counter(_scale(m) for m in meanings)
    if window is not None or len(scales) < 2:
        return []
    words = ", ".join(f"{many} of {kind}" for kind, many in scales.most_common())
    if own:
        return [f"Values are of {len(scales)} scales ({words}), left to the model's own transform."]
    raise CohortError(
        f"values are of {len(scales)} scales ({words} of {n} planes); say how they become one: "
        'window="bits", "file", or (centre, width), or the model\'s own transform='
    )


def _scale(meaning: Meaning) -> str:
    """The scale of a plane in words: its unit, or the range that it can hold."""
    if meaning.unit:
        return meaning.unit
    return f"{meaning.bits} bits from {meaning.low:g} to {meaning.high:g}"


def _stored_range(dataset: Any) -> tuple[float, float]:
    bits = int(number(dataset, "BitsStored"))
    if _real(dataset, "PixelRepresentation", 0.0) == 1:
        return -(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1
    return 0.0, 2.0**bits - 1


def _window(held: Any) -> tuple[float, float, str] | None:
    """The first window of the file."""
    centre, width = _real(held, "WindowCenter", np.nan), _real(held, "WindowWidth", np.nan)
    told = str(getattr(held, "VOILUTFunction", "") or "LINEAR").strip()
    function = told if told in FUNCTIONS else "LINEAR"
    return (centre, width, function) if np.isfinite([centre, width]).all() and width > 0 else None


def _unit(dataset: Any, held: Any) -> str:
    """The unit that values have after rescaling, "" where they are of the device alone.

    A CT that names none is in HU (PS3.3 C.8.2.1.1.2); PET names its own (PS3.3 C.8.9.1.1.3).
    """
    told, units = word(held, "RescaleType"), word(dataset, "Units")
    if not told and word(dataset, "Modality") == "CT":
        return "HU"
    return told if told in ("HU", "OD") else ("" if units in ("other", "CNTS") else units)


def _real(held: Any, tag: str, otherwise: float) -> float:
    """The number of a tag, the first of several; `otherwise` where it has none."""
    try:
        told = getattr(held, tag)
        first = told if isinstance(told, str | int | float) else next(iter(told))
        return float(first)
    except (AttributeError, TypeError, ValueError, StopIteration):
        return otherwise
