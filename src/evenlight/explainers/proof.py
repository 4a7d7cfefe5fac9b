"""Proofs that a network is its stem and what follows: no other path, and straight throughout."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from evenlight.explainers.opened import Network, saying
from evenlight.models.patched import patched

AFFINE = 1e-4
"""Largest departure from a straight line, relative to the largest value, in float32."""


def alone(opened: Network, sample: Tensor, probes: Tensor) -> Network | None:
    """The same, if the output follows the input through z alone, in values and gradients.

    On real rows (m, *s) and on `probes` (k, *s) far from them: a second path may be shut on most. A
    stem that is to be affine is shown to be so in its gradients as well.
    """
    rows = torch.cat([sample, probes]).detach()
    floating = rows.is_floating_point()
    with torch.enable_grad():
        at = rows.clone().requires_grad_(floating)
        z = opened.enter(at)
    made = _through(opened, rows, z.detach().clone())
    if made is None or not floating:
        return made
    straight = not made.affine or (z.requires_grad and _straight(at, z, len(sample)))
    some = slice(-2 * len(probes), None)
    return made if straight and _vanishes(made, rows[some], z[some]) else None


def _through(opened: Network, rows: Tensor, z: Tensor) -> Network | None:
    """The same, if it gives the network's outputs; z is copied only where it is written to."""
    before, version = z.clone(), z._version
    through, whole = replace(opened, copies=False).rest(z), opened.module(rows.clone())
    if not isinstance(whole, Tensor) or through.shape != whole.shape:
        return None
    size = whole.abs().nan_to_num().reshape(len(whole), -1).amax(dim=1).clamp_min(1e-30)
    apart = (through - whole).abs().reshape(len(whole), -1)
    same = (apart <= 1e-5 * size[:, None]) | (through == whole).reshape(apart.shape)
    same |= (through.isnan() & whole.isnan()).reshape(apart.shape)
    if not same.all():
        return None
    clean = not opened.copies or (z._version == version and torch.equal(z, before))
    return replace(opened, copies=not clean)


def _vanishes(opened: Network, rows: Tensor, z: Tensor) -> bool:
    """Whether the gradient at the input is gone once every part's output is held fixed."""
    pieces = torch.split(z.detach(), [part.size for part in opened.parts], dim=1)
    fixed = [
        (part.module, saying(piece.reshape(-1, *part.shape)))
        for part, piece in zip(opened.parts, pieces, strict=True)
    ]
    with torch.enable_grad(), patched(fixed):
        at = rows.detach().clone().requires_grad_(True)
        out = opened.module(at)
        if not out.requires_grad:
            return True
        (left,) = torch.autograd.grad((out * _mixed(out[:1])).sum(), at, allow_unused=True)
    return left is None or not bool(left.any())


def _straight(at: Tensor, z: Tensor, real: int) -> bool:
    """Whether gradients pass the stem as the transpose of one and the same map, in every row.

    The same in all rows, each number of z in its own scale over the first `real` rows, since a bend
    in numbers that are small beside the others is not seen in the values; and its own transpose,
    <g, A(x) - A(y)> = <A^T g, x - y>, since they may be cut (detach) or made up inside.
    """
    x, seen = at.detach(), z.detach()
    spread = seen[:real].std(dim=0, correction=0)
    spread = torch.maximum(spread, 1e-6 * seen[:real].abs().amax(dim=0))
    g = torch.where(spread > 0, _mixed(seen[:1]) / spread, torch.zeros_like(seen[:1]))
    (back,) = torch.autograd.grad(z, at, g.expand(len(z), -1))
    scaled = back * x[:real].abs().mean(dim=0)
    size = scaled.abs().amax(dim=0)
    if not ((scaled - scaled[0]).abs() <= AFFINE * size + 1e-6 * size.max()).all():
        return False
    steps = (g * (seen[real - 1] - seen[real])).double()
    found = (back[0].double() * (x[real - 1] - x[real]).double()).sum()
    return bool((found - steps.sum()).abs() <= 1e-2 * steps.norm())


def _mixed(like: Tensor) -> Tensor:
    """Noise of this shape, so that parts that cancel in a plain sum do not cancel."""
    maker = torch.Generator().manual_seed(1)
    return torch.randn(like.shape, generator=maker, dtype=torch.float64).to(like)
