"""Rows there through the stem, and gradients back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from evenlight.arrays import Float, Int, Single
from evenlight.data.cohort import Cohort
from evenlight.errors import ModelError
from evenlight.explainers.climb import Problem
from evenlight.explainers.feed import Rows, to_tensor
from evenlight.explainers.opened import Matrix


@dataclass(frozen=True, slots=True, eq=False)
class Passage:
    """The way through the stem and back for rows like `like` (1, *s), from `starts` (b, *s).

    Where each of m rows has starts of its own they are (b, m, *s). `shape` is that of one row's
    attributions; `matrix` the stem where it is known as one; `csr`
    says that rows stay sparse on the way there.
    """

    problem: Problem
    like: Tensor
    starts: Tensor
    shape: tuple[int, ...]
    matrix: Matrix | None = None
    csr: bool = False

    @property
    def returns(self) -> bool:
        """Whether gradients are brought back to x; else they stay at the input or at a layer."""
        return bool(self.problem.net.parts) and self.problem.net.affine

    def enter(self, rows: Rows) -> Tensor:
        """Z (m, h) of rows, sparse ones without being made dense."""
        if rows.csr is not None:
            assert self.matrix is not None
            weights = self.matrix.weights.cpu().numpy()
            product = torch.from_numpy(np.asarray(rows.csr @ weights.T))
            return product.to(self.like.device) + self.matrix.offset
        assert rows.dense is not None
        with torch.no_grad():
            if self.matrix is not None:
                return torch.addmm(self.matrix.offset, rows.dense, self.matrix.weights.T)
            return self.problem.net.enter(rows.dense)

    def pull(self, rows: Rows, at: Int, slopes: Sequence[Tensor]) -> list[Tensor]:
        """Gradients (m, h) at z of the rows `at`, each brought back to the input, (m, *s)."""
        if self.matrix is not None:
            return [g @ self.matrix.weights for g in slopes]
        assert rows.dense is not None
        with torch.enable_grad():
            x = rows.dense[at].detach().requires_grad_(True)
            z = self.problem.net.enter(x)
        last = len(slopes) - 1
        return [
            torch.autograd.grad(z, x, g, retain_graph=i < last)[0] for i, g in enumerate(slopes)
        ]

    def times_gap(self, rows: Rows, at: Int, slope: Tensor, start: int) -> Single:
        """(x - start) times slope for the rows `at`, (m, *s)."""
        begin = self.starts[start]
        begin = begin[at] if self.starts.ndim > self.like.ndim else begin
        if rows.csr is None:
            assert rows.dense is not None
            whole = len(at) == len(rows.dense)
            x = rows.dense if whole else rows.dense[at]
            product: Single = (x - begin).mul_(slope).float().cpu().numpy()
            return product
        values: Single = (-begin * slope).float().cpu().numpy()
        held: Any = rows.csr[at].tocoo()
        values[held.row, held.col] += held.data * slope.cpu().numpy()[held.row, held.col]
        return values

    def shaped(self, values: Tensor) -> Single:
        """What each number of z adds, (m, h), in the shape of the attributions.

        The numbers of one code's embedding are added up.
        """
        net = self.problem.net
        made = values.reshape(len(values), *(net.parts[0].shape if net.parts else self.shape))
        if made.ndim == len(self.shape) + 2:
            made = made.sum(dim=-1)
        shaped: Single = made.float().cpu().numpy()
        return shaped


def there_and_back(
    problem: Problem, cohort: Cohort, starts: Float, shape: tuple[int, ...]
) -> Passage:
    """The passage for a cohort, with the stem as a matrix where that is cheap or x is sparse."""
    like = problem.net.blank
    stored = sparse.issparse(cohort.x)
    matrix = problem.net.matrix(plain=not stored) if problem.net.affine else None
    passage = Passage(problem, like, to_tensor(starts, like), shape, matrix)
    if not stored or matrix is None:
        return passage
    if like.dtype not in (torch.float32, torch.float64):
        raise ModelError('sparse rows need precision "float32" or "float64"')
    return Passage(problem, like, passage.starts, shape, matrix, csr=True)
