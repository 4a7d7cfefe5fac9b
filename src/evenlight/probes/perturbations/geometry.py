"""Images (m, ..., h, w): coarser, smaller, turned or bent in the plane, all channels alike.

Between pixels values are interpolated linearly and beyond the edge the nearest pixel counts, so
that no value leaves the range of its own image. Every function leaves its argument as it is;
strength 0 changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.ndimage import affine_transform, gaussian_filter, map_coordinates, rotate, zoom

from evenlight.arrays import Float, Values
from evenlight.probes.perturbations.restored import like

SMOOTH = 8
"""A bend is smoothed by a Gaussian whose SD is the shorter side over this number."""


def resampled(values: Values, strength: float, rng: np.random.Generator) -> Values:
    """Pixels larger by the factor 1 + strength, and brought back to the grid."""
    return _planes(values, strength, lambda plane: _coarse(plane, strength))


def cropped(values: Values, strength: float, rng: np.random.Generator) -> Values:
    """The share `strength` of each side cut off about the middle, the rest brought to full size.

    >>> cropped(np.arange(16.0).reshape(1, 4, 4), 0.0, None)[0, 0].tolist()
    [0.0, 1.0, 2.0, 3.0]
    """
    return _planes(values, strength, lambda plane: _scaled(plane, 1 - strength))


def rotated(values: Values, strength: float, rng: np.random.Generator) -> Values:
    """Turned by `strength` degrees about the middle, clockwise or counter-clockwise by chance."""
    if strength == 0:
        return values.copy()
    out = np.empty_like(values)
    signs = np.where(rng.random(len(values)) < 0.5, -1.0, 1.0)
    for i, sign in enumerate(signs.tolist()):
        angle = sign * strength
        out[i] = _planes(
            values[i : i + 1], strength,
            lambda plane: rotate(plane, angle, reshape=False, order=1, mode="nearest"),  # noqa: B023
        )[0]  # fmt: skip
    return out


def deformed(values: Values, strength: float, rng: np.random.Generator) -> Values:
    """Each pixel moved by a smooth random field, `strength` pixels in the root mean square.

    Random fields smoothed by a Gaussian (Simard, Steinkraus and Platt 2003, ICDAR).
    """
    if strength == 0:
        return values.copy()
    out = np.empty_like(values)
    for i in range(len(values)):
        where = _bent(values.shape[-2:], strength, rng)
        out[i] = _planes(
            values[i : i + 1], strength,
            lambda plane: map_coordinates(plane, where, order=1, mode="nearest"),  # noqa: B023
        )[0]  # fmt: skip
    return out


def _planes(values: Values, strength: float, change: Callable[[Float], Float]) -> Values:
    """Every plane (h, w) changed; the values themselves at strength 0."""
    if strength == 0:
        return values.copy()
    planes = values.reshape(-1, *values.shape[-2:]).astype(np.float64)
    return like(np.stack([change(plane) for plane in planes]).reshape(values.shape), values)


def _coarse(plane: Float, strength: float) -> Float:
    small = [max(1, round(side / (1 + strength))) for side in plane.shape]
    down = [s / side for s, side in zip(small, plane.shape, strict=True)]
    coarse = zoom(plane, down, order=1, mode="nearest", grid_mode=True)
    up = [side / s for s, side in zip(coarse.shape, plane.shape, strict=True)]
    made: Float = zoom(coarse, up, order=1, mode="nearest", grid_mode=True)
    return made


def _scaled(plane: Float, share: float) -> Float:
    middle = (np.array(plane.shape) - 1) / 2
    made: Float = affine_transform(
        plane, np.array([share, share]), offset=middle * (1 - share), order=1, mode="nearest"
    )
    return made


def _bent(shape: tuple[int, ...], strength: float, rng: np.random.Generator) -> Float:
    """Where each pixel is read, (2, h, w)."""
    smooth = min(shape) / SMOOTH
    field = np.stack(
        [gaussian_filter(rng.normal(size=shape), smooth, mode="wrap") for _ in range(2)]
    )
    field *= strength / np.sqrt((field**2).sum(axis=0).mean())
    return np.stack(np.meshgrid(*(np.arange(s) for s in shape), indexing="ij")) + field
