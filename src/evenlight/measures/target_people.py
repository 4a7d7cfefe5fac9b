"""A declared target population as shares, and columns that may report a field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from evenlight.data.cohort import Cohort
from evenlight.errors import InputError

SHARES_TO = 0.005
"""Declared shares add up to 1 within this: they are often printed to one per cent."""

LIKELY: Mapping[str, tuple[str, ...]] = {
    "ancestry": ("ancestry", "race", "superpopulation", "population", "pop", "genetic_ancestry"),
    "ethnicity": ("ethnicity", "ethnic", "ethnic_group", "hispanic"),
    "geography": ("country", "region", "geography", "birthplace", "origin", "residence"),
    "sex": ("sex", "sex_at_birth"),
    "gender": ("gender",),
    "age": ("age", "age_years", "age_at_recruitment"),
}
"""Names of columns that often report a field: for a proposal in words, nothing else."""


def target_of(
    target: Mapping[str, Mapping[str, float]] | pd.DataFrame | None, named: Mapping[str, str]
) -> dict[str, dict[str, float]]:
    """The shares of each field; InputError where they are no shares, or of a field without column.

    >>> target_of({"sex": {"f": 0.5, "m": 0.5}}, {"sex": "sex"})
    {'sex': {'f': 0.5, 'm': 0.5}}
    """
    made = _plain(target)
    for field, shares in made.items():
        if field not in named:
            raise InputError(
                f"the target speaks of {field!r}, and no column was named for it; say "
                f"fields={{{field!r}: 'the column'}}"
            )
        values = np.array(list(shares.values()), dtype=np.float64)
        if not np.isfinite(values).all() or (values < 0).any():
            raise InputError(f"target of {field}: a share is missing or below 0: {shares}")
        if abs(values.sum() - 1) > SHARES_TO:
            raise InputError(
                f"target of {field}: the shares add up to {values.sum():.4g}, not 1; divide each "
                "by their sum, and add the levels that are left out"
            )
    return made


def column_hint(cohort: Cohort, field: str, taken: Sequence[str]) -> str:
    """A column that may report a field, as a proposal; "" where none has such a name."""
    have = {str(c).strip().casefold().replace(" ", "_"): str(c) for c in cohort.people.columns}
    found = next((have[name] for name in LIKELY[field] if name in have), "")
    if not found or found in taken:
        return ""
    return f"Column {found!r} may report it; if so, say fields={{{field!r}: {found!r}}}."


def _plain(
    target: Mapping[str, Mapping[str, float]] | pd.DataFrame | None,
) -> dict[str, dict[str, float]]:
    if target is None:
        return {}
    if not isinstance(target, pd.DataFrame):
        return {f: {str(k): float(v) for k, v in own.items()} for f, own in target.items()}
    wanted = ["field", "level", "share"]
    lost = [name for name in wanted if name not in target.columns]
    if lost or target.duplicated(["field", "level"]).any():
        raise InputError(
            f"a target table has the columns field, level and share, each level once; it has "
            f"{list(target.columns)}"
        )
    made: dict[str, dict[str, float]] = {}
    for field, level, share in target[wanted].itertuples(index=False):
        made.setdefault(str(field), {})[str(level)] = float(share)
    return made
