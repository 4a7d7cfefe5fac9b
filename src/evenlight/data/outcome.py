"""What was observed: binary, categorical, continuous, or time to an event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from evenlight.arrays import Float
from evenlight.errors import CohortError

Kind = Literal["binary", "categorical", "continuous", "survival"]


@dataclass(frozen=True, slots=True)
class Survival:
    """Time to an event: the columns of `time` (one unit throughout) and `event` (1 seen)."""

    time: str
    event: str


def outcome_kind(name: str, column: pd.Series) -> Kind:
    """Binary for 0/1 and booleans, continuous for other numbers, else categorical."""
    known = column.dropna()
    if known.empty:
        raise CohortError(f"outcome {name!r} is missing in every row")
    if not pd.api.types.is_numeric_dtype(known):
        if known.nunique() == 2:
            raise CohortError(
                f"outcome {name!r} has the two labels {sorted(map(str, known.unique()))}; "
                "code it 0 and 1, so that 1 is the event"
            )
        return "categorical"
    values = np.unique(known.to_numpy(dtype=float))
    if len(values) == 2 and not np.array_equal(values, [0.0, 1.0]):
        raise CohortError(
            f"outcome {name!r} has the two values {values.tolist()}; "
            'code it 0 and 1, so that 1 is the event, or say outcome_kind="continuous"'
        )
    return "binary" if np.isin(values, (0.0, 1.0)).all() else "continuous"


def outcome_values(column: pd.Series, kind: Kind | None) -> Float:
    """The outcome as numbers (n,), NaN where unknown; categories as codes in sorted order."""
    if kind == "categorical":
        known = zip(column.astype("object"), column.notna(), strict=True)
        text = [value if told else None for value, told in known]
        levels = sorted({str(t) for t in text if t is not None})
        place = {level: float(i) for i, level in enumerate(levels)}
        return np.array([np.nan if t is None else place[str(t)] for t in text])
    if not pd.api.types.is_numeric_dtype(column):
        raise CohortError(
            f"outcome {str(column.name)!r} holds text; code it as numbers, 1 for the event"
        )
    values: Float = column.to_numpy(dtype=np.float64, na_value=np.nan)
    return values
