"""The space of images: how large a position is, where it lies, and whether rows share it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Float
from evenlight.errors import CohortError, FeatureError


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """Where the positions of an image's rows lie.

    Parameters
    ----------
    shape
        positions along each spatial axis, (h, w) or (d, h, w): what follows the channels of a row.
    spacing
        distance of neighbouring positions along each axis, in `units`; NaN where unknown.
    affine
        (k + 1, k + 1) from positions to coordinates in `units`; None where unknown.
    orientation
        the direction that each axis points to, as letters such as "RAS"; "" unknown.
    shared
        why a position means the same place in every row: "registered" (the caller's word),
        "template NAME", "resampled to NAME"; "" where it does not, and then no map is averaged.

    Raises FeatureError where these do not fit each other.

    >>> Space((64, 64))
    Space: 64 x 64 positions, spacing unknown, not shared by the rows
    >>> Space((9, 9, 9), (2.0, 2.0, 2.0), "mm", orientation="RAS", shared="template MNI152")
    Space: 9 x 9 x 9 positions of 2 x 2 x 2 mm, RAS, shared: template MNI152
    """

    shape: tuple[int, ...]
    spacing: tuple[float, ...] = ()
    units: str = "positions"
    affine: Float | None = None
    orientation: str = ""
    shared: str = ""

    def __post_init__(self) -> None:
        if not self.shape or min(self.shape) < 1:
            raise FeatureError(f"a space of shape {self.shape}; wanted positions along each axis")
        if not self.spacing:
            object.__setattr__(self, "spacing", (float("nan"),) * len(self.shape))
        if len(self.spacing) != len(self.shape) or any(step <= 0 for step in self.spacing):
            raise FeatureError(
                f"spacing {self.spacing} for {len(self.shape)} axes; wanted a positive number each"
            )
        side = len(self.shape) + 1
        if self.affine is not None and np.shape(self.affine) != (side, side):
            raise FeatureError(
                f"the affine is {np.shape(self.affine)}; wanted {(side, side)} for "
                f"{len(self.shape)} axes"
            )

    def __repr__(self) -> str:
        sides = " x ".join(map(str, self.shape))
        known = bool(np.isfinite(self.spacing).all())
        steps = " x ".join(f"{step:g}" for step in self.spacing)
        size = f" positions of {steps} {self.units}" if known else " positions, spacing unknown"
        turned = f", {self.orientation}" if self.orientation else ""
        return f"Space: {sides}{size}{turned}, " + (
            f"shared: {self.shared}" if self.shared else "not shared by the rows"
        )

    def same(self, other: Space, *, tolerance: float = 1e-3) -> str:
        """Why two spaces differ: shape, spacing, orientation or affine; "" where they agree.

        Lengths agree within `tolerance` of the units; what either does not know is not compared.

        >>> Space((4, 4)).same(Space((4, 5)))
        'shape (4, 4) against (4, 5)'
        """
        if self.shape != other.shape:
            return f"shape {self.shape} against {other.shape}"
        steps = np.abs(np.subtract(self.spacing, other.spacing))
        if np.nanmax(steps, initial=0.0) > tolerance:
            return f"spacing {self.spacing} against {other.spacing} {self.units}"
        if self.orientation and other.orientation and self.orientation != other.orientation:
            return f"orientation {self.orientation} against {other.orientation}"
        if self.affine is None or other.affine is None:
            return ""
        far = float(np.abs(self.affine - other.affine).max())
        return f"affines that differ by {far:.3g} {self.units}" if far > tolerance else ""


def shared_space(space: Space | None, *, what: str) -> Space:
    """The space, if positions mean the same place in every row.

    Raises CohortError, naming `what` asked for it and the remedy, where they do not.
    """
    if space is not None and space.shared:
        return space
    raise CohortError(
        f"{what} needs images whose positions mean the same place in every row; register or "
        "resample them to a template (read_images(..., template=)), say shared='registered' where "
        "they are, or compare regions of each image (Attributions.by_maps)"
    )
