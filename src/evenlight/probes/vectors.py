"""Vectors of rows: given as numbers, or made of x by a function; checked before any compute."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from evenlight.arrays import Bool, Float, Text
from evenlight.data import align
from evenlight.data.cohort import Cohort
from evenlight.errors import ModelError

FEW = 4
"""Rows that are embedded alone and among others, to see whether they depend on one another."""

SAME = 1e-3
"""Largest difference between the two, in parts of the spread of the embedding."""

SCORE_ONLY = (
    "{name} is one number a row: a score, and no embedding. Of a score performance and calibration "
    'by group can be asked: name its column with Cohort(prediction="...") and call '
    "ev.perform(ev.recorded(cohort), cohort, by=...); ev.leak tells what it says of a group. What "
    "needs rows that are changed or what the model holds cannot be asked of a score: attributions "
    "and their comparison, use (common contrasts), reliance by features, layers and erasure, "
    "perturbation"
)


def vectors_at(source: Any, rows: Iterable[object] | None, name: str) -> tuple[Float, Text]:
    """Numbers (n, d) and their ids (n,).

    Raises ModelError for a score (n,), another shape, values that are not finite, or no ids.
    """
    made = _numbers(source, name)
    if rows is None:
        raise ModelError(
            f"{name}: {len(made)} vectors without ids; say rows= their ids (rows=cohort.rows where "
            "they stand in the cohort's order), or pass a DataFrame indexed by id"
        )
    ids = align.ids(list(rows))
    if len(ids) != len(made):
        raise ModelError(f"{name}: {len(made)} vectors and {len(ids)} ids; give one id a vector")
    _finite(made, name)
    return made, ids


def embedded(source: Callable[[Float], object], cohort: Cohort, name: str) -> Float:
    """What a function gives of all rows, (n, d), block by block.

    Raises ModelError where it gives no (m, d), values that are not finite, or other values for a
    row among others than alone.
    """
    parts = [_numbers(source(x), name, len(x)) for _, x in cohort.blocks()]
    widths = {part.shape[1] for part in parts}
    if len(widths) > 1:
        raise ModelError(f"{name}: blocks of rows have {sorted(widths)} dimensions; wanted one d")
    made = np.concatenate(parts)
    _finite(made, name)
    at = cohort.order[np.unique(np.linspace(0, cohort.n - 1, FEW).astype(int))]
    alone = np.concatenate([_numbers(source(cohort.dense(at[i : i + 1])), name, 1)
                            for i in range(len(at))])  # fmt: skip
    apart = float(np.abs(alone - made[at]).max())
    if apart > SAME * max(float(made.std()), 1e-12):
        raise ModelError(
            f"{name}: {len(at)} rows alone are embedded up to {apart:.3g} off what they are among "
            "others, or the function is random; switch dropout off, use fixed statistics in place "
            "of a batch's"
        )
    return made


def _numbers(values: Any, name: str, rows: int | None = None) -> Float:
    """Values as (n, d) float64."""
    try:
        made = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        kind = type(values).__name__
        raise ModelError(
            f"{name}: a {kind} that holds no plain numbers; give an array (n, d), from a torch "
            "model .detach().cpu().numpy()"
        ) from None
    if made.ndim == 1 or (made.ndim == 2 and made.shape[1] == 1 and rows is None):
        raise ModelError(SCORE_ONLY.format(name=name))
    if made.ndim != 2 or made.shape[1] == 0:
        raise ModelError(
            f"{name} has shape {made.shape}; wanted (n, d): pool tokens or maps first, and audit "
            "several ways of pooling as forks (ev.layerings)"
        )
    if rows is not None and len(made) != rows:
        raise ModelError(f"{name}: {len(made)} vectors for {rows} rows; wanted one a row")
    return made


def _finite(made: Float, name: str) -> None:
    bad: Bool = np.any(~np.isfinite(made), axis=1)
    if bad.any():
        raise ModelError(
            f"{name} holds values that are not finite in {int(bad.sum())} of {len(bad)} rows, "
            f"first at position {int(bad.argmax())}; look at these rows, or leave them out"
        )
