"""What a network does with its input, operation by operation: for methods that rewrite modules.

DeepLIFT changes the backward pass of activation *modules*. An activation that is called as a
function, or a module that is used twice, escapes it, and the numbers are wrong without a word. So
the network is run once, and every operation on values that depend on the input is looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

RULED = (
    nn.ReLU, nn.ELU, nn.LeakyReLU, nn.Sigmoid, nn.Tanh, nn.Softplus, nn.MaxPool1d, nn.MaxPool2d,
    nn.MaxPool3d, nn.Softmax,
)  # fmt: skip
"""Modules for which captum's DeepLIFT has a rule; their subclasses have none."""

AFFINE = frozenset((
    "__add__", "__getitem__", "__iadd__", "__isub__", "__neg__", "__radd__", "__rsub__",
    "__sub__", "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "add",
    "avg_pool1d", "avg_pool2d", "avg_pool3d", "batch_norm", "cat", "chunk", "clone", "concat",
    "contiguous", "cpu", "cuda", "double", "dropout", "dropout1d", "dropout2d", "dropout3d",
    "expand", "expand_as", "flatten", "flip", "float", "interpolate", "mean", "movedim",
    "narrow", "neg", "pad", "permute", "repeat", "reshape", "roll", "rsub", "select", "split",
    "squeeze", "stack", "sub", "sum", "swapaxes", "t", "to", "transpose", "type_as", "unbind",
    "unflatten", "unfold", "unsqueeze", "view", "view_as",
))  # fmt: skip
"""Affine in whatever depends on the input."""

PRODUCTS = frozenset((
    "__matmul__", "__mul__", "__rmatmul__", "__rmul__", "addmm", "bilinear", "bmm", "conv1d",
    "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "einsum",
    "linear", "matmul", "mm", "mul",
))  # fmt: skip
"""Affine where one factor alone depends on the input."""

QUOTIENTS = frozenset(["__truediv__", "div", "true_divide"])
"""Affine where only what is divided depends on the input."""

ASKING = frozenset((
    "__get__", "__len__", "__repr__", "dim", "get_device", "is_contiguous", "is_floating_point",
    "ndimension", "nelement", "numel", "requires_grad_", "size", "stride",
))  # fmt: skip
"""Questions about a tensor that do not look at its values."""


Place = tuple[Any, int]
"""A tensor by what made it: its node in the graph, and which of that node's outputs it is."""


def unruled(module: nn.Module, sample: Tensor) -> str:
    """The first thing done to `sample` (m, *s) that captum's DeepLIFT misreads; "" if none.

    Beside operations without a rule these are modules that are used twice, that follow each other
    with nothing between, or whose input is used elsewhere as well: captum 0.9 takes the wrong
    gradient in all three. Call it inside `kept`, which puts the hooks back.
    """
    watch = _Watch()
    for name, part in module.named_modules():
        part.register_forward_pre_hook(watch.enter(name or "the network", part))
        part.register_forward_hook(watch.leave, always_call=True)
    with watch:
        module(sample.detach().clone().requires_grad_(True).clone())
    return watch.found or watch.misread()


class _Watch(TorchFunctionMode):
    """Follows a pass through the modules and keeps the first operation that is not affine."""

    def __init__(self) -> None:
        super().__init__()
        self.found = ""
        self._inside: list[tuple[str, bool]] = []
        self._uses: Counter[Place] = Counter()
        self._taken: dict[str, list[Place]] = {}
        self._given: dict[Place, str] = {}

    def enter(self, name: str, part: nn.Module) -> Callable[..., None]:
        """A hook that notes that a module is entered, and with what."""
        ruled = type(part) in RULED
        words = f"{type(part).__name__} ({name})"

        def hook(_: nn.Module, given: tuple[Any, ...]) -> None:
            self._inside.append((words if ruled else name, ruled))
            if ruled:
                self._taken.setdefault(words, []).append(_place(given[0]))

        return hook

    def leave(self, _: nn.Module, given: object, result: Any) -> None:
        """A hook that notes that a module is left, and what it gave."""
        name, ruled = self._inside.pop()
        if ruled:
            self._given[_place(result)] = name

    def misread(self) -> str:
        """Modules with a rule that captum applies to the wrong gradient, in words."""
        for name, places in self._taken.items():
            if len(places) > 1:
                return f"{name} is used {len(places)} times in one pass"
            if places[0] in self._given:
                return f"{name} follows {self._given[places[0]]} with nothing between"
            if self._uses[places[0]] > 1:
                return f"what {name} takes is used elsewhere as well"
        return ""

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Look at one operation, and run it."""
        known = dict(kwargs or {})
        name = getattr(func, "__name__", str(func))
        inside, ruled = self._inside[-1] if self._inside else ("the network", False)
        with torch._C.DisableTorchFunction():
            if not self.found and not ruled and not _affine(name, args, known):
                self.found = f"{name} is called as a function in {inside}"
            if name not in ASKING:
                self._uses.update({_place(one) for one in _dependent((*args, *known.values()))})
        return func(*args, **known)


def _place(tensor: Tensor) -> Place:
    with torch._C.DisableTorchFunction():
        return tensor.grad_fn, tensor.output_nr


def _affine(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
    """Whether an operation is affine in those arguments that depend on the input."""
    counts = [len(_dependent(value)) for value in (*args, *kwargs.values())]
    plain = name[:-1] if name.endswith("_") and not name.endswith("__") else name
    if not any(counts) or plain in AFFINE or name in ASKING:
        return True
    if plain in PRODUCTS:
        return sum(counts) == 1
    return plain in QUOTIENTS and counts[0] == 1 and sum(counts) == 1


def _dependent(value: Any) -> list[Tensor]:
    """The tensors of an argument that depend on the input."""
    if isinstance(value, Tensor):
        return [value] if value.requires_grad else []
    if isinstance(value, list | tuple):
        return [tensor for one in value for tensor in _dependent(one)]
    return []
