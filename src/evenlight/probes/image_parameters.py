"""Parameters of an image's region that can be read off it and set: intensity, spread, size.

Rows x are (m, c, *space); `inside` (*space) marks the region, whose channels are taken together.
Every function leaves its argument as it is, and positions outside of the region as they were.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

from evenlight.arrays import Bool, Float

ROUNDS = 6
"""A size is set by enlarging anew, until it is met: positions are whole, and a region ends."""


@dataclass(frozen=True, slots=True, eq=False)
class Parameter:
    """`measured(x, inside)` reads a parameter (m,); `moved(x, inside, to)` sets it to one value.

    Where a row has none (NaN), as the size of what is not there, it cannot be moved.
    """

    name: str
    measured: Callable[[Float, Bool], Float]
    moved: Callable[[Float, Bool, float], Float]


def intensity(x: Float, inside: Bool) -> Float:
    """The mean in the region.

    >>> x = np.array([[[[1.0, 3.0], [9.0, 9.0]]]])
    >>> top = np.array([[True, True], [False, False]])
    >>> intensity(x, top), with_intensity(x, top, 5.0)[0, 0].tolist()
    (array([2.]), [[4.0, 6.0], [9.0, 9.0]])
    """
    mean: Float = x[..., inside].reshape(len(x), -1).mean(axis=1)
    return mean


def with_intensity(x: Float, inside: Bool, to: float) -> Float:
    """The region brighter or darker by one number, so that its mean is `to`."""
    out = x.copy()
    out[..., inside] += (to - intensity(x, inside)).reshape(-1, 1, 1)
    return out


def spread(x: Float, inside: Bool) -> Float:
    """The standard deviation in the region: its contrast; NaN where it is flat."""
    sd = x[..., inside].reshape(len(x), -1).std(axis=1)
    return np.where(sd > 0, sd, np.nan)


def with_spread(x: Float, inside: Bool, to: float) -> Float:
    """The region stretched about its mean, so that its standard deviation is `to`."""
    out, mean = x.copy(), intensity(x, inside).reshape(-1, 1, 1)
    out[..., inside] = mean + (x[..., inside] - mean) * (to / spread(x, inside)).reshape(-1, 1, 1)
    return out


def size(x: Float, inside: Bool) -> Float:
    """The side of what is bright in the region: the k-th root of its number of positions.

    Bright is what Otsu's threshold (1979, IEEE Trans SMC 9:62) of the region's own smoothed values
    separates, so that a brighter image has no larger lesion; NaN where the region is flat.
    """
    bright = _bright(x, inside)
    side = bright[:, inside].sum(axis=1) ** (1 / inside.ndim)
    return np.where(side > 0, side, np.nan)


def with_size(x: Float, inside: Bool, to: float) -> Float:
    """What is bright in the region enlarged about its own middle until its side is `to`.

    Values between positions are interpolated linearly; what is drawn in comes from next to it.
    """
    out = x.copy()
    start = size(x, inside)
    for i in np.flatnonzero(np.isfinite(start)):
        row, factor, best = x[i : i + 1], to / float(start[i]), np.inf
        middle = np.argwhere(_bright(row, inside)[0] & inside).mean(axis=0)
        for _ in range(ROUNDS):
            made = _enlarged(row, inside, middle, factor)
            found = float(size(made, inside)[0])
            if abs(found - to) < best:
                best, out[i] = abs(found - to), made[0]
            factor *= to / found if found > 0 else 1.0
    return out


def _bright(x: Float, inside: Bool) -> Bool:
    """Positions (m, *space) above the region's own threshold, False where it is flat."""
    mean = x.mean(axis=1)
    smooth = gaussian_filter(mean, (0.0,) + (1.0,) * inside.ndim, mode="nearest")
    values = smooth[:, inside]
    cut = threshold(values).reshape(-1, *(1,) * inside.ndim)
    flat = np.ptp(values, axis=1).reshape(cut.shape) <= 0
    above: Bool = (smooth > cut) & ~flat
    return above


def threshold(values: Float) -> Float:
    """Otsu's threshold of each row (m, r): the cut with the most variance between its sides, (m,).

    >>> threshold(np.array([[0.0, 0.2, 0.1, 5.0, 5.2]]))
    array([2.6])
    """
    ranked = np.sort(values, axis=1)
    below = np.arange(1, ranked.shape[1])
    sums = np.cumsum(ranked, axis=1)
    above = ranked.shape[1] - below
    left, right = sums[:, :-1] / below, (sums[:, -1:] - sums[:, :-1]) / above
    at = (below * above * (right - left) ** 2).argmax(axis=1)[:, None]
    ends = np.take_along_axis(ranked, at, 1), np.take_along_axis(ranked, at + 1, 1)
    cut: Float = (ends[0] + ends[1])[:, 0] / 2
    return cut


def _enlarged(row: Float, inside: Bool, middle: Float, factor: float) -> Float:
    """One row (1, c, *space) with its region enlarged about a position."""
    grid = np.argwhere(inside).T
    where = middle[:, None] + (grid - middle[:, None]) / factor
    out = row.copy()
    for c in range(row.shape[1]):
        out[0, c][inside] = map_coordinates(row[0, c], where, order=1, mode="nearest")
    return out


PARAMETERS: Mapping[str, Parameter] = {
    "intensity": Parameter("intensity", intensity, with_intensity),
    "spread": Parameter("spread", spread, with_spread),
    "size": Parameter("size", size, with_size),
    "dark size": Parameter(
        "dark size", lambda x, inside: size(-x, inside),
        lambda x, inside, to: -with_size(-x, inside, to),
    ),
}  # fmt: skip
"""Parameters by name; *dark size* is that of what is dark in the region, as ventricles."""
