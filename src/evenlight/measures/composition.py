"""Who was studied: counts by group, with small cells suppressed."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from evenlight.arrays import Float, Text
from evenlight.measures.check import explained, shaped

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, eq=False)
class Composition:
    """Units by level of one grouping, unknown last.

    `count`, `share`, `outcome` (k + 1,): units, their share of all, and events (binary outcome) or
    mean outcome; `cells` (s, k + 1): units by `strata` label and level. Suppressed: NaN and a
    reason.
    """

    grouping: str
    source: str
    parts: tuple[str, ...]
    outcome_name: str
    strata_name: str
    strata: tuple[str, ...]
    rounded: bool
    count: Float
    share: Float
    outcome: Float
    reason: Text
    outcome_reason: Text
    cells: Float
    cells_reason: Text

    def __post_init__(self) -> None:
        k, s = len(self.parts), len(self.strata)
        shaped(self, (k,), "count", "share", "outcome", "reason", "outcome_reason")
        shaped(self, (s, k), "cells", "cells_reason")
        explained(self, self.reason, "count", "share")
        explained(self, self.outcome_reason, "outcome")
        explained(self, self.cells_reason, "cells")

    def __repr__(self) -> str:
        return f"Composition by {self.grouping}: {len(self.parts)} parts; see .to_frame()"

    def to_frame(self) -> pd.DataFrame:
        """One row a level."""
        return pd.DataFrame(
            {
                "grouping": self.grouping,
                "part": list(self.parts),
                "units": self.count,
                "share": self.share,
                self.outcome_name or "outcome": self.outcome,
                "reason": self.reason,
            }
        )
