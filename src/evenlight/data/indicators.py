"""A categorical variable coded as 0/1 columns, and the state that each row has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Float
from evenlight.errors import FeatureError


@dataclass(frozen=True, slots=True, eq=False)
class Indicators:
    """One categorical variable coded as 0/1 columns.

    `columns` maps a column name to the state it indicates; `reference` is the state of a row in
    which every column is 0, and None where exactly one column is always 1.
    """

    variable: str
    columns: Mapping[str, str]
    reference: str | None = None

    @property
    def states(self) -> tuple[str, ...]:
        """All states, the reference first."""
        first = () if self.reference is None else (self.reference,)
        return first + tuple(self.columns.values())


def states_of(coded: Indicators, x: Float, names: Sequence[str]) -> list[str]:
    """The state of each row, (n,), read from its 0/1 columns; x is (n, p)."""
    columns = np.column_stack([x[:, names.index(c)] for c in coded.columns])
    at = columns.argmax(axis=1)
    labels = list(coded.columns.values())
    rest = coded.reference if coded.reference is not None else ""
    return [labels[a] if row.any() else rest for a, row in zip(at, columns, strict=True)]


def check_states(coded: Indicators, x: Float, names: Sequence[str]) -> None:
    """Raise FeatureError unless the 0/1 columns of a variable name one state in each row."""
    columns = np.column_stack([x[:, names.index(c)] for c in coded.columns])
    if not np.isin(columns, (0.0, 1.0)).all():
        raise FeatureError(f"{coded.variable!r}: indicator columns must hold 0 and 1 only")
    total = columns.sum(axis=1)
    wrong = int((total > 1).sum() if coded.reference is not None else (total != 1).sum())
    if wrong:
        raise FeatureError(
            f"{coded.variable!r}: {wrong} rows do not name exactly one state; "
            "each row has one indicator at 1"
            + (" or, for the reference, none" if coded.reference is not None else "")
        )
