"""One sweep over the rows of a cohort: through the stem, along the paths, and back to the input."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch

from evenlight.arrays import Bool, Float, Int, Single, Values
from evenlight.data.cohort import Cohort
from evenlight.data.completeness import TOLERANCE, scale_of
from evenlight.explainers.climb import Climbed, Problem, begin, climb
from evenlight.explainers.device import bytes_at_once, halving
from evenlight.explainers.feed import Rows, feed
from evenlight.explainers.options import Options
from evenlight.explainers.own_starts import OwnStarts, standing
from evenlight.explainers.passage import Passage, there_and_back
from evenlight.explainers.quadrature import fixed
from evenlight.explainers.tiled import tiled
from evenlight.progress import paced

MOST_ROWS = 4096
"""Most rows of a block."""


@dataclass(frozen=True, slots=True, eq=False)
class Ends:
    """Outputs (t, n) at the rows, their mean `base` (t, 1) over `starts` (b, *s), and both scales.

    With `own` starts of each row, `base` is (t, n) and `starts` are those of some rows. `targets`
    names what they are outputs of.
    """

    output: Float
    base: Float
    starts: Float
    own: OwnStarts | None = None
    targets: str = ""

    @property
    def move(self) -> Float:
        """What the attributions of each row must add up to, (t, n)."""
        return self.output - self.base

    @property
    def scale(self) -> Float:
        """What a residual is judged by, (t, n)."""
        pairs = zip(self.output, self.base, strict=True)
        return np.stack([scale_of(out, np.broadcast_to(base, out.shape)) for out, base in pairs])


@dataclass(slots=True, eq=False)
class Swept:
    """What a sweep tells beside the values.

    `nodes`, `agreed` and `exact` (n,); where values are all 0, `zero` (t, *s); the path-averaged
    gradients where asked; and the `batch` of points that fitted into memory.
    """

    nodes: Int
    agreed: Bool
    exact: Bool
    zero: Bool
    slopes: list[Any] | None
    batch: int


def sweep(
    problem: Problem, cohort: Cohort, ends: Ends, values: Sequence[Any], asked: Options
) -> Swept:
    """Write the attributions of every row into `values`, one array (n, *s) for each target."""
    n, shape = cohort.n, values[0].shape[1:]
    swept = Swept(
        np.zeros(n, dtype=np.int64), np.zeros(n, dtype=bool), np.zeros(n, dtype=bool),
        np.ones((len(values), *shape), dtype=bool),
        [np.empty(v.shape, dtype=np.float32) for v in values] if asked.sensitivity else None,
        problem.batch,
    )  # fmt: skip
    back = there_and_back(problem, cohort, ends.starts, shape)
    size = _rows_at_once(back, len(values), asked.budget, own=ends.own is not None)
    move, scale = ends.move, ends.scale
    with paced(n, asked.progress) as done:
        for rows in feed(cohort, size, back.like, csr=back.csr):
            at = rows.index

            def work(batch: int, rows: Rows = rows) -> Block:
                own = move[:, rows.index], scale[:, rows.index]
                here = standing(back, rows, cohort, ends.own)
                return _block(here, rows, batch, *own, slopes=asked.sensitivity)

            make = partial(_arrays, work, swept.batch)
            block = tiled(asked.tiles, cohort.rows[at], ends.targets, make)
            swept.batch = int(block["batch"])
            for t, own in enumerate(values):
                own[_where(at)] = block["values"][t]
                swept.zero[t] &= (block["values"][t] == 0).all(axis=0)
                if swept.slopes is not None:
                    swept.slopes[t][at] = block["slopes"][t]
            for name in ("nodes", "agreed", "exact"):
                getattr(swept, name)[at] = block[name]
            done(len(at))
    return swept


def _arrays(work: Callable[[int], Block], batch: int) -> dict[str, Values]:
    """A block as arrays, and the batch of points that fitted."""
    block, fitted = halving(work, batch)
    made: dict[str, Values] = {"values": block.values, "batch": np.array(fitted)}
    if block.slopes is not None:
        made["slopes"] = block.slopes
    return made | {name: getattr(block.found, name) for name in ("nodes", "agreed", "exact")}


def _where(at: Int) -> slice | Int:
    """Positions in a row as a slice, which arrays on disk are written by far faster."""
    run = bool((np.diff(at) == 1).all()) and len(at) > 0
    return slice(int(at[0]), int(at[-1]) + 1) if run else at


@dataclass(slots=True, eq=False)
class Block:
    """Some rows: how they were integrated, and `values` and, where asked, `slopes` (t, m, *s)."""

    found: Climbed
    values: Single
    slopes: Single | None


def _block(
    back: Passage, rows: Rows, batch: int, move: Float, scale: Float, *, slopes: bool
) -> Block:
    """Climb until two levels agree, behind the stem and, brought back, at the input too."""
    problem = replace(back.problem, batch=batch)
    end = back.enter(rows)
    found = begin(problem, end, move=move, scale=scale)
    values = np.empty((len(move), len(end), *back.shape), dtype=np.float32)
    block = Block(found, values, np.empty_like(values) if slopes else None)
    again = np.ones(len(end), dtype=bool)
    climb(problem, end, found, again & ~found.agreed, move=move, scale=scale)
    while again.any():
        apart = _fill(back, rows, block, again)
        doubt = again & ~found.exact & (apart > TOLERANCE * scale).any(axis=0)
        found.agreed[doubt] = False
        again = doubt & (found.level < len(problem.rules))
        climb(problem, end, found, again, move=move, scale=scale)
    return block


def _fill(back: Passage, rows: Rows, block: Block, chosen: Bool) -> Float:
    """Bring the slopes of some rows back to the input; how far two levels lie apart there, (t, m).

    That is known for one start only; averages over many were compared behind the stem.
    """
    at = np.flatnonzero(chosen)
    where: slice | Int = slice(None) if len(at) == len(chosen) else at
    apart = np.zeros(block.values.shape[:2])
    found = block.found
    for t in range(len(apart)):
        if not back.returns:
            block.values[t, at] = back.shaped(found.share[t, at])
            if block.slopes is not None:
                block.slopes[t, at] = back.shaped(found.slopes[:, t, at].mean(dim=0))
            continue
        there = [*found.slopes[:, t, at]]
        if len(there) == 1 and not fixed(back.problem.rules):
            there.append(found.apart[t, at])
        brought = back.pull(rows, at, there)
        count = len(found.slopes)
        total = back.times_gap(rows, at, brought[0], 0)
        for b in range(1, count):
            total += back.times_gap(rows, at, brought[b], b)
        block.values[t, where] = total / count if count > 1 else total
        if block.slopes is not None:
            mean = torch.stack(brought[:count]).mean(dim=0)
            block.slopes[t, where] = mean.float().cpu().numpy()
        if len(brought) > count:
            change = np.abs(back.times_gap(rows, at, brought[-1], 0))
            apart[t, at] = change.reshape(len(at), -1).max(axis=1)
    return apart


def _rows_at_once(back: Passage, targets: int, budget: int | None, *, own: bool) -> int:
    """Rows of a block, so that x, attributions, slopes and own starts keep to the budget."""
    problem = back.problem
    space = bytes_at_once(problem.starts.device, budget) // 2
    many = len(problem.starts) if own else 0
    each = (3 + 2 * targets + 2 * many) * back.like[0].numel() + many * problem.net.shape[0]
    kept = len(problem.starts) if problem.net.parts else 1
    again = 1 if problem.chain is None else 2  # pieces are held beside what was there
    behind = (again * kept + 3) * targets * problem.net.shape[0]
    return int(min(max(space // (back.like.element_size() * (each + behind)), 1), MOST_ROWS))
