"""What a model needs beside the image of a row, as further channels that no path changes.

A reference segmentation, or which places hold a tile, belongs to the row and is no feature that
could be otherwise. As channels of x it travels with its row; `holding` keeps it fixed along every
path, so that its attribution is exactly 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from evenlight.arrays import Int, Text, Values
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features
from evenlight.data.rows import DENSE_BUDGET, Rows
from evenlight.errors import AttributionError, CohortError

REFERENCE = "reference of {}"
"""The name of the channel that holds the reference of a structure."""


@dataclass(frozen=True, slots=True, eq=False)
class Holding:
    """References of each row's own: `start` (*s), or of a function, with some channels as they are.

    `told` is what the record calls it.
    """

    start: Values | Callable[[Values, Text], Values]
    channels: Int
    told: str = field(default="start")

    def __call__(self, x: Values, ids: Text) -> Values:
        """(m, b, *s) of rows x (m, *s) and their ids (m,)."""
        if callable(self.start):
            made = np.array(self.start(x, ids), dtype=np.float64)
        else:
            made = np.broadcast_to(self.start, (len(x), 1, *x.shape[1:])).astype(np.float64)
        made[:, :, self.channels] = x[:, None, self.channels]
        return made


def holding(
    cohort: Cohort,
    start: float | Values | Callable[[Values, Text], Values],
    channels: Sequence[str],
) -> Holding:
    """A baseline of integrated gradients that leaves some channels of each row as they are.

    Parameters
    ----------
    start
        one number, an array that fits a row (*s), or a function of rows (m, *s) and ids (m,) that
        gives (m, b, *s).
    channels
        the names of the channels to keep, which then have an attribution of 0.

    Raises AttributionError for a channel that there is not, or a start that does not fit.

    >>> import pandas as pd
    >>> people = pd.DataFrame({"sex": ["f", "m"]}, ["a", "b"])
    >>> cohort = Cohort(np.ones((2, 2, 3, 3)), people, ["intensity", "mask"])
    >>> holding(cohort, 0.0, ["mask"])(cohort.dense(), cohort.rows)[0, 0, :, 0, 0].tolist()
    [0.0, 1.0]
    """
    names = cohort.features.names
    strange = [name for name in channels if name not in names]
    if strange or not len(channels):
        raise AttributionError(f"channels {strange or list(channels)}; x has {', '.join(names)}")
    at = np.array([names.index(name) for name in channels], dtype=np.int64)
    if callable(start):
        told = str(getattr(start, "told", getattr(start, "__name__", "function")))
        return Holding(start, at, f"{told}, holding {', '.join(channels)}")
    shape = tuple(cohort.x.shape[1:])
    try:
        made = np.broadcast_to(np.asarray(start, dtype=np.float64), shape)
    except ValueError:
        raise AttributionError(f"start {np.shape(start)} does not fit rows of {shape}") from None
    return Holding(made, at, f"start, holding {', '.join(channels)}")


def with_references(cohort: Cohort, masks: Mapping[str, Values]) -> Cohort:
    """The same cohort with the reference segmentation of each row as further channels.

    `masks` name each structure with its masks (n, *space), in the rows' order, 0 to 1. The channels
    are called "reference of NAME" and come last, in the order of the names, as
    `evenlight.segmented(..., reference="channels")` reads them.

    Raises CohortError for masks of another shape, outside 0 to 1, or with rows in which nothing is
    marked: no Dice coefficient is defined against nothing.
    """
    shape = tuple(cohort.x.shape)
    if not masks or len(shape) < 3:
        raise CohortError("references are for images (n, c, *space); name one structure or more")
    for name, mask in masks.items():
        _checked(name, mask, (shape[0], *shape[2:]))
    names = (*cohort.features.names, *(REFERENCE.format(name) for name in masks))
    made = Features(names, space=cohort.features.space)
    joined: Any = _Joined(cohort.x, tuple(masks.values()))
    whole = (shape[0], shape[1] + len(masks), *shape[2:])
    if isinstance(cohort.x, np.ndarray) and 8 * int(np.prod(whole)) <= DENSE_BUDGET:
        parts = [cohort.x, *(np.asarray(mask)[:, None] for mask in masks.values())]
        return cohort.altered(x=np.concatenate(parts, axis=1), features=made)
    return cohort.altered(x=Rows(joined), features=made)


def _checked(name: str, mask: Values, wanted: tuple[int, ...]) -> None:
    if tuple(np.shape(mask)) != wanted:
        raise CohortError(f"masks of {name!r} are {np.shape(mask)}; wanted (n, *space) = {wanted}")
    empty = 0
    for row in mask:
        held = np.asarray(row)
        if not ((held >= 0) & (held <= 1)).all():
            raise CohortError(f"masks of {name!r} are not within 0 and 1")
        empty += not held.any()
    if empty:
        raise CohortError(
            f"masks of {name!r} mark nothing in {empty} of {wanted[0]} rows; leave these rows out"
        )


class _Joined:
    """Rows of x with their masks behind, read when they are asked for."""

    def __init__(self, x: Any, masks: tuple[Values, ...]) -> None:
        self.x, self.masks = x, masks

    def __len__(self) -> int:
        return int(self.x.shape[0])

    def __getitem__(self, i: int) -> Values:
        row = np.asarray(self.x[np.array([i])])[0]
        return np.concatenate([row, *(np.asarray(m[i], row.dtype)[None] for m in self.masks)])
