"""Bags of tiles: slides that are cut into as many tiles as they have tissue for, as one x.

A bag is x (c + 1, t, *s): channels first, then the places of tiles, then a tile's own axes, of
which vectors from an encoder have none. The last channel, "tile", is 1 where a place holds a tile
and 0 where it is empty, so that the number of tiles belongs to the row. Places are filled from the
first on, and a place means nothing from one row to another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evenlight.arrays import Float, Int, Text, Values
from evenlight.data.features import Features
from evenlight.data.rows import DENSE_BUDGET, Held, Rows, blocks
from evenlight.data.space import Space
from evenlight.errors import CohortError

TILE = "tile"
"""The name of the channel that says where tiles are."""


@dataclass(frozen=True, slots=True, eq=False)
class Bags:
    """N bags as `x` (n, c + 1, t, *s), what its channels are, and how many tiles each has (n,).

    `x` and `features` are for `evenlight.Cohort`; `notes` say which tiles were left out.
    """

    x: Held
    features: Features
    count: Int
    notes: tuple[str, ...] = ()

    def reference(self, tile: Values | float | None = None) -> Reference:
        """A baseline for method="ig": each bag with its own number of tiles, all of them `tile`.

        `tile` (c, *s) or one number; None takes the mean over bags of their mean tile, so that a
        slide with many tiles counts as one with few. The channel "tile" stays as it is and has an
        attribution of 0.
        """
        shape = (self.x.shape[1] - 1, *self.x.shape[3:])
        made = _mean_tile(self.x) if tile is None else np.broadcast_to(tile, shape)
        return Reference(np.asarray(made, dtype=np.float64), "mean tile" if tile is None else "own")

    def labels(self, kinds: Sequence[Values], *, absent: int = -1) -> Int:
        """The kind of each tile as a label map (n, t, *s), `absent` where there is none.

        `kinds` hold for each bag the whole numbers (t_i,) of its tiles, such as tumour or stroma.
        Sums of attributions by kind are those of `Attributions.by_maps`.
        """
        if len(kinds) != len(self.count):
            raise CohortError(f"kinds of {len(kinds)} bags for {len(self.count)}")
        made = np.full((self.x.shape[0], *self.x.shape[2:]), absent, dtype=np.int64)
        for i, (own, many) in enumerate(zip(kinds, self.count, strict=True)):
            told = np.asarray(own)
            if told.shape != (many,) or told.dtype.kind not in "iu":
                raise CohortError(
                    f"kinds of the bag at position {i} are {told.dtype} {told.shape}; wanted one "
                    f"whole number for each of its {many} tiles"
                )
            made[i, :many] = told.reshape(-1, *[1] * (made.ndim - 2))
        return made


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """The references of bags: `tile` (c, *s) in every place that holds one."""

    tile: Float
    told: str

    def __call__(self, x: Values, ids: Text) -> Values:
        """(m, 1, c + 1, t, *s) of bags (m, c + 1, t, *s)."""
        there = x[:, -1:]
        made = np.concatenate([self.tile[:, None] * there, there], axis=1, dtype=np.float64)
        return made[:, None]


def bag(
    tiles: Sequence[Any], *, names: Sequence[str] | None = None, most: int | None = None,
    rng: np.random.Generator | int = 0,
) -> Bags:  # fmt: skip
    """Slides of any number of tiles as one x.

    Parameters
    ----------
    tiles
        one array a slide, (t_i, c, *s): vectors of an encoder (t_i, c), or images (t_i, c, h, w);
        arrays, memory maps, or of zarr and HDF5, which stay on disk where x would be large.
    names
        of the c channels, by default "x0", "x1", ...
    most
        tiles to keep of a slide; of larger ones a random choice, which is noted.

    Raises CohortError for slides without tiles, or whose tiles differ in shape.

    >>> bags = bag([np.ones((2, 3)), np.ones((4, 3))])
    >>> bags.x.shape, bags.count.tolist(), bags.features.names
    ((2, 4, 4), [2, 4], ('x0', 'x1', 'x2', 'tile'))
    """
    shapes = [tuple(np.shape(one)) for one in tiles]
    own = _one_shape(shapes)
    if names is not None and len(names) != own[0]:
        raise CohortError(f"{len(names)} names for {own[0]} channels of a tile")
    generator = np.random.default_rng(rng)
    found = [_chosen(shape[0], most, generator) for shape in shapes]
    count = np.array([len(at) for at in found], dtype=np.int64)
    padded: Any = _Padded(tiles, found, int(count.max()), own)
    told = tuple(names) if names is not None else tuple(f"x{j}" for j in range(own[0]))
    features = Features((*told, TILE), space=Space((int(count.max()), *own[1:])))
    size = 4 * len(tiles) * (own[0] + 1) * int(count.max()) * int(np.prod(own[1:]))
    x: Held = Rows(padded)
    if size <= DENSE_BUDGET:
        x = np.stack([padded[i] for i in range(len(tiles))])
    cut = sum(shape[0] > len(at) for shape, at in zip(shapes, found, strict=True))
    notes = (f"{cut} of {len(tiles)} slides have more than {most} tiles; {most} of each were "
             "chosen at random.",) if cut else ()  # fmt: skip
    return Bags(x, features, count, notes)


def _one_shape(shapes: list[tuple[int, ...]]) -> tuple[int, ...]:
    """The shape (c, *s) of every tile."""
    if len(shapes) < 2:
        raise CohortError(
            f"{len(shapes)} slides; wanted two or more, one array (tiles, c, *s) each"
        )
    empty = [i for i, shape in enumerate(shapes) if len(shape) < 2 or shape[0] == 0]
    if empty:
        raise CohortError(
            f"{len(empty)} slides hold no tiles, first at position {empty[0]}: {shapes[empty[0]]}, "
            "wanted (tiles, c, *s); leave them out of the cohort"
        )
    other = [i for i, shape in enumerate(shapes) if shape[1:] != shapes[0][1:]]
    if other:
        raise CohortError(
            f"tiles are {shapes[0][1:]} in the first slide and {shapes[other[0]][1:]} in "
            f"{len(other)} others, first at position {other[0]}; bring all to one shape"
        )
    return shapes[0][1:]


def _chosen(many: int, most: int | None, rng: np.random.Generator) -> Int:
    if most is not None and most < 1:
        raise CohortError(f"most={most}; wanted at least 1 tile a slide")
    if most is None or many <= most:
        return np.arange(many, dtype=np.int64)
    return np.sort(rng.choice(many, most, replace=False)).astype(np.int64)


def _mean_tile(x: Held) -> Float:
    """The mean over bags of the mean of their tiles, (c, *s)."""
    total = np.zeros((x.shape[1] - 1, *x.shape[3:]))
    for _, part in blocks(x):
        there = np.asarray(part[:, -1:], dtype=np.float64)
        total += ((part[:, :-1] * there).sum(axis=2) / there.sum(axis=2)).sum(axis=0)
    return total / x.shape[0]


class _Padded:
    """Bags with their tiles moved behind the channels and padded, made when asked for."""

    def __init__(
        self, tiles: Sequence[Any], found: list[Int], places: int, own: tuple[int, ...]
    ) -> None:
        self.tiles, self.found, self.places, self.own = tiles, found, places, own

    def __len__(self) -> int:
        return len(self.tiles)

    def __getitem__(self, i: int) -> Values:
        """Bag i, (c + 1, t, *s)."""
        at = self.found[i]
        whole = len(at) == np.shape(self.tiles[i])[0]
        held = np.asarray(self.tiles[i][:] if whole else self.tiles[i][at], dtype=np.float32)
        made = np.zeros((self.own[0] + 1, self.places, *self.own[1:]), dtype=np.float32)
        made[:-1, : len(at)] = np.moveaxis(held, 0, 1)
        made[-1, : len(at)] = 1
        return made
