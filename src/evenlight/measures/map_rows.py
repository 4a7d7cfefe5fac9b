"""Maps laid flat: a row an image, a column a position of the space, channels added up.

Attributions of the channels of one position add up to what the position adds to the output; the sum
of their gradients is what moving all channels of it by one would do. Rows stay where they are, in
memory or on disk, and are read some positions at a time: more people are more passes over them, and
not more memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter

from evenlight.arrays import Bool, Float, Int, Values
from evenlight.data import rows as reading
from evenlight.data.cohort import Cohort
from evenlight.data.rows import Rows
from evenlight.data.sources import lazy
from evenlight.data.space import Space
from evenlight.errors import AttributionError
from evenlight.measures.prepare import Setting
from evenlight.stats.drawn_in import drawn_in, limits

FWHM = float(2 * np.sqrt(2 * np.log(2)))
"""Full width at half maximum of a Gaussian, in its SD."""

HELD = 2**27
"""Bytes of maps, in float32, that are held from one pass over the rows."""

BAND = 2**23
"""Bytes of maps, in float64, that are looked at together."""

FEWEST = 64
"""Positions that are, at least."""


@dataclass(frozen=True, slots=True, eq=False)
class Flat:
    """Rows (n, p) of `values` (n, ..., *space) at the positions of `mask` (*space), when asked for.

    `sigma` is the SD of the Gaussian along each axis, in positions.
    """

    values: Any
    mask: Bool
    sigma: tuple[float, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """(n, p)."""
        return int(self.values.shape[0]), int(self.mask.sum())

    def columns(self, some: slice) -> Iterator[tuple[slice, Values]]:
        """Some positions of all rows in float32, a block of rows at a time: where, and (m, k)."""
        held = Rows(self.values) if lazy(self.values) else self.values
        at = np.flatnonzero(self.mask)[some]
        for part, rows in reading.blocks(held):
            yield part, self._laid(rows, at)

    def _laid(self, rows: Values, at: Int) -> Values:
        wide = np.asarray(rows, dtype=np.float32).reshape(len(rows), -1, *self.mask.shape)
        maps = wide[:, 0] if wide.shape[1] == 1 else wide.sum(axis=1, dtype=np.float64)
        if any(self.sigma):
            maps = gaussian_filter(maps, (0.0, *self.sigma), mode="constant")
        flat = maps.reshape(len(maps), -1)
        run = len(at) == at[-1] - at[0] + 1
        return np.asarray(flat[:, at[0] : at[-1] + 1] if run else flat[:, at], dtype=np.float32)


def bands(
    maps: Mapping[str, Flat], here: Setting
) -> Iterator[tuple[slice, dict[str, Float], dict[str, Float]]]:
    """All positions in parts: which, and the kept rows (n kept, k) of each kind of map there.

    First those of which what one image, or a few people's, has far from everybody else at a
    position is drawn in (`stats.drawn_in`), whatever their group; then all as they are.
    """
    n, p = int(here.kept.sum()), next(iter(maps.values())).shape[1]
    outer = max(FEWEST, HELD // (4 * n * len(maps)))
    inner = max(FEWEST, BAND // (8 * n))
    for start in range(0, p, outer):
        whole = slice(start, min(start + outer, p))
        held = {name: _read(flat, here, whole) for name, flat in maps.items()}
        for first in range(start, whole.stop, inner):
            some = slice(first, min(first + inner, whole.stop))
            own = slice(first - start, some.stop - start)
            raw = {name: rows[:, own].astype(np.float64) for name, rows in held.items()}
            yield some, {name: _near(rows, here) for name, rows in raw.items()}, raw


def _read(flat: Flat, here: Setting, some: slice) -> Values:
    """Kept rows (n kept, k) of some positions."""
    out = np.empty((int(here.kept.sum()), some.stop - some.start), dtype=np.float32)
    place = np.cumsum(here.kept) - 1
    for part, rows in flat.columns(some):
        kept = here.kept[part]
        out[place[part][kept]] = rows if kept.all() else rows[kept]
    return out


def _near(rows: Float, here: Setting) -> Float:
    """Rows (n kept, k) between limits of the units' lowest and highest ones."""
    order = np.argsort(here.unit, kind="stable")
    start = np.flatnonzero(np.diff(here.unit[order], prepend=-1))
    if len(start) == len(rows):
        return drawn_in(rows)
    by_unit = rows[order]
    low = limits(np.minimum.reduceat(by_unit, start, axis=0))[0]
    high = limits(np.maximum.reduceat(by_unit, start, axis=0))[1]
    return np.clip(rows, low, high)


def sigma_of(space: Space, width: float) -> tuple[float, ...]:
    """The SD in positions, along each axis, of a Gaussian of a full width at half maximum.

    >>> [round(s, 2) for s in sigma_of(Space((9, 9), (1.0, 2.0), "mm"), 4.71)]
    [2.0, 1.0]
    """
    known = bool(np.isfinite(space.spacing).all())
    steps = space.spacing if known else (1.0,) * len(space.shape)
    return tuple(width / FWHM / step for step in steps)


def mask_of(mask: Values | None, space: Space) -> Bool:
    """The positions that are asked (*space), all by default."""
    if mask is None:
        return np.ones(space.shape, dtype=bool)
    held = np.asarray(mask)
    if held.shape != space.shape:
        raise AttributionError(
            f"the mask is {held.shape}, the images' positions {space.shape}; "
            "give one of their shape"
        )
    found: Bool = held != 0
    if not found.any():
        raise AttributionError("the mask leaves no position; at least one must be other than 0")
    return found


def fits_space(values: Any, space: Space, cohort: Cohort) -> None:
    """AttributionError unless the maps end in the axes of the space."""
    own = tuple(int(s) for s in values.shape[1:])
    if own[len(own) - len(space.shape) :] != space.shape:
        what = "a value a set" if len(own) == 1 else f"of shape {own}"
        raise AttributionError(
            f"attributions are {what}, the images' positions {space.shape}; maps are compared as "
            f"they were explained, for rows of {tuple(cohort.x.shape[1:])}: not summed by sets"
        )
