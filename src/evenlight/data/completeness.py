"""Whether what features add, and the base, give the output of each row."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Bool, Float, Single
from evenlight.data.rows import blocks

TOLERANCE = 1e-2
"""Largest |completeness residual| of a converged row, relative to |output - base| with a floor."""


def residual(values: Single, output: Float, base: Float) -> tuple[Float, Bool]:
    """Completeness residual (n,) in float64, and whether each row is within tolerance.

    A row is judged by |residual| / `scale_of` it.
    """
    total, size = row_sums(values)
    error: Float = output - base - total
    tiny = 1e-6 * np.maximum(size, 1e-12)
    converged: Bool = np.abs(error) <= np.maximum(TOLERANCE * scale_of(output, base), tiny)
    return error, converged


def scale_of(output: Float, base: Float) -> Float:
    """What a residual is judged by, (n,): |output - base|, or its median where that is larger.

    Where both are but rounding of the output, a thousandth of the output.

    >>> scale_of(np.array([1.0, 5.0, 3.0]), np.array([1.0, 1.0, 1.0])).tolist()
    [2.0, 4.0, 2.0]
    """
    move, size = np.abs(output - base), np.maximum(np.abs(output), np.abs(base))
    scale: Float = np.maximum(move, np.median(move) if len(move) else 0.0)
    return np.where(scale <= 1e-6 * size, 1e-3 * size, scale)


def row_sums(values: Single) -> tuple[Float, Float]:
    """The sum of each row's values, and of their sizes, (n,) in float64, block by block."""
    total, size = np.empty((2, int(values.shape[0])))
    for part, x in blocks(values):
        flat = x.reshape(len(x), -1)
        total[part] = flat.sum(axis=1, dtype=np.float64)
        size[part] = np.abs(flat).sum(axis=1, dtype=np.float64)
    return total, size
