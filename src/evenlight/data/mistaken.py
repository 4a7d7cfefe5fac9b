"""Mistakes that no error tells: the same person under two ids, the outcome among the features."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.data.cohort import Cohort
from evenlight.data.outcome import Survival
from evenlight.data.shown import short
from evenlight.small_groups import least_shown

ALIKE = 0.9
"""Pairs that are equal in all columns, as a share of those equal in half of them, at least."""

SAME = 1e-9
"""How far from 1 a correlation may be by rounding."""


def mistaken(cohort: Cohort) -> Iterator[str]:
    """Sentences on what looks like a mistake in the table, for the page.

    Two passes over x, each block by block.

    >>> import pandas as pd
    >>> x = np.random.default_rng(0).normal(size=(40, 4))
    >>> x[20:35] = x[:15]
    >>> people = pd.DataFrame({"y": x[:, 1]}, index=[f"p{i}" for i in range(40)])
    >>> for said in mistaken(Cohort(x, people, outcome="y", unit="row")):
    ...     print(said)
    15 rows of x hold exactly the values of a row of somebody else: the same people may be in the \
data under two ids, and then they are counted twice.
    Feature x1 is the outcome y itself (correlation 1 in 40 rows): a model that uses it has been \
told the answer.
    """
    yield from _twice(cohort)
    yield from _told(cohort)


def _twice(cohort: Cohort) -> Iterator[str]:
    """Rows of other units with the same values, where that is no chance.

    It is none where those who are alike in one half of the columns are alike in the other as well.
    """
    halves = _halves(cohort)
    whole = np.unique(np.stack(halves, axis=1), axis=0, return_inverse=True)[1].reshape(-1)
    people = np.unique(np.stack([whole, cohort.units], axis=1), axis=0)[:, 0]
    again = len(people) - len(np.unique(people))
    near = min(_pairs(whole) / max(1.0, _pairs(half)) for half in halves)
    if not again or near < ALIKE or 2 * len(np.unique(whole)) < cohort.n:
        return
    many = f"{again:,}" if again >= least_shown() else f"Fewer than {least_shown()}"
    yield (
        f"{many} rows of x hold exactly the values of a row of somebody else: the same people may "
        "be in the data under two ids, and then they are counted twice."
    )


def _halves(cohort: Cohort) -> list[Int]:
    """Two codes (n,): rows of one code are equal in every other column."""
    prints: tuple[list[bytes], list[bytes]] = ([], [])
    for _, x in cohort.blocks():
        flat = x.reshape(len(x), -1) + 0.0
        for k, found in enumerate(prints):
            half = np.ascontiguousarray(flat[:, k::2])
            found += [blake2b(row.tobytes(), digest_size=16).digest() for row in half]
    return [
        np.unique(np.array(found, dtype="S16"), return_inverse=True)[1].astype(np.int64)
        for found in prints
    ]


def _pairs(codes: Int) -> float:
    """How many pairs of rows have one code."""
    count = np.bincount(codes).astype(np.float64)
    return float((count * (count - 1) / 2).sum())


def _told(cohort: Cohort) -> Iterator[str]:
    """Features that are the outcome, or its opposite."""
    if cohort.outcome is None or cohort.outcome_kind == "categorical" or cohort.x.ndim != 2:
        return
    name = cohort.outcome.time if isinstance(cohort.outcome, Survival) else cohort.outcome
    y = cohort.people[name].to_numpy(dtype=np.float64, na_value=np.nan)
    known = np.isfinite(y)
    r = _correlations(cohort, np.where(known, y, 0.0), known)
    for j in np.flatnonzero(np.abs(r) >= 1 - SAME).tolist():
        yield (
            f"Feature {short(cohort.features.names[j])} is the outcome {short(name)} itself "
            f"(correlation {r[j]:.0f} in {int(known.sum()):,} rows): a model that uses it has been "
            "told the answer."
        )


def _correlations(cohort: Cohort, y: Float, known: Bool) -> Float:
    """Of each column (p,) with y (n,) over the known rows; 0 where either does not vary."""
    pivot, middle = cohort.dense(slice(0, 1))[0], float(y[known].mean()) if known.any() else 0.0
    sums = np.zeros((3, len(pivot)))
    for part, x in cohort.blocks():
        away, own = (x - pivot)[known[part]], (y[part] - middle)[known[part]]
        sums += np.stack([away.sum(axis=0), (away**2).sum(axis=0), own @ away])
    spread = sums[1] - sums[0] ** 2 / max(1, int(known.sum()))
    size = np.sqrt(np.maximum(spread, 0.0) * float(((y - middle)[known] ** 2).sum()))
    found: Float = np.divide(sums[2], size, out=np.zeros_like(size), where=size > 0)
    return found
