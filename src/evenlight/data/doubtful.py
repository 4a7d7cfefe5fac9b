"""What of a cohort's outcome and groups leaves nothing to ask, or looks like a mistake."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from evenlight.data.groups import Groups
from evenlight.data.missing_codes import shown_count
from evenlight.data.outcome import Survival, times_and_events
from evenlight.errors import EvenlightWarning

FEW_UNITS, FEW_ROWS = 0.05, 0.10
"""Where so few units have two outcomes, in so few of their rows, these rows are likely wrong."""

NOTHING_TOLD = (
    "no performance can be told, and nothing more given it; look at its column, the label of the "
    "event, and the split"
)


def doubtful(
    people: pd.DataFrame, outcome: str | Survival | None, unit: str | None, groups: Sequence[Groups]
) -> list[str]:
    """Notes on an outcome that nobody differs in, or that differs inside a unit; and on groups.

    Warns where single rows of a few units have another outcome than all others, as one cell of a
    donor: an outcome may be of the row (of each visit, each image), and that is hardly so there.

    Raises CohortError for a survival outcome that is none (`times_and_events`).

    >>> people = pd.DataFrame({"ill": [1, 1, 1], "sex": ["f", "f", None]})
    >>> for said in doubtful(people, "ill", "row", [Groups.from_labels("sex", people["sex"])]):
    ...     print(said)
    Outcome ill is 1 in all rows: no performance can be told, and nothing more given it; look at \
its column, the label of the event, and the split.
    Grouping sex: all rows of known group are in 'f', so that nothing is compared by it.
    """
    said = list(_of_groups(groups))
    if outcome is None:
        return said
    name, column = _outcome(people, outcome)
    same = one_outcome(people, outcome)
    noted = [f"{same}: {NOTHING_TOLD}."] if same else []
    return [*noted, *_torn(name, column, people, unit), *said]


def one_outcome(people: pd.DataFrame, outcome: str | Survival) -> str:
    """That all known rows have one outcome, in words; "" where two differ, or none is known.

    Raises CohortError for a survival outcome that is none (`times_and_events`).

    >>> one_outcome(pd.DataFrame({"ill": ["yes", None, "yes"]}), "ill")
    "Outcome ill is 'yes' in all rows"
    """
    name, column = _outcome(people, outcome)
    found = column.dropna().unique()
    if len(found) != 1:
        return ""
    told = f"{found[0]:g}" if isinstance(found[0], int | float | np.number) else repr(found[0])
    return f"Outcome {name} is {told} in all rows"


def _outcome(people: pd.DataFrame, outcome: str | Survival) -> tuple[str, pd.Series]:
    """Name and values of an outcome, of survival whether the event was seen."""
    if not isinstance(outcome, Survival):
        return outcome, people[outcome]
    _, event = times_and_events(people, outcome)
    return outcome.event, pd.Series(event, index=people.index)


def _of_groups(groups: Sequence[Groups]) -> Iterator[str]:
    for one in groups:
        here = np.unique(one.codes[one.known])
        if not len(here):
            yield f"Grouping {one.name}: no row has a known group, so nothing is compared by it."
        elif len(here) == 1:
            yield (
                f"Grouping {one.name}: all rows of known group are in {one.levels[here[0]]!r}, so "
                "that nothing is compared by it."
            )


def _torn(name: str, column: pd.Series, people: pd.DataFrame, unit: str | None) -> Iterator[str]:
    """A note on units whose rows have several outcomes, and a warning where few rows do."""
    if unit is None or unit == "row":
        return
    rows = pd.DataFrame({"unit": people[unit].astype(str), "y": column}).dropna()
    rows = rows[rows["unit"].duplicated(keep=False)]
    each = rows.groupby("unit")["y"].agg(["nunique", "size"])
    torn = each["nunique"] > 1
    if not torn.any():
        return
    many = f"{shown_count(int(torn.sum()))} of {len(each):,} units ({unit}) of several rows"
    yield (
        f"Outcome {name} differs between the rows of {many}: performance takes each row's own, and "
        "what is told given the outcome takes such units as a class of their own, or their mean."
    )
    own = rows[rows["unit"].isin(each.index[torn])]
    common = own.groupby("unit")["y"].agg(lambda y: y.value_counts().iloc[0])
    odd = 1 - common.sum() / len(own)
    if torn.mean() <= FEW_UNITS and odd <= FEW_ROWS:
        warnings.warn(
            f"outcome {name!r} is the same in all rows of each unit ({unit}) but for "
            f"{shown_count(int(torn.sum()))} of {len(each):,}, where single rows differ: correct "
            "these rows, or leave them where the outcome is of the row",
            EvenlightWarning,
            stacklevel=5,
        )
