"""The record of how well the model does in each group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Text
from evenlight.measures.check import explained, shaped, worded
from evenlight.measures.words import VERDICTS

JUDGED = (*VERDICTS, "")
"""A metric without a margin is shown and not judged: its verdict is empty."""


@dataclass(frozen=True, slots=True, eq=False)
class Performance:
    """Metrics over r `parts` (overall, each level, unknown), and differences over c contrasts.

    `n` and `events` (r,) units and, for a binary outcome, those with the event (NaN with
    `part_reason` where suppressed or not binary); `value`, `low`, `high` (r, m) with pointwise 95 %
    limits; `difference`, `difference_low`, `difference_high` (simultaneous 95 %), `p` (c, m) level
    minus reference; `margin` (m,) NaN where the metric is not judged. `curve_predicted`,
    `curve_observed`, `curve_low`, `curve_high`, `curve_n` (k, bins): calibration by level. Where a
    part, or what a metric rests on in it, is hidden, overall is that of the parts that are shown,
    and numbers are told to a step (`stats.disclosure`), so that nobody solves for it.
    """

    grouping: str
    source: str
    levels: tuple[str, ...]
    parts: tuple[str, ...]
    metrics: tuple[str, ...]
    units: tuple[str, ...]
    contrasts: tuple[tuple[str, str], ...]
    target: str
    threshold: float | None
    alpha: float
    draws: int
    n: Float
    events: Float
    part_reason: Text
    value: Float
    low: Float
    high: Float
    reason: Text
    margin: Float
    difference: Float
    difference_low: Float
    difference_high: Float
    p: Float
    verdict: Text
    difference_reason: Text
    more: Float
    more_in: Text
    curve_predicted: Float
    curve_observed: Float
    curve_low: Float
    curve_high: Float
    curve_n: Float

    def __repr__(self) -> str:
        return f"Performance by {self.grouping}: {len(self.metrics)} metrics; see .to_frame()"

    def __post_init__(self) -> None:
        r, m, c = len(self.parts), len(self.metrics), len(self.contrasts)
        differences = ("difference", "difference_low", "difference_high", "p")
        shaped(self, (r,), "n", "events", "part_reason")
        shaped(self, (r, m), "value", "low", "high", "reason")
        shaped(self, (c, m), *differences, "verdict", "difference_reason", "more", "more_in")
        shaped(self, (m,), "margin")
        worded(self, "verdict", JUDGED)
        explained(self, self.reason, "value", "low", "high")
        explained(self, self.difference_reason, *differences)
        explained(self, self.part_reason, "n")

    def metric(self, name: str) -> int:
        """The index of a metric; LookupError if it was not computed."""
        if name not in self.metrics:
            raise LookupError(f"no metric {name!r}; known: {self.metrics}")
        return self.metrics.index(name)

    def to_frame(self) -> pd.DataFrame:
        """One row a part and metric."""
        r, m = self.value.shape
        part, metric = (a.ravel() for a in np.indices((r, m)))
        return pd.DataFrame(
            {
                "grouping": self.grouping,
                "part": [self.parts[i] for i in part],
                "n": self.n[part],
                "metric": [self.metrics[i] for i in metric],
                "unit": [self.units[i] for i in metric],
                "value": self.value.ravel(),
                "low": self.low.ravel(),
                "high": self.high.ravel(),
                "reason": self.reason.ravel(),
            }
        )

    def differences_frame(self) -> pd.DataFrame:
        """One row a contrast and metric."""
        c, m = self.difference.shape
        pair, metric = (a.ravel() for a in np.indices((c, m)))
        return pd.DataFrame(
            {
                "grouping": self.grouping,
                "level": [self.contrasts[i][0] for i in pair],
                "reference": [self.contrasts[i][1] for i in pair],
                "metric": [self.metrics[i] for i in metric],
                "difference": self.difference.ravel(),
                "low": self.difference_low.ravel(),
                "high": self.difference_high.ravel(),
                "p": self.p.ravel(),
                "margin": self.margin[metric],
                "verdict": self.verdict.ravel(),
                "reason": self.difference_reason.ravel(),
            }
        )
