"""The record of matched people of different groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Text
from evenlight.measures.check import explained, shaped


@dataclass(frozen=True, slots=True, eq=False)
class Matched:
    """Pairs of people of two groups with about the same features, for c contrasts.

    `pairs` (c,) how many, `share` of the smaller group that is in one; `difference` (c,) of the
    response within pairs, level minus reference, with t limits `low`, `high` and `p`, and their
    `spread` (SD); `adjusted`, `adjusted_low`, `adjusted_high` the same at equal features, by a line
    through what features still differ (the difference itself below five pairs a feature).
    `distance` (c,) the mean distance within pairs, `usual` that
    of nearest neighbours of one group, in SD of a feature; `changed` (c,) the share of pairs on two
    sides of the threshold with Wilson's `changed_low`, `changed_high`, `usual_changed` that of
    pairs of one group. All NaN with `reason`; decisions are NaN with `decision_reason`.
    """

    grouping: str
    target: str
    unit: str
    threshold: float | None
    features: tuple[str, ...]
    left_out: tuple[str, ...]
    contrasts: tuple[tuple[str, str], ...]
    caliper: Float
    pairs: Float
    share: Float
    difference: Float
    low: Float
    high: Float
    p: Float
    spread: Float
    adjusted: Float
    adjusted_low: Float
    adjusted_high: Float
    distance: Float
    usual: Float
    changed: Float
    changed_low: Float
    changed_high: Float
    usual_changed: Float
    reason: Text
    decision_reason: Text

    def __post_init__(self) -> None:
        c = len(self.contrasts)
        numbers = (*PAIRED, *ADJUSTED)
        shaped(self, (c,), *numbers, *DECIDED, "reason", "decision_reason")
        explained(self, self.reason, *numbers)
        explained(self, self.decision_reason, *DECIDED)

    def __repr__(self) -> str:
        known = int(np.isfinite(self.difference).sum())
        told = f"{known} of {len(self.contrasts)} contrasts have pairs enough"
        return f"Matched people by {self.grouping}: {told}; see .to_frame()"

    def to_frame(self) -> pd.DataFrame:
        """One row a contrast."""
        names = (*PAIRED, *ADJUSTED, *DECIDED, "reason", "decision_reason")
        return pd.DataFrame(
            {
                "grouping": self.grouping,
                "level": [a for a, _ in self.contrasts],
                "reference": [b for _, b in self.contrasts],
                **{name: getattr(self, name) for name in names},
            }
        )


PAIRED = (
    *("caliper", "pairs", "share", "difference", "low", "high", "p", "spread"),
    *("distance", "usual"),
)
ADJUSTED = ("adjusted", "adjusted_low", "adjusted_high")
DECIDED = ("changed", "changed_low", "changed_high", "usual_changed")
