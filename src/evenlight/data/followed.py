"""Time to an event, and whether it was seen, as numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.data.outcome import Survival
from evenlight.errors import CohortError


def followed(cohort: Cohort) -> tuple[Float, Float]:
    """Time and event (n,) of a survival outcome, NaN where either is unknown."""
    if not isinstance(cohort.outcome, Survival):
        raise CohortError("the cohort has no survival outcome; pass outcome=Survival(time, event)")
    table = cohort.people[[cohort.outcome.time, cohort.outcome.event]]
    numbers = table.apply(pd.to_numeric, errors="coerce")
    time, event = numbers.to_numpy(dtype=np.float64, na_value=np.nan).T
    if (time < 0).any():
        raise CohortError(f"outcome {cohort.outcome.time!r}: {(time < 0).sum()} times are below 0")
    strange = np.isfinite(event) & ~np.isin(event, (0.0, 1.0))
    if strange.any():
        raise CohortError(
            f"outcome {cohort.outcome.event!r}: {strange.sum()} values are neither 0 nor 1; "
            "1 says that the event was seen"
        )
    known = np.isfinite(time) & np.isfinite(event)
    return np.where(known, time, np.nan), np.where(known, event, np.nan)
