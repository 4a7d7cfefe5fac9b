"""What walks add up to: Shapley values, and how far off they may be.

Walk w of a row gives one number D_w a player, from one random order and one background row b_w.
Over random orders its mean is the Shapley value against b_w, and over players it sums to
f(x) - f(b_w): efficiency, in each walk. A row meets its B background rows in a random order; now
and then one is met again, which shows how much D varies over orders alone. So the walks are a
sample in two stages (Cochran 1977, chapter 10), background rows and orders within them.

The value is the mean over the m background rows met of the mean D of each. Its variance is

    (1/m - 1/B) S^2 + s^2 r / m,

S^2 the variance between background rows, s^2 that over orders given one, r the mean of 1 / (times
met). The mean D of background rows have a variance T^2 = S^2 + s^2 r, so this is (1/m - 1/B) T^2 +
s^2 r / B. From the first full sweep on (m = B) differences between background rows have no part
in it, and the values are unbiased and sum to f(x) minus the mean of f(b) without any correction.

Before that, the sum is off by the gap between the means of f(b) over the m rows and over all B,
which is known. It is divided among the players in proportion to the variance of their D: the
projection of least variance onto the right sum, if players vary independently. Who never adds
anything gets nothing of it. Weights and gap come from the same walks, so the values are then
unbiased up to terms of order 1/m.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Bool, Float, Int

FEWEST = 10
"""Fewest walks after which a row may be called precise."""

AGAIN = 10
"""Before all background rows have been met, every tenth walk meets one again."""

FEW_AGAIN = 5
"""Fewest meetings again on which s^2 is relied; with fewer, all variance counts as over orders."""


SHORT = 0.5
"""Values shorter than this share of the typical length are judged as if they had it."""


def slots(walks: range, size: int) -> Int:
    """The place, in a row's order of its background rows, of the one that each walk meets.

    >>> slots(range(16, 24), 100)
    array([16, 17, 18,  0, 19, 20, 21, 22])
    >>> slots(range(0, 6), 4)
    array([0, 1, 2, 3, 0, 1])
    """
    walk = np.arange(walks.start, walks.stop, dtype=np.int64)
    again = np.maximum(walk // AGAIN - 1, 0)
    fresh = np.where((walk > AGAIN) & (walk % AGAIN == AGAIN - 1), again, walk - again)
    place: Int = np.where(walk - again >= size, (walk - size) % size, fresh)
    return place


@dataclass(slots=True, eq=False)
class Tally:
    """Walks of m rows so far: `mean` (m, slots, P) of those that met each background row.

    `within` (m, P) are squared deviations from these means (Welford 1962), `times` (slots,) how
    often each place of the order was met; `size` is B.
    """

    mean: Float
    within: Float
    times: Int
    size: int

    @classmethod
    def empty(cls, rows: int, players: int, *, size: int, most: int) -> Tally:
        """No walk yet, and room for `most` of them."""
        room = min(size, most)
        mean, within = np.zeros((rows, room, players)), np.zeros((rows, players))
        return cls(mean, within, np.zeros(room, dtype=np.int64), size)

    @property
    def walks(self) -> int:
        """Walks of each row."""
        return int(self.times.sum())

    @property
    def met(self) -> int:
        """Background rows met."""
        return int((self.times > 0).sum())

    def add(self, places: Int, found: Float) -> None:
        """Walks of all rows, (m, k, P), that met the background rows at k different places."""
        apart = found - self.mean[:, places]
        times = self.times[places]
        self.mean[:, places] += apart / (times + 1)[:, None]
        self.within += np.einsum("mkp,k->mp", np.square(apart), times / (times + 1))
        self.times[places] += 1

    def keep(self, rows: Bool) -> None:
        """Leave out the rows that are done."""
        self.mean, self.within = self.mean[rows], self.within[rows]


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """Values and their standard errors (m, P).

    `length` (m,) is that of the values as a vector, or half the typical one (root of sum S^2) where
    that is more: who is much like the average has short values, and no use for a precise zero.
    `sure` tells whether the errors rest on enough walks.
    """

    values: Float
    error: Float
    length: Float
    sure: bool

    def precise(self, tolerance: float) -> Bool:
        """Rows (m,) whose errors are together at most `tolerance` of the length."""
        enough: Bool = np.sqrt(np.square(self.error).sum(axis=1)) <= tolerance * self.length
        return enough & self.sure


def estimate(tally: Tally, move: Float) -> Estimate:
    """The Shapley values that the walks tell; `move` (m,) is f(x) minus the background's mean."""
    met, again = tally.met, tally.walks - tally.met
    values = tally.mean[:, :met].mean(axis=1)
    apart = tally.mean[:, :met] - values[:, None]
    own = np.square(apart).sum(axis=1)
    left, share = (move - values.sum(axis=1))[:, None], _shares(own, values)
    if met < tally.size:
        values = values + share * left
    total = _projected(apart, own, share) / max(met - 1, 1)
    orders = tally.within / max(again, 1) * (1 / tally.times[:met]).mean()
    known = again >= min(FEW_AGAIN, max(met - 1, 1))
    variance = total * (1 / met - 1 / tally.size) + (orders if known else total) / tally.size
    variance += np.square(share * left) * (own.sum(axis=1, keepdims=True) == 0) * (met < tally.size)
    between = np.maximum(own / max(met - 1, 1) - orders, 0) if known else np.zeros_like(own)
    length = np.maximum(np.square(values).sum(axis=1), SHORT**2 * between.sum(axis=1))
    sure = tally.walks >= FEWEST and (met < tally.size or again >= min(FEWEST, met - 1))
    return Estimate(values, np.sqrt(variance), np.sqrt(length), sure)


def _shares(own: Float, values: Float) -> Float:
    """How the gap is divided, (m, P), each row summing to 1: by variance, else by size."""
    size = np.where(own.sum(axis=1, keepdims=True) > 0, own, np.square(values))
    total = size.sum(axis=1, keepdims=True)
    share: Float = np.where(total > 0, size, 1.0) / np.where(total > 0, total, own.shape[1])
    return share


def _projected(apart: Float, own: Float, share: Float) -> Float:
    """Squared deviations over background rows once each one's own gap is divided, (m, P)."""
    gap = apart.sum(axis=2)
    cross = np.einsum("mwp,mw->mp", apart, gap)
    left = own - 2 * share * cross + share**2 * np.square(gap).sum(axis=1)[:, None]
    whole: Float = np.maximum(left, 0.0)
    return whole
