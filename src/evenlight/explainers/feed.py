"""Rows of a cohort as tensors, block by block, the next block read while one is worked on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from evenlight.arrays import Int, Values
from evenlight.data.cohort import Cohort

TYPES = {torch.float32: np.float32, torch.float64: np.float64, torch.int64: np.int64}


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Some rows: their positions (m,) in the cohort, and x as `dense` (m, *s) or `csr` (m, p)."""

    index: Int
    dense: Tensor | None
    csr: sparse.csr_array | None = None


def feed(cohort: Cohort, size: int, like: Tensor, *, csr: bool = False) -> Iterator[Rows]:
    """All rows, `size` at a time, on the device and in the dtype of `like`.

    In the sorted order of their ids, so that no bit depends on the order of rows; from disk in
    their own order, since there jumping costs more. A GPU is fed from pinned memory.
    """
    stored = not isinstance(cohort.x, np.ndarray) and not sparse.issparse(cohort.x)
    order = np.arange(cohort.n) if stored else cohort.order
    blocks = [order[i : i + size] for i in range(0, cohort.n, size)]

    def read(index: Int) -> Rows:
        if csr:
            held: Any = cohort.x
            return Rows(index, None, held[index].astype(TYPES[like.dtype]))
        plain = isinstance(cohort.x, np.ndarray)
        return Rows(index, to_tensor(cohort.x[index] if plain else cohort.dense(index), like))

    if stored or like.device.type == "cuda":
        yield from _ahead(read, blocks)
    else:
        yield from map(read, blocks)


def to_tensor(x: Values, like: Tensor) -> Tensor:
    """Rows x on the device and in the dtype of `like`."""
    dtype = TYPES.get(like.dtype, np.float32)
    made = torch.from_numpy(np.ascontiguousarray(x, dtype=dtype))
    if like.device.type == "cuda":
        return made.pin_memory().to(like.device, like.dtype, non_blocking=True)
    return made.to(like.dtype)


def _ahead(read: Callable[[Int], Rows], blocks: list[Int]) -> Iterator[Rows]:
    """Read each block in a thread of its own while the one before is in work."""
    with ThreadPoolExecutor(max_workers=1) as reader:
        waiting = [reader.submit(read, block) for block in blocks[:1]]
        for block in [*blocks[1:], None]:
            now = waiting.pop()
            if block is not None:
                waiting.append(reader.submit(read, block))
            yield now.result()
