"""Shapley values by antithetic permutation walks, until they are precise or the budget is spent.

Sampling orders: Castro, Gomez and Tejada (2009); a walk and its reverse, which cancels what pairs
of players do together: Mitchell, Cooper, Frank and Holmes (2022).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.explainers.coalitions import Space
from evenlight.explainers.draws import Keys, background_orders, walk_ranks
from evenlight.explainers.tally import FEWEST, Tally, estimate, slots

LOOK = 25
"""Walks between two looks at the standard error."""


@dataclass(frozen=True, slots=True, eq=False)
class Ends:
    """What is known before any walk: f of the rows (n,) and of the background rows (b,).

    Where each row has b background rows of its own, `backs` is (n, b).
    """

    rows: Float
    backs: Float

    @property
    def size(self) -> int:
        """Background rows that a row can meet."""
        return int(self.backs.shape[-1])

    @property
    def base(self) -> Float:
        """The mean output of the background rows of each row, (n,)."""
        return np.broadcast_to(self.backs.mean(axis=-1), self.rows.shape)

    @property
    def move(self) -> Float:
        """What the players of each row share out, (n,)."""
        move: Float = self.rows - self.base
        return move

    def of(self, rows: Int, backs: Int) -> Float:
        """Outputs of background rows (T,) that rows (T,) meet."""
        met: Float = self.backs[backs] if self.backs.ndim == 1 else self.backs[rows, backs]
        return met

    def take(self, rows: Int) -> Ends:
        """Those of some rows."""
        return Ends(self.rows[rows], self.backs if self.backs.ndim == 1 else self.backs[rows])


@dataclass(frozen=True, slots=True)
class Limits:
    """A row has at most `most` walks, and no more once it is precise to `tolerance` if `early`.

    It is judged once it has met every background row: the error of fewer misses rare values.
    """

    most: int
    tolerance: float
    early: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Walked:
    """Values and standard errors (n, P), walks that each row took, and whether it is precise."""

    values: Float
    error: Float
    walks: Int
    precise: Bool

    @classmethod
    def empty(cls, rows: int, players: int) -> Walked:
        """Nothing yet."""
        return cls(
            np.zeros((rows, players)), np.zeros((rows, players)),
            np.zeros(rows, dtype=np.int64), np.zeros(rows, dtype=bool),
        )  # fmt: skip

    def put(self, rows: Int, other: Walked) -> None:
        """What was found for some rows."""
        self.values[rows], self.error[rows] = other.values, other.error
        self.walks[rows], self.precise[rows] = other.walks, other.precise


def walk(space: Space, ends: Ends, keys: Keys, players: int, limits: Limits) -> Walked:
    """Walk from every row until it is precise, or has had the most walks."""
    n, size = len(ends.rows), ends.size
    made, left = Walked.empty(n, players), np.arange(n)
    orders = background_orders(keys, size)
    tally = Tally.empty(n, players, size=size, most=limits.most)
    while len(left):
        steps = _until_look(tally.walks, size, limits.most)
        places = slots(steps, size)
        ranks = walk_ranks(keys[left], steps, players)
        tally.add(places, _steps(space, ends, left, orders[left][:, places], ranks))
        found = estimate(tally, ends.move[left])
        precise = found.precise(limits.tolerance)
        done = precise & (limits.early and tally.met == size)
        if tally.walks == limits.most:
            done = np.ones_like(precise)
        walks = np.full(len(left), tally.walks)
        here = Walked(found.values[done], found.error[done], walks[done], precise[done])
        made.put(left[done], here)
        if done.any():
            tally.keep(~done)
            left = left[~done]
    return made


def _until_look(walks: int, size: int, most: int) -> range:
    """The walks up to the next look, all of which meet different background rows."""
    look = FEWEST if walks == 0 else (walks // LOOK + 1) * LOOK
    sweep = walks + size if walks < size else (walks // size + 1) * size
    return range(walks, min(look, sweep, most))


def _steps(space: Space, ends: Ends, rows: Int, backs: Int, ranks: Int) -> Float:
    """What each player adds in each walk, (m, k, P); `backs` (m, k), `ranks` (m, k, P)."""
    m, k, players = ranks.shape
    row, back, flat = np.repeat(rows, k), backs.reshape(-1), ranks.reshape(m * k, players)
    g = np.empty((m * k, players + 1))
    g[:, -1] = ends.rows[row] - ends.of(row, back)
    g[:, 0] = -g[:, -1]
    g[:, 1:-1] = space.walks(row, back, flat)
    added = np.diff(g, axis=1) / 2
    return np.take_along_axis(added, flat, axis=1).reshape(m, k, players)
