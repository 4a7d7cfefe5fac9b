"""From coarse to fine: more nodes for those rows only whose integral is not yet right."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from evenlight.arrays import Bool, Float, Int
from evenlight.data.completeness import TOLERANCE
from evenlight.explainers import breakpoints
from evenlight.explainers.breakpoints import Chain
from evenlight.explainers.gradients import Margins, Paths
from evenlight.explainers.opened import Network
from evenlight.explainers.quadrature import Rule, fixed

FINE = 1e-3
"""Residual, relative to a row's scale, at which a row stops before PATIENCE nodes."""

PATIENCE = 128
"""Nodes of a row, over all its paths, from which on TOLERANCE is enough.

With fewer, FINE keeps the median row of a ReLU network fine; the errors of many paths average.
"""

BENDS = 128
"""Most bends of a path that is integrated piece by piece from the outset."""

BENDS_OF_MANY = 15
"""The same for each of several paths, whose average needs fewer nodes a path."""


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """What is integrated: margins of t targets behind the stem, along paths from b starts (b, h).

    Where each of m rows has starts of its own they are (b, m, h). `rules` are climbed in their
    order; `chain` is known for linear layers with ReLUs and margins that are raw outputs; `batch`
    points go through the network at once.
    """

    net: Network
    margins: Margins
    starts: Tensor
    rules: tuple[Rule, ...]
    chain: Chain | None = None
    batch: int = 1

    @property
    def most(self) -> int:
        """Nodes of the largest rule."""
        return self.rules[-1].size

    def paths(self, start: int, end: Tensor) -> Paths:
        """The paths from one start, that of each row where it has its own, to every end (m, h)."""
        return Paths(self.net, self.margins, self.starts[start].reshape(-1, end.shape[1]), end)

    def at(self, rows: Tensor) -> Problem:
        """The same for some rows of a block."""
        return self if self.starts.ndim == 2 else replace(self, starts=self.starts[:, rows])


@dataclass(slots=True, eq=False)
class Climbed:
    """Rows (m,) of a block and where they stand.

    `slopes` (b, t, m, h) path-averaged gradients, `apart` (t, m, h) how far the coarser level lay
    (of one start only), `share` (t, m, h) what each number of z adds, `nodes` (m,) a path,
    `agreed` (m,) whether two levels agree and the residual is small, `exact` (m,) integrated piece
    by piece, `level` (m,) the next rule.
    """

    slopes: Tensor
    apart: Tensor
    share: Tensor
    nodes: Int
    agreed: Bool
    exact: Bool
    level: Int


def begin(problem: Problem, end: Tensor, *, move: Float, scale: Float) -> Climbed:
    """Nothing known yet but the rows that are integrated piece by piece from the outset."""
    targets, (m, h) = len(move), end.shape
    kept = len(problem.starts) if problem.net.parts else 1
    none = np.zeros(m, dtype=bool)
    found = Climbed(
        slopes=end.new_zeros((kept, targets, m, h)), apart=end.new_zeros((targets, m, h)),
        share=end.new_zeros((targets, m, h)), nodes=np.zeros(m, dtype=np.int64),
        agreed=none.copy(), exact=none.copy(), level=np.zeros(m, dtype=np.int64),
    )  # fmt: skip
    most = BENDS if len(problem.starts) == 1 else BENDS_OF_MANY
    _exactly(problem, end, found, _few_bends(problem, end, most=most), move=move, scale=scale)
    return found


def climb(
    problem: Problem, end: Tensor, found: Climbed, rows: Bool, *, move: Float, scale: Float
) -> None:
    """Climb on with some rows until they agree or the rules end; then piece by piece if possible.

    `end` (m, h); `move` (t, m) is output minus base, which the attributions must add up to;
    `scale` (t, m) what a residual is judged by.
    """
    still = rows & (found.level < len(problem.rules))
    while still.any():
        _step(problem, end, found, still, move=move, scale=scale)
        still &= ~found.agreed & (found.level < len(problem.rules))
    left = rows & ~found.agreed
    if left.any():
        few = left & _few_bends(problem, end, most=problem.most)
        _exactly(problem, end, found, few, move=move, scale=scale)


