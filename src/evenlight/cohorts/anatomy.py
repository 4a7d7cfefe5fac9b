"""Simple anatomies as sums of ellipses: a chest in 2-D, a head in 3-D, on one template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Float, Int, Values
from evenlight.errors import CohortError

EDGE = 0.06
"""Width of the soft border of an ellipse, as a share of its radius."""

MARGIN = 6
"""Positions between a burned-in mark and the next region: filters of up to 7 see one of them."""


@dataclass(frozen=True, slots=True)
class Part:
    """An ellipse at `centre` with `radii`, from -1 to 1 along each axis, that adds `value`.

    Its radii vary by `varies` (SD, a share) between people; `grows` says that it is the part whose
    size differs by group.
    """

    name: str
    centre: tuple[float, ...]
    radii: tuple[float, ...]
    value: float
    varies: float = 0.0
    grows: bool = False


@dataclass(frozen=True, slots=True)
class Anatomy:
    """What everybody has in common: parts, the lesion (place, brightness, radius as SD), space."""

    name: str
    parts: tuple[Part, ...]
    lesion_in: str
    lesion_at: tuple[float, ...]
    lesion: float
    radius: float
    least: int
    spacing: float
    orientation: str = ""


CHEST = Anatomy(
    "chest",
    (
        Part("soft tissue", (0.1, 0.0), (0.85, 0.92), 0.55, 0.02),
        Part("right lung", (0.0, -0.42), (0.62, 0.3), -0.35, 0.04),
        Part("left lung", (0.0, 0.42), (0.62, 0.3), -0.35, 0.04),
        Part("heart", (0.3, 0.1), (0.28, 0.24), 0.35, 0.06, grows=True),
    ),
    lesion_in="right lung",
    lesion_at=(0.22, -0.45),
    lesion=0.6,
    radius=0.12,
    least=24,
    spacing=10.0,
)
"""Seen from the front: the right lung is on the left of the image."""

HEAD = Anatomy(
    "head",
    (
        Part("skull", (0.0, 0.0, 0.0), (0.86, 0.95, 0.86), 0.6, 0.01),
        Part("right hemisphere", (-0.36, 0.0, 0.0), (0.36, 0.74, 0.66), -0.25, 0.015),
        Part("left hemisphere", (0.36, 0.0, 0.0), (0.36, 0.74, 0.66), -0.25, 0.015),
        Part("ventricles", (0.0, 0.0, 0.0), (0.16, 0.36, 0.2), -0.3, 0.05, grows=True),
    ),
    lesion_in="left hemisphere",
    lesion_at=(0.42, 0.3, 0.1),
    lesion=0.8,
    radius=0.15,
    least=16,
    spacing=9.0,
    orientation="RAS",
)
"""Axes point to the right, the front and the top; hemispheres are named by side of the array."""

BY_DIMS: Mapping[int, Anatomy] = {2: CHEST, 3: HEAD}


def anatomy(dims: int) -> Anatomy:
    """The anatomy with 2 or 3 axes; CohortError for another number."""
    if dims not in BY_DIMS:
        raise CohortError(f"dims={dims!r}; wanted 2 (a chest) or 3 (a head)")
    return BY_DIMS[dims]


def grid(shape: tuple[int, ...]) -> Float:
    """Coordinates (k, *shape) of the positions, from -1 to 1 along each of the k axes."""
    axes = [np.linspace(-1.0, 1.0, side) for side in shape]
    return np.stack(np.meshgrid(*axes, indexing="ij"))


def ellipse(at: Float, centre: Values, radii: Values) -> Float:
    """How far each position (m, *shape) lies inside, from 0 to 1; `radii` is (m, k), `at` (k, *s).

    >>> inside = ellipse(grid((5,)), np.zeros(1), np.array([[0.6]]))
    >>> inside.round(2).tolist()
    [[0.0, 0.94, 1.0, 0.94, 0.0]]
    """
    k = len(at)
    wide = (-1, k) + (1,) * k
    away = (at - np.reshape(centre, wide)) / np.reshape(radii, wide)
    radius = np.sqrt((away**2).sum(axis=1))
    made: Float = 1.0 / (1.0 + np.exp(np.clip((radius - 1.0) / EDGE, -50, 50)))
    return made


def drawn(made: Anatomy, at: Float, sizes: Float) -> Float:
    """People (m, *shape) without lesion or noise; `sizes` (m, parts) are factors of the radii."""
    out = np.zeros((len(sizes), *at.shape[1:]))
    for j, part in enumerate(made.parts):
        radii = sizes[:, j, None] * np.array(part.radii)
        out += part.value * ellipse(at, np.array(part.centre), radii)
    return out


def stamp(shape: tuple[int, ...]) -> Values:
    """Where a burned-in mark lies (*shape), True: a letter L near the first corner, 2 deep in 3-D.

    >>> stamp((24, 24))[1:6, 1:6].astype(int).tolist()[0]
    [1, 1, 0, 0, 0]
    """
    made = np.zeros(shape, dtype=bool)
    deep = (slice(1, 3),) * (len(shape) - 2)
    made[(slice(1, 6), slice(1, 3), *deep)] = True
    made[(slice(4, 6), slice(1, 5), *deep)] = True
    return made


def labels(made: Anatomy, shape: tuple[int, ...]) -> tuple[Int, dict[int, str]]:
    """Label map (*shape) and the name of each label: outside, marker corner, and each part."""
    at = grid(shape)
    out = np.zeros(shape, dtype=np.int64)
    names = {0: "outside", 1: "marker corner"}
    for j, part in enumerate(made.parts, start=2):
        inside = ellipse(at, np.array(part.centre), np.array([part.radii]))[0] > 0.5
        out[inside] = j
        names[j] = part.name
    ends = [int(np.flatnonzero(stamp(shape).any(axis=_others(len(shape), a))).max()) for a in
            range(len(shape))]  # fmt: skip
    out[tuple(slice(0, end + 1 + MARGIN) for end in ends)] = 1
    return out, names


def _others(k: int, axis: int) -> tuple[int, ...]:
    return tuple(a for a in range(k) if a != axis)
