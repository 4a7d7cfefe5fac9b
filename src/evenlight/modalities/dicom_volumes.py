"""Slices of a DICOM series as one volume: their order and grid, from their positions alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.data.space import Space
from evenlight.errors import CohortError
from evenlight.modalities.dicom_tags import number, pointing
from evenlight.modalities.resampling import orientation_of, spacing_of

READ = (
    "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "ImagerPixelSpacing",
    "NominalScannedPixelSpacing", "SliceThickness", "SpacingBetweenSlices", "Rows", "Columns",
    "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence", "NumberOfFrames",
)  # fmt: skip

UNEVEN = 0.05
"""The share of the usual gap by which gaps may differ: positions are written with few digits."""

TO_LETTERS = {"H": "S", "F": "I"}
"""Head and feet as the letters of an orientation."""

TO_RAS = np.array([-1.0, -1.0, 1.0])
"""DICOM's coordinates grow to the left and to the back (PS3.3 C.7.6.2.1.1)."""


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """One plane: (rows, columns), where its first position lies, its two directions, its steps.

    `along` is (6,): the direction in which columns grow, then that in which rows grow; `spacing`
    (2,) is between rows, then between columns, in mm (PS3.3 10.7.1.3).
    """

    shape: tuple[int, int]
    place: Float
    along: Float
    spacing: Float
    thickness: float


def slice_of(held: Any, size: tuple[int, int], position: int, *, groups: Any = None) -> Slice:
    """The plane of a data set, or of a frame's functional `groups`; CohortError where unsaid."""
    read = groups if groups is not None else held
    place, along = (numbers(read, f"Image{what}Patient") for what in ("Position", "Orientation"))
    spacing = numbers(read, "PixelSpacing")
    if len(place) != 3 or len(along) != 6:
        raise CohortError(
            f"a slice of the volume at position {position} does not say where it lies; pass single "
            "images, or volumes whose slices have positions"
        )
    if len(spacing) != 2 or not (spacing > 0).all():
        raise CohortError(f"a slice of the volume at position {position} has no pixel spacing")
    return Slice(size, place, along, spacing, number(read, "SliceThickness"))


def stacked(slices: Sequence[Slice], position: int) -> tuple[Int, Space]:
    """The order of slices (d,) along their normal, and the space (d, rows, columns) in RAS mm.

    A tilted gantry gives an affine with a shear, as it is. Raises CohortError, by the volume's
    position, for slices that are not parallel, lie twice in one place, or have gaps that differ.
    """
    first = slices[0]
    _parallel(slices, position)
    normal = np.cross(first.along[:3], first.along[3:])
    height = np.array([one.place @ normal for one in slices])
    order = np.argsort(height, kind="stable").astype(np.int64)
    gaps = np.diff(height[order])
    if len(gaps):
        _even(gaps, position)
    places = np.stack([slices[i].place for i in order])
    thick = first.thickness if np.isfinite(first.thickness) else 1.0
    step = (places[-1] - places[0]) / len(gaps) if len(gaps) else thick * normal
    affine = np.eye(4)
    affine[:3, 0] = TO_RAS * step
    affine[:3, 1] = TO_RAS * first.along[3:] * first.spacing[0]
    affine[:3, 2] = TO_RAS * first.along[:3] * first.spacing[1]
    affine[:3, 3] = TO_RAS * places[0]
    shape = (len(slices), *first.shape)
    return order, Space(shape, spacing_of(affine), "mm", affine, orientation_of(affine))


def flat_space(dataset: Any, size: tuple[int, int]) -> Space:
    """The space of one image (rows, columns): its steps in mm, at the detector where only that.

    Its orientation is PatientOrientation's: "IL" for a chest from the front, whose rows follow each
    other to the feet and whose columns do so to the patient's left.
    """
    told = pointing(dataset)
    lies = "".join(TO_LETTERS.get(one[0], one[0]) for one in reversed(told))
    for tag, units in (
        ("PixelSpacing", "mm"),
        ("ImagerPixelSpacing", "mm at the detector"),
        ("NominalScannedPixelSpacing", "mm on the film"),
    ):
        steps = numbers(dataset, tag)
        if len(steps) == 2 and (steps > 0).all():
            return Space(size, (float(steps[0]), float(steps[1])), units, orientation=lies)
    return Space(size, orientation=lies)


def numbers(held: Any, tag: str) -> Float:
    """All numbers of a tag, none where it is absent or no numbers."""
    try:
        told = np.array([float(one) for one in getattr(held, tag)], dtype=np.float64)
    except (AttributeError, TypeError, ValueError):
        return np.empty(0)
    return told if np.isfinite(told).all() else np.empty(0)


def _parallel(slices: Sequence[Slice], position: int) -> None:
    first = slices[0]
    for one in slices:
        turned = np.abs(one.along - first.along).max() > 1e-3
        spaced = np.abs(one.spacing - first.spacing).max() > 1e-3
        if turned or spaced or one.shape != first.shape:
            raise CohortError(
                f"the volume at position {position} has slices of other directions, sizes or "
                "spacings (a localizer?); pass one series of parallel slices"
            )


def _even(gaps: Float, position: int) -> None:
    usual = float(np.median(gaps))
    if gaps.min() < 1e-3:
        raise CohortError(
            f"the volume at position {position} has slices that lie in one place (several times or "
            "echoes); pass one of them"
        )
    if np.abs(gaps - usual).max() > UNEVEN * usual:
        raise CohortError(
            f"the volume at position {position} lacks slices or has uneven gaps ({gaps.min():.3g} "
            f"to {gaps.max():.3g} mm); complete it, or resample it first"
        )
