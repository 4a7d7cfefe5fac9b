"""Scores of each row that were computed elsewhere: Dice of a segmentation, a reader's grade."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from evenlight.arrays import Float, Text
from evenlight.data import align
from evenlight.data.cohort import Cohort
from evenlight.data.shown import first
from evenlight.errors import InputError


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """q scores of n rows: `values` (n, q) by `names`, NaN where a row has none; `target` is shown.

    Raises InputError where shapes do not fit or a score is infinite.

    >>> made = Scores.of(["p1", "p2"], {"dice": np.array([0.9, 0.7])}, target="lung")
    >>> made.names, made.values.shape
    (('dice',), (2, 1))
    """

    rows: Text
    names: tuple[str, ...]
    values: Float
    target: str = ""
    unit: str = ""

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.rows), len(self.names)):
            raise InputError(
                f"scores have shape {self.values.shape}, wanted {len(self.rows)} rows x "
                f"{len(self.names)} names"
            )
        if len(set(self.names)) != len(self.names) or not self.names:
            raise InputError(f"scores need names that are told apart, found {self.names}")
        if np.isinf(self.values).any():
            raise InputError(f"scores hold {int(np.isinf(self.values).sum())} infinite values")

    def __repr__(self) -> str:
        return f"Scores: {len(self.rows):,} rows of {len(self.names)} ({first(self.names)})"

    @classmethod
    def of(
        cls, rows: object, values: Mapping[str, Float], *, target: str = "", unit: str = ""
    ) -> Scores:
        """Scores by name, each (n,) in the order of the row ids."""
        ids = np.asarray(rows, dtype=np.str_)
        table = np.column_stack([np.asarray(v, dtype=np.float64) for v in values.values()])
        return cls(ids, tuple(values), table, target, unit)

    def at(self, cohort: Cohort) -> Scores:
        """The same rows in the cohort's order, matched by id."""
        index = align.match(self.rows, cohort.rows, what="scores")
        return replace(self, rows=cohort.rows, values=self.values[index])
