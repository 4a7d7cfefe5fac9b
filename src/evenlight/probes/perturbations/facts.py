"""What a suite must know of a cohort: ranges, means, spreads, and people to mix in.

Rows are read in the order of their ids, so that no fact depends on the order in which they stand.
People of a hidden part are left out of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.data.cohort import Cohort
from evenlight.data.nearest import hint
from evenlight.data.rows import BLOCK
from evenlight.errors import FeatureError
from evenlight.probes.sample import balanced_sample, shown_rows

POOL = 200
"""People whose values are mixed in by doublets."""


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """Of each of p columns over all rows, missing values left out, every array (p,).

    `whole`: only whole numbers; `two`: at most two different values.
    """

    mean: Float
    sd: Float
    low: Float
    high: Float
    whole: Bool
    two: Bool

    @property
    def continuous(self) -> Bool:
        """Columns with more than two values."""
        return ~self.two


def facts(cohort: Cohort, columns: Int) -> Facts:
    """The facts of some columns of a table, in two passes over its rows."""
    p = len(columns)
    count, total = np.zeros(p), np.zeros(p)
    low, high, whole = np.full(p, np.inf), np.full(p, -np.inf), np.ones(p, dtype=bool)
    for x in ordered(cohort, columns):
        known = ~np.isnan(x)
        count += known.sum(axis=0)
        total += np.where(known, x, 0.0).sum(axis=0)
        low, high = np.fmin(low, np.fmin.reduce(x)), np.fmax(high, np.fmax.reduce(x))
        whole &= ((x == np.rint(x)) | ~known).all(axis=0)
    mean = total / np.maximum(count, 1)
    square, two = np.zeros(p), np.ones(p, dtype=bool)
    for x in ordered(cohort, columns):
        square += np.nansum((x - mean) ** 2, axis=0)
        two &= ((x == low) | (x == high) | np.isnan(x)).all(axis=0)
    return Facts(mean, np.sqrt(square / np.maximum(count, 1)), low, high, whole, two)


def ordered(cohort: Cohort, columns: Int | None = None) -> Iterator[Float]:
    """Blocks of the rows that are shown in the order of their ids, (m, p) or (m, *s)."""
    each = max(1, BLOCK // (8 * max(1, int(np.prod(cohort.x.shape[1:])))))
    order = shown_rows(cohort)
    for start in range(0, len(order), each):
        x = cohort.dense(order[start : start + each])
        yield x if columns is None or len(columns) == x.shape[1] else x[:, columns]


def chosen_columns(cohort: Cohort, only: Sequence[str] | None) -> Int:
    """The columns (q,) of named features or variables, all of them where none are named.

    Raises FeatureError with the nearest name, and for one indicator of a one-hot variable.
    """
    p = int(cohort.x.shape[1])
    if only is None or not len(only):
        return np.arange(p, dtype=np.int64)
    coded = {c.variable: list(c.columns) for c in cohort.features.indicators}
    single = {c: v for v, own in coded.items() for c in own}
    place = cohort.features.place
    found: list[int] = []
    for name in named(only):
        if name in single and name not in coded:
            raise FeatureError(f"{name!r} is one indicator of {single[name]!r}; name that in only=")
        if name not in place and name not in coded:
            raise FeatureError(f"only= names {name!r}, no feature{hint(name, [*place, *coded])}")
        found += [place[c] for c in coded.get(name, [name])]
    return np.array(sorted(set(found)), dtype=np.int64)


def named(only: Sequence[str] | None) -> tuple[str, ...]:
    """Names as a suite holds them: () for all."""
    return () if only is None else (only,) if isinstance(only, str) else tuple(only)


def pool(cohort: Cohort, columns: Int) -> Float:
    """Values (k, q) of up to 200 people to mix in, balanced over the cohort's groups."""
    rows = balanced_sample(cohort, POOL, seed=0)
    return cohort.dense(rows[np.isin(rows, shown_rows(cohort))])[:, columns]


def row_mean(cohort: Cohort, columns: Int, of: Callable[[Float], Float]) -> Float:
    """The mean over rows of a function of rows (m, q) that gives (m, ...)."""
    total: Float = np.zeros(())
    for x in ordered(cohort, columns):
        total = np.asarray(total + of(x).sum(axis=0))
    return np.asarray(total / len(shown_rows(cohort)))


def medians(cohort: Cohort, columns: Int) -> Float:
    """The median of each column (q,), missing values left out; 0 where all are missing."""
    middle = np.zeros(len(columns))
    for start in range(0, len(columns), 256):
        held = cohort.columns(columns[start : start + 256].tolist())[shown_rows(cohort)]
        empty = np.isnan(held).all(axis=0)
        held[:, empty] = 0.0
        middle[start : start + 256] = np.nanmedian(held, axis=0)
    return middle


def window(cohort: Cohort) -> tuple[float, float]:
    """The lowest and highest value of all images."""
    low, high = np.inf, -np.inf
    for x in ordered(cohort):
        low, high = min(low, float(np.nanmin(x))), max(high, float(np.nanmax(x)))
    return low, high
