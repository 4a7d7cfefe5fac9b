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
                "name the one that is the event with event=, or code it 0 and 1 (1 is the event)"
            )
        return "categorical"
    values = np.unique(known.to_numpy(dtype=float))
    if len(values) == 2 and not np.array_equal(values, [0.0, 1.0]):
        raise CohortError(
            f"outcome {name!r} has the two values {values.tolist()}; "
            "name the one that is the event with event=, code it 0 and 1 (1 is the event), or say "
            'outcome_kind="continuous"'
        )
    return "binary" if np.isin(values, (0.0, 1.0)).all() else "continuous"


def with_event(
    people: pd.DataFrame, outcome: str | Survival | None, event: object, notes: list[str]
) -> tuple[pd.DataFrame, str]:
    """People with an outcome of two labels as 1 (`event`) and 0, and the event's name.

    Without `event` people are as they were, and the name is "".

    Raises CohortError for an outcome that has not two labels, or no such label.

    >>> people = pd.DataFrame({"state": ["ill", "well", None]})
    >>> table, name = with_event(people, "state", "ill", [])
    >>> table["state"].tolist(), name
    ([1.0, 0.0, nan], 'ill')
    """
    if event is None:
        return people, ""
    if not isinstance(outcome, str):
        raise CohortError(f"event is {event!r}, which names a label of an outcome column: pass one")
    column = people[outcome]
    known = column.notna()
    labels = sorted(map(str, column[known].unique()))
    hit = (column == event) | (column.astype(str) == str(event))
    if len(labels) > 2 or not (hit & known).any():
        raise CohortError(
            f"event is {event!r}, the labels of outcome {outcome!r} are {labels[:8]}; "
            "name one of two"
        )
    if pd.api.types.is_numeric_dtype(column) and column[known].isin([0, 1]).all():
        if event != 1:
            raise CohortError(f"outcome {outcome!r} is 0 and 1, where 1 is the event; leave event=")
        return people, ""
    notes.append(f"Outcome {outcome}: 1 is {event}, 0 is {_other(labels, str(event))}.")
    return people.assign(**{outcome: np.where(known, hit.astype(float), np.nan)}), str(event)


def _other(labels: list[str], event: str) -> str:
    return next((label for label in labels if label != event), "nobody")


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
