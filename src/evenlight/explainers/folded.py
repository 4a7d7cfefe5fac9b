"""Coalitions behind the affine stem of a network: a walk is one cumulative sum there.

Where a network sees x through an affine map A alone, f = rest(A(x)), a player j that joins adds
c_j = L(x_j - b_j) to z, L the linear part of A and x_j the row with all other values 0. So prefix k
of a walk stands at z_b + c_1 + ... + c_k, and its complement at z_b + z_x minus that: a walk of p
features costs p h operations in place of p p h for the first layer, and only the rest of the
network is run. The values are those of walking at the input, up to rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from evenlight.arrays import Bool, Float, Int
from evenlight.data.cohort import Cohort
from evenlight.explainers.coalitions import blocks, finite
from evenlight.explainers.feed import to_tensor
from evenlight.explainers.opened import Network
from evenlight.explainers.players import Players
from evenlight.explainers.stem import find
from evenlight.models.networks import as_tensor, kept, margin_tensor
from evenlight.models.probe import Prepared

SAMPLE = 8
"""Rows on which the stem is found."""

NUMBERS, NUMBERS_GPU = 2**18, 2**24
"""Most numbers at the stem's output in one run of the rest: what caches hold; on a GPU more."""

TABLE = 2**26
"""Most bytes of the background rows' contributions, player by player."""

STEP = 16
"""Terms that one triangular product adds up."""

