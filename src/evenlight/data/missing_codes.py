"""Codes that stand for *missing* in columns of people: told, whether they are read so or not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from evenlight.data.groups import MISSING, Groups
from evenlight.small_groups import least_shown

CODES = (-9.0, -99.0, -999.0, -9999.0, 99.0, 999.0, 9999.0)
"""Numbers by which files say that a value is missing."""

WORDS = MISSING - {""}


def told_missing(
    people: pd.DataFrame, groups: Sequence[str | Groups], columns: Sequence[str]
) -> list[str]:
    """Sentences on codes of missing values in the columns of groups, and in other columns by role.

    Labels of groups that mean *unknown* (`groups.MISSING`) belong to no group. In strata,
    covariates and outcomes they are values like any other, so that a remedy is told: there, a
    number counts as a code where it lies apart from all other values on the side of its sign.

    >>> bmi = [20.0, 30.0] * 8 + [-9.0] * 4
    >>> people = pd.DataFrame({"sex": ["f"] * 9 + ["NA"] * 11, "bmi": bmi})
    >>> for said in told_missing(people, ["sex"], ["bmi"]):
    ...     print(said)
    sex: labels that mean unknown ('NA' 11) belong to no group.
    bmi: -9 looks like a code for missing (fewer than 11 rows) and is used as a value; say NaN in \
its place where it is one.
    """
    own = [g for g in groups if isinstance(g, str) and g in people.columns]
    said = [line for name in dict.fromkeys(own) for line in _labels(name, people[name])]
    others = [c for c in dict.fromkeys(columns) if c in people.columns and c not in own]
    return said + [line for name in others for line in _values(name, people[name])]


def _labels(name: str, column: pd.Series) -> Iterator[str]:
    """Labels of a grouping that are read as unknown."""
    counts = _counts(column)
    found = {t: n for t, n in counts.items() if t.strip().casefold() in WORDS}
    if found:
        told = ", ".join(f"{text!r} {shown_count(n)}" for text, n in found.items())
        yield f"{name}: labels that mean unknown ({told}) belong to no group."


def _values(name: str, column: pd.Series) -> Iterator[str]:
    """Values of another column that look like a code."""
    if pd.api.types.is_bool_dtype(column):
        return
    if pd.api.types.is_numeric_dtype(column):
        found = _numbers(column.to_numpy(dtype=np.float64, na_value=np.nan))
    else:
        found = {t: n for t, n in _counts(column).items() if t.strip().casefold() in WORDS}
    for text, n in found.items():
        shown = text if pd.api.types.is_numeric_dtype(column) else repr(text)
        yield (
            f"{name}: {shown} looks like a code for missing ({shown_count(n)} rows) and is used as "
            "a value; say NaN in its place where it is one."
        )


def _numbers(values: np.ndarray) -> dict[str, int]:
    """Codes that lie apart from all other values, with how often they occur."""
    known = values[np.isfinite(values)]
    plain = known[~np.isin(known, CODES)]
    if not len(plain):
        return {}
    low, high = float(plain.min()), float(plain.max())
    found = {}
    for code in CODES:
        n = int((known == code).sum())
        apart = low >= 0 if code < 0 else code > 2 * max(high, 1.0)
        if n and apart:
            found[f"{code:g}"] = n
    return found


def _counts(column: pd.Series) -> dict[str, int]:
    """How often each label occurs, as text; whole numbers without their decimal point."""
    text = column.dropna().map(lambda v: f"{v:g}" if isinstance(v, float) else str(v))
    return {str(label): int(n) for label, n in text.value_counts().sort_index().items()}


def shown_count(n: int) -> str:
    """How many people as it may be told: fewer than 11 are not counted.

    >>> shown_count(1204), shown_count(3)
    ('1,204', 'fewer than 11')
    """
    return f"{n:,}" if n >= least_shown() else f"fewer than {least_shown()}"
