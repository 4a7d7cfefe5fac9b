"""The record of a hierarchy of tests: contrasts, sets, features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Int, Text
from evenlight.errors import InputError
from evenlight.measures.check import explained, shaped
from evenlight.measures.comparison import View

ROWS = ("row_contrast", "row_set", "row_subject", "effect", "low", "high", "p", "q", "reason")


@dataclass(frozen=True, slots=True, eq=False)
class Hierarchy:
    """Sets (c contrasts, s sets) that were tested first, and m rows of features inside them.

    `levels` is 2, or 3 where contrasts came first: then `contrast_p`, `contrast_q` (c,). `set_p`
    and `set_q` (c, s) are the set's own p by its `gate` (sum, members, both) and the adjusted one:
    a set is rejected where q <= `alpha`. `set_effect`, `set_low`, `set_high` are those of its
    comparison. `size` (s,) counts members.
    Row r is subject `row_subject[r]` in set `row_set[r]`, rejected in `row_contrast[r]`; `q`
    is adjusted for the selection of the set, `low` and `high` keep 1 - `alpha` coverage on average
    over what was selected. In sets that overlap a feature has a row in each. Effects in SD(f).
    `competitive_p` (c, s) answers another question, outside of the tree: whether members of a set
    differ more, or the other way, than the features outside of it (CAMERA).
    The tests of the tree are self-contained, and `alpha` bounds the expected average share of
    false discoveries over the families that were opened, on each level.
    """

    grouping: str
    contrasts: tuple[tuple[str, str], ...]
    sets: tuple[str, ...]
    subjects: tuple[str, ...]
    view: View
    target: str
    gate: str
    alpha: float
    levels: int
    size: Int
    contrast_p: Float
    contrast_q: Float
    set_effect: Float
    set_low: Float
    set_high: Float
    set_p: Float
    set_q: Float
    set_reason: Text
    competitive_p: Float
    competitive_reason: Text
    row_contrast: Int
    row_set: Int
    row_subject: Int
    effect: Float
    low: Float
    high: Float
    p: Float
    q: Float
    reason: Text

    def __post_init__(self) -> None:
        c, s = len(self.contrasts), len(self.sets)
        shaped(self, (s,), "size")
        shaped(self, (c,), "contrast_p", "contrast_q")
        shaped(self, (c, s), *(f"set_{n}" for n in ("effect", "low", "high", "p", "q", "reason")))
        shaped(self, (c, s), "competitive_p", "competitive_reason")
        shaped(self, self.row_set.shape, *ROWS)
        explained(self, self.set_reason, "set_p", "set_q", "set_effect", "set_low", "set_high")
        explained(self, self.competitive_reason, "competitive_p")
        explained(self, self.reason, "effect", "low", "high", "p", "q")
        rejected = self.set_q[self.row_contrast, self.row_set] <= self.alpha
        if not rejected.all():
            raise InputError(f"Hierarchy: {int((~rejected).sum())} rows of a set not rejected")

    def sets_frame(self) -> pd.DataFrame:
        """One row a contrast and set."""
        c, s = (a.ravel() for a in np.indices(self.set_p.shape))
        columns: dict[str, object] = {
            "grouping": self.grouping,
            "level": [self.contrasts[i][0] for i in c],
            "reference": [self.contrasts[i][1] for i in c],
            "set": [self.sets[i] for i in s],
            "size": self.size[s],
        }
        for name in ("effect", "low", "high", "p", "q", "reason"):
            columns[name] = getattr(self, f"set_{name}").ravel()
        columns["competitive_p"] = self.competitive_p.ravel()
        columns["found"] = columns["q"] <= self.alpha  # type: ignore[operator]
        return pd.DataFrame(columns)

    def to_frame(self) -> pd.DataFrame:
        """One row a contrast, rejected set and member."""
        columns: dict[str, object] = {
            "grouping": self.grouping,
            "level": [self.contrasts[i][0] for i in self.row_contrast],
            "reference": [self.contrasts[i][1] for i in self.row_contrast],
            "set": [self.sets[i] for i in self.row_set],
            "subject": [self.subjects[i] for i in self.row_subject],
        }
        columns |= {name: getattr(self, name) for name in ("effect", "low", "high", "p", "q")}
        return pd.DataFrame(columns | {"found": self.q <= self.alpha, "reason": self.reason})

    def __repr__(self) -> str:
        rejected = int((self.set_q <= self.alpha).sum())
        return (
            f"Hierarchy by {self.grouping}: {rejected} of {self.set_q.size} sets differ, and in "
            f"them {int((self.q <= self.alpha).sum())} of {len(self.q)} features; see .sets_frame()"
        )
