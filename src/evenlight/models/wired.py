"""Networks that take a dict or a list, or give several outputs, with one tensor at either end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from torch import Tensor, nn

from evenlight.data.nearest import hint
from evenlight.errors import ModelError

Hands = Literal["tensor", "dict", "list"]
HANDS: tuple[Hands, ...] = ("tensor", "dict", "list")

Output = str | int | None
"""An entry of a dict, a field of a record, or a place in a tuple or list."""


class Wired(nn.Module):
    """A network between one tensor, or some by name, and one tensor."""

    def __init__(self, network: nn.Module, hands: Hands, key: str, output: Output) -> None:
        super().__init__()
        self.network = network
        self.hands, self.key, self.output = hands, key, output
        self.original_name = getattr(network, "original_name", type(network).__name__)
        self.training = network.training

    def forward(self, *given: Tensor, **named: Tensor) -> Tensor:
        """The one output of one x (m, *s), or of several inputs by name."""
        if self.hands == "tensor":
            return picked(self.network(*given, **named), self.output, self.original_name)
        if self.hands == "list":
            said = self.network([*given, *named.values()])
        else:
            said = self.network({**dict(zip([self.key], given, strict=False)), **named})
        return picked(said, self.output, self.original_name)


def wire(
    network: nn.Module, *, hands: Hands = "tensor", key: str = "image", output: Output = None
) -> nn.Module:
    """The network as one that takes x and gives one tensor, such as a network of MONAI.

    Parameters
    ----------
    network
        a torch module; it is called as it is, and handed back as it was found.
    hands
        what its forward takes: "tensor" (or several, see `inputs=` of `evenlight.adapt`), "dict"
        or "list" of tensors (m, *s).
    key
        the entry of the dict that is x; several inputs go by their own names.
    output
        which of its outputs is asked about: an entry of a dict, a field of a record, or a place in
        a tuple or list. None where it gives one tensor.

    Raises ModelError, listing what there is, where a name or place is none of the outputs.

    >>> class Both(nn.Module):
    ...     def forward(self, given):
    ...         return {"logits": given["image"].flatten(1).sum(1, keepdim=True), "hidden": 0}
    >>> import torch
    >>> wire(Both(), hands="dict", output="logits")(torch.ones(2, 1, 2, 2)).tolist()
    [[4.0], [4.0]]
    """
    if not isinstance(network, nn.Module):
        raise ModelError(f"a {type(network).__name__} is no torch module; wire= is for networks")
    if hands not in HANDS:
        raise ModelError(f'hands={hands!r}; wanted "tensor", "dict" or "list"')
    return Wired(network, hands, key, output)


def picked(said: Any, output: Output, name: str) -> Tensor:
    """The tensor asked for among what a network gives; ModelError where it is not there."""
    if output is None:
        if isinstance(said, Tensor):
            return said
        raise ModelError(f"{name} gives {told(said)}; say which of it with output=")
    found = _found(said, output)
    if found is None:
        near = hint(str(output), [str(k) for k in said], "") if isinstance(said, Mapping) else ""
        raise ModelError(f"{name} has no output {output!r}{near}; it gives {told(said)}")
    if not isinstance(found, Tensor):
        raise ModelError(f"output {output!r} of {name} is {told(found)}; wanted one tensor")
    return found


def _found(said: Any, output: str | int) -> Any:
    """The output, or None where there is no such entry, place or field."""
    if isinstance(said, Tensor):
        return None
    if isinstance(said, Mapping):
        return said.get(output)
    if isinstance(output, str):
        return getattr(said, output, None)
    many = isinstance(said, Sequence) and 0 <= output < len(said)
    return said[output] if many else None


def told(said: Any) -> str:
    """What a network gives, in words: kinds and shapes, never values."""
    if isinstance(said, Tensor):
        return f"a tensor {tuple(said.shape)}"
    if isinstance(said, Mapping):
        parts = [f"{key!r}: {told(value)}" for key, value in list(said.items())[:6]]
    elif isinstance(said, tuple | list):
        parts = [f"{at}: {told(value)}" for at, value in list(enumerate(said))[:6]]
    else:
        return f"a {type(said).__name__}"
    return f"a {type(said).__name__} of {len(said)} ({', '.join(parts)})"
