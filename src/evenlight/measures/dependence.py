"""Own value against attribution, by group: whether the value differs, or its use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Text
from evenlight.measures.check import explained, shaped


@dataclass(frozen=True, slots=True, eq=False)
class Dependence:
    """Binned means of one subject's attribution over its own value, (k levels, b bins).

    `labels` (b,) name the states of a categorical variable, and are empty for a number, whose bin
    means are `value` (k, b); `mean`, `low`, `high` the attribution with pointwise 95 % limits; `n`
    the units. A bin below the smallest group is NaN with a reason. `rounded` says that numbers are
    told to steps, since a bin is hidden, or one unit is most of one.
    """

    grouping: str
    subject: str
    levels: tuple[str, ...]
    labels: tuple[str, ...]
    value: Float
    mean: Float
    low: Float
    high: Float
    n: Float
    reason: Text
    rounded: bool = False

    def __post_init__(self) -> None:
        shape = (len(self.levels), self.value.shape[1])
        shaped(self, shape, "value", "mean", "low", "high", "n", "reason")
        explained(self, self.reason, "value", "mean", "low", "high", "n")

    def __repr__(self) -> str:
        return f"Dependence of {self.subject} by {self.grouping}; see .to_frame()"

    def to_frame(self) -> pd.DataFrame:
        """One row a level and bin."""
        k, b = self.value.shape
        level, at = (a.ravel() for a in np.indices((k, b)))
        columns: dict[str, object] = {
            "grouping": self.grouping,
            "subject": self.subject,
            "level": [self.levels[i] for i in level],
            "state": [self.labels[i] if self.labels else "" for i in at],
        }
        for name in ("value", "mean", "low", "high", "n", "reason"):
            columns[name] = getattr(self, name).ravel()
        return pd.DataFrame(columns | {"rounded": self.rounded})
