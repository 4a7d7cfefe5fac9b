"""Whether what features add, and the base, give the output of each row."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Bool, Float, Single
from evenlight.data.rows import blocks

TOLERANCE = 1e-2
"""Largest |completeness residual| of a converged row, relative to |output - base| with a floor."""


LARGEST, LEAST = 1e37, 1e-33
"""Largest output, and least range of it, whose parts keep their digits in single precision."""


def residual(values: Single, output: Float, base: Float) -> tuple[Float, Bool]:
    """Completeness residual (n,) in float64, and whether each row is within tolerance.

    A row is judged by |residual| / `scale_of` it.
    """
    total, size = row_sums(values)
    error: Float = output - base - total
    least = np.maximum(TOLERANCE * scale_of(output, base), 1e-6 * size)
    converged: Bool = np.abs(error) <= least
    return error, converged


def beyond_single(output: Float) -> str:
    """Why attributions of an output (n,) do not fit single precision; "" where they do.

    They are kept as float32, which ends at 3e38 and has all its digits down to 1e-38 only.

    >>> beyond_single(np.array([0.0, 1.0])), beyond_single(np.array([3e-40, 5e-40]))[:38]
    ('', 'the output moves by 2e-40 in all, and ')
    """
    top, move = float(np.abs(output).max(initial=0.0)), float(np.ptp(output)) if len(output) else 0
    remedy = "multiply the model's output by a constant, and give that as the model"
    if top > LARGEST:
        return f"the output reaches {top:.2g}, and attributions end at 3e38 (float32); {remedy}"
    if 0 < move < LEAST:
        return (
            f"the output moves by {move:.2g} in all, and attributions lose their digits below "
            f"1e-38 (float32); {remedy}"
        )
    return ""


def scale_of(output: Float, base: Float) -> Float:
    """What a residual is judged by, (n,): |output - base|, or its median where that is larger.

    Where both are but rounding of the output, a thousandth of the output.

    >>> scale_of(np.array([1.0, 5.0, 3.0]), np.array([1.0, 1.0, 1.0])).tolist()
    [2.0, 4.0, 2.0]
    """
    move, size = np.abs(output - base), np.maximum(np.abs(output), np.abs(base))
    scale: Float = np.maximum(move, np.median(move) if len(move) else 0.0)
    return np.where(scale <= 1e-6 * size, 1e-3 * size, scale)


def beyond_own(error: Float, output: Float, base: Float) -> Bool:
    """Rows (n,) that miss more than `TOLERANCE` of their scale, as rounding of large parts can.

    A method that promises no completeness has such rows too, and counts them as converged.

    >>> beyond_own(np.array([0.1, 0.01]), np.array([2.0, 2.0]), np.zeros(2)).tolist()
    [True, False]
    """
    missed: Bool = np.abs(error) > TOLERANCE * scale_of(output, base)
    return missed


def beyond_typical(error: Float, output: Float, base: Float) -> Bool:
    """Rows (n,) that miss more than the median row moves in all: their own size alone hides it.

    A cell of 1e30 moves its row by so much that 1 % of it is more than all other rows together.

    >>> beyond_typical(np.array([1e22, 0.01]), np.array([1e30, 2.0]), np.zeros(2)).tolist()
    [False, False]
    >>> error = np.array([1e22, 0.01, 0.01])
    >>> beyond_typical(error, np.array([1e30, 2.0, 1.0]), np.zeros(3)).tolist()
    [True, False, False]
    """
    typical = float(np.median(scale_of(output, base))) if len(error) else 0.0
    missed: Bool = (np.abs(error) > typical) & (typical > 0)
    return missed


def row_sums(values: Single) -> tuple[Float, Float]:
    """The sum of each row's values, and of their sizes, (n,) in float64, block by block."""
    total, size = np.empty((2, int(values.shape[0])))
    for part, x in blocks(values):
        flat = x.reshape(len(x), -1)
        total[part] = flat.sum(axis=1, dtype=np.float64)
        size[part] = np.abs(flat).sum(axis=1, dtype=np.float64)
    return total, size
