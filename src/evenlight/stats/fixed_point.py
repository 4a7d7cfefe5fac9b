"""Fixed point: numbers of so few bits that no sum of them, or of their squares, is ever rounded.

With values of b bits, squares of 2b and n units, a float64 sum is exact while 2b + log2(n) <= 53,
so it has the same bits in any order, block size, or device.
"""

from __future__ import annotations

from math import floor, log2

import numpy as np

from evenlight.arrays import Float
from evenlight.errors import InputError

MANTISSA = 53
"""Bits of a float64."""


def most_bits(units: int) -> int:
    """The bits that values of so many units may have.

    >>> most_bits(2_000), most_bits(100)
    (21, 23)
    """
    return floor((MANTISSA - log2(max(units, 1))) / 2)


def check_bits(bits: int, units: int) -> None:
    """InputError where sums of squares over `units` would be rounded."""
    if bits > most_bits(units):
        raise InputError(
            f"{bits} bits are too many for {units:,} units: 2 bits + log2(units) may be at most "
            f"{MANTISSA}; pass bits={most_bits(units)} or fewer"
        )


def fixed(values: Float, bits: int) -> Float:
    """Rows (..., k), each rounded to whole multiples of 2^-bits of the power of two above it.

    >>> fixed(np.array([[0.3, 1.0, -0.7]]), 2).tolist()
    [[0.5, 1.0, -0.5]]
    """
    size = np.abs(values).max(axis=-1, keepdims=True, initial=0.0)
    step = np.ldexp(1.0, np.frexp(size)[1] - bits)
    out: Float = np.round(values / step) * step
    return out


def centred(values: Float, bits: int) -> Float:
    """Columns (n, p) around the middle of their range, in fixed point of `bits` - 1 bits.

    Differences of two such numbers have `bits` bits.
    """
    if not len(values):
        return values
    middle = values.max(axis=0) / 2 + values.min(axis=0) / 2
    return np.ascontiguousarray(fixed(np.ascontiguousarray((values - middle).T), bits - 1).T)
