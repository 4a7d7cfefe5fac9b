"""Volumes in another grid: axes turned exactly, or values between positions, as asked."""

from __future__ import annotations

from itertools import permutations
from typing import Literal

import numpy as np
from scipy import ndimage

from evenlight.arrays import Float, Values
from evenlight.data.space import Space
from evenlight.errors import CohortError, FeatureError

CODES = (("L", "R"), ("P", "A"), ("I", "S"))
"""The two ends of each coordinate in the order of the affine: right, anterior, superior grow."""

Turn = tuple[tuple[int, ...], tuple[int, ...]]
"""For each new axis the old one that it was, and 1 or -1 for its direction."""


def orientation_of(affine: Float) -> str:
    """Where each axis of a grid (4, 4) points to, as in "RAS": the coordinate it follows most.

    The assignment of axes to coordinates has the largest sum of absolute cosines.

    >>> orientation_of(np.diag([-2.0, 2.0, 2.0, 1.0]))
    'LAS'
    """
    owner, sign = _axes(affine)
    return "".join(CODES[c][int(s > 0)] for c, s in zip(owner, sign, strict=True))


def turned(space: Space, orientation: str) -> tuple[Space, Turn]:
    """The space with its axes in the order and direction of `orientation`, and how they turn.

    Axes are exchanged and reversed, nothing is interpolated; world coordinates stay as they are.
    Raises CohortError for letters that are no orientation, and FeatureError where the space has
    none of its own.

    >>> grid = Space((2, 3, 4), (1.0, 2.0, 3.0), "mm", np.diag([-1.0, 2.0, 3.0, 1.0]), "LAS")
    >>> made, way = turned(grid, "SRA")
    >>> made.shape, made.orientation, way
    ((4, 2, 3), 'SRA', ((2, 0, 1), (1, -1, 1)))
    """
    wanted = [_letter(letter) for letter in orientation]
    if sorted(c for c, _ in wanted) != [0, 1, 2]:
        raise CohortError(f'orientation={orientation!r}; wanted three letters such as "RAS"')
    if space.affine is None:
        raise FeatureError("the axes cannot be turned, since their directions are unknown")
    owner, sign = _axes(space.affine)
    axes = tuple(owner.index(c) for c, _ in wanted)
    flips = tuple(way * sign[a] for a, (_, way) in zip(axes, wanted, strict=True))
    shape = tuple(space.shape[a] for a in axes)
    back = np.zeros((4, 4))
    back[3, 3] = 1.0
    for new, (old, way) in enumerate(zip(axes, flips, strict=True)):
        back[old, new] = way
        back[old, 3] = 0.0 if way > 0 else space.shape[old] - 1
    spacing = tuple(space.spacing[a] for a in axes)
    made = Space(shape, spacing, space.units, space.affine @ back, orientation, space.shared)
    return made, (axes, flips)


def turn(x: Values, way: Turn) -> Values:
    """Images (c, *s) with their spatial axes exchanged and reversed."""
    axes, flips = way
    moved = x.transpose(0, *(1 + a for a in axes))
    return moved[(slice(None), *(slice(None, None, f) for f in flips))]


def resampled(x: Values, own: Space, to: Space, *, order: Literal[0, 1] = 1) -> Values:
    """Images (c, *s) of a grid at the positions of another, (c, *to.shape), float32.

    The value at a position of `to` is found where its coordinates lie in the grid of x, by splines
    of an order (1: trilinear; 0: the nearest position); beyond the outermost positions of `own` it
    is 0. Nothing is smoothed before, so that a coarser grid skips positions.
    """
    there = places(own, to)
    kept = x if order == 0 else np.asarray(x, dtype=np.float64)
    found = [
        ndimage.affine_transform(
            part, there[:-1, :-1], there[:-1, -1], output_shape=to.shape, order=order,
            mode="constant", cval=0.0,
        )
        for part in kept
    ]  # fmt: skip
    return np.stack(found).astype(x.dtype if order == 0 else np.float32)


def places(own: Space, to: Space) -> Float:
    """The matrix (k + 1, k + 1) from positions of `to` to those of another grid."""
    if own.affine is None or to.affine is None:
        raise CohortError("images are resampled by their coordinates; an affine is not known")
    there = np.linalg.solve(own.affine, to.affine).astype(np.float64)
    # Else a position on the border would lie outside by the last bit, and be 0.
    whole = np.round(there)
    return np.where(np.abs(there - whole) < 1e-9, whole, there)


def covered(space: Space, to: Space) -> float:
    """The share of the positions of `to` that lie within a grid (20 along each axis)."""
    if space.affine is None:
        return float("nan")
    steps = [np.unique(np.linspace(0, n - 1, 20).round()) for n in to.shape]
    at = np.stack([a.ravel() for a in np.meshgrid(*steps, indexing="ij")])
    there = places(space, to)
    found = there[:-1, :-1] @ at + there[:-1, -1:]
    last = np.array(space.shape, dtype=np.float64)[:, None] - 0.5
    return float(((found >= -0.5) & (found <= last)).all(axis=0).mean())


def spacing_of(affine: Float) -> tuple[float, ...]:
    """The length of one step along each axis of a grid."""
    return tuple(float(step) for step in np.sqrt((affine[:-1, :-1] ** 2).sum(axis=0)))


def _axes(affine: Float) -> tuple[list[int], list[int]]:
    """The coordinate that each axis follows, and in which direction."""
    steps = np.asarray(affine, dtype=np.float64)[:3, :3]
    length = np.sqrt((steps**2).sum(axis=0))
    if not (length > 0).all():
        raise CohortError("the affine has an axis without length; mend the header")
    cosines = steps / length
    sums = {p: sum(abs(cosines[c, a]) for a, c in enumerate(p)) for p in permutations(range(3))}
    owner = max(sums, key=lambda p: round(sums[p], 12))
    return list(owner), [1 if cosines[c, a] > 0 else -1 for a, c in enumerate(owner)]


def _letter(letter: str) -> tuple[int, int]:
    """The coordinate of a letter, and its direction."""
    for coordinate, pair in enumerate(CODES):
        if letter in pair:
            return coordinate, 1 if letter == pair[1] else -1
    raise CohortError(f"{letter!r} is no direction; wanted letters of L R, P A and I S")
