"""The record of what follows, in each group, from acting on a prediction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Text
from evenlight.measures.check import explained, shaped
from evenlight.measures.performance import Performance


@dataclass(frozen=True, slots=True, eq=False)
class Decisions:
    """Rates at the deployed threshold, decision curves, and one number for all groups together.

    `rates` is the performance at the threshold (predictive values, false negatives and positives,
    call rate, net benefit), None without one. `net_benefit` with pointwise 95 % `net_low`,
    `net_high` and `treat_all` (r, t) by part over `thresholds` (t,), NaN with `curve_reason`;
    calling nobody has a net benefit of 0. `utility` (r, t) is that of calling at each of these with
    a wrong call at the odds of the deployed `threshold` throughout, so that thresholds can be held
    against each other; NaN with `utility_reason`. `summaries` (s,) name what is said of all groups:
    the worst group's value, gaps, the equity-scaled AUROC; `of` the group or pair, `value`, `low`,
    `high` (95 %, allowing for the choice of the worst), `null` its mean and `p` (s,) over
    permutations of the group (given the outcome where `given` says so), NaN with `reason`; `left`
    the groups that are too small to enter. `rounded` says that curves are told to steps: somebody
    is hidden, or two thresholds would tell of few people between them.
    """

    grouping: str
    source: str
    levels: tuple[str, ...]
    parts: tuple[str, ...]
    target: str
    threshold: float | None
    alpha: float
    draws: int
    rates: Performance | None
    thresholds: Float
    net_benefit: Float
    net_low: Float
    net_high: Float
    treat_all: Float
    curve_reason: Text
    utility: Float
    utility_reason: Text
    summaries: tuple[str, ...]
    given: tuple[str, ...]
    of: Text
    left: tuple[str, ...]
    value: Float
    low: Float
    high: Float
    null: Float
    p: Float
    reason: Text
    rounded: bool = False

    def __post_init__(self) -> None:
        r, t, s = len(self.parts), len(self.thresholds), len(self.summaries)
        curves = ("net_benefit", "net_low", "net_high", "treat_all")
        shaped(self, (r, t), *curves, "curve_reason", "utility", "utility_reason")
        shaped(self, (s,), "of", "value", "low", "high", "null", "p", "reason")
        explained(self, self.curve_reason, *curves)
        explained(self, self.utility_reason, "utility")
        explained(self, self.reason, "value", "low", "high", "null", "p")

    def __repr__(self) -> str:
        told = ", ".join(
            f"{name} {value:.3g} ({of})"
            for name, value, of in zip(self.summaries, self.value, self.of, strict=True)
            if np.isfinite(value)
        )
        return f"Decisions by {self.grouping}: {told or 'nothing can be told'}; see .to_frame()"

    def summary(self, name: str) -> int:
        """The index of a summary; LookupError if it was not computed."""
        if name not in self.summaries:
            raise LookupError(f"no summary {name!r}; known: {self.summaries}")
        return self.summaries.index(name)

    def to_frame(self) -> pd.DataFrame:
        """One row a summary of all groups."""
        names = ("of", "value", "low", "high", "null", "p", "reason")
        columns = {"summary": self.summaries, "given": self.given}
        made = pd.DataFrame({**columns, **{name: getattr(self, name) for name in names}})
        made.insert(0, "grouping", self.grouping)
        return made

    def curves_frame(self) -> pd.DataFrame:
        """One row a part and threshold."""
        part, at = (a.ravel() for a in np.indices(self.net_benefit.shape))
        return pd.DataFrame(
            {
                "grouping": self.grouping,
                "part": [self.parts[i] for i in part],
                "threshold": self.thresholds[at],
                "net_benefit": self.net_benefit.ravel(),
                "low": self.net_low.ravel(),
                "high": self.net_high.ravel(),
                "treat_all": self.treat_all.ravel(),
                "reason": self.curve_reason.ravel(),
                "utility": self.utility.ravel(),
                "utility_reason": self.utility_reason.ravel(),
                "rounded": self.rounded,
            }
        )
