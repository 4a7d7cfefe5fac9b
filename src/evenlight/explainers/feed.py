"""Rows of a cohort as tensors, block by block, the next block read while one is worked on."""

from __future__ import annotations

from collections.abc import Iterator
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
    if not isinstance(cohort.x, np.ndarray) and not sparse.issparse(cohort.x):
        yield from _ahead(_stored(cohort, size, like))
    elif like.device.type == "cuda":
        yield from _ahead(_held(cohort, size, like, csr))
    else:
        yield from _held(cohort, size, like, csr)


def _held(cohort: Cohort, size: int, like: Tensor, csr: bool) -> Iterator[Rows]:
    x: Any = cohort.x
    for start in range(0, cohort.n, size):
        index = cohort.order[start : start + size]
        if csr:
            yield Rows(index, None, x[index].astype(TYPES[like.dtype]))
        else:
            plain = isinstance(x, np.ndarray)
            yield Rows(index, to_tensor(x[index] if plain else cohort.dense(index), like))


def _stored(cohort: Cohort, size: int, like: Tensor) -> Iterator[Rows]:
    for part, x in cohort.blocks(size):
        yield Rows(np.arange(part.start, part.stop), to_tensor(x, like))


def to_tensor(x: Values, like: Tensor) -> Tensor:
    """Rows x on the device and in the dtype of `like`."""
    dtype = TYPES.get(like.dtype, np.float32)
    made = torch.from_numpy(np.ascontiguousarray(x, dtype=dtype))
    if like.device.type == "cuda":
        return made.pin_memory().to(like.device, like.dtype, non_blocking=True)
    return made.to(like.dtype)


def _ahead(blocks: Iterator[Rows]) -> Iterator[Rows]:
    """Read each block in a thread of its own while the one before is in work."""
    with ThreadPoolExecutor(max_workers=1) as reader:
        waiting = reader.submit(next, blocks, None)
        while True:
            now = waiting.result()
            if now is None:
                return
            waiting = reader.submit(next, blocks, None)
            yield now
