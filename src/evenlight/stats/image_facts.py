"""What burns in, pads or shifts an image: simple detectors, each one number a row.

Rows x are (m, c, *space), whose channels are averaged.
Each detector is relative to the image's own range (from its 1st to its 99th percentile), unless it
says otherwise, and none looks at anything but the image. They are crude on purpose: what they find
is looked at by people, and what they do not find may be there all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from scipy.ndimage import grey_opening, laplace

from evenlight.arrays import Bool, Float, Values

STROKE = 1 / 3
"""A stroke stands out by more than this part of the image's own range."""
NARROW = 5
"""A stroke of a burned-in letter is narrower than a fifth of the shorter side."""
FRAME = 4
"""The outer frame is a quarter of each side."""
STILL = 0.01
"""A line whose spread is below this part of the image's own range holds nothing."""
LEFT, RIGHT = 0.01, 0.99


def grey(x: Values) -> Float:
    """Rows (m, c, *space) as (m, *space): the mean of the channels."""
    made: Float = np.asarray(x, dtype=np.float64).mean(axis=1)
    return made


def reach(image: Float) -> tuple[Float, Float]:
    """The 1st percentile of each row and the range from there to the 99th, (m,) each."""
    flat = image.reshape(len(image), -1)
    low, high = np.quantile(flat, (LEFT, RIGHT), axis=1)
    return low, np.maximum(high - low, 1e-12 * np.maximum(np.abs(flat).max(axis=1), 1e-300))


def stamped(image: Float) -> Float:
    """How far anything narrow stands out brightly in a corner, over the own range: letters, marks.

    The largest residue of a grey opening by a box of a fifth of the shorter side (white top-hat;
    Serra 1982) in the outer quarter along two axes.

    >>> image = 0.1 * np.random.default_rng(0).normal(size=(2, 20, 20))
    >>> image[1, 1:4, 1] = 2.0
    >>> stamped(image).round(1).tolist()
    [0.7, 4.4]
    """
    return _most(_hat(image), image)


def dark_stamped(image: Float) -> Float:
    """The same of what stands out darkly, as letters on a bright frame or blacked-out names."""
    return _most(_hat(-image), image)


def written(image: Float) -> Float:
    """The share of the outer frame that stands out by more than a third of the own range."""
    _, size = reach(image)
    hat = _hat(image)[:, outer(image.shape[1:], axes=1)]
    share: Float = (hat > STROKE * size[:, None]).mean(axis=1)
    return share


