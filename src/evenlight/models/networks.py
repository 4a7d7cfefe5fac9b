"""Torch networks: run them, and hand them back exactly as they were found."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext

import numpy as np
import torch
from torch import Tensor, nn

from evenlight.arrays import Float
from evenlight.data.digits import percent
from evenlight.data.outcome import Kind as Outcome
from evenlight.errors import ModelError
from evenlight.models import outputs
from evenlight.models.adapted import Adapted, Declared
from evenlight.models.codes import REMEDY, bounded, takes_codes, whole
from evenlight.models.full_precision import HALF, computable, full_precision, unquantised
from evenlight.models.inputs import Split, by_name, split
from evenlight.models.margins import margin_tensor as margin_tensor

BUDGET = 2**23
"""Most numbers of x in one forward pass."""

_HOOKS = (
    "_forward_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called",
    "_forward_pre_hooks",
    "_forward_pre_hooks_with_kwargs",
    "_backward_hooks",
    "_backward_pre_hooks",
    "_state_dict_hooks",
    "_state_dict_pre_hooks",
    "_load_state_dict_pre_hooks",
    "_load_state_dict_post_hooks",
)


def adapt_network(model: nn.Module, declared: Declared) -> Adapted:
    """A network as a model; float16 and bfloat16 are computed in a float32 copy, with a note.

    Compiled and data-parallel wrappers are taken off: their answer is that of what they hold.

    Raises ModelError for parameters on several devices, on no device (meta), or not yet made, and
    for inputs that its forward() does not take.
    """
    eager = _bare(model)
    unquantised(eager)
    module = computable(eager)
    name = _name(eager)
    if declared.inputs is not None:
        by_name(eager, tuple(declared.inputs))

    def settle(x: Float, names: tuple[str, ...] | None, outcome: Outcome | None) -> Adapted:
        net, features = module, declared.features
        if declared.inputs is not None:
            features = features or names
            net = split(module, declared.inputs, features, x.shape[1:])
        with full_precision() as cast, kept(net):
            seen = _tried(net, x, declared.codes)
        link = outputs.decide_link(seen, declared, outcome)
        outputs.check_outputs(seen, link, declared.gives)
        gives = declared.gives or "margin"
        targets = outputs.target_names(seen.shape[1], declared.targets)

        def score(rows: Float) -> Float:
            with kept(net):
                raw = forward(net, rows, declared.codes)
            return outputs.margin_from(raw, link, gives)

        return Adapted(
            name, "torch", score, link, targets=targets, features=features, unit=declared.unit,
            gives=gives, module=net, codes=declared.codes,
            notes=_half_notes(eager, net, x, declared, cast),
        )  # fmt: skip

    return Adapted(
        name, "torch", link=declared.link, features=declared.features, unit=declared.unit,
        module=module, codes=declared.codes, settle=settle,
    )  # fmt: skip


def _bare(model: nn.Module) -> nn.Module:
    """What a compiled or data-parallel wrapper holds."""
    inner = getattr(model, "_orig_mod", None)
    if isinstance(model, nn.DataParallel | nn.parallel.DistributedDataParallel):
        inner = model.module
    return model if inner is None else _bare(inner)


def _name(module: nn.Module) -> str:
    """The class of a network; a scripted or split one keeps that of what it was made from."""
    return str(getattr(module, "original_name", type(module).__name__))


def _half_notes(
    eager: nn.Module, net: nn.Module, x: Float, declared: Declared, cast: list[torch.dtype]
) -> tuple[str, ...]:
    """What was in half precision and computed in float32, and how far its own outputs are."""
    held = [*eager.parameters(), *eager.buffers()]
    kinds = ", ".join(sorted({str(p.dtype) for p in held if p.dtype in HALF}))
    if kinds:
        note = f"The network's {kinds} parameters were computed with in float32, in a copy;"
        return (f"{note} {_apart(eager, net, x, declared)}.",)
    if not cast:
        return ()
    kinds = ", ".join(sorted({str(kind) for kind in cast}))
    note = f"Parts of the network that it casts to {kinds} itself (autocast) were computed in full;"
    return (f"{note} {_apart(eager, net, x, declared)}.",)


def _apart(eager: nn.Module, net: nn.Module, x: Float, declared: Declared) -> str:
    """How far the outputs in the network's own precision are from those in float32, in words."""
    if isinstance(net, Split):
        eager = net.around(eager)
    try:
        with kept(eager, full=False):
            own = forward(eager, x[:64], declared.codes)
        with kept(net):
            exact = forward(net, x[:64], declared.codes)
    except RuntimeError:
        return "its own outputs could not be had on this device"
    apart = float(np.abs(own - exact).max())
    if not np.isfinite(apart):
        bad = int((~np.isfinite(own)).any(axis=1).sum())
        return f"its own outputs are not finite in {bad} of {len(own)} rows"
    part = percent(apart / max(float(exact.std()), 1e-30), places=1)
    return (
        f"its own outputs differ from these by up to {apart:.2g} "
        f"({part} of their standard deviation) in {len(own)} rows"
    )


def _tried(net: nn.Module, x: Float, codes: bool) -> Float:
    """Raw outputs; a network that takes codes and was not declared so is named."""

    def run(rows: Float, codes: bool) -> Float:
        return forward(net, rows, codes)

    try:
        return run(x, codes)
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, TypeError, IndexError) as error:
        if codes or not takes_codes(run, x):
            raise ModelError(_fails(net, x, codes, error)) from error
        raise ModelError(
            f"{_name(net)} takes whole numbers and no floats, as codes for an embedding; {REMEDY}"
        ) from error


