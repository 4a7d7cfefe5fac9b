"""Shuffles of a sequence that keep how often each letter follows each other one.

A sequence is a walk over its letters, and each pair of neighbours an edge. Every other walk over
the same edges, from the first letter to the last, has the same pairs. A walk is drawn by drawing
the edge by which each letter is left for the last time, which must form a tree that leads to the
last letter, and the order of all other edges (Altschul and Erickson 1985). Trees are drawn by the
loop-erased random walk of Wilson (1996), so that all walks are equally probable, and with them all
distinct sequences with these pairs and ends (Kandel, Matias, Unger and Winkler 1996).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.errors import InputError

LAST = 2.0
"""The key of an edge that leaves its letter last; the others have keys below 1."""


def shuffled_places(codes: Int, count: int, rngs: Sequence[np.random.Generator]) -> Int:
    """Where each position of `count` shuffles of each row comes from, (m, count, L).

    `codes` (m, L) are letters from 0; positions with a negative code (padding) stay where they are,
    and the letters of a row are shuffled over its other positions. `rngs` holds a generator for
    each row, so that no shuffle depends on which rows stand beside it. Time and memory grow with
    m x count x L.

    Raises InputError for a count below 1, or another number of generators than rows.

    >>> row = np.array([[0, 1, 0, 2, 0, 1, -1]])
    >>> places = shuffled_places(row, 3, [np.random.default_rng(0)])
    >>> places.shape, places[0, :, 0].tolist(), places[0, :, -1].tolist()
    ((1, 3, 7), [0, 0, 0], [6, 6, 6])
    """
    if count < 1 or len(rngs) != len(codes):
        raise InputError(
            f"{count} shuffles of {len(codes)} rows with {len(rngs)} generators; wanted at least "
            "one shuffle, and one generator for each row"
        )
    out = np.empty((len(codes), count, codes.shape[1]), dtype=np.int64)
    out[:] = np.arange(codes.shape[1])
    size = (codes >= 0).sum(axis=1)
    for n in np.unique(size[size > 3]):  # shorter ones have one walk only
        rows = np.flatnonzero(size == n)
        held = np.stack([np.flatnonzero(codes[i] >= 0) for i in rows])
        walks = np.take_along_axis(codes[rows], held, axis=1)
        order = np.concatenate(
            [_exits(walk, count, rngs[i]) for walk, i in zip(walks, rows.tolist(), strict=True)]
        )
        walked = _walked(np.repeat(walks, count, axis=0), order).reshape(len(rows), count, n)
        for i, places, own in zip(rows, held, walked, strict=True):
            out[i][:, places] = places[own]
    return out


def _exits(walk: Int, count: int, rng: np.random.Generator) -> Int:
    """The edges (count, n - 1) of a sequence (n,), by the letter that they leave, in drawn order.

    Edge i leads from position i to the next one.
    """
    keys = rng.random((count, len(walk) - 1))
    ways = _ways_on(walk)
    for own in keys:
        own[_tree(walk, ways, rng)] = LAST
    by_letter: Float = keys + (LAST + 1) * walk[:-1]
    return np.argsort(by_letter, axis=1, kind="stable")


def _ways_on(walk: Int) -> dict[int, Int]:
    """The edges by which each letter is left for another letter."""
    moves = np.flatnonzero(walk[:-1] != walk[1:])
    return {int(letter): moves[walk[moves] == letter] for letter in np.unique(walk[moves])}


def _tree(walk: Int, ways: dict[int, Int], rng: np.random.Generator) -> list[int]:
    """One edge out of each letter but the last, by which each of them reaches the last letter.

    Uniform among all such choices of edges: a random walk from each letter to the tree, of which
    the last exit of each letter is kept.
    """
    done = {int(walk[-1])}
    last: dict[int, int] = {}
    for letter in ways:
        here = letter
        while here not in done:
            own = ways[here]
            last[here] = int(own[rng.integers(len(own))])
            here = int(walk[last[here] + 1])
        here = letter
        while here not in done:
            done.add(here)
            here = int(walk[last[here] + 1])
    return [edge for letter, edge in last.items() if letter != walk[-1]]


def _walked(walks: Int, order: Int) -> Int:
    """The positions (k, n) in the order in which each walk meets them, taking exits in `order`."""
    k, n = walks.shape
    own = np.arange(k)
    letters = int(walks.max()) + 1
    sizes = np.zeros((k, letters), dtype=np.int64)
    np.add.at(sizes, (own[:, None], walks[:, :-1]), 1)
    following = np.cumsum(sizes, axis=1) - sizes
    places = np.zeros((n, k), dtype=np.int64)
    here = walks[:, 0]
    for i in range(1, n):
        at = following[own, here]
        following[own, here] = at + 1
        places[i] = order[own, at] + 1
        here = walks[own, places[i]]
    return np.ascontiguousarray(places.T)
