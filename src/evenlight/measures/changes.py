"""The record of what changed from one version of a model to the next, by group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Text
from evenlight.measures.check import explained, shaped, worded
from evenlight.measures.words import VERDICTS

MEANS = ("change", "low", "high")
APART = ("apart", "apart_low", "apart_high", "apart_p", "apart_q")


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """One thing that may change: `name` with p `subjects`, in `unit`s (SD of the first version).

    Names: *signed* (the attribution), *magnitude* (its size), *moved* (how far, in whatever
    direction), *output*, *loss* (of the prediction). `change`, `low`, `high` (k, p) are means of
    after minus before in each level, with simultaneous 95 % limits over levels and subjects; a
    `verdict` of *similar* says that it changed less than the margin. `apart`, its limits, `apart_p`
    and `apart_q` (c, p) compare the changes of two groups: whether one is hit harder.
    """

    name: str
    subjects: tuple[str, ...]
    unit: float
    change: Float
    low: Float
    high: Float
    verdict: Text
    reason: Text
    apart: Float
    apart_low: Float
    apart_high: Float
    apart_p: Float
    apart_q: Float
    apart_verdict: Text
    apart_reason: Text

    def __post_init__(self) -> None:
        shaped(self, (len(self.change), len(self.subjects)), *MEANS, "verdict", "reason")
        shape = (len(self.apart), len(self.subjects))
        shaped(self, shape, *APART, "apart_verdict", "apart_reason")
        worded(self, "verdict", VERDICTS)
        worded(self, "apart_verdict", VERDICTS)
        explained(self, self.reason, *MEANS)
        explained(self, self.apart_reason, *APART)


@dataclass(frozen=True, slots=True, eq=False)
class Versions:
    """Two versions of a model explained on the same people, paired by unit.

    `n` (k,) units of each level that enter, NaN with `n_reason` where hidden. `population` says
    where not all rows enter the comparison of groups.
    """

    grouping: str
    source: str
    levels: tuple[str, ...]
    contrasts: tuple[tuple[str, str], ...]
    target: str
    scale: str
    margin: float
    alpha: float
    background: str
    n: Float
    n_reason: Text
    changes: tuple[Change, ...]
    population: str = ""

    def __post_init__(self) -> None:
        shaped(self, (len(self.levels),), "n", "n_reason")
        explained(self, self.n_reason, "n")
        for part in self.changes:
            shaped(part, (len(self.levels), len(part.subjects)), "change")
            shaped(part, (len(self.contrasts), len(part.subjects)), "apart")

    def of(self, name: str) -> Change:
        """The change called `name`; LookupError if it was not computed."""
        for part in self.changes:
            if part.name == name:
                return part
        raise LookupError(f"no change {name!r}; known: {[part.name for part in self.changes]}")

    def to_frame(self) -> pd.DataFrame:
        """One row a change, level and subject."""
        return pd.concat([self._levels(part) for part in self.changes], ignore_index=True)

    def differences_frame(self) -> pd.DataFrame:
        """One row a change, contrast and subject: whether one group is hit harder."""
        return pd.concat([self._contrasts(part) for part in self.changes], ignore_index=True)

    def _levels(self, part: Change) -> pd.DataFrame:
        k, p = (a.ravel() for a in np.indices(part.change.shape))
        columns: dict[str, object] = {
            "grouping": self.grouping,
            "what": part.name,
            "level": [self.levels[i] for i in k],
            "subject": [part.subjects[i] for i in p],
        }
        names = (*MEANS, "verdict", "reason")
        return pd.DataFrame(columns | {name: getattr(part, name).ravel() for name in names})

    def _contrasts(self, part: Change) -> pd.DataFrame:
        c, p = (a.ravel() for a in np.indices(part.apart.shape))
        columns: dict[str, object] = {
            "grouping": self.grouping,
            "what": part.name,
            "level": [self.contrasts[i][0] for i in c],
            "reference": [self.contrasts[i][1] for i in c],
            "subject": [part.subjects[i] for i in p],
        }
        for name in (*APART, "apart_verdict", "apart_reason"):
            columns[name.removeprefix("apart_")] = getattr(part, name).ravel()
        return pd.DataFrame(columns)

    def __repr__(self) -> str:
        told = ", ".join(
            f"{part.name} {int((part.verdict == 'different').sum())} of {part.verdict.size}"
            for part in self.changes
        )
        return f"Versions by {self.grouping}: changed in {told}; see .to_frame()"
