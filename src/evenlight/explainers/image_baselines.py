"""What stands for "nothing there" in an image: black, a blur of it, or it filled from its frame.

None is right for every question: the mean and black are no image of anybody, a blur keeps what is
large, and a filled frame keeps the edge. So answers are asked under several of them
(`evenlight.forks.baselines`).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.fft import dstn, idstn
from scipy.ndimage import gaussian_filter

from evenlight.arrays import Float, Text, Values
from evenlight.data.cohort import Cohort
from evenlight.data.tile_bags import TILE
from evenlight.errors import AttributionError
from evenlight.explainers.own_starts import OwnStarts

WIDTH = 8
"""A blur has a standard deviation of this part of each side: one eighth."""


def blur(x: Values, ids: Text) -> Float:
    """Images x (m, c, *space) blurred by a Gaussian with an SD of an eighth of each side.

    (m, 1, c, *space): one reference for each row, of its own.
    """
    sigma = (0.0, 0.0, *(side / WIDTH for side in x.shape[2:]))
    made: Float = gaussian_filter(np.asarray(x, dtype=np.float64), sigma, mode="nearest")
    return made[:, None]


def inpaint(x: Values, ids: Text) -> Float:
    """Images x (m, c, *space) filled from their outermost positions, (m, 1, c, *space).

    Each position inside is the mean of its neighbours along the spatial axes, at once for all: the
    discrete Laplace equation with the frame as it is, solved by sine transforms. An image that has
    no inside stays as it is.
    """
    made = np.array(x, dtype=np.float64)
    axes = tuple(range(2, made.ndim))
    inside = (slice(None), slice(None), *(slice(1, -1) for _ in axes))
    if min(made.shape[2:]) < 3:
        return made[:, None]
    made[inside] = 0.0
    pull = np.zeros_like(made[inside])
    for axis in axes:
        for step in (-1, 1):
            beside = list(inside)
            beside[axis] = slice(1 + step, made.shape[axis] - 1 + step)
            pull += made[tuple(beside)]
    stiff = np.zeros(pull.shape[2:])
    for axis in range(stiff.ndim):
        side = int(stiff.shape[axis])
        wave = 2 - 2 * np.cos(np.pi * np.arange(1, side + 1) / (side + 1))
        stiff += wave.reshape([-1 if a == axis else 1 for a in range(stiff.ndim)])
    made[inside] = idstn(dstn(pull, type=1, axes=axes) / stiff, type=1, axes=axes)
    return made[:, None]


OWN: Mapping[str, OwnStarts] = {"blur": blur, "inpaint": inpaint}
"""References that each image has of its own."""

IMAGES = ("mean", "black", "blur", "inpaint")
"""Baselines of images by name, beside "rows"."""


def own_of(word: str, cohort: Cohort) -> OwnStarts:
    """The references called `word`; AttributionError for rows that are no images."""
    images_only(word, cohort)
    return OWN[word]


def black(rows: Float, cohort: Cohort) -> Float:
    """The lowest value of each channel in background rows (b, c, *space), everywhere (1, ...)."""
    images_only("black", cohort)
    least = rows.min(axis=(0, *range(2, rows.ndim)))
    made = np.empty((1, *rows.shape[1:]))
    made[:] = least.reshape(-1, *(1,) * (rows.ndim - 2))
    return made


def is_images(cohort: Cohort) -> bool:
    """Whether rows are (c, h, w) or (c, d, h, w), and no bags of tiles."""
    return cohort.x.ndim in (4, 5) and cohort.features.names[-1] != TILE


def images_only(word: str, cohort: Cohort) -> None:
    """Raise AttributionError where rows are no images."""
    if not is_images(cohort):
        raise AttributionError(
            f"baseline {word!r} is for images (n, c, h, w) or (n, c, d, h, w), here "
            f"{tuple(cohort.x.shape)}"
            + ("; of bags say Bags.reference()" if cohort.features.names[-1] == TILE else "")
        )