Adds = Callable[[Tensor, Tensor, Tensor], Tensor]
"""What the players (T, K) of T pairs of row and background row add to z, (T, K, h)."""


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Every number of x is a player: `weights` (p, h), `x` (n, p), `backs` (b, p)."""

    weights: Tensor
    x: Tensor
    backs: Tensor

    def __call__(self, rows: Tensor, backs: Tensor, players: Tensor) -> Tensor:
        """As in `Adds`."""
        apart = self.x[rows[:, None], players] - self.backs[backs[:, None], players]
        picked = self.weights.index_select(0, players.reshape(-1)).reshape(*players.shape, -1)
        return picked.mul_(apart[..., None])


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """What each player adds, taken from tables `x` (n, P, h) and `backs` (b, P, h)."""

    x: Tensor
    backs: Tensor

    def __call__(self, rows: Tensor, backs: Tensor, players: Tensor) -> Tensor:
        """As in `Adds`."""
        return self.x[rows[:, None], players] - self.backs[backs[:, None], players]


@dataclass(frozen=True, slots=True, eq=False)
class BehindStem:
    """A `Space` at z: rows stand at `ends` (n, h), background rows at `starts` (b, h)."""

    adds: Adds
    starts: Tensor
    ends: Tensor
    margin: Callable[[Tensor], Float]

    def walks(self, rows: Int, backs: Int, ranks: Int) -> Float:
        """As in `Space`; 2 (P - 1) rows of the rest of the network a walk."""
        orders = self._index(ranks).argsort(dim=1)
        h, before = self.starts.shape[1], self.starts[:0]
        g = np.empty((len(rows), ranks.shape[1] - 1))
        for part, some in blocks(g, 2 * h, self._most):
            row, back = self._index(rows[part]), self._index(backs[part])
            first, last = self.starts[back], self.ends[row]
            before = first if some.start == 0 else before
            z = prefix_sums(self.adds(row, back, orders[part, some]), before)
            before = z[:, -1].clone()
            both = torch.stack([z, (first + last)[:, None] - z])
            v, u = self.margin(both.reshape(-1, h)).reshape(2, *z.shape[:2])
            g[part, some] = v - u
        return g

    def worths(self, rows: Int, backs: Int, members: Bool) -> Float:
        """As in `Space`; M rows of the rest of the network a pair."""
        inside, h = torch.from_numpy(members).to(self.starts), self.starts.shape[1]
        worth = np.empty((len(rows), len(members)))
        for part, some in blocks(worth, h, self._most):
            row, back = self._index(rows[part]), self._index(backs[part])
            everyone = torch.arange(members.shape[1], device=row.device).repeat(len(row), 1)
            z = self.starts[back, None] + inside[some] @ self.adds(row, back, everyone)
            worth[part, some] = self.margin(z.reshape(-1, h)).reshape(z.shape[:2])
        return worth

    @property
    def _most(self) -> int:
        return NUMBERS if self.starts.device.type == "cpu" else NUMBERS_GPU

    def _index(self, at: Int) -> Tensor:
        return torch.from_numpy(at).to(self.starts.device)


def prefix_sums(steps: Tensor, start: Tensor) -> Tensor:
    """`start` (t, h) plus the sum of `steps` (t, k, h) up to and with each one; steps are used up.

    By products with a small triangle of ones, level by level: many times faster than a running
    sum along an axis that is not the last, and with less rounding.

    >>> prefix_sums(torch.ones(1, 40, 1), torch.ones(1, 1))[0, -2:, 0]
    tensor([40., 41.])
    """
    t, k, h = steps.shape
    ones = torch.ones(STEP, STEP, dtype=steps.dtype, device=steps.device).tril()
    if k <= STEP:
        steps[:, 0] += start
        return ones[:k, :k] @ steps
    whole = k // STEP
    body, tail = steps[:, : whole * STEP].reshape(t, whole, STEP, h), steps[:, whole * STEP :]
    ends = prefix_sums(body.sum(dim=2), start)
    body[:, 0, 0] += start
    body[:, 1:, 0] += ends[:, :-1]
    parts = [(ones @ body).reshape(t, -1, h)]
    if len(tail[0]):
        parts.append(prefix_sums(tail, ends[:, -1]))
    return torch.cat(parts, dim=1)


@dataclass(frozen=True, slots=True, eq=False)
class Folding:
    """A network opened at its stem for some players: makes the space of any rows (m, *s).

    `weights` (p, h) of the stem, where it is a matrix; `table` (b, P, h) holds what each player of
    each background row `backs` (b, *s) adds, where players are sets or there is no matrix.
    """

    net: Network
    weights: Tensor | None
    players: Players
    backs: Tensor
    margin: Callable[[Tensor], Float]
    table: Tensor | None

    @property
    def width(self) -> int:
        """Numbers that one row takes."""
        h = self.net.shape[0]
        return h + (self.backs[0].numel() if self.table is None else self.table[0].numel())

    def space(self, x: Float) -> BehindStem:
        """The space of rows x (m, *s)."""
        rows = to_tensor(x, self.net.blank)
        with torch.no_grad():
            starts, ends = self.net.enter(self.backs), self.net.enter(rows)
            if self.table is not None:
                adds: Adds = Table(contributions(self, rows), self.table)
            else:
                assert self.weights is not None
                adds = Columns(self.weights, rows, self.backs)
        return BehindStem(adds, starts, ends, self.margin)


@contextmanager
def folding(
    prepared: Prepared, cohort: Cohort, players: Players, backs: Float
) -> Iterator[Folding | str]:
    """The model behind its stem, or why its players have to be mixed at the input."""
    module = prepared.adapted.module
    if module is None or prepared.adapted.codes:
        yield "the model takes codes" if module is not None else "the model is no torch network"
        return
    with kept(module), torch.no_grad():
        net = find(module, as_tensor(module, cohort.dense(cohort.order[:SAMPLE])))
        yield net.reason or _folded(net, prepared, players, backs)


def _folded(net: Network, prepared: Prepared, players: Players, backs: Float) -> Folding | str:
    rows, margin = to_tensor(backs, net.blank), _margin(net, prepared)
    matrix = net.matrix()
    weights = None if matrix is None else matrix.weights.T.contiguous()
    made = Folding(net, weights, players, rows, margin, None)
    if weights is not None and players.owner is None:
        return made
    size = len(rows) * players.count * net.shape[0] * rows.element_size()
    if size > TABLE:
        return (
            f"what {players.count} players add to {net.shape[0]} numbers of the stem takes "
            f"{size / 2**20:.0f} MB for {len(rows)} background rows, more than {TABLE >> 20}"
        )
    return replace(made, table=contributions(made, rows))


def contributions(made: Folding, x: Tensor) -> Tensor:
    """What each player's numbers in rows x (m, *s) add to z, (m, P, h)."""
    net, players = made.net, made.players
    parts = []
    for player in range(players.count):
        own = torch.from_numpy(players.columns(player)).to(x.device)
        if made.weights is not None:
            parts.append(x[:, own] @ made.weights[own])
            continue
        masked = torch.zeros_like(x).reshape(len(x), -1)
        masked[:, own] = x.reshape(len(x), -1)[:, own]
        parts.append(net.enter(masked.reshape(x.shape)) - net.enter(torch.zeros_like(x[:1])))
    return torch.stack(parts, dim=1)


def _margin(net: Network, prepared: Prepared) -> Callable[[Tensor], Float]:
    """Rows at the stem's output (m, h) to the margin (m,) of the target."""
    link, gives, column = prepared.adapted.link, prepared.adapted.gives, prepared.column
    assert link is not None

    def margin(z: Tensor) -> Float:
        with torch.no_grad():
            said = margin_tensor(net.rest(z), link, gives, column)
        found: Float = said.to(torch.float64).cpu().numpy()
        finite(found)
        return found

    return margin
