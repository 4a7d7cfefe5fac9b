"""Dropout switched on in a network that stays in eval mode, with masks that belong to rows.

A mask is a function of (run, row id, layer, call, draw): the same whatever rows stand beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from evenlight.arrays import Values
from evenlight.errors import ModelError
from evenlight.explainers.draws import Keys
from evenlight.models.networks import kept
from evenlight.probes.perturbations.drawing import generators

ELEMENTS = (nn.Dropout,)
CHANNELS = (nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)
"""Layers that drop single numbers, and layers that drop whole channels (the second axis)."""

OTHER = (nn.AlphaDropout, nn.FeatureAlphaDropout)


@dataclass(slots=True)
class Block:
    """The rows that pass now: their keys (m, 2), the draw, and how often each layer was called."""

    keys: Keys
    draw: int
    calls: dict[str, int] = field(default_factory=dict)


def dropping(module: nn.Module) -> dict[str, nn.Module]:
    """The layers of a network that drop, by name.

    Raises ModelError where there is none, and for kinds whose masks are not made here.
    """
    parts = dict(module.named_modules())
    other = [name for name, part in parts.items() if isinstance(part, OTHER)]
    if other:
        raise ModelError(
            f"{len(other)} layers are alpha dropout (first {other[0]!r}), whose masks are not made "
            "here; train several models and pass them as a list"
        )
    found: dict[str, nn.Module] = {
        n: p for n, p in parts.items() if isinstance(p, ELEMENTS + CHANNELS) and p.p > 0
    }
    if not found:
        raise ModelError(
            f"{type(module).__name__} has no dropout layer with a rate above 0; pass a list of "
            "models that were trained apart"
        )
    return found


def silent(module: nn.Module) -> list[str]:
    """Layers that drop inside themselves, which no mask reaches: recurrent and attention."""
    return [
        name
        for name, part in module.named_modules()
        if isinstance(part, nn.RNNBase | nn.MultiheadAttention) and part.dropout > 0
    ]


@contextmanager
def masked(module: nn.Module) -> Iterator[Block]:
    """The network in eval mode, its dropout layers dropping by the block's keys; then as found."""
    block = Block(np.zeros((0, 2), dtype=np.uint64), 0)
    with kept(module):
        for name, part in dropping(module).items():
            part.register_forward_hook(_hook(name, part, block))
        yield block


def _hook(
    name: str, part: nn.Module, block: Block
) -> Callable[[nn.Module, object, Tensor], Tensor]:
    rate, channels = float(part.p), isinstance(part, CHANNELS)  # type: ignore[arg-type]

    def drop(_module: nn.Module, _given: object, out: Tensor) -> Tensor:
        call = block.calls[name] = block.calls.get(name, 0) + 1
        rows = len(block.keys)
        if len(out) % rows:
            raise ModelError(
                f"{name or 'the dropout layer'} is handed {len(out)} rows where {rows} pass; keep "
                "the first axis for rows"
            )
        shape = (*out.shape[:2], *(1,) * (out.ndim - 2)) if channels else tuple(out.shape)
        wanted = (rows, int(np.prod(shape)) // rows)
        keep = _kept(block, f"dropout {name} {call}", wanted, rate)
        return out * torch.as_tensor(keep.reshape(shape), dtype=out.dtype, device=out.device)

    return drop


def _kept(block: Block, name: str, shape: tuple[int, int], rate: float) -> Values:
    """What is kept of each row (m, numbers): 0, or 1 / (1 - rate)."""
    out = np.empty(shape, dtype=np.float32)
    for own, rng in zip(out, generators(block.keys, name, block.draw), strict=True):
        own[:] = rng.random(shape[1], dtype=np.float32)
    return np.where(out < rate, 0.0, 1.0 / max(1.0 - rate, 1e-12)) if rate < 1 else np.zeros(shape)
