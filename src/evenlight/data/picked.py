"""Some columns of x, or sums of columns: x stays an array, CSR, or rows that are not read yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from evenlight.arrays import Int, Values
from evenlight.data.rows import Held, Rows, is_sparse


@dataclass(frozen=True, slots=True, eq=False)
class Through:
    """Rows (n, p, *s) that become (n, q, *s) when they are read: `change` is asked of each part."""

    held: Rows
    change: Callable[[Values], Values]
    width: int
    dtype: np.dtype[Any]

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, q, *s)."""
        return len(self.held), self.width, *self.held.shape[2:]

    @property
    def chunks(self) -> tuple[int, int]:
        """Rows that are best read together."""
        return self.held.source.band, self.width

    def __getitem__(self, index: slice | Int) -> Values:
        """The changed rows at some positions."""
        return self.change(self.held[index])


def pick(x: Held, at: Int) -> Held:
    """Columns `at` (q,) of x (n, p), or channels of images (n, p, *space), in that order.

    >>> pick(np.arange(6.0).reshape(2, 3), np.array([2, 0])).tolist()
    [[2.0, 0.0], [5.0, 3.0]]
    """
    if isinstance(x, Rows):
        return Rows(Through(x, lambda part: part[:, at], len(at), x.dtype))
    if is_sparse(x):
        held: Held = csr_array(x)[:, at]
        return held
    return np.ascontiguousarray(x[:, at])


def add_up(x: Held, membership: csr_array) -> Held:
    """Sums of the columns of x (n, p) by `membership` (p, q), float64.

    >>> both = csr_array(np.array([[1.0], [1.0], [0.0]]))
    >>> add_up(np.arange(6.0).reshape(2, 3), both).tolist()
    [[1.0], [7.0]]
    """
    if isinstance(x, Rows):
        width, kind = int(membership.shape[1]), np.dtype(np.float64)
        return Rows(Through(x, lambda part: _sums(part, membership), width, kind))
    if is_sparse(x):
        held: Held = csr_array(csr_array(x) @ membership)
        return held
    return _sums(np.asarray(x), membership)


def _sums(part: Values, membership: csr_array) -> Values:
    made: Values = np.asarray(part, dtype=np.float64) @ membership
    return made
