"""What may be known of a DICOM image: a closed list of tags, each with a closed list of values.

No text of a file passes: a value is one of the words below, a number within its bounds, or unknown.
Whoever took part, when and where is never kept; identifiers are read only to tell which images
belong together, become the codes 0, 1, ... in the order of the files, and are forgotten.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

OLDEST = 90
"""Ages of 90 and more are one age, as HIPAA's Safe Harbor asks (45 CFR 164.514(b)(2)(i)(C))."""

WORDS: dict[str, frozenset[str]] = {
    tag: frozenset(told.split("|"))
    for tag, told in {
        "Modality": "CR|DX|MG|CT|MR|US|PT|NM|XA|RF|IO|PX|OT|SC|OPT|OP|SM|XC|ES|GM",
        "PhotometricInterpretation": "MONOCHROME1|MONOCHROME2|RGB|YBR_FULL|YBR_FULL_422|YBR_ICT|"
        "YBR_RCT|PALETTE COLOR",
        "ViewPosition": "AP|PA|LL|RL|LLD|RLD|LLO|RLO|CC|MLO|ML|LM|LMO|XCC|XCCL|XCCM|FB|SIO|TAN|CV|"
        "AT|ISO|LATERAL",
        "ImageLaterality": "L|R|B|U",
        "PatientSex": "M|F|O",
        "PatientPosition": "HFP|HFS|HFDR|HFDL|HFV|HFI|FFDR|FFDL|FFP|FFS|FFV|FFI|LFP|LFS|RFP|RFS|"
        "AFDR|AFDL",
        "BodyPartExamined": "ABDOMEN|ANKLE|ARM|BRAIN|BREAST|CHEST|CSPINE|ELBOW|EYE|FOOT|HAND|HEAD|"
        "HEART|HIP|KNEE|LEG|LIVER|LSPINE|LUNG|NECK|PELVIS|SHOULDER|SKULL|SPINE|TSPINE|WHOLEBODY|"
        "WRIST",
        "BurnedInAnnotation": "YES|NO",
        "LossyImageCompression": "00|01",
        "PresentationIntentType": "FOR PRESENTATION|FOR PROCESSING",
        "RescaleType": "HU|OD|US|MGML|Z_EFF|ED|EDW",
        "FieldOfViewHorizontalFlip": "YES|NO",
        "Units": "BQML|CNTS|GML|PROPCNTS|PROPCPS|CM2|NONE",
    }.items()
}
"""Tags that are one of some words: the defined terms of PS3.3; all else is "other"."""

NUMBERS: dict[str, tuple[float, float]] = {
    "Rows": (1, 65535),
    "Columns": (1, 65535),
    "NumberOfFrames": (1, 100_000),
    "BitsAllocated": (1, 64),
    "BitsStored": (1, 64),
    "SamplesPerPixel": (1, 4),
    "KVP": (1, 1000),
    "SliceThickness": (0.001, 500),
    "SpacingBetweenSlices": (0.001, 500),
    "MagneticFieldStrength": (0.01, 30),
    "EchoTime": (0, 10_000),
    "RepetitionTime": (0, 100_000),
    "DistanceSourceToDetector": (1, 10_000),
    "PixelPaddingValue": (-(2**31), 2**32),
}
"""Tags that are numbers, with bounds; beyond these they are unknown."""

MAKERS = (
    "agfa", "canon", "carestream", "fuji", "ge", "hitachi", "hologic", "kodak", "konica",
    "philips", "samsung", "shimadzu", "siemens", "toshiba", "united imaging", "varian",
)  # fmt: skip
"""The first words of makers that are told; others are "other"."""

POINTING = re.compile("[APRLHF]{1,3}")
"""A direction of PatientOrientation: the main one, then those that it leans to."""

DEVICE = ("Manufacturer", "ManufacturerModelName", "DeviceSerialNumber", "InstitutionName")
"""What tells one device from another; it becomes a number."""

PATIENT = ("IssuerOfPatientID", "PatientID")

READ = (*WORDS, *NUMBERS, "PatientAge", "PatientOrientation", *DEVICE, *PATIENT)

NAMES = {
    "Modality": "modality", "ViewPosition": "view", "PatientSex": "sex",
    "PhotometricInterpretation": "photometric", "ImageLaterality": "side",
    "BodyPartExamined": "body_part", "BurnedInAnnotation": "burned_in",
    "LossyImageCompression": "lossy", "PresentationIntentType": "intent", "BitsStored": "bits",
    "Rows": "rows", "Columns": "columns", "PatientPosition": "position", "KVP": "kvp",
    "SliceThickness": "slice_thickness", "MagneticFieldStrength": "tesla",
    "EchoTime": "echo_time", "RepetitionTime": "repetition_time",
    "DistanceSourceToDetector": "source_to_detector", "PixelPaddingValue": "padding",
    "FieldOfViewHorizontalFlip": "flipped",
}  # fmt: skip
"""The columns of facts, and the tags they come from."""


