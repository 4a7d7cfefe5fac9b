"""The layers of a network, read and moved by forward hooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from evenlight.arrays import Float, Single
from evenlight.data.cohort import Cohort
from evenlight.errors import ModelError
from evenlight.models import outputs
from evenlight.models.adapted import Adapted
from evenlight.models.inputs import Split
from evenlight.models.networks import forward, kept
from evenlight.probes.layers import Channels, Layer, chosen

Hook = Callable[[Any], Any]
"""Takes what a layer gives; what it returns, unless None, goes on in its place."""

BUDGET = 2**26
"""Most numbers of a layer, over all rows, that are held as a whole."""

_FIRST = (nn.Conv1d, nn.ConvTranspose1d, nn.BatchNorm1d, nn.MaxPool1d, nn.AvgPool1d)


def network_layers(
    adapted: Adapted,
    cohort: Cohort,
    asked: Sequence[str] | None,
    channels: Channels,
    *,
    whole: bool = False,
) -> tuple[Layer, ...]:
    """The layers of a settled network on a cohort; the network stays as it is.

    Maps are pooled over space, or held as a `whole`, place by place.
    """
    net = adapted.module
    root = net.module if isinstance(net, Split) else net
    named = {name: part for name, part in root.named_modules() if name}
    wanted = chosen(asked, list(named), _main(root))
    axes, sizes = _tried(adapted, cohort, {name: named[name] for name in wanted}, channels)
    wanted = [name for name in wanted if asked is not None or axes[name] is not None]
    for name in wanted:
        if axes[name] is None:
            raise ModelError(
                f"layer {name!r} is not called once with one output a row; name another layer, "
                "such as one inside or around it"
            )
    if not wanted:
        raise ModelError(f"{adapted.name} has no part with weights to read; name layers=")
    places = {name: -1 if whole else axes[name] or 0 for name in wanted}
    if whole:
        _fits({name: sizes[name] for name in wanted}, cohort)
    held, output = _read(adapted, cohort, {name: named[name] for name in wanted}, places)
    return tuple(
        Layer(name, "layer", held[name], _runner(adapted, cohort, named[name], places[name]),
              "" if places[name] < 0 else f"mean over all axes but {places[name]}", output)
        for name in wanted
    )  # fmt: skip


def _main(root: nn.Module) -> list[str]:
    """The parts of a network at the first level that has several, as far as they have weights.

    A list of parts (`ModuleList`, `ModuleDict`) is never called: its own parts stand for it.
    """
    prefix, part = "", root
    while len(children := list(part.named_children())) == 1:
        prefix, part = f"{prefix}{children[0][0]}.", children[0][1]
    called = [pair for name, child in children for pair in _called(f"{prefix}{name}", child)]
    names = [name for name, child in called if any(True for _ in child.parameters())]
    return names or ([prefix[:-1]] if prefix else [])


def _called(name: str, part: nn.Module) -> list[tuple[str, nn.Module]]:
    """The part by its name, or those of a list in its place."""
    if not isinstance(part, nn.ModuleList | nn.ModuleDict):
        return [(name, part)]
    return [pair for n, inner in part.named_children() for pair in _called(f"{name}.{n}", inner)]


def _tried(
    adapted: Adapted, cohort: Cohort, parts: Mapping[str, nn.Module], channels: Channels
) -> tuple[dict[str, int | None], dict[str, int]]:
    """The channel axis of each layer's output, and how many numbers a row it holds.

    The axis is -1 where the output is (m, d), None where it has no axis of rows: two batches of
    unlike size tell that one from any other.
    """
    seen: dict[str, list[tuple[int, ...]]] = {name: [] for name in parts}

    def noted(name: str) -> Hook:
        return lambda out: seen[name].append(_shape(out))

    sizes = (2, 1)
    with kept(adapted.module), hooked({parts[name]: noted(name) for name in parts}):
        for size in sizes:
            forward(adapted.module, cohort.dense(cohort.order[:size]), adapted.codes)
    axes = {name: _axis(parts[name], shapes, sizes, channels) for name, shapes in seen.items()}
    return axes, {n: int(np.prod(shapes[0][1:])) if shapes else 0 for n, shapes in seen.items()}


def _fits(sizes: Mapping[str, int], cohort: Cohort) -> None:
    """Raise ModelError for a layer that is too large to be held as a whole."""
    large = [name for name, size in sizes.items() if size * cohort.n > BUDGET]
    if large:
        raise ModelError(
            f"layer {large[0]!r} holds {sizes[large[0]]:,} numbers a row, {BUDGET:,} in "
            f"{cohort.n:,} rows are the most that can be erased; name later layers with layers=, "
            f"or take fewer rows (too large: {', '.join(large)})"
        )


def _axis(
    part: nn.Module, shapes: list[tuple[int, ...]], sizes: tuple[int, ...], channels: Channels
) -> int | None:
    if len(shapes) != len(sizes) or any(
        len(shape) == 0 or shape[0] != size for shape, size in zip(shapes, sizes, strict=True)
    ):
        return None
    rank = len(shapes[0])
    if rank <= 2:
        return -1
    if channels is not None:
        return 1 if channels == "first" else rank - 1
    if rank > 3 or any(isinstance(inner, _FIRST) for inner in part.modules()):
        return 1
    return 2


def _shape(out: Any) -> tuple[int, ...]:
    made = first(out)
    return () if made is None else tuple(made.shape)


def first(out: Any) -> Tensor | None:
    """The tensor of floats that a layer gives, or the first of several."""
    if isinstance(out, tuple | list) and len(out):
        out = out[0]
    return out if isinstance(out, Tensor) and out.is_floating_point() else None


@contextmanager
def hooked(hooks: Mapping[nn.Module, Hook]) -> Iterator[None]:
    """Hooks on the outputs of modules, taken off however the block ends."""

    def wrapped(hook: Hook) -> Callable[[nn.Module, Any, Any], Any]:
        return lambda module, given, out: hook(out)

    handles = [module.register_forward_hook(wrapped(hook)) for module, hook in hooks.items()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _read(
    adapted: Adapted, cohort: Cohort, parts: Mapping[str, nn.Module], axes: Mapping[str, int]
) -> tuple[dict[str, Single], Float | None]:
    """What each layer holds of every row, (n, d), and the margins (n, t) where there is a link.

    Maps are pooled over all but the axis, if any.
    """
    found: dict[str, list[Single]] = {name: [] for name in parts}

    def read(name: str) -> Hook:
        return lambda out: found[name].append(_pooled(first(out), axes[name]))

    with kept(adapted.module), hooked({parts[name]: read(name) for name in parts}):
        raw = [forward(adapted.module, x, adapted.codes) for _, x in cohort.blocks()]
    output = None if adapted.link is None else _margins(adapted, raw)
    return {name: np.concatenate(made) for name, made in found.items()}, output


def _pooled(out: Tensor | None, axis: int) -> Single:
    assert out is not None
    made = out.detach().to("cpu", torch.float32)
    if axis > 0:
        made = made.mean(dim=[d for d in range(1, made.ndim) if d != axis])
    values: Single = made.reshape(len(made), -1).numpy().copy()
    return values


def _runner(
    adapted: Adapted, cohort: Cohort, part: nn.Module, axis: int
) -> Callable[[Float], Float]:
    """From what is taken off a layer's values (n, d) to the margins (n, t)."""

    def run(shift: Float) -> Float:
        done = 0

        def moved(out: Any) -> Any:
            nonlocal done
            made = first(out)
            assert made is not None
            own = _spread(shift[done : done + len(made)], made, axis)
            done += len(made)
            return with_first(out, made - own)

        raw = []
        with kept(adapted.module), hooked({part: moved}):
            for _, x in cohort.blocks():
                raw.append(forward(adapted.module, x, adapted.codes))
        return _margins(adapted, raw)

    return run


def _margins(adapted: Adapted, raw: Sequence[Float]) -> Float:
    """The margins (n, t) of raw outputs, block by block."""
    assert adapted.link is not None
    return outputs.margin_from(np.concatenate(raw), adapted.link, adapted.gives)


def _spread(shift: Float, like: Tensor, axis: int) -> Tensor:
    """The shift (m, d) of each row as a tensor that fits a layer's output, the same everywhere."""
    made = torch.tensor(np.ascontiguousarray(shift), dtype=like.dtype, device=like.device)
    if axis < 0:
        return made.reshape(like.shape)
    shape = [1] * like.ndim
    shape[0], shape[axis] = like.shape[0], like.shape[axis]
    return made.reshape(shape)


def with_first(out: Any, made: Tensor) -> Any:
    """What a layer gives, with another tensor in the place of its first."""
    if isinstance(out, Tensor):
        return made
    rest = (made, *out[1:])
    if isinstance(out, list):
        return list(rest)
    return type(out)(*rest) if hasattr(out, "_fields") else rest