def _hat(image: Float) -> Float:
    """How far each position stands out of its surroundings: the white top-hat."""
    space = image.shape[1:]
    box = (1, *(max(3, min(space) // NARROW),) * len(space))
    residue: Float = image - grey_opening(image, size=box, mode="nearest")
    return residue


def _most(hat: Float, image: Float) -> Float:
    """The largest residue in a corner, over the own range."""
    _, size = reach(image)
    most: Float = hat[:, outer(image.shape[1:], axes=2)].max(axis=1)
    return most / size


def outer(space: tuple[int, ...], *, axes: int) -> Bool:
    """Positions in the outer quarter along that many axes: 1 the frame, 2 its corners (*space).

    >>> outer((4, 8), axes=2).sum(), outer((4, 8), axes=1).sum()
    (np.int64(8), np.int64(24))
    """
    count = np.zeros(space, dtype=np.int64)
    for axis, side in enumerate(space):
        wide = max(1, side // FRAME)
        far = np.minimum(np.arange(side), np.arange(side)[::-1]) < wide
        count += far.reshape([-1 if a == axis else 1 for a in range(len(space))])
    return count >= min(axes, len(space))


def bordered(image: Float) -> Float:
    """The share of positions in outer lines (planes) that hold nothing: padding, collimation.

    >>> image = np.tile(1 + np.arange(8.0), (1, 8, 1))
    >>> image[:, :2] = 0.0
    >>> bordered(image).tolist()
    [0.25]
    """
    _, size = reach(image)
    left = np.ones(len(image))
    for axis in range(1, image.ndim):
        lines = np.moveaxis(image, axis, 1).reshape(len(image), image.shape[axis], -1)
        still = lines.std(axis=2) <= STILL * size[:, None]
        first = np.argmin(np.column_stack([still, np.zeros(len(still), bool)]), axis=1)
        last = np.argmin(np.column_stack([still[:, ::-1], np.zeros(len(still), bool)]), axis=1)
        left *= np.maximum(1 - (first + last) / image.shape[axis], 0.0)
    return 1 - left


def sharpness(image: Float) -> Float:
    """Mean size of the Laplacian over the own range: resampling and smoothing lower it."""
    _, size = reach(image)
    made = np.stack([np.abs(laplace(row, mode="nearest")).mean() for row in image])
    sharp: Float = made / size
    return sharp


def clipped(image: Float) -> Float:
    """The share of positions at the row's largest or smallest value: windows too narrow."""
    flat = image.reshape(len(image), -1)
    ends = (flat == flat.max(axis=1, keepdims=True)) | (flat == flat.min(axis=1, keepdims=True))
    share: Float = ends.mean(axis=1)
    return share


def mean_value(image: Float) -> Float:
    """The mean, in the image's own units."""
    made: Float = image.reshape(len(image), -1).mean(axis=1)
    return made


def spread_value(image: Float) -> Float:
    """The standard deviation, in the image's own units."""
    made: Float = image.reshape(len(image), -1).std(axis=1)
    return made


ALONE: Mapping[str, Callable[[Float], Float]] = {
    "stamp": stamped,
    "dark stamp": dark_stamped,
    "writing": written,
    "border": bordered,
    "mean": mean_value,
    "spread": spread_value,
    "clipped": clipped,
    "sharpness": sharpness,
}
"""Detectors of one image by itself, by the name of their column."""


def unlike(image: Float, mean: Float) -> Float:
    """One less the correlation with a mean image (*space): above 1 for inverted grey values."""
    return 1 - _correlation(image, mean)


def mirrored(image: Float, mean: Float, axis: int = -1) -> Float:
    """How much better an image fits the mean image with `axis` of space turned: above 0 if flipped.

    Whatever its grey values, inverted or not.

    >>> mean = np.array([[0.0, 1.0, 3.0]])
    >>> mirrored(np.stack([mean, mean[:, ::-1]]), mean).round(2).tolist()
    [-0.07, 0.07]
    """
    turned, plain = _correlation(image, np.flip(mean, axis)), _correlation(image, mean)
    better: Float = np.abs(turned) - np.abs(plain)
    return better


def _correlation(image: Float, mean: Float) -> Float:
    """Of each row with a mean image; 0 where either is flat."""
    flat, other = image.reshape(len(image), -1), mean.reshape(-1)
    own, known = flat - flat.mean(axis=1, keepdims=True), other - other.mean()
    size = np.sqrt((own**2).sum(axis=1) * (known**2).sum())
    made: Float = np.divide(own @ known, size, out=np.zeros(len(flat)), where=size > 0)
    return made


THUMB = 12
"""Side of the thumbnails that a view is told from."""


def thumbnail(image: Float, *, side: int = THUMB) -> Float:
    """Rows (m, *space) as means of at most `side` blocks along each axis, each row standardised.

    >>> thumbnail(np.arange(16.0).reshape(1, 4, 4), side=2).round(2).tolist()
    [[-1.21, -0.73, 0.73, 1.21]]
    """
    out = image
    for axis in range(1, image.ndim):
        starts = np.unique(np.arange(side) * image.shape[axis] // side)
        sizes = np.diff(np.append(starts, image.shape[axis]))
        turned = [-1 if a == axis else 1 for a in range(image.ndim)]
        out = np.add.reduceat(out, starts, axis=axis) / sizes.reshape(turned)
    flat = out.reshape(len(out), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    sd = flat.std(axis=1, keepdims=True)
    made: Float = np.divide(flat, sd, out=np.zeros_like(flat), where=sd > 0)
    return made
