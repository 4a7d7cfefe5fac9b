"""A grid of regions over a map: so many parts along each of its last axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from evenlight.arrays import Int
from evenlight.errors import FeatureError

if TYPE_CHECKING:
    from evenlight.data.feature_sets import FeatureSets


def from_grid(
    cls: type[FeatureSets],
    /,
    shape: Sequence[int],
    parts: Sequence[int],
    *,
    kind: str = "region",
) -> FeatureSets:
    """Sets of positions of a map: a regular grid, named by the place in it, counted from 1.

    Parameters
    ----------
    shape
        of one row of x (*s), channels included.
    parts
        how many along each of the last axes: (k, l) of images, (k, l, m) of volumes. All other
        axes, as of channels, belong to each part whole. Sides differ by at most one position.

    Raises FeatureError for more parts than positions, or more axes than the rows have.

    >>> from evenlight.data.feature_sets import FeatureSets
    >>> sets = FeatureSets.from_grid((1, 4, 5), (2, 2))
    >>> sets.names, len(sets.members("part 1,1")), len(sets.members("part 2,2"))
    (('part 1,1', 'part 1,2', 'part 2,1', 'part 2,2'), 6, 4)
    """
    sides = tuple(int(side) for side in shape)
    labels = grid_labels(sides[len(sides) - len(parts) :], parts)
    named = {
        i: f"part {','.join(str(j + 1) for j in at)}" for i, at in enumerate(np.ndindex(*parts))
    }
    return cls.from_label_map(labels, named, shape=sides, kind=kind)


def grid_labels(sides: Sequence[int], parts: Sequence[int]) -> Int:
    """The part of each position (*sides), from 0, counted row by row.

    >>> grid_labels((2, 3), (1, 2)).tolist()
    [[0, 0, 1], [0, 0, 1]]
    """
    whole = all(isinstance(k, int | np.integer) for k in parts)
    if not parts or len(parts) != len(sides) or not whole:
        raise FeatureError(
            f"parts={tuple(parts)} along the last axes of rows, here {tuple(sides)}; wanted a "
            "whole number for each spatial axis"
        )
    if any(not 1 <= k <= side for k, side in zip(parts, sides, strict=True)):
        raise FeatureError(
            f"parts={tuple(parts)} of {tuple(sides)} positions; wanted 1 to as many as there are"
        )
    along = [
        np.repeat(np.arange(k), [len(part) for part in np.array_split(np.arange(side), k)])
        for k, side in zip(parts, sides, strict=True)
    ]
    return np.ravel_multi_index(np.meshgrid(*along, indexing="ij"), tuple(parts)).astype(np.int64)
