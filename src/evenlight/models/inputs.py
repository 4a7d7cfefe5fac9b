"""Networks with several inputs: the columns of one x, or the channels of its images, split."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from evenlight.data.nearest import hint
from evenlight.errors import ModelError
from evenlight.models.adapted import Inputs
from evenlight.models.wired import Wired


class Split(nn.Module):
    """One x (m, p), or (m, c, *space), in, the network's output out; the network is kept as it is.

    `parts` maps the name of an input to its columns, or channels, and the shape (*s) of one row.
    """

    def __init__(
        self, module: nn.Module, parts: Mapping[str, tuple[list[int], tuple[int, ...]]]
    ) -> None:
        super().__init__()
        self.module = module
        self.parts = parts
        self.shapes = {name: shape for name, (_, shape) in parts.items()}
        self.named = by_name(module, tuple(parts))
        self.original_name = getattr(module, "original_name", type(module).__name__)
        self.training = module.training
        for i, (columns, _) in enumerate(parts.values()):
            self.register_buffer(f"columns_{i}", torch.tensor(columns), persistent=False)

    def forward(self, x: Tensor) -> Any:
        """What the network says of its inputs."""
        given = {
            name: x.index_select(1, cast(Tensor, getattr(self, f"columns_{i}"))).reshape(
                len(x), *shape
            )
            for i, (name, shape) in enumerate(self.shapes.items())
        }
        return self.module(**given) if self.named else self.module(*given.values())

    def around(self, module: nn.Module) -> Split:
        """The same split in front of another network."""
        return Split(module, self.parts)


def split(
    module: nn.Module, inputs: Inputs, names: tuple[str, ...] | None, shape: tuple[int, ...]
) -> Split:
    """The network behind rows of `shape` (p,), or (c, *space), with columns or channels `names`.

    An input of images is made of channels, as (k, *space).

    Raises ModelError where a feature belongs to no input or to two, a name is unknown, a shape
    does not hold its features, or forward() takes other inputs.
    """
    if names is None:
        raise ModelError(
            "inputs= names features, and the columns of x have no names here; declare them with "
            "ev.adapt(model, inputs=..., features=[...])"
        )
    if len(shape) > 1 and len(names) != shape[0]:
        raise ModelError(
            f"inputs= splits the channels of images; x has rows of {shape} and {len(names)} names, "
            f"wanted {shape[0]}: name the channels with features=[...]"
        )
    parts = {name: _part(name, given, shape[1:]) for name, given in inputs.items()}
    _partition(parts, names)
    place = {name: j for j, name in enumerate(names)}
    return Split(module, {n: ([place[c] for c in cols], s) for n, (cols, s) in parts.items()})


def by_name(module: nn.Module, names: tuple[str, ...]) -> bool:
    """Whether forward() takes the inputs by name; False where it takes them by place.

    Raises ModelError, with the signature, where it takes them in neither way.
    """
    inner: Any = module
    if isinstance(module, Wired) and module.hands == "tensor":
        inner = module.network
    signature = inspect.signature(inner.forward)
    takes = list(signature.parameters.values())
    known = {p.name for p in takes if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    named = set(names) <= known or any(p.kind == p.VAR_KEYWORD for p in takes)
    try:
        if named:
            signature.bind(**dict.fromkeys(names))
        elif set(names) & known:
            raise TypeError(f"{sorted(set(names) - known)} are no parameters")
        else:
            signature.bind(*names)
    except TypeError as error:
        raise ModelError(
            f"inputs are {', '.join(names)}, and {type(module).__name__}.forward takes "
            f"{signature}: {error}; name the inputs as its parameters are named, or in their order"
        ) from error
    return named


def _part(name: str, given: Any, space: tuple[int, ...]) -> tuple[list[str], tuple[int, ...]]:
    """The features of an input, and the shape of one row: of channels with their `space`."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        kind = "text" if isinstance(given, str) else type(given).__name__
        raise ModelError(f"input {name!r} is a {kind}; list the names of its features")
    parts = tuple(given)
    shaped = isinstance(given, tuple) and len(parts) == 2 and not isinstance(parts[0], str)
    if shaped and space:
        raise ModelError(
            f"input {name!r} has a shape, and x holds images: list the names of its channels only"
        )
    columns, shape = (list(parts[0]), tuple(parts[1])) if shaped else (list(parts), (len(parts),))
    if columns and space:
        return columns, (*shape, *space)
    if int(np.prod(shape)) != len(columns) or not columns:
        raise ModelError(
            f"input {name!r} names {len(columns)} features, which do not fill the shape {shape}"
        )
    return columns, shape


def _partition(
    parts: Mapping[str, tuple[list[str], tuple[int, ...]]], names: tuple[str, ...]
) -> None:
    """Raise ModelError unless every feature belongs to exactly one input."""
    owner: dict[str, str] = {}
    known = set(names)
    for name, (columns, _) in parts.items():
        for column in columns:
            if column not in known:
                near = hint(column, names, "")
                raise ModelError(f"input {name!r} names {column!r}, which is no feature{near}")
            if column in owner:
                raise ModelError(
                    f"feature {column!r} belongs to the inputs {owner[column]!r} and {name!r}; "
                    "each belongs to one"
                )
            owner[column] = name
    left = [name for name in names if name not in owner]
    if left:
        raise ModelError(
            f"{len(left)} of {len(names)} features belong to no input, first {left[:3]}; name them "
            "in inputs=, or leave them out of the cohort"
        )
