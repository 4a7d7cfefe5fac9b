"""Codes that stand for *missing* in x itself: -9 among dosages is no value."""

from __future__ import annotations

from typing import Any

import numpy as np

from evenlight.arrays import Bool, Float, Values
from evenlight.data.rows import Rows, is_sparse
from evenlight.errors import CohortError

CODES = (-9.0, -99.0, -999.0, -9999.0)
"""Numbers by which files say that a value is missing, where no other number is below 0."""

DOSAGES = {0.0, 1.0, 2.0, 9.0}
"""What EIGENSTRAT writes of a genotype: 9 is missing."""


def is_code(x: Values) -> Bool:
    """Which values are one of `CODES`."""
    below = x < 0
    return below & np.isin(x, CODES) if below.any() else below


def is_other(x: Values) -> Bool:
    """Which values are below 0 and no code: where there are any, -9 may be a value like them."""
    below = x < 0
    return below & ~np.isin(x, CODES) if below.any() else below


def nines(x: Any) -> bool:
    """Whether an array in memory holds 0, 1, 2 and 9 and nothing else (but NaN).

    >>> nines(np.array([[0.0, 1.0], [2.0, 9.0]])), nines(np.array([[0.0, 3.0], [2.0, 9.0]]))
    (True, False)
    """
    if not isinstance(x, np.ndarray) or x.ndim != 2 or x.dtype.kind != "f" or not len(x):
        return False
    if not (np.isnan(x[0]) | np.isin(x[0], list(DOSAGES))).all():
        return False
    held = np.unique(x)
    return set(held[~np.isnan(held)].tolist()) == DOSAGES


def blanked(x: Any, codes: tuple[float, ...]) -> Any:
    """The same values with NaN for `codes`, which are missing.

    Raises CohortError for values that are not in memory.

    >>> blanked(np.array([[0.0, -9.0]]), (-9.0,)).tolist()
    [[0.0, nan]]
    """
    if isinstance(x, Rows):
        raise CohortError(
            f"x, which is not in memory, holds {spoken(codes)} for missing; write NaN in its place "
            'where the values are kept, or say missing="keep" if they are values to the model'
        )
    if is_sparse(x):
        made = x.astype(np.float64)
        made.data = _blank(made.data, codes)
        return made
    return _blank(x, codes)


def found(x: Float) -> tuple[float, ...]:
    """Which of `CODES` occur among some values, in their order."""
    return tuple(code for code in CODES if (x == code).any())


def spoken(codes: tuple[float, ...]) -> str:
    """The codes in words.

    >>> spoken((-9.0, -99.0))
    '-9 and -99'
    """
    return " and ".join(f"{code:g}" for code in codes)


def _blank(values: Values, codes: tuple[float, ...]) -> Values:
    kind = values.dtype if values.dtype.kind == "f" else np.dtype(np.float64)
    return np.where(np.isin(values, codes), np.nan, values).astype(kind, copy=False)
