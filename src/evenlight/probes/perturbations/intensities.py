"""Images (m, ..., h, w): what scanners, readers and files do to grey values, within the window.

`window` (low, high) is the range of grey values; nothing leaves it. Every function leaves its
argument as it is; strength 0 changes nothing.
"""

from __future__ import annotations

from importlib import import_module
from io import BytesIO
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter

from evenlight.arrays import Float, Values
from evenlight.errors import ModelError
from evenlight.probes.perturbations.restored import like

Window = tuple[float, float]


def noise(values: Values, strength: float, rng: np.random.Generator, *, window: Window) -> Values:
    """Gaussian noise with SD `strength` of the window."""
    return _within(
        values + strength * _width(window) * rng.normal(size=values.shape), values, window
    )


def blurred(values: Values, strength: float, rng: np.random.Generator) -> Values:
    """A Gaussian point spread with SD `strength` pixels, in the plane.

    >>> blurred(np.eye(2)[None], 0.0, None).tolist()
    [[[1.0, 0.0], [0.0, 1.0]]]
    """
    if strength == 0:
        return values.copy()
    sigma = (0.0,) * (values.ndim - 2) + (strength, strength)
    return like(gaussian_filter(values.astype(np.float64), sigma, mode="nearest"), values)


def contrasted(
    values: Values, strength: float, rng: np.random.Generator, *, window: Window
) -> Values:
    """The window narrowed about its middle: contrast times 1 + strength, cut off at its ends.

    >>> contrasted(np.array([[[0.5, 0.75]]]), 1.0, None, window=(0.0, 1.0)).tolist()
    [[[0.5, 1.0]]]
    """
    middle = (window[0] + window[1]) / 2
    return _within(values + strength * (values - middle), values, window)


def windowed(
    values: Values, strength: float, rng: np.random.Generator, *, window: Window
) -> Values:
    """The window's level lower by `strength` of its width, so that all is brighter by as much."""
    return _within(values + strength * _width(window), values, window)


def biased(values: Values, strength: float, rng: np.random.Generator, *, window: Window) -> Values:
    """A smooth field exp(strength g) on grey values above the window's low end.

    g is a random polynomial of second degree in the plane, scaled to a largest size of 1: the
    intensity non-uniformity of Sled, Zijdenbos and Evans (1998, IEEE TMI 17:87).
    """
    y, x = np.meshgrid(*(np.linspace(-1, 1, s) for s in values.shape[-2:]), indexing="ij")
    terms = np.stack([x, y, x * y, x * x - 1 / 3, y * y - 1 / 3])
    field = np.einsum("mk,khw->mhw", rng.normal(size=(len(values), 5)), terms)
    field /= np.maximum(np.abs(field).max(axis=(1, 2), keepdims=True), 1e-12)
    field = field.reshape(len(values), *(1,) * (values.ndim - 3), *values.shape[-2:])
    return _within(window[0] + (values - window[0]) * np.exp(strength * field), values, window)


def marked(values: Values, strength: float, rng: np.random.Generator, *, window: Window) -> Values:
    """A bright letter L in one of the upper corners, its side `strength` of the shorter side.

    As the lead marker of a radiograph, or a stamp of a hospital (Zech et al. 2018, PLoS Medicine
    15:e1002683).
    """
    out = values.copy()
    height, width = values.shape[-2:]
    side = int(np.ceil(strength * min(height, width)))
    if side == 0:
        return out
    thick, edge = max(1, side // 4), min(height, width) // 32
    for row, right in zip(out, rng.random(len(values)) < 0.5, strict=True):
        left = width - edge - side if right else edge
        row[..., edge : edge + side, left : left + thick] = window[1]
        row[..., edge + side - thick : edge + side, left : left + side] = window[1]
    return out


def rescanned(
    values: Values, strength: float, rng: np.random.Generator, *, window: Window
) -> Values:
    """Another scanner: gamma 1 + strength within the window, point spread of `strength` pixels."""
    if strength == 0:
        return values.copy()
    share = np.clip((values - window[0]) / _width(window), 0, 1)
    grey = window[0] + _width(window) * share ** (1 + strength)
    return _within(blurred(grey, strength, rng), values, window)


def compressed(
    values: Values, strength: float, rng: np.random.Generator, *, window: Window
) -> Values:
    """Written as a JPEG file of quality 100 - strength, each plane by itself, and read again.

    Raises ModelError, naming the extra to install, where pillow is not there.
    """
    image = pillow()
    if strength == 0:
        return values.copy()
    grey = np.rint(255 * np.clip((values - window[0]) / _width(window), 0, 1)).astype(np.uint8)
    planes = grey.reshape(-1, *values.shape[-2:])
    made = np.stack([_through_file(image, plane, round(100 - strength)) for plane in planes])
    back = window[0] + _width(window) * made.reshape(values.shape) / 255.0
    return _within(back, values, window)


def pillow() -> Any:
    """The module PIL.Image; ModelError, naming the extra, where it is not installed."""
    try:
        return import_module("PIL.Image")
    except ImportError:
        raise ModelError(
            "compression writes JPEG files with pillow, which is not installed; say "
            "pip install 'evenlight[imaging]', or leave this perturbation out"
        ) from None


def _through_file(image: Any, plane: Values, quality: int) -> Values:
    held = BytesIO()
    image.fromarray(plane).save(held, format="JPEG", quality=max(1, quality))
    return np.asarray(image.open(held))


def _width(window: Window) -> float:
    return window[1] - window[0]


def _within(made: Float, values: Values, window: Window) -> Values:
    """`made` cut off at the window, as the values were."""
    return like(np.clip(made, *window), values)