def facts_of(datasets: Sequence[Any]) -> pd.DataFrame:
    """One row an image (n rows): allow-listed facts, age, maker, and who belongs together.

    `patient` and `device` are codes alike for images of one patient or device, from 0 in the order
    of the files; -1 where a file does not say. Whoever has these facts learns no identifier, and
    `unit="patient"` serves where no table names the people.
    """
    columns: dict[str, Iterable[Any]] = {}
    for tag, name in NAMES.items():
        read: Callable[[Any, str], Any] = word if tag in WORDS else number
        columns[name] = [read(dataset, tag) for dataset in datasets]
    columns["age"] = [age(dataset) for dataset in datasets]
    columns["pointing"] = ["/".join(pointing(dataset)) for dataset in datasets]
    columns["maker"] = [maker(dataset) for dataset in datasets]
    patients = [_told(d, PATIENT, need="PatientID") for d in datasets]
    columns["patient"] = numbered(patients)
    columns["device"] = numbered([_told(d, DEVICE, need="Manufacturer") for d in datasets])
    return pd.DataFrame(columns)


def word(dataset: Any, tag: str) -> str:
    """One of the tag's words, "" where there is none, "other" for all else.

    >>> from types import SimpleNamespace
    >>> word(SimpleNamespace(ViewPosition="AP"), "ViewPosition")
    'AP'
    >>> word(SimpleNamespace(ViewPosition="JANE DOE"), "ViewPosition")
    'other'
    """
    held = _text(dataset, tag).upper()
    return held if held in WORDS[tag] or not held else "other"


def number(dataset: Any, tag: str) -> float:
    """The tag's number, NaN where it is none or beyond its bounds."""
    try:
        held = float(getattr(dataset, tag))
    except (AttributeError, TypeError, ValueError):
        return float("nan")
    low, high = NUMBERS[tag]
    return held if low <= held <= high else float("nan")


def age(dataset: Any) -> float:
    """The age in years from PatientAge ("045Y", "018M"), 90 for all that are older; NaN unknown.

    >>> from types import SimpleNamespace
    >>> [age(SimpleNamespace(PatientAge=told)) for told in ("045Y", "006M", "097Y", "born 1950")]
    [45.0, 0.0, 90.0, nan]
    """
    held = _text(dataset, "PatientAge")
    per_year = {"Y": 1.0, "M": 12.0, "W": 52.18, "D": 365.25}
    if len(held) != 4 or not held[:3].isdigit() or held[3] not in per_year:
        return float("nan")
    return float(min(OLDEST, np.floor(int(held[:3]) / per_year[held[3]])))


def pointing(dataset: Any) -> tuple[str, ...]:
    """Where rows and columns of an image point to by PatientOrientation (PS3.3 C.7.6.1.1.1).

    Two words of the letters A P R L H F, the rows' first; () where the file does not say.

    >>> from types import SimpleNamespace
    >>> pointing(SimpleNamespace(PatientOrientation=["L", "FP"]))
    ('L', 'FP')
    >>> pointing(SimpleNamespace(PatientOrientation=["JANE", "DOE"]))
    ()
    """
    held = getattr(dataset, "PatientOrientation", None)
    told = () if held is None or isinstance(held, str) else tuple(str(one) for one in held)
    return told if len(told) == 2 and all(POINTING.fullmatch(one) for one in told) else ()


def maker(dataset: Any) -> str:
    """The maker of the device, one of `MAKERS`, "other" or "" where it is not told."""
    held = _text(dataset, "Manufacturer").lower()
    if not held:
        return ""
    return next((m for m in MAKERS if held == m or held.startswith((m + " ", m + "_"))), "other")


def numbered(told: Sequence[Hashable | None]) -> list[int]:
    """0, 1, ... for different things in the order in which they come; -1 for None.

    >>> numbered(["b", "a", None, "b"])
    [0, 1, -1, 0]
    """
    seen: dict[Hashable, int] = {}
    return [-1 if one is None else seen.setdefault(one, len(seen)) for one in told]


def _told(dataset: Any, tags: Sequence[str], *, need: str) -> tuple[str, ...] | None:
    return tuple(_text(dataset, tag) for tag in tags) if _text(dataset, need) else None


def _text(dataset: Any, tag: str) -> str:
    held = getattr(dataset, tag, None)
    return "" if held is None else str(held).strip()