def _step(
    problem: Problem, end: Tensor, found: Climbed, rows: Bool, *, move: Float, scale: Float
) -> None:
    """The next level for those of some rows that stand lowest."""
    lowest = found.level[rows].min()
    rule = problem.rules[lowest]
    at = np.flatnonzero(rows & (found.level == lowest))
    index = torch.as_tensor(at, device=end.device)
    old = found.share[:, index]
    fine, coarse = _level(problem.at(index), end[index], rule, found, index)
    change = (fine - (old if coarse is None else coarse)).abs().amax(dim=2).cpu().double().numpy()
    nodes = rule.size * len(problem.starts)
    tolerance = TOLERANCE if nodes >= PATIENCE else FINE
    right, tiny = adds_up(fine, move[:, at], tolerance * scale[:, at])
    same = change <= np.maximum(TOLERANCE * scale[:, at], tiny)
    found.share[:, index] = fine
    found.nodes[at] = rule.size
    found.agreed[at] = True if fixed(problem.rules) else (right & same).all(axis=0)
    found.level[at] += 1


def _level(
    problem: Problem, end: Tensor, rule: Rule, found: Climbed, index: Tensor
) -> tuple[Tensor, Tensor | None]:
    """What each number of z adds, (t, m, h), under a rule and under its coarse one."""
    fine = torch.zeros_like(found.share[:, index])
    coarse = None if rule.coarse is None else torch.zeros_like(fine)
    count = len(problem.starts)
    for b in range(count):
        mean = problem.paths(b, end).averaged(rule, problem.batch)
        gap = (end - problem.starts[b]) / count
        fine += mean[0] * gap
        if coarse is not None:
            coarse += mean[1] * gap
        if count == 1:
            found.apart[:, index] = mean[0] - (
                found.slopes[0][:, index] if coarse is None else mean[1]
            )
        _keep(found, b, mean[0], index)
    return fine, coarse


def _keep(found: Climbed, start: int, slopes: Tensor, index: Tensor) -> None:
    """Remember the slopes of one start; behind no stem only their mean over starts is needed."""
    if len(found.slopes) > 1 or start == 0:
        found.slopes[min(start, len(found.slopes) - 1)][:, index] = slopes
    else:
        mean = found.slopes[0][:, index]
        found.slopes[0][:, index] = mean + (slopes - mean) / (start + 1)


def adds_up(share: Tensor, move: Float, limit: Float) -> tuple[Bool, Float]:
    """Whether shares (t, m, h) add up to `move` (t, m) within `limit` or rounding; the latter."""
    residual = np.abs(move - share.sum(dim=2, dtype=torch.float64).cpu().numpy())
    tiny = 1e-6 * share.abs().sum(dim=2).cpu().double().numpy() + 1e-18
    return residual <= np.maximum(limit, tiny), tiny


def _exactly(
    problem: Problem, end: Tensor, found: Climbed, rows: Bool, *, move: Float, scale: Float
) -> None:
    """Integrate some rows piece by piece; those that then do not add up are left as they were."""
    if problem.chain is None or not rows.any():
        return
    at = np.flatnonzero(rows)
    chosen = torch.as_tensor(at, device=end.device)
    here, own = end[chosen], problem.at(chosen)
    starts = own.starts
    paths = [own.paths(b, here) for b in range(len(starts))]
    slopes = [breakpoints.averaged(path, problem.chain, problem.batch) for path in paths]
    share = sum(
        (s * (here - starts[b]) / len(starts) for b, s in enumerate(slopes)),
        torch.zeros_like(slopes[0]),
    )
    right = adds_up(share, move[:, at], FINE * scale[:, at])[0].all(axis=0)
    index = torch.as_tensor(at[right], device=end.device)
    kept = torch.as_tensor(right, device=end.device)
    for b, slope in enumerate(slopes):
        _keep(found, b, slope[:, kept], index)
    found.share[:, index], found.apart[:, index] = share[:, kept], 0
    found.agreed[at[right]] = found.exact[at[right]] = True


def _few_bends(problem: Problem, end: Tensor, *, most: int) -> Bool:
    """Rows (m,) that are cheaper, or only to be had, piece by piece."""
    none = np.zeros(len(end), dtype=bool)
    if problem.chain is None or fixed(problem.rules):
        return none
    if len(problem.chain.layers) == 1:
        return ~none
    few = ~none
    for b in range(len(problem.starts)):
        few &= problem.chain.bends(problem.paths(b, end)).cpu().numpy() <= most
    return few
