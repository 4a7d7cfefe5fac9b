"""Where and in what precision a network is run, and how much of it at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from typing import Literal, TypeVar

import torch
from torch import nn

from evenlight.arrays import Float
from evenlight.errors import AttributionError, ModelError
from evenlight.models import outputs
from evenlight.models.adapted import Adapted
from evenlight.models.networks import forward, kept, placement
from evenlight.models.probe import Prepared

Precision = Literal["float32", "tf32", "bfloat16", "float64"]

BUDGET = 2**27
"""Bytes of activations on a CPU that path points may take at once: more is not faster."""

SHARE = 0.4
"""Share of a GPU's free memory that path points may take."""

_DTYPES = {"float32": torch.float32, "tf32": torch.float32, "bfloat16": torch.bfloat16}

T = TypeVar("T")


def placed(adapted: Adapted, device: str) -> Adapted:
    """The same model on a device: itself where it is there already, else a copy.

    Raises ModelError for a device that does not exist, with what there is, and where a GPU is asked
    for by name and the model is none that evenlight could put there.
    """
    try:
        wanted = torch.device(device)
    except RuntimeError as error:
        raise ModelError(f"device {device!r} is unknown; say 'cpu', 'cuda' or 'cuda:1'") from error
    if wanted.type not in ("cpu", "cuda"):
        raise ModelError(f"device {device!r} is not supported; say 'cpu', 'cuda' or 'cuda:1'")
    module = adapted.module
    if module is None and wanted.type == "cuda":
        raise ModelError(
            f"{adapted.name} ({adapted.kind}) runs where it was made to; only networks of torch "
            f"are put on {device!r}: leave device out"
        )
    if module is None:
        return adapted
    here = placement(module)[0]
    if wanted == here or (wanted.type == here.type and wanted.index is None):
        return adapted
    if wanted.type == "cpu":
        return adapted  # the default of every caller: a model on a GPU stays there
    if wanted.type == "cuda" and (wanted.index or 0) >= torch.cuda.device_count():
        raise ModelError(
            f"device {device!r} was asked for and there are {torch.cuda.device_count()} CUDA "
            "devices; say device='cpu'"
        )
    return with_module(adapted, deepcopy(module).to(wanted))


def moved_to(device: str, prepared: Prepared) -> Prepared:
    """The same checked model, computing on `device` (`placed`)."""
    return replace(prepared, adapted=placed(prepared.adapted, device))


def standing(adapted: Adapted) -> str:
    """Where a model computes, with the make of a GPU, because last digits depend on it.

    >>> import torch
    >>> from evenlight.models.adapt import adapt
    >>> standing(adapt(torch.nn.Linear(2, 1)))
    'cpu'
    """
    if adapted.module is None:
        return "cpu"
    here = placement(adapted.module)[0]
    return f"cuda, {torch.cuda.get_device_name(here)}" if here.type == "cuda" else here.type


def with_module(adapted: Adapted, module: nn.Module) -> Adapted:
    """The same model with another module behind it, such as a copy on another device."""
    link = adapted.link
    assert link is not None

    def score(x: Float) -> Float:
        with kept(module):
            raw = forward(module, x, adapted.codes)
        return outputs.margin_from(raw, link, adapted.gives)

    return replace(adapted, module=module, score=score)


def in_precision(module: nn.Module, precision: Precision | None) -> nn.Module:
    """The module itself for its own precision (None), else a copy in another one."""
    if precision is None:
        return module
    if precision == "float64":
        return deepcopy(module).double()
    if precision not in _DTYPES:
        raise ModelError(
            f'precision {precision!r}; wanted "float32", "tf32", "bfloat16" or "float64"'
        )
    dtype = _DTYPES[precision]
    if placement(module)[1] == dtype:
        return module
    return deepcopy(module).to(dtype)


@contextmanager
def full_products(precision: Precision | None) -> Iterator[None]:
    """Matrix products in TF32 while it is asked for, on a GPU that has it; else in full."""
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    before = matmul.allow_tf32, cudnn.allow_tf32
    matmul.allow_tf32 = cudnn.allow_tf32 = precision == "tf32"
    try:
        yield
    finally:
        matmul.allow_tf32, cudnn.allow_tf32 = before


def bytes_at_once(device: torch.device, budget: int | None) -> int:
    """The budget as given, else 128 MiB on a CPU and 40 % of a GPU's free memory."""
    if budget is not None:
        if budget < 1:
            raise AttributionError(f"budget={budget} bytes; wanted at least 1")
        return budget
    if device.type == "cuda":
        return int(SHARE * torch.cuda.mem_get_info(device)[0])
    return BUDGET


def halving(work: Callable[[int], T], batch: int) -> tuple[T, int]:
    """`work(batch)`, and again with half the batch for as long as memory runs out.

    Gives the answer and the batch that fitted. Raises AttributionError where one point does not.
    """
    while True:
        try:
            return work(batch), batch
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise
            if batch == 1:
                raise AttributionError(
                    "memory ran out with a single path point in work; use a device with more "
                    "memory, a smaller input, or method='shapley' with players="
                ) from error
        batch //= 2
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, on a GPU or a CPU."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = str(error)
    return "out of memory" in text or "not enough memory" in text
