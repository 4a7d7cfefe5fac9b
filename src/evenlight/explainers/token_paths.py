"""Paths at the embedding of a network of tokens, one for each row, climbed until they are right."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor

from evenlight.arrays import Bool, Float, Int, Single
from evenlight.data.completeness import TOLERANCE
from evenlight.explainers.climb import FINE, PATIENCE, adds_up
from evenlight.explainers.gradients import Margins, gradients
from evenlight.explainers.opened import Network
from evenlight.explainers.quadrature import Rule, fixed
from evenlight.models.transformers.encoding import Tokens
from evenlight.models.transformers.reader import Entered, TokenReader


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """The network, its margins, the rules to climb, and the code of the baseline (None: its own).

    `batch` points go through the network at once, `rows` rows are held together.
    """

    reader: TokenReader
    margins: Margins
    rules: tuple[Rule, ...]
    baseline: int | None
    batch: int = 1
    rows: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Behind:
    """What follows the embedding, for some rows: `running` leads from z (m, T h) to raw outputs."""

    reader: TokenReader
    tokens: Tokens

    @property
    def module(self) -> TokenReader:
        """The network."""
        return self.reader

    @contextmanager
    def running(self, z: Tensor) -> Iterator[Tensor]:
        """Raw outputs (m, t) of points z (m, T h)."""
        yield self.reader.onward(z.reshape(*self.tokens.ids.shape, -1), self.tokens)


def margins_at(task: Task, raw: Tensor) -> Float:
    """Margins (t, m) of raw outputs, in float64."""
    with torch.enable_grad():
        said = task.margins(raw.detach().requires_grad_(True))
    return np.stack([one.detach().cpu().double().numpy() for one in said])


def climbed(task: Task, entered: Entered, move: Float, scale: Float) -> tuple[Tensor, Bool, Int]:
    """Shares (t, m, T) of the tokens of a block, whether rows agreed, and their nodes.

    Rows climb from rule to rule until two levels agree and add up to `move` (t, m); `scale` (t, m)
    is what a residual is judged by.
    """
    m = len(entered.own)
    shares = entered.own.new_zeros((len(move), *entered.own.shape[:2]))
    agreed, nodes = np.zeros(m, dtype=bool), np.zeros(m, dtype=np.int64)
    for rule in task.rules:
        at = np.flatnonzero(~agreed)
        if not len(at):
            break
        index = torch.as_tensor(at, device=entered.own.device)
        fine, coarse = _level(task, entered, index, rule)
        before = shares[:, index] if coarse is None else coarse
        change = (fine - before).abs().amax(dim=2).cpu().double().numpy()
        tolerance = TOLERANCE if rule.size >= PATIENCE else FINE
        right, tiny = adds_up(fine, move[:, at], tolerance * scale[:, at])
        same = change <= np.maximum(TOLERANCE * scale[:, at], tiny)
        shares[:, index], nodes[at] = fine, rule.size
        agreed[at] = True if fixed(task.rules) else (right & same).all(axis=0)
    return shares, agreed, nodes


def _level(task: Task, entered: Entered, index: Tensor, rule: Rule) -> tuple[Tensor, Tensor | None]:
    """What each token adds, (t, m, T), under a rule and under its coarse one."""
    both = [rule.weights] if rule.coarse is None else [rule.weights, rule.coarse]
    weights = torch.as_tensor(np.stack(both)).to(entered.own)
    nodes = torch.as_tensor(rule.nodes).to(entered.own)
    each = max(1, task.batch // len(nodes))
    parts = [_some(task, entered, own, nodes, weights) for own in torch.split(index, each)]
    made = torch.cat(parts, dim=2)
    return made[0], made[1] if len(made) > 1 else None


def _some(task: Task, entered: Entered, rows: Tensor, nodes: Tensor, weights: Tensor) -> Tensor:
    """The same of few rows, (k, t, r, T) for k rules; at most `batch` points pass at once."""
    start, gap = entered.start[rows], entered.own[rows] - entered.start[rows]
    total: Tensor | None = None
    for q in torch.split(torch.arange(len(nodes), device=nodes.device), task.batch):
        z = start + nodes[q, None, None, None] * gap
        again = rows.repeat(len(q))
        net = cast(Network, Behind(task.reader, entered.tokens.at(again)))
        found = gradients(net, task.margins, z.reshape(len(again), -1))
        parts = [weights[:, q] @ g.reshape(len(q), -1) for g in found]
        slopes = torch.stack(parts, dim=1).reshape(len(weights), len(found), *gap.shape)
        share = (slopes * gap).sum(dim=-1)
        total = share if total is None else total + share
    assert total is not None
    return total


def by_feature(share: Tensor, owner: Tensor, p: int) -> Single:
    """Shares (m, T) summed over the tokens of each feature, (m, p)."""
    place = torch.where(owner < 0, p, owner)
    made = share.new_zeros((len(share), p + 1)).scatter_add_(1, place, share)
    summed: Single = made[:, :p].float().cpu().numpy()
    return summed
