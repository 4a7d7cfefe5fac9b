"""Networks in half precision, computed in full.

Half-precision weights are copied into float32. A network may also open `torch.autocast` inside its
forward: its weights are float32, and what it computes with them is not. Rounding then makes steps
of what should be smooth, and gradients along a path do not add up to its ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import torch
from torch import nn
from torch.amp.autocast_mode import autocast

from evenlight.errors import ModelError

HALF = (torch.float16, torch.bfloat16)

QUANTISED = ("torch.ao.nn.quantized", "torch.nn.quantized", "torch.ao.nn.intrinsic.quantized")


@contextmanager
def full_precision() -> Iterator[list[torch.dtype]]:
    """Inside, autocast casts nothing; the list gets the precision of each that would have."""
    before: Any = autocast.__enter__
    met: list[torch.dtype] = getattr(before, "met", [])
    if hasattr(before, "met"):
        yield met
        return

    def enter(self: Any) -> Any:
        wanted = self._enabled
        if wanted:
            met.append(self.fast_dtype)
        self._enabled = False
        try:
            return before(self)
        finally:
            self._enabled = wanted

    enter.met = met  # type: ignore[attr-defined]
    autocast.__enter__ = enter  # type: ignore[method-assign]
    try:
        yield met
    finally:
        autocast.__enter__ = before  # type: ignore[method-assign]


def unquantised(module: nn.Module) -> None:
    """Raise ModelError for a network with quantised parts, which has no gradients in torch."""
    found = [n for n, part in module.named_modules() if type(part).__module__.startswith(QUANTISED)]
    if found:
        raise ModelError(
            f"{len(found)} parts of the network are quantised, first {found[0]!r}: they have no "
            "gradients, and dynamic ones round each row by the rest of its batch; audit the float "
            "network that was quantised, or pass a function that runs the quantised one row by row"
        )


def computable(module: nn.Module) -> nn.Module:
    """The module itself, or a float32 copy of one in half precision."""
    held = [*module.parameters(), *module.buffers()]
    if any(isinstance(p, nn.UninitializedParameter | nn.UninitializedBuffer) for p in held):
        raise ModelError("the network has parameters that are not made yet; run it once on a batch")
    places = sorted({str(p.device) for p in held})
    if len(places) > 1 or "meta" in places:
        raise ModelError(
            f"the network's parameters are on {', '.join(places)}; move all of them to one device "
            "with module.to(device), and load weights that are on meta"
        )
    return deepcopy(module).float() if any(p.dtype in HALF for p in held) else module
