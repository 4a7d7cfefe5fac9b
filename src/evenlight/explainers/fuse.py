"""Convolutions and the batch normalisations behind them, computed as one.

In eval mode a batch normalisation is a fixed scale and shift of each channel, which the
convolution before it can carry in its own weights (Jacob et al. 2018, section 3.2).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from evenlight.explainers.opened import Network
from evenlight.models.patched import Forward, patched

CLOSE = 1e-5
"""Largest departure of the fused network, relative to its largest output."""


def fused(net: Network, z: Tensor) -> Network:
    """The same network with each such pair computed as one, where that gives the same outputs.

    Pairs are found by what is handed on: the output of the one is the input of the other, and both
    run once and carry no hooks. `z` (m, h) are a few points behind the stem.
    """
    with torch.no_grad():
        pairs = _pairs(net, z)
        if not pairs:
            return net
        made = replace(net, fused=tuple(f for pair in pairs for f in _one(*pair)))
        wanted, found = net.rest(z), made.rest(z)
    size = float(wanted.abs().max())
    return made if torch.allclose(found, wanted, rtol=0, atol=CLOSE * size) else net


def _pairs(net: Network, z: Tensor) -> list[tuple[Any, Any]]:
    """Convolutions with the normalisation that takes what they give."""
    gave: dict[int, Any] = {}
    calls: dict[Any, int] = {}
    kept: list[Tensor] = []  # while a tensor is alive, no other has its address
    pairs: list[tuple[Any, Any]] = []

    def watched(part: nn.Module, forward: Forward) -> Forward:
        convolves = _convolves(part)

        def watch(given: Tensor, *args: Any, **kwargs: Any) -> Any:
            before = None if convolves else gave.get(id(given))
            out = forward(given, *args, **kwargs)
            calls[part] = calls.get(part, 0) + 1
            if before is not None:
                pairs.append((before, part))
            if convolves:
                gave[id(out)] = part
                kept.append(out)
            return out

        return watch

    own = {part.module for part in net.parts} | {module for module, _ in net.skipped}
    parts = [m for m in net.module.modules() if (_convolves(m) or _scales(m)) and m not in own]
    if not any(_scales(part) for part in parts):
        return []
    with patched([(m, watched(m, m.forward)) for m in parts]):
        net.rest(z)
    return [(a, b) for a, b in pairs if calls[a] == calls[b] == 1]


def _one(conv: Any, norm: Any) -> Sequence[tuple[nn.Module, Callable[..., Tensor]]]:
    fused_weight, fused_bias = fuse_conv_bn_weights(
        conv.weight, conv.bias, norm.running_mean, norm.running_var, norm.eps, norm.weight,
        norm.bias,
    )  # fmt: skip
    weight, bias = fused_weight.detach(), fused_bias.detach()
    return [
        (conv, lambda x: conv._conv_forward(x, weight, bias)),
        (norm, lambda x: x),
    ]


def _convolves(part: Any) -> bool:
    return hasattr(part, "_conv_forward") and not _hooked(part) and not part.transposed


def _scales(part: Any) -> bool:
    has = all(getattr(part, name, None) is not None for name in ("running_mean", "running_var"))
    return has and hasattr(part, "eps") and not _hooked(part) and not part.training


def _hooked(part: nn.Module) -> bool:
    return bool(part._forward_hooks or part._forward_pre_hooks or "forward" in part.__dict__)
