"""Regions of images taken from people of another group, filled from their border, or blurred."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal, get_args

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.sparse import csc_array, diags_array
from scipy.sparse.linalg import splu

from evenlight.arrays import Bool, Float, Int
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.groups import Groups
from evenlight.data.handed import need_cohort
from evenlight.data.neutralised import Kind, Neutralised
from evenlight.errors import FeatureError, ModelError, UnknownName
from evenlight.probes.pieces import CHANNELS
from evenlight.probes.scene import Scene, scene
from evenlight.probes.swap import swapped

How = Literal["donor", "inpaint", "blur"]
WAYS: dict[str, tuple[Kind, str]] = {
    "inpaint": ("inpaint", "filled from its border, each position the mean of its neighbours"),
    "blur": ("blur", "blurred by a Gaussian of half the region's mean side"),
}


def patches(
    model: object,
    cohort: Cohort,
    *,
    by: str | Groups,
    sets: FeatureSets,
    how: How = "donor",
    target: int | str | None = None,
    rng: np.random.Generator | int = 0,
) -> Neutralised:
    """Each region of an image (or window of a signal) changed in all rows.

    *donor*: the region of somebody of the other group with the same outcome, matched by rank of
    what the model makes of it; a swap, whose closure is the region's share of the gap. *inpaint*:
    the smoothest surface through the region's border (each position the mean of its neighbours).
    *blur*: a Gaussian of half the region's mean side. The last two say what happens without the
    region's content and hold no claim about groups using it otherwise.

    Raises ModelError for a table, FeatureError for sets that are no regions of these rows, or for a
    region without a border.
    """
    need_cohort(cohort, "patches(model, cohort, by=...)")
    if how not in get_args(How):
        raise UnknownName(f"no way {how!r} to change regions; known: {', '.join(get_args(How))}")
    if cohort.x.ndim < 3:
        raise ModelError("patches changes regions of images or signals; columns go to swap")
    here = scene(model, cohort, by=by, sets=sets, target=target)
    if how == "donor":
        return swapped(here, ["donors"] * len(here.sets), np.random.default_rng(rng))
    kind, way = WAYS[how]
    after = np.empty((len(here.sets), 1, cohort.n))
    for i, columns in enumerate(here.columns):
        blur = partial(blurred, columns=columns)
        after[i, 0] = (
            _inpainted(here, columns) if how == "inpaint" else _changed(here, columns, blur)
        )
    return here.record(kind, after, how=(way,) * len(here.sets))


def filling(shape: tuple[int, ...], columns: Int) -> tuple[Int, Float]:
    """The border (b,) of a region (r,) of a flat row, and what each position takes of it (r, b).

    Position i of the region takes the mean of its neighbours along the spatial axes, at once for
    all: the discrete Laplace equation with the border as it is. Raises FeatureError where part of
    the region has no border.

    >>> border, weight = filling((1, 1, 5), np.array([1, 2]))
    >>> border.tolist(), weight.round(2).tolist()
    ([0, 3], [[0.67, 0.33], [0.33, 0.67]])
    """
    total = int(np.prod(shape))
    inside = np.zeros(total, dtype=bool)
    inside[columns] = True
    own, near = _neighbours(shape, inside)
    place = np.cumsum(inside) - 1
    degree = np.bincount(place[own], minlength=len(columns)).astype(float)
    border = ~inside[near]
    _bordered(place, own, near, inside)
    ring = csc_array(
        (np.ones(int(border.sum())), (place[own[border]], near[border])),
        shape=(len(columns), total),
    )
    inner = csc_array(
        (-np.ones(int((~border).sum())), (place[own[~border]], place[near[~border]])),
        shape=(len(columns), len(columns)),
    )
    solve = splu(csc_array(inner + diags_array(degree)))
    used = np.flatnonzero(np.diff(ring.indptr))
    return used.astype(np.int64), solve.solve(ring[:, used].toarray())


def _neighbours(shape: tuple[int, ...], inside: Bool) -> tuple[Int, Int]:
    """Positions of the region and their neighbours along the spatial axes, as pairs (e,), (e,)."""
    grid = np.arange(inside.size).reshape(shape)
    pairs = []
    for axis in range(1 if _channelled(shape) else 0, len(shape)):
        ahead = np.moveaxis(grid, axis, 0)
        pairs += [(ahead[:-1].ravel(), ahead[1:].ravel()), (ahead[1:].ravel(), ahead[:-1].ravel())]
    own, near = (np.concatenate(side) for side in zip(*pairs, strict=True))
    return own[inside[own]].astype(np.int64), near[inside[own]].astype(np.int64)


def _bordered(place: Int, own: Int, near: Int, inside: Bool) -> None:
    """Raise FeatureError unless every part of the region reaches a position outside of it."""
    reached = np.zeros(int(inside.sum()), dtype=bool)
    reached[place[own[~inside[near]]]] = True
    linked = inside[near]
    a, b = place[own[linked]], place[near[linked]]
    while True:
        more = np.zeros_like(reached)
        more[a[reached[b]]] = True
        if not (more & ~reached).any():
            break
        reached |= more
    if not reached.all():
        raise FeatureError(
            f"{int((~reached).sum())} of {len(reached)} positions of a region have no border to be "
            "filled from; leave a margin around the region, or use how='donor' or 'blur'"
        )


def _channelled(shape: tuple[int, ...]) -> bool:
    return len(shape) > 1 and shape[0] <= CHANNELS


def _inpainted(here: Scene, columns: Int) -> Float:
    """Margins (n,) with a region filled from its border."""
    border, weight = filling(tuple(here.cohort.x.shape[1:]), columns)
    return _changed(here, columns, lambda x: x.reshape(len(x), -1)[:, border] @ weight.T)


def blurred(x: Float, columns: Int) -> Float:
    """What stands in a region's columns of rows x (m, *s) where they are blurred, (m, r)."""
    shape = x.shape[1:]
    first = 1 if _channelled(shape) else 0
    space = len(shape) - first
    area = len(columns) / (shape[0] if first else 1)
    width = max(0.5, area ** (1 / space) / 2)
    sigma = (0.0,) * (1 + first) + (width,) * space
    made: Float = gaussian_filter(x, sigma).reshape(len(x), -1)[:, columns]
    return made


def _changed(here: Scene, columns: Int, change: Callable[[Float], Float]) -> Float:
    """Margins (n,) with the columns as `change` makes them of rows x (m, *s)."""
    out = np.empty(here.cohort.n)
    for part, x in here.cohort.blocks():
        new = np.array(x, dtype=np.float64)
        flat = new.reshape(len(new), -1)
        flat[:, columns] = change(np.asarray(x, dtype=np.float64))
        out[part] = here.prepared.margin(flat.reshape(new.shape))
    return out
