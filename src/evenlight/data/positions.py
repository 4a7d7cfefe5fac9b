"""Maps: the names of their positions, and which set each position belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evenlight.arrays import Int, Values
from evenlight.errors import FeatureError


@dataclass(frozen=True, slots=True)
class Positions(Sequence[str]):
    """The names of all positions of a map of some `shape`, row by row, made when asked for.

    >>> list(Positions((2, 2)))
    ['0,0', '0,1', '1,0', '1,1']
    """

    shape: tuple[int, ...]

    def __len__(self) -> int:
        return int(np.prod(self.shape))

    def __iter__(self) -> Iterator[str]:
        return (",".join(map(str, at)) for at in np.ndindex(*self.shape))

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return tuple(self[j] for j in range(*at.indices(len(self))))
        return ",".join(map(str, np.unravel_index(range(len(self))[at], self.shape)))


def spread_labels(labels: Values, shape: tuple[int, ...] | None) -> Int:
    """Labels broadcast to rows of `shape` (*s), by default their own.

    Raises FeatureError for labels that are no whole numbers or do not fit.
    """
    array = np.asarray(labels)
    if array.dtype.kind not in "iub":
        raise FeatureError(f"labels are {array.dtype}; wanted whole numbers, one a region")
    wanted = array.shape if shape is None else tuple(shape)
    try:
        return np.broadcast_to(array, wanted).astype(np.int64)
    except ValueError:
        raise FeatureError(
            f"labels of shape {array.shape} do not fit rows of shape {wanted}; give one label for "
            "each position, or for each along the last axes"
        ) from None


def label_names(found: Int, names: Mapping[int, str] | None) -> tuple[str, ...]:
    """The names of the labels found, by default "region 0", "region 1", ..."""
    told = {int(k): f"region {k}" for k in found} if names is None else names
    missing = [int(k) for k in found if int(k) not in told]
    if missing:
        raise FeatureError(
            f"{len(missing)} labels have no name, first {missing[:3]}; name every label that occurs"
        )
    return tuple(told[int(k)] for k in found)


def interval_labels(intervals: Mapping[str, tuple[int, int]], length: int) -> Int:
    """0 outside all intervals, else the number of the interval, (length,).

    Raises FeatureError for an interval that is empty, leaves the axis or shares a position.
    """
    labels = np.zeros(length, dtype=np.int64)
    for number, (name, (start, stop)) in enumerate(intervals.items(), start=1):
        if not 0 <= start < stop <= length:
            raise FeatureError(
                f"{name!r} goes from {start} to before {stop}; wanted a part of 0 to {length}"
            )
        if labels[start:stop].any():
            raise FeatureError(f"{name!r} shares positions with an interval before it")
        labels[start:stop] = number
    return labels
