"""The affine stem: the part of a network that a straight path passes through unbent.

Where a network sees its input through affine maps A alone, f(x) = rest(A(x)), the straight path
from b to x is straight behind A too. So A is applied to both ends only, gradients are taken at its
output, and one transposed application brings them back: the same integral, exactly.

A stem is found by looking at what happens, never at the names of classes: the calls of submodules
whose output is affine in the input on probes far beyond the data, through which alone, as two
proofs show, the output follows the input.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from evenlight.errors import ModelError
from evenlight.explainers.opened import Network, Part
from evenlight.explainers.proof import AFFINE, alone
from evenlight.models.patched import Forward, patched

FAR = (-30.0, 0.5, 2.0, 100.0)
"""Where on the line through two probes, at 0 and at 1, the map is looked at."""


def find(module: nn.Module, sample: Tensor) -> Network:
    """The network opened at its affine stem, or at the input, with the reason why.

    Call it inside `kept(module)`. `sample` (m, *s) are a few real rows.

    >>> net = find(nn.Sequential(nn.Flatten(), nn.Linear(6, 4), nn.ReLU()), torch.ones(2, 2, 3))
    >>> net.name, net.shape, net.rest(net.enter(torch.ones(5, 2, 3))).shape
    ('1', (4,), torch.Size([5, 4]))
    """
    sample = sample.detach()
    whole = Network(module, sample[:1].clone())
    if isinstance(module, torch.jit.ScriptModule):
        return _at_input(whole, "a scripted network does not show its parts")
    try:
        with torch.no_grad():
            found = _found(whole, sample)
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        return _at_input(whole, f"the network could not be probed ({str(error)[:80]})")
    return found


def open_at(module: nn.Module, sample: Tensor, layer: str) -> Network:
    """The network opened at the output of the submodule called `layer`, affine or not.

    Raises ModelError for an unknown name, for a layer that runs more than once or gives no tensor
    with a row for each row of input, and where the output follows the input past the layer.

    >>> network = nn.Sequential(nn.Embedding(5, 3), nn.Flatten(), nn.Linear(6, 1))
    >>> open_at(network, torch.tensor([[1, 2], [3, 4]]), "0").shape
    (6,)
    """
    known = dict(module.named_modules())
    if layer not in known or not layer:
        names = ", ".join(name for name in list(known)[1:21])
        raise ModelError(f"no layer {layer!r}; the network's parts are {names}")
    sample = sample.detach()
    with torch.no_grad():
        calls = trace(module, sample)
        own = [call for call in calls if call.name == layer]
        if len(own) != 1 or not own[0].usable:
            raise ModelError(
                f"layer {layer!r} runs {len(own)} times or gives no rows; name a layer that runs "
                "once and gives one tensor (n, ...)"
            )
        whole = Network(module, sample[:1].clone(), affine=False)
        opened = alone(_opened(whole, own, calls, sample), sample, _few(sample))
        if opened is None:
            raise ModelError(
                f"the output follows the input past layer {layer!r} too, so what the layer holds "
                "does not add up to the output; name an earlier layer"
            )
    return opened


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One call of a submodule: whether its output is affine on the probes, and its shape."""

    name: str
    module: nn.Module
    shape: tuple[int, ...]
    usable: bool
    affine: bool


class _Bent(Exception):
    """A part that is not affine has been reached."""


def trace(module: nn.Module, sample: Tensor, *, whole: bool = True) -> list[Call]:
    """Every call of every submodule, in the order in which they end.

    Without `whole` only those up to the first that is not affine, if one before it was.
    """
    calls: list[Call] = []
    probes = _probes(sample) if sample.is_floating_point() else sample

    def watched(name: str, part: nn.Module, forward: Forward) -> Forward:
        def watch(*args: Any, **kwargs: Any) -> Any:
            out = forward(*args, **kwargs)
            rows = isinstance(out, Tensor) and out.ndim > 1 and len(out) == len(probes)
            usable = rows and out.is_floating_point()
            shape = tuple(out.shape[1:]) if usable else ()
            straight = usable and sample.is_floating_point() and _affine(out)
            calls.append(Call(name, part, shape, usable, straight))
            if not whole and not straight and any(call.affine for call in calls):
                raise _Bent
            return out

        return watch

    parts = [(part, watched(n, part, part.forward)) for n, part in module.named_modules()]
    with patched(parts), suppress(_Bent):
        module(probes.clone())
    return calls


