"""The most common value of each feature, how many have another, and how wide the middle half is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Float, Int

STILL = 1e-9
"""Values that differ by this part of themselves, or less, are one."""

ENTRIES = 20_000_000
"""Numbers that are held at once, at most."""

QUARTERS = (0.25, 0.75)


@dataclass(frozen=True, slots=True, eq=False)
class Usual:
    """Of each feature (p,) the middle `value`, `others` (units that have another) and `varied`.

    Where more than half of the units have one value, that is the middle one. `varied` is the least
    share of rows that have another value than any one value: the share that has another than
    `value`, units weighted alike, or a half where it is more.
    """

    value: Float
    others: Int
    varied: Float


def usual(x: Float, unit: Int) -> Usual:
    """Of rows x (n, p) in units (n,); NaN is no other value.

    >>> made = usual(np.array([[0.0, 5.0], [0.0, 6.0], [0.0, 7.0], [1.0, 8.0]]), np.arange(4))
    >>> made.value.tolist(), made.others.tolist(), made.varied.tolist()
    ([0.0, 7.0], [1, 3], [0.25, 0.5])
    """
    first = np.unique(unit, return_index=True)[1]
    rows = np.bincount(unit)
    share = 1 / rows[unit] / len(rows)
    by_unit = np.argsort(unit, kind="stable")
    starts = np.r_[0, np.cumsum(rows)[:-1]]
    value, others, varied = (np.zeros(x.shape[1], dtype=kind) for kind in ("f8", "i8", "f8"))
    many = max(1, ENTRIES // max(len(x), 1))
    for at in range(0, x.shape[1], many):
        own = x[:, at : at + many]
        value[at : at + many] = middle = _middle(own[first])
        other = np.abs(own - middle) > STILL * np.abs(middle)
        others[at : at + many] = np.logical_or.reduceat(other[by_unit], starts).sum(axis=0)
        varied[at : at + many] = np.minimum(share @ other, 0.5)
    return Usual(value, others, varied)


def quantiles(x: Float, at: tuple[float, ...]) -> Float:
    """Quantiles (q, p) of what is known in each column of x (n, p), 0 where nothing is."""
    unknown = ~np.isfinite(x)
    if not unknown.any():
        return np.asarray(np.quantile(x, at, axis=0))
    known = np.where(unknown, np.nan, x)
    known[:, unknown.all(axis=0)] = 0.0
    return np.asarray(np.nanquantile(known, at, axis=0))


def half_width(x: Float) -> Float:
    """Distance of the quartiles (p,) of rows x (n, p), to three digits: it is nobody's value."""
    low, high = quantiles(x, QUARTERS)
    return significant(high - low, 3)


def significant(values: Float, digits: int) -> Float:
    """To so many significant digits.

    >>> significant(np.array([1234.5, -0.0678]), 2).tolist()
    [1200.0, -0.068]
    """
    told = [float(f"{value:.{digits}g}") for value in values.ravel().tolist()]
    return np.array(told, dtype=np.float64).reshape(values.shape)


def by_content(x: Float) -> Int:
    """The rows of x (n, p) in an order of their own, whatever the order they stand in."""
    held = np.ascontiguousarray(x)
    rows = held.view(np.dtype((np.void, held.itemsize * held.shape[1])))[:, 0]
    return np.argsort(rows, kind="stable").astype(np.int64)


def _middle(x: Float) -> Float:
    """The upper median (p,) of each column, one of its own values."""
    if np.isfinite(x).all():
        return np.asarray(np.partition(x, len(x) // 2, axis=0)[len(x) // 2])
    known = np.sort(np.where(np.isfinite(x), x, np.nan), axis=0)  # NaN last
    at = np.maximum(np.isfinite(known).sum(axis=0) // 2, 0)
    at = np.minimum(at, np.maximum(np.isfinite(known).sum(axis=0) - 1, 0))
    return np.asarray(np.take_along_axis(known, at[None], axis=0)[0])
