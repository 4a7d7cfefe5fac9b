"""What each reader of images hands on: rows, their space, and facts that name nobody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from evenlight.arrays import Int, Values
from evenlight.data.rows import Held, Rows
from evenlight.data.space import Space
from evenlight.errors import CohortError

KEPT = 2**28
"""Bytes of images that are read once and kept in memory."""


@dataclass(frozen=True, slots=True, eq=False)
class ImageRows:
    """Images as rows, read when asked for.

    x is (n, c, *space); `facts` (n rows) hold allow-listed facts of each image, such as its view or
    bits, and never an identifier; `notes` are sentences on what was done to them.
    """

    x: Held
    space: Space
    channels: tuple[str, ...]
    facts: pd.DataFrame
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        n, channels, *space = self.x.shape
        if channels != len(self.channels) or tuple(space) != self.space.shape:
            raise CohortError(
                f"images of shape {tuple(self.x.shape)} with {len(self.channels)} channels in a "
                f"space of {self.space.shape}; wanted (n, channels, *space)"
            )
        if len(self.facts) != n:
            raise CohortError(f"facts of {len(self.facts)} images for {n} images")


@dataclass(frozen=True, slots=True, eq=False)
class ReadImages:
    """Images (n, c, *space) as `Rows` takes them: `read` gives those at positions (m,), in order.

    `chunks` tells how many rows lie together on disk.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    read: Callable[[Int], Values]
    chunks: tuple[int, ...] = (1,)

    def __getitem__(self, rows: slice | Int) -> Values:
        return self.read(np.arange(self.shape[0])[rows])


def held(x: Held) -> Held:
    """Images that are read once and kept, where they take little; else read when asked for.

    float32 for what it holds exactly (integers of 16 bits and less), else float64.
    """
    if not isinstance(x, Rows):
        return x
    small = x.dtype.kind == "b" or x.dtype.itemsize <= (4 if x.dtype.kind == "f" else 2)
    dtype = np.dtype(np.float32 if small else np.float64)
    size = int(np.prod(x.shape)) * dtype.itemsize
    return np.asarray(x[:], dtype=dtype) if size <= KEPT else x
