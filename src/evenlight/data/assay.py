"""What the numbers of a table are: counts, logarithms of counts, shares, log-ratios.

What is told is found by structure, not by size alone: counts are whole, counts that were scaled to
a common total are whole multiples of the smallest count of their row, and so is what a logarithm
was taken of, once it is undone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from evenlight.arrays import Float
from evenlight.data.digits import number

Kind = Literal[
    "counts", "scaled counts", "log counts", "logged twice", "dosage", "shares", "log-ratios",
    "numbers",
]  # fmt: skip

SAMPLE = 64
"""Rows that are looked at."""

LEAST = 5
"""Fewest entries above 0 of a row that is asked whether they are multiples."""

FAR = 50.0
"""Multiples above this are not looked at: there every number is close to a whole one."""

NEAR = 2e-3
"""How far, as a share of it, a multiple may be from a whole number (x may be float32)."""

MOST = 0.9
"""Share of the rows that must agree."""

WORDS: dict[Kind, str] = {
    "counts": "counts",
    "scaled counts": "counts scaled to a common total, no logarithm taken",
    "log counts": "logarithms of counts",
    "logged twice": "logarithms of logarithms of counts: the logarithm was taken twice",
    "dosage": "whole numbers from 0 to 2, as genotype dosages and binarised counts are",
    "shares": "shares between 0 and 1, as methylation beta values are",
    "log-ratios": "log-ratios that add up to 0 in each row, as centred log-ratios (CLR) do",
    "numbers": "numbers",
}
"""Each kind as it is said in a note."""


@dataclass(frozen=True, slots=True)
class Assay:
    """What a table holds: its `kind`, and the `low` and `high` of the rows that were looked at."""

    kind: Kind
    low: float
    high: float

    @property
    def sentence(self) -> str:
        """One sentence for the report.

        >>> Assay("log counts", 0.0, 7.31).sentence
        'The values are logarithms of counts (0 to 7.31 in the rows looked at).'
        """
        words = WORDS[self.kind]
        if self.kind == "numbers" and self.low < 0:
            words = "numbers of both signs, as z-scores, M-values and log-ratios are"
        return f"The values are {words} ({number(self.low)} to {number(self.high)} in the rows " + (
            "looked at)."
        )


def assay_of(x: Float) -> Assay:
    """What rows x (m, p) hold; NaN and infinite values are left out.

    >>> rng = np.random.default_rng(0)
    >>> counts = rng.poisson(3.0, size=(20, 40)).astype(float)
    >>> scaled = 1e4 * counts / counts.sum(axis=1, keepdims=True)
    >>> [assay_of(v).kind for v in (counts, scaled, np.log1p(scaled), np.log1p(np.log1p(scaled)))]
    ['counts', 'scaled counts', 'log counts', 'logged twice']
    """
    known = x[np.isfinite(x)]
    if not known.size:
        return Assay("numbers", float("nan"), float("nan"))
    low, high = float(known.min()), float(known.max())
    with np.errstate(over="ignore"):  # numbers near the ends of float64 are no counts
        return Assay(_kind(x, known, low, high), low, high)


def _kind(x: Float, known: Float, low: float, high: float) -> Kind:
    if low < 0:
        return "log-ratios" if _balanced(x) else "numbers"
    if (known == np.rint(known)).all():
        return "dosage" if high <= 2 else "counts"
    for kind, undone, most in UNDONE:
        if high < most and _multiples(undone(x)):
            return kind
    return "shares" if high <= 1 else "numbers"


def _twice(x: Float) -> Float:
    return np.asarray(np.expm1(np.expm1(x)))


def _power(x: Float, base: float) -> Float:
    return np.asarray(base**x - 1)


UNDONE: tuple[tuple[Kind, Callable[[Float], Float], float], ...] = (
    ("scaled counts", np.asarray, np.inf),
    ("log counts", np.expm1, 40.0),
    ("log counts", partial(_power, base=2.0), 60.0),
    ("log counts", partial(_power, base=10.0), 18.0),
    ("logged twice", _twice, 4.0),
)
"""What brings each kind back to multiples of a count, and a value that the kind never reaches."""


def _multiples(x: Float) -> bool:
    """Whether most rows are whole multiples of their smallest entry, or of a half or third of it.

    Rows with fewer than 5 entries above 0, or that hold one value alone, tell nothing.
    """
    found = [_row(row[np.isfinite(row) & (row > 0)]) for row in x]
    told = [one for one in found if one is not None]
    return len(told) > 0 and float(np.mean(told)) >= MOST


def _row(above: Float) -> bool | None:
    if len(above) < LEAST or above.max() <= above.min() * (1 + NEAR):
        return None
    ratio = above / above.min()
    told = False
    for part in (1, 2, 3):
        own = part * ratio[ratio * part <= FAR]
        if len(own) < LEAST or own.max() == own.min():
            continue
        told = True
        if (np.abs(own - np.rint(own)) <= NEAR * own).all():
            return True
    return False if told else None


def _balanced(x: Float) -> bool:
    """Whether the values of nearly each row add up to 0."""
    if x.shape[1] < LEAST:
        return False
    off, size = np.abs(np.nansum(x, axis=1)), np.nansum(np.abs(x), axis=1)
    told = size > 0
    return bool(told.any() and (off[told] <= 1e-4 * size[told]).mean() >= MOST)
