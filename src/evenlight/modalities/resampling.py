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
    Raises CohortError for letters that are no orientation, or of other axes than those of the
    space, and FeatureError where the space has none of its own.

    >>> grid = Space((2, 3, 4), (1.0, 2.0, 3.0), "mm", np.diag([-1.0, 2.0, 3.0, 1.0]), "LAS")
    >>> made, way = turned(grid, "SRA")
    >>> made.shape, made.orientation, way
    ((4, 2, 3), 'SRA', ((2, 0, 1), (1, -1, 1)))
    """
    wanted = directions(orientation, len(space.shape))
    if not space.orientation:
        raise FeatureError("the axes cannot be turned, since their directions are unknown")
    own = directions(space.orientation, len(space.shape))
    owner = [c for c, _ in own]
    if sorted(owner) != sorted(c for c, _ in wanted):
        raise CohortError(
            f"orientation={orientation!r} of an image whose axes point to {space.orientation!r}: "
            "another plane, which no turning makes"
        )
    axes = tuple(owner.index(c) for c, _ in wanted)
    flips = tuple(way * own[a][1] for a, (_, way) in zip(axes, wanted, strict=True))
    shape = tuple(space.shape[a] for a in axes)
    spacing = tuple(space.spacing[a] for a in axes)
    affine = None if space.affine is None else space.affine @ _back(space.shape, (axes, flips))
    made = Space(shape, spacing, space.units, affine, orientation, space.shared)
    return made, (axes, flips)


def directions(orientation: str, axes: int) -> list[tuple[int, int]]:
    """The coordinate that each axis follows, and 1 or -1 for its direction.

    Raises CohortError for letters that are no orientation of so many axes.

    >>> directions("RAS", 3), directions("IL", 2)
    ([(0, 1), (1, 1), (2, 1)], [(2, -1), (0, -1)])
    """
    told = [_letter(letter) for letter in orientation]
    if len(told) != axes or len({c for c, _ in told}) != axes:
        many, such = ("three", "RAS") if axes == 3 else (str(axes), "IL")
        raise CohortError(f'orientation={orientation!r}; wanted {many} letters such as "{such}"')
    return told


def _back(shape: tuple[int, ...], way: Turn) -> Float:
    """The matrix from positions of turned axes to those before."""
    made = np.zeros((len(shape) + 1, len(shape) + 1))
    made[-1, -1] = 1.0
    for new, (old, sign) in enumerate(zip(*way, strict=True)):
        made[old, new] = sign
        made[old, -1] = 0.0 if sign > 0 else shape[old] - 1
    return made


def turn(x: Values, way: Turn) -> Values:
    """Images (c, *s) with their spatial axes exchanged and reversed."""
    axes, flips = way
    moved = x.transpose(0, *(1 + a for a in axes))
    return moved[(slice(None), *(slice(None, None, f) for f in flips))]


def resampled(
    x: Values, own: Space, to: Space, *, order: Literal[0, 1] = 1, fill: float | None = 0.0
) -> Values:
    """Images (c, *s) of a grid at the positions of another, (c, *to.shape), float32.

    The value at a position of `to` is found where its coordinates lie in the grid of x, by splines
    of an order (1: trilinear; 0: the nearest position); beyond the outermost positions of `own` it
    is `fill`, None being the lowest value of each channel. Nothing is smoothed before, so that a
    coarser grid skips positions.
    """
    there = places(own, to)
    kept = x if order == 0 else np.asarray(x, dtype=np.float64)
    found = [
        ndimage.affine_transform(
            part, there[:-1, :-1], there[:-1, -1], output_shape=to.shape, order=order,
            mode="constant", cval=_lowest(part) if fill is None else fill,
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


def covered(space: Space, to: Space, *, rim: float = 0.5) -> float:
    """The share of the positions of `to` that lie within a grid (20 along each axis).

    Half a position beyond the outermost ones is within; with `rim` 0 only what `resampled` finds.
    """
    if space.affine is None:
        return float("nan")
    steps = [np.unique(np.linspace(0, n - 1, 20).round()) for n in to.shape]
    at = np.stack([a.ravel() for a in np.meshgrid(*steps, indexing="ij")])
    there = places(space, to)
    found = there[:-1, :-1] @ at + there[:-1, -1:]
    last = np.array(space.shape, dtype=np.float64)[:, None] - 1.0
    return float(((found >= -rim) & (found <= last + rim)).all(axis=0).mean())


def _lowest(values: Values) -> float:
    known = values[np.isfinite(values)]
    return float(known.min()) if len(known) else float("nan")


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
