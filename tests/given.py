"""Attributions that a test gives."""

from __future__ import annotations

from evenlight.arrays import Float
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort


def made_of(cohort: Cohort, values: Float) -> Attributions:
    """Attributions with these values (n, p)."""
    return Attributions.from_arrays(
        values,
        rows=cohort.rows.tolist(),
        features=cohort.features,
        output=values.sum(axis=1),
        base=0.0,
    )
