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


def times_and_events(people: pd.DataFrame, outcome: Survival) -> tuple[Float, Float]:
    """Time and event (n,) of people, NaN where either is unknown.

    Raises CohortError for times below 0, events that are neither 0 nor 1, text, and columns that
    were named in the other order.

    >>> people = pd.DataFrame({"days": [12.0, 30.0], "died": [1, 0]})
    >>> times_and_events(people, Survival("died", "days"))
    Traceback (most recent call last):
    evenlight.errors.CohortError: Survival("died", "days") names the event first: all times are \
0 or 1, and events are others; say Survival("days", "died")
    """
    table = people[[outcome.time, outcome.event]]
    numbers = table.apply(pd.to_numeric, errors="coerce")
    time, event = numbers.to_numpy(dtype=np.float64, na_value=np.nan).T
    _in_order(outcome, time, event)
    for name, text in ((name, table[name].notna() & numbers[name].isna()) for name in table):
        if text.all():
            raise CohortError(f"outcome {name!r} holds text; code it as numbers, 1 for the event")
    if (time < 0).any():
        raise CohortError(f"outcome {outcome.time!r}: {(time < 0).sum()} times are below 0")
    strange = np.isfinite(event) & ~np.isin(event, (0.0, 1.0))
    if strange.any():
        raise CohortError(
            f"outcome {outcome.event!r}: {strange.sum()} values are neither 0 nor 1; "
            "1 says that the event was seen"
        )
    known = np.isfinite(time) & np.isfinite(event)
    return np.where(known, time, np.nan), np.where(known, event, np.nan)


def _in_order(outcome: Survival, time: Float, event: Float) -> None:
    """Raise CohortError where what is said to be the time is the event, and the other way round."""
    times, events = (np.unique(own[np.isfinite(own)]) for own in (time, event))
    if len(times) and np.isin(times, (0, 1)).all() and not np.isin(events, (0, 1)).all():
        raise CohortError(
            f'Survival("{outcome.time}", "{outcome.event}") names the event first: all times are 0 '
            f'or 1, and events are others; say Survival("{outcome.event}", "{outcome.time}")'
        )


def kind_of(outcome: str | Survival | None, people: pd.DataFrame) -> Kind | None:
    """The kind of an outcome that was not said, read from its values; None without an outcome."""
    if isinstance(outcome, str):
        return outcome_kind(outcome, people[outcome])
    return None if outcome is None else "survival"


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
