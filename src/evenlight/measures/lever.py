"""The records of what happens when features are swapped, shuffled or taken away."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Int, Text
from evenlight.measures.check import explained, shaped


@dataclass(frozen=True, slots=True, eq=False)
class Closing:
    """How much of the gap between two groups goes, in l lines of kind, set and pair; all are (l,).

    `gap` is the difference in mean margin, level less reference, given the outcome (and strata),
    `after` the same afterwards, `closure` the share of the gap that the set carries (which may lie
    below 0, or above 1 where other sets pull the other way), all with limits pointwise at 1 -
    alpha. `reason` says why nothing is asked, `closure_reason` why no share is told: the gap's own
    interval holds 0. `n_level`, `n_reference` units and `strata` are those compared, where a loss
    of 1 to 10 units of a group is told as one of 10 (`stats.disclosure.left_counts`); `population`
    says for whom they speak.
    """

    kind: Text
    how: Text
    subject: Text
    level: Text
    reference: Text
    n_level: Float
    n_reference: Float
    strata: Int
    population: Text
    gap: Float
    gap_low: Float
    gap_high: Float
    after: Float
    closure: Float
    closure_low: Float
    closure_high: Float
    reason: Text
    closure_reason: Text

    def __post_init__(self) -> None:
        shaped(self, (len(self.kind),), *self.__dataclass_fields__)
        explained(self, self.reason, "gap", "gap_low", "gap_high", "after")
        explained(self, self.reason, "n_level", "n_reference")
        explained(self, self.closure_reason, "closure", "closure_low", "closure_high")

    def to_frame(self) -> pd.DataFrame:
        """One row a kind, set and pair."""
        return pd.DataFrame({name: getattr(self, name) for name in self.__dataclass_fields__})


@dataclass(frozen=True, slots=True, eq=False)
class Signal:
    """What each of m shuffled sets tells within groups; all are (m,).

    `value` is the loss of `metric` (AUC, R2 or concordance) when the set is exchanged within
    groups, averaged over groups by their units; `groups` names those that entered, `n` are their
    units as `Closing` tells them; limits are pointwise at 1 - alpha, and `reason` says why a loss
    cannot be told.
    """

    subject: Text
    metric: Text
    groups: Text
    n: Float
    value: Float
    low: Float
    high: Float
    reason: Text

    def __post_init__(self) -> None:
        shaped(self, (len(self.subject),), *self.__dataclass_fields__)
        explained(self, self.reason, "n", "value", "low", "high")

    def to_frame(self) -> pd.DataFrame:
        """One row a set."""
        return pd.DataFrame({name: getattr(self, name) for name in self.__dataclass_fields__})


@dataclass(frozen=True, slots=True, eq=False)
class LeverTable:
    """Performance by group before and after, in t lines of kind, set, pair, part and metric.

    All are (t,). `level` and `reference` name the pair of a swap and are "" for other kinds; `part`
    is *overall* or a level, `n` its units as `Closing` tells them. `change` is after less before,
    on the same people, with the limits of a paired bootstrap over units, in which a swap is made
    anew each time (20 times, Student's t); all limits are pointwise at 95 %. Removals and residuals
    are taken as they were made: limits speak for these people's values and means.
    """

    kind: Text
    subject: Text
    level: Text
    reference: Text
    part: Text
    metric: Text
    n: Float
    before: Float
    before_low: Float
    before_high: Float
    after: Float
    after_low: Float
    after_high: Float
    change: Float
    change_low: Float
    change_high: Float
    reason: Text

    def __post_init__(self) -> None:
        shaped(self, (len(self.kind),), *self.__dataclass_fields__)
        names, ends = ("before", "after", "change"), ("", "_low", "_high")
        explained(self, self.reason, "n", *(f"{n}{end}" for n in names for end in ends))

    def to_frame(self) -> pd.DataFrame:
        """One row a kind, set, pair, part and metric."""
        return pd.DataFrame({name: getattr(self, name) for name in self.__dataclass_fields__})


@dataclass(frozen=True, slots=True, eq=False)
class Levers:
    """What the interventions on sets of features do: to the gap, within groups, and to performance.

    `given` is what is held where a gap is taken; `alpha` is one minus the coverage of `closing` and
    `signal`, `draws` the resamples of `signal` and `table`; `notes` are sentences about what the
    interventions do to the data. `output` (3,) holds roots of moments of the model's margin
    before, by which another model's interventions are told apart; NaN where they were not kept.
    """

    grouping: str
    source: str
    levels: tuple[str, ...]
    target: str
    given: str
    scale: str
    alpha: float
    draws: int
    threshold: float | None
    closing: Closing
    signal: Signal
    table: LeverTable
    notes: tuple[str, ...]
    output: Float = field(default_factory=lambda: np.full(3, np.nan))

    def to_frame(self) -> pd.DataFrame:
        """Performance before and after; `closing` and `signal` have tables of their own."""
        frame = self.table.to_frame()
        frame.insert(0, "grouping", self.grouping)
        return frame

    def __repr__(self) -> str:
        sets = len(set(self.closing.subject.tolist()) | set(self.signal.subject.tolist()))
        return f"Levers by {self.grouping}: {sets} sets; see .closing.to_frame()"

    def carries(self, subject: str, *, beyond: float = 0.0) -> bool:
        """Whether a swap of the set closes more than `beyond` of some pair's gap, by its limit.

        A set that is needed for nothing carries a little of the gap of most fitted models: above 0
        agrees with a reliance, and does not show one.
        """
        lines = (self.closing.kind == "swap") & (self.closing.subject == subject)
        return bool((self.closing.closure_low[lines] > beyond).any())
