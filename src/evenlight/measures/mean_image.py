"""The mean image of everybody, on which maps are laid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.data.space import shared_space
from evenlight.errors import CohortError
from evenlight.measures.check import shaped
from evenlight.measures.superpixels import balanced_spread
from evenlight.small_groups import least_shown

DIGITS = 3
"""Significant digits of a grey value that is drawn."""

OF = "each person once, levels of the first grouping alike"


@dataclass(frozen=True, slots=True, eq=False)
class MeanImage:
    """`image` (*s) of mean grey values over `units` people; `of` says how it was made."""

    of: str
    shape: tuple[int, ...]
    units: int
    image: Float

    def __post_init__(self) -> None:
        shaped(self, self.shape, "image")

    def to_frame(self) -> pd.DataFrame:
        """One row: how it was made, of how many, between which values; the image is no table."""
        least, most = (float(v) for v in (self.image.min(), self.image.max()))
        told = {"of": self.of, "shape": " x ".join(map(str, self.shape)), "units": self.units}
        return pd.DataFrame([{**told, "least": least, "most": most}])

    def __repr__(self) -> str:
        return f"MeanImage of {self.units} units, {' x '.join(map(str, self.shape))}"


def mean_image(cohort: Cohort) -> MeanImage:
    """The mean image in which each unit counts once and levels of the first grouping alike.

    Channels are averaged. At each position the ten lowest and highest units of a level count as the
    next one does, and grey values are told to what ten units one SD away would move them by, so
    that a name burned into one image is not read in it.

    Raises CohortError for images whose positions do not mean the same place in every row, and of
    fewer than 11 units, of whom nothing is shown.
    """
    space = shared_space(cohort.features.space, what="a mean image")
    if cohort.u < least_shown():
        raise CohortError(f"{cohort.u} units; a mean image of fewer than {least_shown()} is hidden")
    made, reach = balanced_spread(cohort)
    end = float(np.abs(made).max())
    least = 10.0 ** (np.floor(np.log10(end)) - DIGITS) if end > 0 else 1.0
    image = np.round(made.mean(axis=0) / (step := max(reach, least))) * step
    rounded = np.array([float(f"{v:.6g}") for v in image.ravel()])
    return MeanImage(
        f"{OF}; what ten people or fewer have at a position is not in it", space.shape, cohort.u,
        rounded.reshape(space.shape),
    )  # fmt: skip
