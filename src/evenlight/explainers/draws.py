"""Random orders that belong to a row: the same whatever rows stand beside it, in whatever order.

A draw is a function of (run, row id, number of the draw) alone. Philox (Salmon 2011) is a keyed
function of a counter: the key is a digest of run and row id, the counter the number of the draw.
Only its raw words are used, whose stream numpy keeps from version to version.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.random import Philox
from numpy.typing import NDArray

from evenlight.arrays import Int, Text

Keys = NDArray[np.uint64]

ORDERS, BACKGROUNDS = 0, 1
"""What is drawn: the last word of the counter, so that no two draws share their numbers."""


def row_keys(run: int, rows: Text) -> Keys:
    """The key of each row, (n, 2), from the run's number and the row's id.

    >>> row_keys(7, np.array(["ann", "bob"]))[1] == row_keys(7, np.array(["bob"]))[0]
    array([ True,  True])
    """
    digests = [blake2b(f"{run}\x1f{row}".encode(), digest_size=16).digest() for row in rows]
    return np.frombuffer(b"".join(digests), dtype="<u8").reshape(-1, 2).astype(np.uint64)


def walk_ranks(keys: Keys, walks: range, players: int) -> Int:
    """Where each player stands in the order of each walk, (n, walks, P): 0 joins first.

    Uniform over all P! orders, since the ranks of independent words are.
    """
    blocks = -(-players // 4)
    words = np.empty((len(keys), len(walks), 4 * blocks), dtype=np.uint64)
    drawn = _words(keys, walks.start * blocks, ORDERS, len(walks) * 4 * blocks)
    for own, row in zip(words, drawn, strict=True):
        own[:] = row.reshape(own.shape)
    return np.argsort(words[:, :, :players], axis=2, kind="stable")


def background_orders(keys: Keys, size: int) -> Int:
    """The order in which each row meets the background rows, (n, size)."""
    words = np.array(list(_words(keys, 0, BACKGROUNDS, size))).reshape(-1, size)
    return np.argsort(words, axis=1, kind="stable")


def _words(keys: Keys, block: int, what: int, count: int) -> Iterator[NDArray[np.uint64]]:
    """`count` random words of each row, from a block of four on; one generator, set to each key."""
    source = Philox(key=0, counter=0)
    state: Any = source.state
    for key in keys:
        state["state"]["key"][:] = key
        state["state"]["counter"][:] = (block, 0, 0, what)
        source.state = state
        yield source.random_raw(count)
