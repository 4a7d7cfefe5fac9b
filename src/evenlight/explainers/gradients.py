"""Gradients along straight paths behind the stem, averaged: where all the time goes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from evenlight.errors import ModelError
from evenlight.explainers.opened import Network
from evenlight.explainers.quadrature import Rule
from evenlight.models.networks import margin_tensor
from evenlight.models.probe import Prepared

FLAT = (
    "their gradient is 0, as after detach(), round(), argmax or a cast to integers; "
    'say method="shapley", which needs no gradients'
)

GAPS = (
    "x holds missing values (NaN), along which there is no path and no gradient; "
    'say method="shapley", or build the cohort with missing="drop" or missing="median"'
)

MOST_POINTS = 2**12
"""Most path points at once, whatever the budget."""

Margins = Callable[[Tensor], list[Tensor]]
"""Raw outputs (m, t) to the margins (m,) of the wanted targets, differentiable."""


def margins_of(prepared: Sequence[Prepared]) -> Margins:
    """The margins of some targets of one model."""
    adapted = prepared[0].adapted
    link = adapted.link
    assert link is not None
    columns = [one.column for one in prepared]

    def margins(raw: Tensor) -> list[Tensor]:
        if not raw.requires_grad:
            raise ModelError(f"the outputs of {adapted.name} do not follow its inputs: {FLAT}")
        return [margin_tensor(raw, link, adapted.gives, column) for column in columns]

    return margins


@dataclass(frozen=True, slots=True, eq=False)
class Paths:
    """Straight paths from `start` (1, h) or (m, h) to `end` (m, h), behind the stem of `net`."""

    net: Network
    margins: Margins
    start: Tensor
    end: Tensor

    def point(self, rows: slice, nodes: Tensor) -> Tensor:
        """Points (q, r, h) of some rows at some nodes (q,)."""
        end = self.end[rows]
        start = self.start if len(self.start) == 1 else self.start[rows]
        return start + nodes[:, None, None] * (end - start)

    def averaged(self, rule: Rule, batch: int) -> Tensor:
        """Path-averaged gradients (k, t, m, h) under the rule, and its coarse one if k is 2.

        At most `batch` points go through the network at once; the sum over nodes does not depend
        on how rows are batched.
        """
        both = [rule.weights] if rule.coarse is None else [rule.weights, rule.coarse]
        weights = torch.as_tensor(np.stack(both)).to(self.end)
        nodes = torch.as_tensor(rule.nodes).to(self.end)
        m = len(self.end)
        each = max(1, batch // len(nodes))
        sums = []
        for first in range(0, m, each):
            rows = slice(first, min(first + each, m))
            parts = [self._part(rows, nodes[q], weights[:, q]) for q in _cut(nodes, batch)]
            sums.append(functools.reduce(torch.add, parts))
        return torch.cat(sums, dim=2)

    def _part(self, rows: slice, nodes: Tensor, weights: Tensor) -> Tensor:
        """Weighted sums over some nodes (q,) of some rows, (k, t, r, h)."""
        z = self.point(rows, nodes)
        found = gradients(self.net, self.margins, z.reshape(-1, z.shape[-1]))
        parts = [weights @ g.reshape(len(nodes), -1) for g in found]
        return torch.stack(parts, dim=1).reshape(len(weights), len(found), *z.shape[1:])


def _cut(nodes: Tensor, batch: int) -> list[slice]:
    return [slice(q, q + batch) for q in range(0, len(nodes), batch)]


def gradients(net: Network, margins: Margins, z: Tensor) -> list[Tensor]:
    """Gradient (m, h) of each target's margin at points z (m, h): one forward, t backward passes.

    Rows were shown not to depend on each other, so the gradient of their sum holds each row's own.
    """
    with torch.enable_grad():
        at = z.detach().requires_grad_(True)
        with net.running(at) as raw:
            out = margins(raw)
            found = []
            for t, margin in enumerate(out):
                keep = t + 1 < len(out)
                (g,) = torch.autograd.grad(
                    margin.sum(), at, retain_graph=keep, allow_unused=True, materialize_grads=True
                )
                found.append(g)
    return found


def point_bytes(net: Network, margins: Margins, z: Tensor) -> int:
    """Bytes that one path point takes in a forward and backward pass, measured on points z."""
    held = 0

    def count(tensor: Tensor) -> Tensor:
        nonlocal held
        held += tensor.numel() * tensor.element_size()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
        gradients(net, margins, z)
    own = 4 * z[0].numel() * z.element_size()
    parameters = {p.data_ptr(): p.numel() * p.element_size() for p in net.module.parameters()}
    return own + max(held - sum(parameters.values()), 0) // len(z)
