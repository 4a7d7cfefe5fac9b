"""Null statistics of many tests, made when asked for, and counted as float64 would count them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import array_api_compat
import numpy as np

from evenlight.arrays import Float, Int, Values
from evenlight.stats.cells import Design
from evenlight.stats.multiplicity import GUARD
from evenlight.stats.operands import Move, Operands, operands
from evenlight.stats.products import Labels, at_pairs, null_rows

NEAR, NEAR_EACH = 2e-5, 1e-8
"""A float32 statistic this close to the observed one, and so much more for each unit, is computed
again in float64. Errors of up to 8e-6 (1 + z) were seen with 3,000 units, of genotypes."""

OFTEN = 0.01
"""A feature with more such draws than this, as genotypes have, is computed again as a whole."""


PAIRS = 2**20
"""Numbers gathered at once for single pairs of a feature and a draw."""


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One contrast: cells (m, p), its design, labels (B, u), and all arrangements if they are few.

    `every` (N, u) holds each arrangement once, the observed one among them.
    """

    values: Float
    plan: Design
    labels: Labels
    every: Labels | None = None


@dataclass(frozen=True, slots=True)
class How:
    """How products are made: fixed point of `bits`, float32 (`single`), on the arrays of `move`.

    `first` draws of the first look (None: a fifth, at least 2,000); `raw` False leaves p out,
    `tails` False leaves small p as counted.
    """

    bits: int | None = None
    single: bool = False
    move: Move | None = None
    first: int | None = None
    raw: bool = True
    tails: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Nulls:
    """Where Z* of m tests comes from: source and column `at` (m, 2), Z observed `seen` (m,).

    Values are turned so that the observed side is above 0: a null is that of |Z| with its sign.
    """

    sources: Sequence[Source]
    labels: Sequence[Labels]
    at: Int
    seen: Float
    how: How

    @property
    def size(self) -> Float:
        """|Z| observed (m,)."""
        size: Float = np.abs(self.seen)
        return size

    def drawn(self, index: Int, draws: int) -> tuple[Values, Int]:
        """Z* (len(index), draws) of some tests, turned, and what they reach, see `reached`."""
        out = np.empty((len(index), draws), dtype=np.float32 if self.how.single else np.float64)
        count = np.zeros((len(index), 2), dtype=np.int64)
        for i in np.unique(self.at[index, 0]):
            own = np.flatnonzero(self.at[index, 0] == i)
            out[own], count[own] = self.of_source(int(i), index[own], self.labels[i][:draws])
        return out, count

    def of_source(self, i: int, index: Int, labels: Labels) -> tuple[Values, Int]:
        """The same for tests of one source and any labels (draws, u)."""
        values = self.sources[i].values[:, self.at[index, 1]] * side_of(self.seen[index])
        double = operands(values, self.sources[i].plan, bits=self.how.bits, move=np.asarray)
        made = moved(double, self.how.move or (_single if self.how.single else np.asarray))
        z = np.asarray(array_api_compat.to_device(null_rows(made, labels), "cpu"))
        if not self.how.single:
            return z, reached(z, self.size[index] * (1 - GUARD))
        return z, self._settled(z, double, index, labels)

    def _settled(self, z: Values, double: Operands, index: Int, labels: Labels) -> Int:
        """Counts from float32 statistics (f, draws), those near the observed one in float64."""
        size = self.size[index]
        width = (NEAR + NEAR_EACH * labels.shape[1]) * (1 + size)
        low, high = ((size + side * width).astype(np.float32) for side in (-1, 1))
        count = reached(z, high)
        near = reached(z, low)[:, 1] - count[:, 1]
        rows = np.flatnonzero(near)
        if not len(rows):
            return count
        bar = size[rows] * (1 - GUARD)
        often = near[rows] > OFTEN * z.shape[1]
        if often.any():
            again = null_rows(columns_of(double, rows[often]), labels)
            count[rows[often]] = reached(again, bar[often])
        seldom = np.flatnonzero(~often)
        own, at = np.abs(z[rows[seldom]]), rows[seldom]
        row, draw = np.nonzero((own >= low[at, None]) & (own < high[at, None]))
        exact = _pairs(double, labels, at[row], draw)
        np.add.at(count, at[row], reached(exact[:, None], bar[seldom[row]]))
        return count


def reached(z: Values, bar: Float) -> Int:
    """How many draws (m, 2) of z (m, draws) reach a bar (m,) above 0, and how many on either side.

    >>> reached(np.array([[-2.0, 1.0, 3.0]]), np.array([1.5])).tolist()
    [[1, 2]]
    """
    own = np.count_nonzero(z >= bar[:, None], axis=1)
    return np.column_stack([own, own + np.count_nonzero(z <= -bar[:, None], axis=1)])


def side_of(seen: Float) -> Float:
    """-1 where a statistic is below 0, else 1."""
    return np.where(seen < 0, -1.0, 1.0)


def _pairs(made: Operands, labels: Labels, feature: Int, draw: Int) -> Float:
    """Z* (k,) of pairs, some at a time."""
    out = np.empty(len(feature))
    step = max(1, PAIRS // labels.shape[1])
    for start in range(0, len(out), step):
        own = slice(start, start + step)
        z = at_pairs(made, labels, feature[own], draw[own])
        out[own] = np.asarray(array_api_compat.to_device(z, "cpu"))
    return out


def _single(a: Float) -> Values:
    return np.asarray(a, dtype=np.float32)


def moved(made: Operands, move: Move) -> Operands:
    """The operands elsewhere, or in another type; numpy's own are not copied."""
    if move is np.asarray:
        return made
    names = ("linear", "square", "linear_total", "square_total")
    parts = []
    for part in made.parts:
        weights = None if part.weights is None else move(part.weights)
        own = {name: move(getattr(part, name)) for name in names}
        parts.append(replace(part, weights=weights, **own))
    return replace(made, parts=tuple(parts), s0=move(made.s0))


def columns_of(made: Operands, own: Int) -> Operands:
    """The operands of some columns."""
    parts = tuple(
        replace(
            part,
            linear=part.linear[:, own],
            square=part.square[:, own],
            linear_total=part.linear_total[:, own],
            square_total=part.square_total[:, own],
        )
        for part in made.parts
    )
    return replace(made, parts=parts, s0=made.s0[own], scale=made.scale[own])
