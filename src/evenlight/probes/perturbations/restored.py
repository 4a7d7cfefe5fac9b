"""Numbers put back into the kind, and the range, that they had."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Float, Int, Values


def like(made: Values, values: Values) -> Values:
    """`made` in the kind of number of `values`: whole ones rounded, and within their range.

    >>> like(np.array([1.6, 300.0]), np.array([0, 0], dtype=np.uint8))
    array([  2, 255], dtype=uint8)
    """
    if values.dtype.kind not in "iu":
        return np.asarray(made, dtype=values.dtype)
    ends = np.iinfo(values.dtype)
    return np.clip(np.rint(made), ends.min, ends.max).astype(values.dtype)


def whole_at_random(expected: Float, values: Values, rng: np.random.Generator) -> Values:
    """Whole numbers with these expectations: floor(expected + u), u uniform, in the kind of values.

    >>> whole_at_random(np.array([3.0]), np.array([3.0]), np.random.default_rng(0))
    array([3.])
    """
    return like(np.floor(expected + rng.random(expected.shape)), values)


def first_share(order: Int, strength: float) -> Int:
    """The first of some items (p,) in a drawn order: round(p strength), one where that is none."""
    if strength <= 0:
        return order[:0]
    return order[: min(len(order), max(1, round(len(order) * strength)))]
