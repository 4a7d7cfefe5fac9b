"""Paths that begin at references of each row's own, such as shuffles of its sequence.

A function of rows x (m, *s) and their ids (m,) gives b references of each, (m, b, *s). It is asked
block by block, so that references of all rows are never held together, and twice for each row, so
that it must give a row the same references again, whatever rows stand beside it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from torch import Tensor

from evenlight.arrays import Float, Int, Text, Values
from evenlight.data.cohort import Cohort
from evenlight.data.digits import percent
from evenlight.data.rows import is_sparse
from evenlight.errors import AttributionError, EvenlightWarning
from evenlight.explainers.climb import Problem
from evenlight.explainers.feed import Rows, to_tensor
from evenlight.explainers.passage import Passage
from evenlight.models.adapted import Adapted

OwnStarts = Callable[[Values, Text], Values]

NUMBERS = 2**23
"""Most numbers of references that are made at once."""

SAMPLE = 8
"""Rows whose references are looked at before any work."""

SHARE = 0.05
"""Share of the output's variance that lies in the bases from which on a note says so."""


def named(own: OwnStarts) -> str:
    """What the record calls the references of a function: its `told`, else its name."""
    name = getattr(own, "told", "") or getattr(own, "__name__", type(own).__name__)
    return f"own: {name}"


def own_rows(own: OwnStarts, x: Values, ids: Text) -> Float:
    """The references of some rows x (m, *s), (m, b, *s).

    Raises AttributionError for another shape, or values that are not finite.
    """
    made = np.asarray(own(x, ids), dtype=np.float64)
    if made.ndim != x.ndim + 1 or made[:, :1].shape != (len(x), 1, *x.shape[1:]):
        raise AttributionError(
            f"the baseline's function gave shape {made.shape} for rows of shape {x.shape}; wanted "
            f"{(len(x), 'b', *x.shape[1:])}: b references for each row"
        )
    bad = int((~np.isfinite(made)).sum())
    if bad:
        raise AttributionError(f"the baseline's function gave {bad} values that are not finite")
    return made


def sampled(own: OwnStarts, cohort: Cohort) -> Float:
    """The references of the first rows by id, (m, b, *s)."""
    if is_sparse(cohort.x):
        raise AttributionError(
            "references of each row's own need rows that are dense; pass x.toarray() to the cohort"
        )
    at = cohort.order[:SAMPLE]
    return own_rows(own, cohort.dense(at), cohort.rows[at])


def bases(own: OwnStarts, cohort: Cohort, adapted: Adapted, many: int) -> Float:
    """The mean margin of each row's references, (n, targets); `many` references a row."""
    out: Float | None = None
    for at in _blocks(cohort, many):
        starts = own_rows(own, cohort.dense(at), cohort.rows[at])
        margin = adapted.margin(starts.reshape(-1, *starts.shape[2:]))
        mean = margin.reshape(*starts.shape[:2], -1).mean(axis=1)
        out = np.empty((cohort.n, mean.shape[1])) if out is None else out
        out[at] = mean
    assert out is not None
    return out


def own_margins(
    own: OwnStarts, cohort: Cohort, margin: Callable[[Float], Float], many: int
) -> Float:
    """The margin of one target at each reference of each row, (n, many)."""
    out = np.empty((cohort.n, many))
    for at in _blocks(cohort, many):
        starts = own_rows(own, cohort.dense(at), cohort.rows[at])
        out[at] = margin(starts.reshape(-1, *starts.shape[2:])).reshape(len(at), many)
    return out


def _blocks(cohort: Cohort, many: int) -> Iterator[Int]:
    """Positions of rows in the sorted order of ids, so that no bit depends on their order."""
    size = max(1, NUMBERS // (many * int(np.prod(cohort.x.shape[1:]))))
    for first in range(0, cohort.n, size):
        yield cohort.order[first : first + size]


def standing(back: Passage, rows: Rows, cohort: Cohort, own: OwnStarts | None) -> Passage:
    """The same passage from the references of some rows; itself where all rows share theirs."""
    if own is None:
        return back
    assert rows.dense is not None
    x: Any = cohort.dense(rows.index)
    starts = to_tensor(own_rows(own, x, cohort.rows[rows.index]).swapaxes(0, 1), back.like)
    return replace(back, starts=starts, problem=behind(back, starts))


def behind(back: Passage, starts: Tensor) -> Problem:
    """The problem of a passage with starts (b, m, *s) of each row's own, behind the stem."""
    flat = starts.flatten(0, 1)
    z = back.enter(Rows(np.arange(len(flat)), flat))
    return replace(back.problem, starts=z.reshape(*starts.shape[:2], -1))


def notes(output: Float, base: Float) -> tuple[str, ...]:
    """What a reader should know where rows begin at different outputs (n,)."""
    whole, own = float(np.var(output)), float(np.var(base))
    if own <= SHARE * whole:
        return ()
    note = (
        f"Rows start at different outputs (variance {percent(own / whole)} of that of the output): "
        "what the references of a row share with it is in its base, and in no feature."
    )
    warnings.warn(note, EvenlightWarning, stacklevel=6)
    return (note,)
