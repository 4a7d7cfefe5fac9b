"""Exact integrals for networks of linear layers and ReLUs behind the stem.

Along a straight path such a network bends at finitely many points: where a unit of its first layer
changes sign, and, between two such points, where a unit of the next layer does, and so on. Between
bends the gradient is constant, so the integral is a finite sum.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from evenlight.explainers.gradients import Margins, Paths, gradients
from evenlight.explainers.opened import Network
from evenlight.models.patched import patched

PROBES = 32
"""Points on which a chain is compared with the network."""

FACTORS = (1e-2, 1.0, 10.0, 1e3, 1e6)
"""Sizes of noise, beside that of z, on which it is: a clamp or a soft bend shows at one of them."""

CELLS = 2**22
"""Most numbers (rows x edges x units) that are looked at together for bends."""


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """x weights' + offset: `weights` (o, i), `offset` (o,)."""

    weights: Tensor
    offset: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        """The layer's output for x (..., i)."""
        return x @ self.weights.T + self.offset


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """ReLU(z), then layers with a ReLU between each two; the last gives the raw outputs."""

    layers: tuple[Layer, ...]

    def bends(self, paths: Paths) -> Tensor:
        """At least how often each path bends, (m,): signs that differ between its two ends."""
        start, end = paths.start, paths.end
        count = ((start > 0) != (end > 0)).sum(dim=1)
        for layer in self.layers[:-1]:
            start, end = layer(start.relu()), layer(end.relu())
            count = count + ((start > 0) != (end > 0)).sum(dim=1)
        return count

    def edges(self, start: Tensor, end: Tensor) -> Tensor:
        """Where the paths from start to end (r, h) bend, (r, e) from 0 to 1, filled up with 1."""
        edges = start.new_tensor([0.0, 1.0]).expand(len(end), 2)
        for depth in range(len(self.layers)):
            z = start[:, None] + edges[..., None] * (end - start)[:, None]
            for layer in self.layers[:depth]:
                z = layer(z.relu())
            edges = _with_bends(edges, z)
        return edges


def read(net: Network, z: Tensor) -> Chain | None:
    """The chain of layers that `net.rest` is, if it is one; found from what its parts are handed.

    Compared with the network on random points around z (m, h), and so never taken on trust.
    """
    if not net.parts or _chain(net, z[:2]) is None:  # two points tell most networks apart
        return None
    maker = torch.Generator().manual_seed(0)
    noise = torch.randn((PROBES, z.shape[1]), generator=maker, dtype=torch.float64).to(z)
    size = z.abs().mean().clamp_min(1e-6)
    scales = [factor * noise.roll(i, 0) * size for i, factor in enumerate(FACTORS)]
    return _chain(net, torch.cat([z[:PROBES], *scales]))


def _chain(net: Network, z: Tensor) -> Chain | None:
    """The layers that were heard at points z (m, h), if a ReLU stands between each two."""
    with torch.no_grad():
        heard, out = _heard(net, z)
    layers, here = [], z
    for weights, offset, given, said in heard:
        if not _equal(given, here.relu()):
            return None
        layers.append(Layer(weights, offset))
        here = said
    if not layers or not _equal(out.reshape(len(out), -1), here):
        return None
    return Chain(tuple(layers))


