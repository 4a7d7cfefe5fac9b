"""Years of age as numbers of units, and in bands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Int
from evenlight.data.cohort import Cohort
from evenlight.data.digits import percent
from evenlight.data.shown import short
from evenlight.errors import InputError
from evenlight.small_groups import least_shown

BANDS = ("0-17", "18-39", "40-64", "65-79", "80+")
"""Where no target says otherwise."""

OLDEST = 130.0

OLD, MANY = 110.0, 0.05
"""Where this share of the known numbers is above `OLD`, they are hardly years."""

OUTSIDE = "outside the target's bands"
_BAND = re.compile(r"(?:(\d+)\s*(?:-|to|\N{EN DASH})\s*(\d+)|(\d+)\s*\+|<\s*(\d+)|>=?\s*(\d+))")


def years(cohort: Cohort, column: str) -> Float | None:
    """Age of each unit (u,), on its first row by id that tells it; None where it is no number.

    Numbers below 0 and above 130, as -9 and 999, are unknown: NaN.
    """
    values = _numbers(cohort, column)
    if values is None:
        return None
    values[(values < 0) | (values > OLDEST)] = np.nan
    return _of_units(cohort, values)


def doubts(cohort: Cohort, column: str) -> Iterator[str]:
    """Sentences on numbers that are no years: how many count as unknown, and many above 110."""
    values, known = _numbers(cohort, column), years(cohort, column)
    if values is None or known is None:
        return
    lost = int((np.isnan(known) & ~np.isnan(_of_units(cohort, values))).sum())
    if lost:
        few = lost < least_shown()
        told = f"fewer than {least_shown()}" if few else f"at least {lost // 5 * 5:,}"
        yield (
            f"Age: {told} units have a number below 0 or above {OLDEST:g} in column "
            f"{short(column, 40)}, which counts as unknown."
        )
    told_ages = known[np.isfinite(known)]
    if len(told_ages) >= 2 * least_shown() and (told_ages > OLD).mean() >= MANY:
        yield (
            f"Age: {percent(MANY)} or more of the known numbers in column {short(column, 40)} are "
            f"above {OLD:g}; they are read as years: turn months or days into years."
        )


def _numbers(cohort: Cohort, column: str) -> Float | None:
    """The column (n,) by row id, NaN where missing; None where it is no column of numbers."""
    if column not in cohort.people.columns or not pd.api.types.is_numeric_dtype(
        cohort.people[column]
    ):
        return None
    values = cohort.people[column].to_numpy(dtype=np.float64, na_value=np.nan)
    made: Float = values[cohort.order]
    return made


def _of_units(cohort: Cohort, values: Float) -> Float:
    """The first number of each unit (u,), of values (n,) by row id."""
    first = pd.Series(values).groupby(cohort.units[cohort.order]).first()
    return np.asarray(first.reindex(range(cohort.u)), dtype=np.float64)


def band_codes(numbers: Float, labels: Sequence[str]) -> tuple[tuple[str, ...], Int]:
    """Bands of age and the band of each unit (u,), -1 unknown.

    Ages in no band are a level of their own. Raises InputError for a label that is no band, and
    for bands that overlap.

    >>> band_codes(np.array([3.0, 70.5, np.nan]), ["0-17", "65+"])
    (('0-17', '65+'), array([ 0,  1, -1]))
    """
    edges = [_edges(label) for label in labels]
    ordered = sorted(edges)
    for (_, stop), (start, _) in pairwise(ordered):
        if start < stop:
            raise InputError(f"bands of age overlap at {start:g} years: {list(labels)}")
    codes = np.full(len(numbers), -1, dtype=np.int64)
    for i, (low, high) in enumerate(edges):
        codes[(numbers >= low) & (numbers < high)] = i
    lost = (codes < 0) & np.isfinite(numbers)
    codes[lost] = len(edges)
    return (*labels, *((OUTSIDE,) if lost.any() else ())), codes


def _edges(label: str) -> tuple[float, float]:
    """First year of a band and the first after it; 18-39 holds ages below 40."""
    found = _BAND.fullmatch(str(label).strip())
    if found is None:
        raise InputError(f'{label!r} is no band of age; wanted "18-39", "65+" or "<18"')
    first, last, upwards, below, from_ = found.groups()
    if first is not None:
        return float(first), float(last) + 1
    if below is not None:
        return 0.0, float(below)
    return float(upwards or from_) + (label.strip().startswith(">") and "=" not in label), np.inf