def _probes(sample: Tensor) -> Tensor:
    """Two lines, one through real rows and one through noise: (2 + len(FAR)) points on each."""
    maker = torch.Generator().manual_seed(0)
    noise = torch.randn(sample.shape[1:], generator=maker, dtype=torch.float64).to(sample)
    size = sample.abs().mean().clamp_min(torch.finfo(sample.dtype).tiny * 1e6)
    start, end = sample[0], sample[-1]
    lines = [(start, end + 0.1 * size * noise), (start, start + size * noise.flip(0))]
    return torch.stack([a + t * (b - a) for a, b in lines for t in (0.0, 1.0, *FAR)])


def _few(sample: Tensor) -> Tensor:
    """Three of the probes, near the data and far to both sides of it; none for codes."""
    if not sample.is_floating_point():
        return sample[:0]
    probes = _probes(sample)
    return torch.cat([probes[7:9], probes[-1:]])


def _affine(out: Tensor) -> bool:
    """Whether the outputs at the probes lie on straight lines, and move."""
    if not torch.isfinite(out).all():
        return False
    for line in out.reshape(2, 2 + len(FAR), -1):
        a, b = line[0], line[1]
        loss = AFFINE if out.dtype == torch.float32 else 1e-9
        for t, seen in zip(FAR, line[2:], strict=True):
            size = line.abs().max().clamp_min(torch.finfo(out.dtype).tiny)
            if ((a + t * (b - a) - seen).abs().max() > loss * size).item():
                return False
    return bool((out != out[0]).any())


def _found(whole: Network, sample: Tensor) -> Network:
    first = trace(whole.module, sample, whole=False)
    for call in reversed([c for c in first if c.affine]):
        one = _proven(whole, [call], first, sample)
        if one is not None:
            return one
    calls = trace(whole.module, sample)
    names = [call.name for call in calls]
    straight = [c for c in calls if c.affine and names.count(c.name) == 1]
    if not straight:
        return _at_input(whole, "no part of the network is affine in the input")
    for call in reversed(straight):
        one = _proven(whole, [call], calls, sample)
        if one is not None:
            return one
    return _several(whole, straight, calls, sample)


def _several(whole: Network, straight: list[Call], calls: list[Call], sample: Tensor) -> Network:
    """The fewest and latest affine parts that together carry the input, as with several inputs."""
    if _proven(whole, straight, calls, sample) is None:
        return _at_input(
            whole, "the output follows the input also past every affine part (a second path)"
        )
    kept = list(straight)
    for call in straight:
        fewer = [c for c in kept if c is not call]
        if fewer and _proven(whole, fewer, calls, sample) is not None:
            kept = fewer
    found = _proven(whole, kept, calls, sample)
    assert found is not None
    return found


def _at_input(whole: Network, reason: str) -> Network:
    return Network(whole.module, whole.blank, reason=reason)


def _proven(whole: Network, own: list[Call], calls: list[Call], sample: Tensor) -> Network | None:
    try:
        return alone(_opened(whole, own, calls, sample), sample, _few(sample))
    except (RuntimeError, ValueError, TypeError, IndexError, ModelError):
        return None


def _opened(whole: Network, own: list[Call], calls: list[Call], sample: Tensor) -> Network:
    """Opened at these calls; what runs before the first of them is said from memory."""
    first = next(i for i, call in enumerate(calls) if call in own)
    names = [call.name for call in calls]
    before = [c for c in calls[:first] if c.usable and names.count(c.name) == 1]
    parts = tuple(Part(c.name, c.module, c.shape) for c in own)
    bare = Network(whole.module, whole.blank, parts, affine=whole.affine)
    said: dict[int, Tensor] = {}

    def heard(module: nn.Module, forward: Forward) -> Forward:
        def hear(*args: Any, **kwargs: Any) -> Any:
            out = forward(*args, **kwargs)
            said[id(module)] = out.detach().clone()
            return out

        return hear

    if before:
        with patched([(c.module, heard(c.module, c.module.forward)) for c in before]):
            whole.module(whole.blank.clone())
    skipped = [
        (c.module, said[id(c.module)]) for c in before if len(said.get(id(c.module), ())) == 1
    ]
    return Network(bare.module, bare.blank, parts, affine=whole.affine, skipped=tuple(skipped))
