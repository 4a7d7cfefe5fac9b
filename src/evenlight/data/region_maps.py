"""Attributions summed over regions of which each row has a map of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.data import align
from evenlight.data.features import Features
from evenlight.data.positions import label_names
from evenlight.data.rows import Rows, blocks
from evenlight.data.sources import lazy
from evenlight.errors import AttributionError, FeatureError
from evenlight.small_groups import least_shown

if TYPE_CHECKING:
    from evenlight.data.attributions import Attributions

BACKGROUND = "background"


def by_maps(
    made: Attributions,
    labels: Any,
    names: Mapping[int, str] | None = None,
    *,
    rows: Sequence[object] | None = None,
) -> Attributions:
    """The same with regions as features, each row summed over its own label map, in float64.

    Parameters
    ----------
    labels
        whole numbers (n, *space), one map for each row, held or read from disk block by block: each
        person's own segmentation. All channels of a place belong to its region.
    names
        the name of each label, by default "region 1", "region 2", ...; 0 is "background" unless it
        is named. One that occurs in no row is left out; one that is missing is an error.
    rows
        the ids of the maps' rows, where they are not those of the attributions in their order.

    Every place belongs to one region, so that sums add up to the output. A row that lacks a region
    has 0 there: `settings["regions absent"]` counts these rows by region. Rows need no shared
    space, since no place is compared between them.

    Raises AttributionError for maps of another number or shape, FeatureError for labels that are
    no whole numbers, have no name, or share one.
    """
    maps = labels if lazy(labels) else np.asarray(labels)
    if rows is not None:
        at = align.match(align.ids(list(rows)), made.rows, what="label maps")
        maps = Rows(maps).take(at) if lazy(maps) else maps[at]
    _fitting(made, tuple(int(side) for side in maps.shape))
    found = _found(maps)
    own = {int(k): f"region {k}" for k in found} if names is None else dict(names)
    own = {**own, 0: (names or {}).get(0, BACKGROUND)}
    kept = label_names(found, own)
    sums, absent = _summed(made, maps, found)
    lacking = {name: _told(int(k), made.n) for name, k in zip(kept, absent, strict=True) if k}
    settings = {**made.settings, "regions absent": lacking}
    return replace(
        made, features=Features(kept), values=sums, spread=None, sensitivity=None, settings=settings
    )


def _fitting(made: Attributions, shape: tuple[int, ...]) -> None:
    """Raise AttributionError unless maps (n, *space) lie over the last axes of the values."""
    values = tuple(int(side) for side in made.values.shape)
    wide = len(shape) - 1
    if shape[:1] != values[:1] or not 0 < wide < len(values) or shape[1:] != values[-wide:]:
        raise AttributionError(
            f"the label maps are {shape} and the attributions {values}; wanted one map a row over "
            f"its places, {(values[0], *values[2:]) if len(values) > 2 else values}"
        )


def _found(maps: Any) -> Int:
    """All labels that occur, in their order."""
    seen: set[int] = set()
    for _, block in blocks(maps):
        if block.dtype.kind not in "iub":
            raise FeatureError(f"labels are {block.dtype}; wanted whole numbers, one a region")
        seen |= set(np.unique(block).tolist())
    return np.array(sorted(seen), dtype=np.int64)


def _summed(made: Attributions, maps: Any, found: Int) -> tuple[Any, Int]:
    """Sums (n, regions) in float32, and how many rows lack each region."""
    out = np.empty((made.n, len(found)), dtype=np.float32)
    absent = np.zeros(len(found), dtype=np.int64)
    for part, values in blocks(made.values):
        own = np.searchsorted(found, np.asarray(maps[part], dtype=np.int64))
        size = (len(own), len(found))
        at = (own.reshape(len(own), -1) + np.arange(len(own))[:, None] * len(found)).ravel()
        places: Float = values.astype(np.float64).reshape(len(own), -1, at.size // len(own))
        out[part] = np.bincount(at, places.sum(axis=1).ravel(), out[part].size).reshape(size)
        absent += (np.bincount(at, minlength=out[part].size).reshape(size) == 0).sum(axis=0)
    return out, absent


def _told(count: int, n: int) -> int | str:
    """A number of the n rows as it may be kept in a record: none tells of few people."""
    if count < least_shown():
        return f"fewer than {least_shown()}"
    return count if n - count >= least_shown() else f"all but fewer than {least_shown()}"
