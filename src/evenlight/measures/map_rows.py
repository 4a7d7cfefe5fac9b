"""Maps laid flat: a row an image, a column a position of the space, channels added up.

Attributions of the channels of one position add up to what the position adds to the output; the sum
of their gradients is what moving all channels of it by one would do. Rows on disk stay there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter

from evenlight.arrays import Bool, Values
from evenlight.data.cohort import Cohort
from evenlight.data.rows import Rows
from evenlight.data.sources import lazy
from evenlight.data.space import Space
from evenlight.errors import AttributionError
from evenlight.measures.prepare import Setting
from evenlight.measures.streamed import LARGE, Streamed, parts
from evenlight.stats.drawn_in import limits

FWHM = float(2 * np.sqrt(2 * np.log(2)))
"""Full width at half maximum of a Gaussian, in its SD."""


@dataclass(frozen=True, slots=True, eq=False)
class Flat:
    """Rows (n, p) of `values` (n, ..., *space) at the positions of `mask` (*space), when asked for.

    `sigma` is the SD of the Gaussian along each axis, in positions; values beyond `ends` (2, p) are
    drawn in to these.
    """

    values: Any
    mask: Bool
    sigma: tuple[float, ...]
    ends: Values | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """(n, p)."""
        return int(self.values.shape[0]), int(self.mask.sum())

    @property
    def dtype(self) -> np.dtype[Any]:
        """As they are made."""
        return np.dtype(np.float32)

    def __getitem__(self, index: Any) -> Values:
        """Some rows (m, p) as float32."""
        held = np.asarray(self.values[index], dtype=np.float32)
        wide = held.reshape(len(held), -1, *self.mask.shape)
        maps = wide[:, 0] if wide.shape[1] == 1 else wide.sum(axis=1, dtype=np.float64)
        if any(self.sigma):
            maps = gaussian_filter(maps, (0.0, *self.sigma), mode="constant")
        flat = np.asarray(maps[:, self.mask], dtype=np.float32)
        return flat if self.ends is None else np.clip(flat, *self.ends)


def flat_rows(values: Any, here: Setting, mask: Bool, sigma: tuple[float, ...]) -> Streamed:
    """Kept rows (n kept, p) of maps, held in float32 where they are in memory and not too large.

    What one image, or a few people's, has far from everybody else at a position is drawn in
    (`stats.drawn_in`), whatever their group: a name that is burned in is in no map.
    """
    flat = Flat(Rows(values) if lazy(values) else values, mask, sigma)
    many = lazy(values) or 4 * int(np.prod(flat.shape)) > 16 * LARGE
    held: Any = flat if many else flat[:]
    ends = _ends(Streamed(held, here.kept, here.cohort.order), here)
    drawn = replace(flat, ends=ends) if many else np.clip(held, *ends)
    return Streamed(drawn, here.kept, here.cohort.order)


def _ends(rows: Streamed, here: Setting) -> Values:
    """Between which values (2, p) the rows are left, by the units' lowest and highest ones."""
    low = np.full((int(here.unit.max()) + 1, rows.shape[1]), np.inf, dtype=np.float32)
    high = -low
    place = np.cumsum(here.kept) - 1
    for at, part in parts(rows.values, rows.order):
        own, kept = here.unit[place[at[here.kept[at]]]], part[here.kept[at]]
        order = np.argsort(own, kind="stable")
        unit, start = np.unique(own[order], return_index=True)
        if len(unit):
            low[unit] = np.minimum(low[unit], np.minimum.reduceat(kept[order], start, axis=0))
            high[unit] = np.maximum(high[unit], np.maximum.reduceat(kept[order], start, axis=0))
    return np.stack([limits(low)[0], limits(high)[1]]).astype(np.float32)


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
