"""Networks whose inputs are integer codes for an embedding: tokens, categories, k-mers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from evenlight.arrays import Bool, Float, Int, Values
from evenlight.errors import ModelError

REMEDY = (
    'say ev.adapt(model, codes=True); then method="ig" integrates at the embedding (layer '
    'integrated gradients) and method="shapley" exchanges codes'
)


def whole(x: Float) -> Int:
    """Rows x (n, *s) as int64.

    Raises ModelError, with column and row, for a value that is no whole number.
    """
    wrong: Bool = x != np.floor(x)
    if wrong.any():
        at = np.argwhere(wrong.reshape(len(x), -1))[0]
        raise ModelError(
            f"the model takes codes, but {int(wrong.sum())} values are no whole numbers, first "
            f"{x.reshape(len(x), -1)[tuple(at)]:g} in column {at[1]}, row {at[0]}; codes are never "
            "rounded: leave these columns out, or give the network they were made for"
        )
    return x.astype(np.int64)


@contextmanager
def bounded(module: nn.Module, x: Values) -> Iterator[None]:
    """While rows x (m, *s) pass, a code beyond an embedding is a ModelError with its place.

    Looked at before the embedding runs: on a GPU a code beyond it would end the process.
    """
    with ExitStack() as stack:
        for name, part in module.named_modules():
            size = getattr(part, "num_embeddings", None)
            if isinstance(size, int):
                hook = part.register_forward_pre_hook(_bound(name, size, x))
                stack.callback(hook.remove)
        try:
            yield
        except IndexError as error:
            raise ModelError(f"a code lies beyond the tables of the network ({error})") from error


def takes_codes(run: Any, x: Float) -> bool:
    """Whether `run(rows, codes)` works for codes of 0, where floats made it fail."""
    try:
        run(np.zeros_like(x[:1]), True)
    except (RuntimeError, TypeError, IndexError, ModelError):
        return False
    return True


def _bound(name: str, size: int, x: Values) -> Any:
    def look(_: nn.Module, args: tuple[Any, ...]) -> None:
        ids = args[0] if args else None
        if not isinstance(ids, Tensor) or ids.is_floating_point() or not ids.numel():
            return
        wrong = (ids < 0) | (ids >= size)
        if bool(wrong.any()):
            code, where = int(ids[wrong][0]), _where(ids, wrong, x)
            raise ModelError(
                f"code {code}{where} is beyond the embedding {name!r} of {size} codes (0 to "
                f"{size - 1}); use the vocabulary that the network was trained with"
            )

    return look


def _where(ids: Tensor, wrong: Tensor, x: Values) -> str:
    """The column and row of x that hold the first wrong code, "" where that cannot be told."""
    if len(ids) != len(x):
        return ""
    given, flat = ids.reshape(len(x), -1).cpu().numpy(), x.reshape(len(x), -1)
    row, k = (int(i) for i in torch.nonzero(wrong.reshape(len(x), -1))[0])
    same = np.flatnonzero((flat == given[:, [k]]).all(axis=0))
    return f" in column {same[0]}, row {row}," if len(same) else f" in row {row}"
