"""Proofs that a network is its stem and what follows: no other path, and straight throughout."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from evenlight.explainers.opened import Network, patched, saying

AFFINE = 1e-4
"""Largest departure from a straight line, relative to the largest value, in float32."""


def alone(opened: Network, sample: Tensor, probes: Tensor) -> Network | None:
    """The same, if the output follows the input through z alone, in values and gradients.

    On real rows (m, *s) and on `probes` (k, *s) far from them: a second path may be shut on most. A
    stem that is to be affine is shown to be so in its gradients as well.
    """
    rows = torch.cat([sample, probes])
    z = opened.enter(rows)
    made = _through(opened, rows, z.clone())
    if made is None or not sample.is_floating_point():
        return made
    few = torch.cat([sample[-1:], probes[:1]])
    straight = not made.affine or (_transposes(made, few) and _unbent(made, sample, rows, z))
    return made if straight and _vanishes(made, rows, z) else None


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


def _transposes(opened: Network, rows: Tensor) -> bool:
    """Whether gradients pass the stem as its transpose: <g, A(x) - A(y)> = <A^T g, x - y>.

    Where they are cut inside (detach) or made up (a backward of its own), the stem is no stem.
    """
    with torch.enable_grad():
        at = rows.detach().clone().requires_grad_(True)
        z = opened.enter(at)
        if not z.requires_grad:
            return False
        step = z.detach()[:1] - z.detach()[1:]
        unit = step / step.abs().max().clamp_min(torch.finfo(step.dtype).tiny)  # no overflow
        (back,) = torch.autograd.grad(z[:1], at, unit)
    wanted = float((step.double() * unit.double()).sum())
    found = float((back[:1].double() * (rows[:1] - rows[1:]).double()).sum())
    return abs(found - wanted) <= 1e-3 * wanted


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


def _unbent(opened: Network, sample: Tensor, rows: Tensor, z: Tensor) -> bool:
    """Whether gradients through the stem are the same in all rows, each number of z in its scale.

    A bend in numbers that are small beside the others is not seen in the values.
    """
    real = z[: len(sample)]
    spread = torch.maximum(real.std(dim=0, correction=0), 1e-6 * real.abs().amax(dim=0))
    g = torch.where(spread > 0, _mixed(z[:1]) / spread, torch.zeros_like(z[:1]))
    back = opened.pull(rows, g.expand(len(rows), -1)) * sample.abs().mean(dim=0)
    size = back.abs().amax(dim=0)
    close = AFFINE * size + 1e-6 * size.max()
    return bool(((back - back[0]).abs() <= close).all())


def _mixed(like: Tensor) -> Tensor:
    """Noise of this shape, so that parts that cancel in a plain sum do not cancel."""
    maker = torch.Generator().manual_seed(1)
    return torch.randn(like.shape, generator=maker, dtype=torch.float64).to(like)
