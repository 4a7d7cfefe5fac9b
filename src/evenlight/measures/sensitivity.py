"""How far the same change moves the output in each group; a recorded attribute flipped."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Int, Text
from evenlight.measures.check import explained, shaped


@dataclass(frozen=True, slots=True, eq=False)
class Sensitivity:
    """Mean change of output from `low_state` to `high_state` of q subjects in k levels, (k, q).

    On the margin and on the response (in `unit`), over all units of a level, strata or not.
    """

    grouping: str
    levels: tuple[str, ...]
    subjects: tuple[str, ...]
    low_state: tuple[str, ...]
    high_state: tuple[str, ...]
    unit: str
    n: Int
    margin: Float
    response: Float
    reason: Text

    def __post_init__(self) -> None:
        shape = (len(self.levels), len(self.subjects))
        shaped(self, shape, "margin", "response", "reason")
        explained(self, self.reason, "margin", "response")

    def __repr__(self) -> str:
        return f"Sensitivity by {self.grouping}: {len(self.subjects)} subjects; see .to_frame()"

    def to_frame(self) -> pd.DataFrame:
        """One row a level and subject."""
        k, q = self.margin.shape
        level, subject = (a.ravel() for a in np.indices((k, q)))
        return pd.DataFrame(
            {
                "grouping": self.grouping,
                "level": [self.levels[i] for i in level],
                "subject": [self.subjects[i] for i in subject],
                "low": [self.low_state[i] for i in subject],
                "high": [self.high_state[i] for i in subject],
                "margin": self.margin.ravel(),
                "response": self.response.ravel(),
                "reason": self.reason.ravel(),
            }
        )


@dataclass(frozen=True, slots=True, eq=False)
class Flip:
    """The recorded attribute set to another state, all else held: change of the response.

    Over f `pairs` (recorded, set to): units `n`, `mean` with 95 % limits, `spread` (SD), the 5th
    and 95th percentile (each with enough units beyond it, else NaN) and `changed`, the share of
    decisions that change at the plan's threshold (NaN without one); all (f,).
    """

    attribute: str
    pairs: tuple[tuple[str, str], ...]
    unit: str
    n: Float
    mean: Float
    low: Float
    high: Float
    spread: Float
    p05: Float
    p95: Float
    changed: Float
    reason: Text

    def __post_init__(self) -> None:
        shape = (len(self.pairs),)
        numbers = ("n", "mean", "low", "high", "spread")
        shaped(self, shape, *numbers, "p05", "p95", "changed", "reason")
        explained(self, self.reason, *numbers)

    def to_frame(self) -> pd.DataFrame:
        """One row a pair."""
        columns: dict[str, object] = {
            "attribute": self.attribute,
            "recorded": [a for a, _ in self.pairs],
            "set_to": [b for _, b in self.pairs],
        }
        for name in ("n", "mean", "low", "high", "spread", "p05", "p95", "changed", "reason"):
            columns[name] = getattr(self, name)
        return pd.DataFrame(columns)
