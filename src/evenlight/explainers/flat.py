"""The zero-attribution probe: outputs that move where all attributions are 0."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Bool, Float
from evenlight.errors import ModelError
from evenlight.explainers.gradients import FLAT
from evenlight.models.probe import Prepared

MOST = 64
"""Rows and columns that are looked at."""


def moves(any_value: bool, output: Float, base: Float | float) -> None:
    """Raise ModelError where all attributions are 0 though the output (n,) moves from base."""
    moved = np.abs(output - base) > 1e-6 * (1 + np.abs(output))
    if moved.any() and not any_value:
        raise ModelError(
            f"the outputs move in {int(moved.sum())} rows, but all attributions are 0: {FLAT}"
        )


def no_flat_column(
    prepared: Prepared, zero: Bool, rows: Float, start: Float, base: Float | float
) -> None:
    """Raise ModelError for a column without attribution on which the output depends.

    `zero` (p,) marks the columns whose attributions are all 0; `rows` (m, p) are looked at with
    each of these columns set to `start` (p,).
    """
    flat = np.flatnonzero(zero & (rows != start).any(axis=0))[:MOST]
    seen = prepared.margin(rows) if len(flat) else np.zeros(len(rows))
    for j in flat:
        changed = rows.copy()
        changed[:, j] = start[j]
        step = np.abs(prepared.margin(changed) - seen).max()
        if step > 1e-4 * (1e-9 + np.abs(seen - base).max()):
            raise ModelError(
                f"column {int(j)} moves the output by up to {step:.3g}, but all its attributions "
                f"are 0: {FLAT}"
            )
