"""The record of a comparison letter by letter: who carries what, and whether it counts alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Text
from evenlight.measures.check import explained, shaped, worded
from evenlight.measures.words import VERDICTS

CELL = ("count", "share", "mean")
TEST = ("effect", "low", "high", "p")
SPLIT = ("delta", "value", "use", "outside")


@dataclass(frozen=True, slots=True, eq=False)
class Alleles:
    """One subject (a position, a motif, a variant) over s states, k levels and c contrasts.

    `count` (s, k) units that carry a state, `share` (s, k) of the level's rows, each unit counted
    once, `mean` (s, k) attribution there; `effect`, `low`, `high`, `p`, `verdict` (s, c) the
    difference of means between carriers of one and the same state, within strata, with intervals
    that hold together over states and contrasts; `delta` = `value` + `use` + `outside` (c,) the
    difference of all carriers of `split_states` split by Kitagawa (`stats.kitagawa`), over
    everybody. Effects and means are in SD(f), `unit` on the scale of the output.

    Missing numbers have their reason in `cell_reason` (s, k), `reason` (s, c), `split_reason` (c,).
    """

    grouping: str
    source: str
    subject: str
    states: tuple[str, ...]
    levels: tuple[str, ...]
    contrasts: tuple[tuple[str, str], ...]
    target: str
    unit: float
    margin: float
    alpha: float
    rounded: bool
    count: Float
    share: Float
    mean: Float
    cell_reason: Text
    effect: Float
    low: Float
    high: Float
    p: Float
    verdict: Text
    reason: Text
    delta: Float
    value: Float
    use: Float
    outside: Float
    split_states: tuple[str, ...]
    split_reason: Text

    def __post_init__(self) -> None:
        s, k, c = len(self.states), len(self.levels), len(self.contrasts)
        shaped(self, (s, k), *CELL, "cell_reason")
        shaped(self, (s, c), *TEST, "verdict", "reason")
        shaped(self, (c,), *SPLIT, "split_reason")
        worded(self, "verdict", VERDICTS)
        explained(self, self.cell_reason, *CELL)
        explained(self, self.reason, *TEST)
        explained(self, self.split_reason, *SPLIT)

    def to_frame(self) -> pd.DataFrame:
        """One row a contrast and state: carriers, their means, and whether these differ."""
        s, c = (a.ravel() for a in np.indices((len(self.states), len(self.contrasts))))
        place = {level: i for i, level in enumerate(self.levels)}
        made: dict[str, object] = {
            "grouping": self.grouping,
            "subject": self.subject,
            "state": [self.states[i] for i in s],
            "level": [self.contrasts[j][0] for j in c],
            "reference": [self.contrasts[j][1] for j in c],
        }
        for side, what in enumerate(("level", "reference")):
            own = [place[self.contrasts[j][side]] for j in c]
            for name in CELL:
                made[f"{name}_{what}"] = getattr(self, name)[s, own]
        for name in (*TEST, "verdict", "reason"):
            made[name] = getattr(self, name)[s, c]
        return pd.DataFrame(made)

    def split_frame(self) -> pd.DataFrame:
        """One row a contrast: the difference, and its parts by value, use and values of one."""
        own = {
            "grouping": self.grouping,
            "subject": self.subject,
            "level": [pair[0] for pair in self.contrasts],
            "reference": [pair[1] for pair in self.contrasts],
        }
        parts = {name: getattr(self, name) for name in SPLIT}
        return pd.DataFrame(own | parts | {"reason": self.split_reason})

    def __repr__(self) -> str:
        told = ", ".join(
            f"{state}: {', '.join(map(str, np.unique(self.verdict[i])))}"
            for i, state in enumerate(self.states[:4])
        )
        return f"Alleles of {self.subject} by {self.grouping}: {told}"
