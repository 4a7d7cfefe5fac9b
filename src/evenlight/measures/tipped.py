"""The record of how wrong the label would have to be to overturn a verdict."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Text
from evenlight.data.cohort import Cohort
from evenlight.errors import CohortError
from evenlight.language import spoken
from evenlight.measures.check import explained, shaped, worded
from evenlight.measures.words import SPOKEN, VERDICTS

ERRORS = ("sensitivity", "specificity")
"""What the label may be worse in: fewer events recorded, or non-events recorded as events."""

SIDES = ("level", "reference")

STANDS = "No difference in label error up to {most} overturns “{verdict}”."
BECOMES = (
    "“{verdict}” becomes “{other}” if the recorded label of {level} had {less} less {error} for "
    "the true one."
)


@dataclass(frozen=True, slots=True, eq=False)
class Tipping:
    """How far label error would have to differ between two groups to overturn each verdict.

    `verdict` (c, m) as recorded, for c contrasts and m judged `metrics` of performance, or subjects
    whose attribution was compared given the outcome (`measure` says which). `tip` (c, m, 2, 2): the
    least difference in the label's sensitivity or specificity (`ERRORS`) by which the label of the
    level or of the reference (`SIDES`) is the worse one, that changes the verdict, and what it
    `becomes`; NaN with `reason`. `most` (c, m, 2, 2) is the largest difference that was looked at:
    beyond it there would be fewer than no events, or more than all.
    """

    grouping: str
    measure: str
    target: str
    threshold: float | None
    contrasts: tuple[tuple[str, str], ...]
    metrics: tuple[str, ...]
    verdict: Text
    tip: Float
    becomes: Text
    most: Float
    reason: Text

    def __post_init__(self) -> None:
        c, m = len(self.contrasts), len(self.metrics)
        shaped(self, (c, m), "verdict")
        shaped(self, (c, m, 2, 2), "tip", "becomes", "most", "reason")
        worded(self, "verdict", VERDICTS)
        explained(self, self.reason, "tip", "most")

    def __repr__(self) -> str:
        known = self.tip[np.isfinite(self.tip)]
        asked = np.isfinite(self.most).any()
        none = "no verdict is overturned" if asked else "no verdict that could be overturned"
        told = f"least difference {known.min():.3g}" if len(known) else none
        return f"Tipping points by {self.grouping}: {told}; see .to_frame()"

    def sentence(self, contrast: int, metric: int) -> str:
        """The least label error that overturns a verdict, in words; "" if not asked."""
        tips = self.tip[contrast, metric]
        if not np.isfinite(self.most[contrast, metric]).any():
            return ""
        seen = spoken(SPOKEN[str(self.verdict[contrast, metric])])
        if not np.isfinite(tips).any():
            most = np.nanmin(self.most[contrast, metric])
            return spoken(STANDS, most=f"{most:.2f}", verdict=seen)
        e, s = np.unravel_index(int(np.nanargmin(tips)), (2, 2))
        level = self.contrasts[contrast][int(s)]
        becomes = spoken(SPOKEN[str(self.becomes[contrast, metric, e, s])])
        told = {"level": level, "less": f"{tips[e, s]:.2g}", "error": spoken(ERRORS[int(e)])}
        return spoken(BECOMES, verdict=seen, other=becomes, **told)

    def to_frame(self) -> pd.DataFrame:
        """One row a contrast, metric, kind of error and side."""
        c, m, e, s = (a.ravel() for a in np.indices(self.tip.shape))
        return pd.DataFrame(
            {
                "grouping": self.grouping,
                "level": [self.contrasts[i][0] for i in c],
                "reference": [self.contrasts[i][1] for i in c],
                "metric": [self.metrics[i] for i in m],
                "verdict": self.verdict[c, m],
                "worse_in": [ERRORS[i] for i in e],
                "worse_label_of": [SIDES[i] for i in s],
                "tip": self.tip.ravel(),
                "becomes": self.becomes.ravel(),
                "most": self.most.ravel(),
                "reason": self.reason.ravel(),
            }
        )


def binary_label(cohort: Cohort) -> None:
    """CohortError unless the outcome has two labels, of which one may be worse recorded."""
    if cohort.outcome_kind != "binary":
        raise CohortError(
            f"a label tipping point needs a binary outcome, this one is {cohort.outcome_kind}"
        )
