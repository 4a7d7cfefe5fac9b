"""Coalitions at the input: rows with the members' values from x and the others' from a background.

A walk adds the players to the background row b one by one in a random order. With prefix k the
first k players of the order, v_k = f(x on prefix k, b elsewhere) and u_k = f(b on prefix k, x
elsewhere): the walk from b to x, and the one in reversed order, since the complement of a prefix
is a prefix of the reversed order. What the player at place k adds, averaged over both walks, is

    D = ((v_k+1 - v_k) + (u_k - u_k+1)) / 2 = (g_k+1 - g_k) / 2   with g = v - u,

so a walk is told by g alone. g_0 = f(b) - f(x) and g_P = f(x) - f(b) are known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.errors import ModelError

CALL = 2**10
"""Rows of one call of the model, at least, as long as their numbers fit in `LARGE`."""

SMALL, LARGE = 2**18, 2**21
"""Numbers of x in one call of the model: what caches hold, and the most."""


class Space(Protocol):
    """Where coalitions are formed: at the input, or behind the stem (`folded.py`)."""

    def walks(self, rows: Int, backs: Int, ranks: Int) -> Float:
        """g_1 to g_P-1 of T walks, (T, P - 1), for positions of rows and background rows (T,)."""
        ...

    def worths(self, rows: Int, backs: Int, members: Bool) -> Float:
        """Outputs f of each coalition (M, P) for T pairs of row and background row, (T, M)."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class AtInput:
    """Rows `x` (n, p) and background rows (b, p), both flat, before a model of rows (m, *s).

    `owner` (p,) is the player of each number, None where each is its own.
    """

    x: Float
    backs: Float
    owner: Int | None
    shape: tuple[int, ...]
    margin: Callable[[Float], Float]

    def walks(self, rows: Int, backs: Int, ranks: Int) -> Float:
        """As in `Space`; 2 (P - 1) rows of the model a walk."""
        kind = np.int16 if ranks.shape[1] < 2**15 else np.int32
        ranks = ranks.astype(kind)
        g = np.empty((len(rows), ranks.shape[1] - 1))
        for part, some in blocks(g, 2 * self.x.shape[1], self._most):
            places = ranks[part] if self.owner is None else ranks[part][:, self.owner]
            joined = np.arange(some.start + 1, some.stop + 1, dtype=kind)
            inside = places[:, None, :] < joined[:, None]
            x, b = self.x[rows[part], None], self.backs[backs[part], None]
            both = np.empty((2, *inside.shape))
            both[0], both[1] = np.where(inside, x, b), np.where(inside, b, x)
            v, u = self._margin(both).reshape(2, *inside.shape[:2])
            g[part, some] = v - u
        return g

    def worths(self, rows: Int, backs: Int, members: Bool) -> Float:
        """As in `Space`; M rows of the model a pair."""
        inside = members if self.owner is None else members[:, self.owner]
        worth = np.empty((len(rows), len(members)))
        for part, some in blocks(worth, self.x.shape[1], self._most):
            x, b = self.x[rows[part], None], self.backs[backs[part], None]
            mixed = np.where(inside[None, some], x, b)
            worth[part, some] = self._margin(mixed).reshape(mixed.shape[:2])
        return worth

    @property
    def _most(self) -> int:
        p: int = self.x.shape[1]
        return min(max(CALL * p, SMALL), LARGE)

    def _margin(self, mixed: Float) -> Float:
        said = self.margin(mixed.reshape(-1, *self.shape))
        finite(said)
        return said


@dataclass(frozen=True, slots=True, eq=False)
class OwnBacks:
    """The same where each row has `many` background rows of its own, at `many` i in `space`."""

    space: Space
    many: int

    def walks(self, rows: Int, backs: Int, ranks: Int) -> Float:
        """As in `Space`."""
        return self.space.walks(rows, rows * self.many + backs, ranks)

    def worths(self, rows: Int, backs: Int, members: Bool) -> Float:
        """As in `Space`."""
        return self.space.worths(rows, rows * self.many + backs, members)


def finite(said: Float) -> None:
    """Raise ModelError for outputs that are not finite."""
    bad = ~np.isfinite(said)
    if bad.any():
        raise ModelError(
            f"the model's output is not finite for {int(bad.sum())} of {bad.size} rows that mix "
            "values of a row with those of a background row; Shapley values ask about such rows: "
            'bound the inputs, choose a background that is more alike, or say method="ig"'
        )


def blocks(table: Float, width: int, most: int) -> Iterator[tuple[slice, slice]]:
    """Parts of a table (m, k) whose cells take `width` numbers each: at most `most` at once.

    >>> [(a.stop - a.start, b.stop - b.start) for a, b in blocks(np.zeros((3, 4)), 10, 100)]
    [(2, 4), (1, 4)]
    """
    m, k = table.shape
    across = max(1, min(k, most // max(width, 1)))
    down = max(1, most // (max(width, 1) * across)) if across == k else 1
    for start in range(0, m, down):
        for begin in range(0, k, across):
            yield slice(start, min(m, start + down)), slice(begin, min(k, begin + across))
