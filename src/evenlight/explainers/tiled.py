"""Blocks of rows that are kept as they are done, so that they need not be explained again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256

from evenlight.arrays import Text, Values

Arrays = Mapping[str, Values]

Tiles = Callable[[str, Callable[[], Arrays]], Arrays]
"""Asked for a block by name and how it is made; gives its arrays, made now or kept before."""


def tiled(tiles: Tiles | None, rows: Text, target: str, make: Callable[[], Arrays]) -> Arrays:
    """The arrays of some rows (m,), of ids `rows`: as `tiles` has them, or as they are made now.

    A block is named by its target and the ids of its rows, so that those of other heads or folds
    are never taken for it.
    """
    if tiles is None:
        return make()
    text = "\x1f".join([target, *rows.tolist()])
    return tiles(sha256(text.encode()).hexdigest()[:24], make)