def averaged(paths: Paths, chain: Chain, batch: int) -> Tensor:
    """Path-averaged gradients (t, m, h), exact up to rounding.

    With one layer behind the stem each unit's share of the path says everything; else one gradient
    is taken between each two bends.
    """
    end = paths.end
    start = paths.start.expand_as(end)
    if len(chain.layers) == 1:
        slope = torch.stack(gradients(paths.net, paths.margins, torch.ones_like(end[:1])))
        return slope * _on(start, end)
    width = max([end.shape[1], *(len(layer.offset) for layer in chain.layers)])
    each = max(1, CELLS // (width * (2 + int(chain.bends(paths).max()))))
    sums = []
    for a, b in zip(torch.split(start, each), torch.split(end, each), strict=True):
        sums.append(_summed(paths.net, paths.margins, (a, b, chain.edges(a, b)), batch))
    return torch.cat(sums, dim=1)


def _summed(
    net: Network, margins: Margins, path: tuple[Tensor, Tensor, Tensor], batch: int
) -> Tensor:
    """Sum over the pieces of length > 0 of length times the gradient in their middle."""
    start, end, edges = path
    length, middle = edges.diff(dim=1), (edges[:, 1:] + edges[:, :-1]) / 2
    row, piece = torch.nonzero(length > 0, as_tuple=True)
    totals: list[Tensor] = []
    for own in torch.split(torch.arange(len(row), device=row.device), batch):
        r, q = row[own], piece[own]
        z = start[r] + middle[r, q][:, None] * (end[r] - start[r])
        found = gradients(net, margins, z)
        totals = totals or [torch.zeros_like(end) for _ in found]
        for total, g in zip(totals, found, strict=True):
            total.index_add_(0, r, g * length[r, q][:, None])
    return torch.stack(totals)


def _on(start: Tensor, end: Tensor) -> Tensor:
    """The share of each straight path, (m, h), on which each number is above 0."""
    gap = end - start
    turn = (-start / torch.where(gap == 0, torch.ones_like(gap), gap)).clamp(0, 1)
    still = (start > 0).to(turn)
    return torch.where(gap == 0, still, torch.where(gap > 0, 1 - turn, turn))


def _with_bends(edges: Tensor, z: Tensor) -> Tensor:
    """The edges (r, e) with the points where a unit of z (r, e, u) changes sign between them."""
    a, b = z[:, :-1], z[:, 1:]
    share = a / torch.where(a == b, torch.ones_like(a), a - b)
    at = edges[:, :-1, None] + share * edges.diff(dim=1)[..., None]
    turns = ((a < 0) & (b > 0)) | ((a > 0) & (b < 0))
    new = torch.where(turns, at, torch.ones_like(at)).flatten(1)
    most = int((new < 1).sum(dim=1).max())
    joint = torch.cat([edges, new.topk(most, dim=1, largest=False).values], dim=1)
    return joint.sort(dim=1).values


def _heard(net: Network, z: Tensor) -> tuple[list[tuple[Tensor, Tensor, Tensor, Tensor]], Tensor]:
    """Weights, offset, input and output of each linear part in the order of calls, and the end."""
    calls: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []

    def listened(part: Any, forward: Callable[..., Any]) -> Callable[..., Any]:
        def listen(given: Tensor, *args: Any, **kwargs: Any) -> Any:
            before = given.clone()
            said = forward(given, *args, **kwargs)
            weight, bias = part.weight, part.bias
            offset = weight.new_zeros(len(weight)) if bias is None else bias
            if given.ndim == 2 and _is_product(before, weight, offset, said):
                calls.append((weight, offset, before, said.clone()))
            return said

        return listen

    own = {part.module for part in net.parts} | {module for module, _ in net.skipped}
    linear = [m for m in net.module.modules() if _linear(m) and m not in own]
    with patched([(m, listened(m, m.forward)) for m in linear]):
        out = net.rest(z)
    return calls, out


def _linear(module: Any) -> bool:
    """Whether a module has the weights of a linear map; what it does with them is checked later."""
    weight = getattr(module, "weight", None)
    return isinstance(weight, Tensor) and weight.ndim == 2 and hasattr(module, "bias")


def _is_product(x: Tensor, weights: Tensor, offset: Tensor, said: Any) -> bool:
    """Whether `said` is x weights' + offset but for rounding, row by row."""
    if not isinstance(said, Tensor) or said.shape != (len(x), len(weights)):
        return False
    if x.shape[1] != weights.shape[1] or offset.shape != said.shape[1:]:
        return False
    most = x.abs() @ weights.abs().T + offset.abs()
    return bool(((x @ weights.T + offset - said).abs() <= 1e-5 * most).all())


def _equal(a: Tensor, b: Tensor) -> bool:
    """Whether the same numbers, each but for its own rounding."""
    return a.shape == b.shape and bool(((a - b).abs() <= 1e-6 * b.abs()).all())