def _fails(net: nn.Module, x: Float, codes: bool, error: Exception) -> str:
    """What to look at where a network does not run on the cohort's rows."""
    shape = f"a batch of shape ({', '.join(map(str, ('m', *x.shape[1:])))})"
    said = f"{_name(net)} fails on {shape} as the cohort gives it: {error}; "
    if isinstance(error, TypeError) and "positional argument" in str(error):
        return f"{said}if it takes several inputs, say ev.adapt(model, inputs={{name: features}})"
    if codes:
        return f"{said}codes=True is for networks that begin with an embedding"
    return f"{said}give the cohort rows of the shape that the network was trained on"


def placement(module: nn.Module) -> tuple[torch.device, torch.dtype]:
    """Device and floating dtype of a module, read from its first floating parameter or buffer."""
    for held in (*module.parameters(), *module.buffers()):
        if held.is_floating_point():
            return held.device, held.dtype
    return torch.device("cpu"), torch.get_default_dtype()


def as_tensor(module: nn.Module, x: Float, codes: bool = False) -> Tensor:
    """Rows x on the module's device, in its dtype; as int64 where they are codes.

    Raises ModelError for codes that are no whole numbers.
    """
    device, dtype = placement(module)
    if codes:
        return torch.tensor(whole(x), device=device)
    return torch.tensor(np.ascontiguousarray(x), dtype=dtype, device=device)


def forward(module: nn.Module, x: Float, codes: bool = False) -> Float:
    """Raw outputs (n, t) in float64, in batches and without gradients; call it inside `kept`.

    Raises ModelError for a code beyond the network's embedding.
    """
    step = max(1, min(4096, BUDGET // max(1, int(np.prod(x.shape[1:])))))
    parts = []
    for start in range(0, len(x), step):
        rows = x[start : start + step]
        with torch.no_grad(), bounded(module, rows) if codes else nullcontext():
            raw = module(as_tensor(module, rows, codes))
        said = raw.detach().cpu().to(torch.float64).numpy() if isinstance(raw, Tensor) else raw
        parts.append(outputs.as_columns(said, len(rows), name=_name(module)))
    return np.concatenate(parts)


@contextmanager
def kept(module: nn.Module, *, full: bool = True) -> Iterator[nn.Module]:
    """The module in eval mode, without parameter gradients; restored however the block ends.

    Restored: the mode of every submodule, requires_grad, .grad, buffers, hooks, the generators of
    torch, numpy and Python, and the cuDNN and TF32 flags. What was in the module is put back, not
    copied. Inside, a caller's autocast is off, and with `full` one that the network opens itself.
    """
    with ExitStack() as stack:
        for restore in (*_generators(), _flags(), *_module_state(module)):
            stack.callback(restore)
        stack.enter_context(torch.autocast(placement(module)[0].type, enabled=False))
        if full:
            stack.enter_context(full_precision())
        module.eval()
        for parameter in module.parameters():
            parameter.grad = None
            parameter.requires_grad_(False)
        if any(isinstance(part, nn.RNNBase) for part in module.modules()):
            torch.backends.cudnn.enabled = False  # it gives no gradients of these in eval mode
        torch.backends.cudnn.benchmark = False
        torch.backends.cudnn.allow_tf32 = False
        torch.backends.cuda.matmul.allow_tf32 = False
        yield module


def _generators() -> list[Callable[[], object]]:
    state, python = torch.get_rng_state(), random.getstate()
    legacy = np.random.get_state()  # noqa: NPY002  the user's global generator is what we protect
    restore: list[Callable[[], object]] = [
        lambda: torch.set_rng_state(state),
        lambda: random.setstate(python),
        lambda: np.random.set_state(legacy),  # noqa: NPY002  as above
    ]
    if torch.cuda.is_available() and torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        devices = torch.cuda.get_rng_state_all()
        restore.append(lambda: torch.cuda.set_rng_state_all(devices))
    return restore


def _flags() -> Callable[[], None]:
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    enabled, benchmark, exact = cudnn.enabled, cudnn.benchmark, cudnn.deterministic
    tf32, product = cudnn.allow_tf32, matmul.allow_tf32

    def restore() -> None:
        cudnn.enabled, cudnn.benchmark, cudnn.deterministic = enabled, benchmark, exact
        cudnn.allow_tf32, matmul.allow_tf32 = tf32, product

    return restore


def _module_state(module: nn.Module) -> list[Callable[[], object]]:
    parts: list[Callable[[], object]] = [_parts(part) for part in module.modules()]
    return parts + [_parameter(parameter) for parameter in module.parameters()]


def _parameter(parameter: nn.Parameter) -> Callable[[], None]:
    wanted, gradient = parameter.requires_grad, parameter.grad

    def restore() -> None:
        parameter.requires_grad_(wanted)
        parameter.grad = gradient

    return restore


def _parts(part: nn.Module) -> Callable[[], None]:
    """How to put back the mode, the hooks and the buffers of one submodule."""
    mode, full = part.training, getattr(part, "_is_full_backward_hook", None)
    hooks = [(getattr(part, n), getattr(part, n).copy()) for n in _HOOKS if hasattr(part, n)]
    buffers = {n: (b, b.detach().clone()) for n, b in part._buffers.items() if b is not None}

    def restore() -> None:
        part.training = mode
        if full is not None or getattr(part, "_is_full_backward_hook", None) is not None:
            part._is_full_backward_hook = full
        for live, before in hooks:
            live.clear()
            live.update(before)
        for name, (buffer, value) in buffers.items():
            part._buffers[name] = buffer
            if not torch.equal(buffer, value):
                with torch.no_grad():
                    buffer.copy_(value)

    return restore
