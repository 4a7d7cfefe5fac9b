"""A network as captum and shap take it, and what is checked of their answers."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from evenlight.arrays import Float
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.digits import percent
from evenlight.errors import ModelError
from evenlight.explainers import flat
from evenlight.explainers.assemble import Explained, record
from evenlight.explainers.background import Reference
from evenlight.explainers.gradients import FLAT
from evenlight.models.networks import as_tensor, kept, margin_tensor, placement
from evenlight.models.probe import Prepared, prepare

BATCH = 64
"""Rows that a library is given at once."""

DRAWS = 8
"""Independent draws of a sampling method, whose standard error is its spread."""

OTHER = 'say method="ig", or method="shapley", which needs nothing of the network'


class Margin(nn.Module):
    """The margin (m,) of one target as a module around the network."""

    def __init__(self, prepared: Prepared) -> None:
        super().__init__()
        self.network = prepared.adapted.module
        self._prepared = prepared

    @property
    def dtype(self) -> torch.dtype:
        """The precision of the network."""
        return placement(self.network)[1]

    def forward(self, x: Tensor) -> Tensor:
        """Rows (m, *s) to margins (m,); ModelError where a gradient is asked for and cut off."""
        adapted = self._prepared.adapted
        assert adapted.link is not None
        raw = self.network(x.clone())
        if x.requires_grad and not raw.requires_grad:
            raise ModelError(f"the outputs of {adapted.name} do not follow its inputs: {FLAT}")
        return margin_tensor(raw, adapted.link, adapted.gives, self._prepared.column)


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """One target of one network, the cohort and the background."""

    prepared: Prepared
    cohort: Cohort
    background: Reference
    net: Margin

    def tensor(self, x: Float) -> Tensor:
        """Rows (m, *s) where the network is, in its precision."""
        return as_tensor(self.net.network, x)

    def rows(self, work: Callable[[Tensor], Tensor], size: int = BATCH) -> Float:
        """What `work` says of all rows, some at a time, (n, *s)."""
        values = np.empty((self.cohort.n, *self.cohort.x.shape[1:]))
        for part, x in self.cohort.blocks(size):
            values[part] = numbers(work(self.tensor(x)))
        return values

    def record(self, name: str, values: Float, base: float, **own: Any) -> Attributions:
        """The record; `own` are settings, and `spread` (n, *s).

        A method that promises no completeness has every row converged.
        """
        spread = own.pop("spread", None)
        here = str(placement(self.net.network)[0])
        settings = {"torch": str(torch.__version__), "device": here, **own}
        converged = None if own["complete"] else np.ones(self.cohort.n, dtype=bool)
        found = Explained(name, values, base, settings, spread=spread, converged=converged)
        return record(found, self.prepared, self.cohort, self.background)


def numbers(tensor: Tensor) -> Float:
    """A tensor as float64 numbers."""
    return tensor.detach().cpu().to(torch.float64).numpy()


@contextmanager
def task(
    model: object, cohort: Cohort, target: int | str | None, background: Reference
) -> Iterator[Task]:
    """A network ready to be explained, put back as it was found, also in what captum leaves on it.

    Raises ModelError for a model without gradients, or that takes codes.
    """
    prepared = prepare(model, cohort, target=target)
    module = prepared.adapted.module
    if module is None:
        raise ModelError(f'{prepared.adapted.name} is no torch network; say method="shapley"')
    if prepared.adapted.codes:
        raise ModelError(f"{prepared.adapted.name} takes codes, which captum cannot vary; {OTHER}")
    before = [(part, set(part.__dict__)) for part in module.modules()]
    try:
        with kept(module), warnings.catch_warnings():
            for said in ("Input Tensor", "Setting forward, backward hooks"):
                warnings.filterwarnings("ignore", message=said, category=UserWarning)
            yield Task(prepared, cohort, background, Margin(prepared))
    finally:
        for part, names in before:
            for name in set(part.__dict__) - names:
                del part.__dict__[name]


def moving(one: Task, made: Attributions) -> None:
    """Raise ModelError where attributions are 0 though outputs move, as after detach()."""
    values, base, cohort = np.asarray(made.values), float(made.base[0]), one.cohort
    flat.moves(bool(values.any()), made.output, base)
    if values.ndim == 2:
        rows = cohort.dense(cohort.order[: flat.MOST])
        start = one.background.mean
        flat.no_flat_column(one.prepared, (values == 0).all(axis=0), rows, start, base)


def missing(made: Attributions) -> str:
    """That more than 5 % of rows miss completeness, in words; "" where they do not."""
    share = float((~made.converged).mean())
    if share <= 0.05:
        return ""
    return (
        f"{percent(share)} of rows miss completeness by more than 1 % (median residual "
        f"{np.median(np.abs(made.error)):.3g})"
    )
