"""Images of a dataset of torch or MONAI, after the model's own transform."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Values
from evenlight.data.rows import Rows
from evenlight.data.sources import Key, picked, plain
from evenlight.data.space import Space
from evenlight.errors import CohortError
from evenlight.modalities.image_arrays import read_array_rows
from evenlight.modalities.image_axes import Channels, channel_names, layout_of
from evenlight.modalities.image_rows import ImageRows
from evenlight.modalities.resampling import orientation_of, spacing_of


def read_dataset_rows(
    dataset: Any,
    *,
    key: Key = None,
    layout: str | None = None,
    channels: Channels = None,
    shared: str = "",
) -> ImageRows:
    """The images of a map-style dataset, item i as row i; or of a loader of one, in its order.

    Parameters
    ----------
    dataset
        its items are images, tuples whose first part is one, or dicts. It applies the model's own
        transform, so that images may differ in size before it, but not after, and must be free of
        chance.
    key
        the entry of a dict that is the image; left out, its only floating array.
    layout, channels, shared
        as in `read_array_rows`, n for the item.

    Where items know their affine (MONAI's MetaTensor), spacing and orientation are recorded, and
    every item that is read must have the same; else CohortError, with its position.
    """
    if hasattr(dataset, "collate_fn"):
        return read_array_rows(
            Rows(dataset, key=key), layout=layout, channels=channels, shared=shared
        )
    if len(dataset) == 0:
        raise CohortError("the dataset has no rows")
    first = picked(dataset[0], key)
    lies = layout_of((1, *plain(first).shape), layout)
    space = _space(first, lies.space, shared)
    rows = Rows(Items(dataset, key, lies.axes, space))
    notes: list[str] = []
    names = channel_names(lies.channels, channels, notes)
    notes.append(
        f"Images: {len(dataset):,} items of a {type(dataset).__name__}, after its own transform; "
        "attributions are of what it gives."
    )
    own = Space(space.shape, space.spacing, space.units, None, space.orientation, shared)
    return ImageRows(rows, own, names, pd.DataFrame(index=range(len(dataset))), tuple(notes))


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """A dataset whose items are images (c, *space) in one space."""

    dataset: Any
    key: Key
    axes: str
    space: Space

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, i: int) -> Values:
        item = picked(self.dataset[i], self.key)
        x = plain(item)
        if x.ndim != len(self.axes) - 1:
            raise CohortError(f"item {i} of the dataset has shape {x.shape}; wanted {self.axes}")
        lies = layout_of((1, *x.shape), self.axes)
        own = _space(item, lies.space, "")
        # Places may lie elsewhere in each person; how large they are and how they point may not.
        other = "" if own.affine is None else _turned(own).same(_turned(self.space))
        if other:
            raise CohortError(
                f"item {i} of the dataset differs from item 0: {other}; let the transform bring "
                "all images to one spacing, orientation and size (as Spacingd, Orientationd)"
            )
        made: Values = lies.first(x[None])[0]
        return made


def _turned(space: Space) -> Space:
    return Space(space.shape, space.spacing, space.units, None, space.orientation)


def _space(item: Any, shape: tuple[int, ...], shared: str) -> Space:
    """The space of an item: from its affine (RAS, mm) where it has one."""
    affine = getattr(item, "affine", None)
    known: Float | None = None if affine is None else np.asarray(plain(affine), dtype=np.float64)
    if known is None or known.shape != (4, 4) or len(shape) != 3:
        return Space(shape, shared=shared)
    return Space(shape, spacing_of(known), "mm", known, orientation_of(known), shared)
