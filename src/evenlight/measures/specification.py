"""Whether answers hold: the verdict of every primary question under other reasonable choices.

f forks, each one choice made otherwise (another background, explainer, training seed, cohort that
was prepared otherwise), q questions. Simonsohn, Simmons and Nelson 2020, Nat Hum Behav 4:1208
(specification curve); Steegen et al. 2016, Perspect Psychol Sci 11:702 (multiverse).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenlight.arrays import Bool, Float, Text
from evenlight.errors import InputError
from evenlight.measures.check import explained, shaped, worded
from evenlight.measures.words import VERDICTS

LEAST_FORKS = 3
"""Of fewer forks that enter a question no answer is called fragile."""

HOLDS = 0.80
"""An answer that holds under a smaller share of forks is fragile."""

UNTOUCHED = "this choice does not enter the question"
"""Why a fork that only explains otherwise, and changed no number, is left out."""


@dataclass(frozen=True, slots=True)
class Unrun:
    """A fork that could not be run, and why."""

    name: str
    setting: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Specification:
    """Answers to q questions as audited and under f forks.

    `ids`, `questions` and `measures` (q,) as in the audit, `verdict` (q,) its answers; `contrast`,
    `subject`, `effect`, `low`, `high` (q,) of the part that decided, with its `margin` and `unit`.
    Of each fork: `names` (f,) what was chosen otherwise and `settings` (f,) how, then (f, q)
    `fork_verdict`, `fork_effect`, `fork_low`, `fork_high` (of the same contrast), `fork_subject`,
    and `reason` why a number is missing. `holds` (f, q) is whether the answer is the same: the same
    word, and where it is *different*, of the same contrast and subject in the same direction.
    `touched` (f, q) is False where the fork does not enter the question: its effect stays as it is,
    as that of performance under another explainer.
    """

    ids: tuple[str, ...]
    questions: tuple[str, ...]
    measures: tuple[str, ...]
    verdict: Text
    contrast: tuple[str, ...]
    subject: tuple[str, ...]
    effect: Float
    low: Float
    high: Float
    margin: Float
    unit: tuple[str, ...]
    names: tuple[str, ...]
    settings: tuple[str, ...]
    fork_verdict: Text
    fork_effect: Float
    fork_low: Float
    fork_high: Float
    fork_subject: Text
    reason: Text
    holds: Bool
    touched: Bool
    unrun: tuple[Unrun, ...] = ()

    def __post_init__(self) -> None:
        f, q = len(self.names), len(self.ids)
        if (
            not len(self.questions)
            == len(self.measures)
            == len(self.contrast)
            == len(self.subject)
            == q
        ):
            raise InputError(f"Specification has {q} ids, but other questions or contrasts")
        if len(self.settings) != f:
            raise InputError(f"Specification has {f} forks and {len(self.settings)} settings")
        shaped(self, (q,), "verdict", "effect", "low", "high", "margin")
        shaped(self, (f, q), "fork_verdict", "fork_effect", "fork_low", "fork_high", "holds")
        shaped(self, (f, q), "fork_subject", "reason", "touched")
        worded(self, "verdict", VERDICTS)
        worded(self, "fork_verdict", VERDICTS)
        explained(self, self.reason, "fork_effect", "fork_low", "fork_high")

    @property
    def share(self) -> Float:
        """The share (q,) of forks under which each answer holds; NaN where no fork touches it."""
        many = self.touched.sum(axis=0)
        kept = (self.holds & self.touched).sum(axis=0)
        out: Float = np.divide(kept, many, out=np.full(len(many), np.nan), where=many > 0)
        return out

    @property
    def fragile(self) -> Bool:
        """Whether each answer (q,) holds in less than 80 % of three or more forks that touch it."""
        out: Bool = (self.share < HOLDS) & (self.touched.sum(axis=0) >= LEAST_FORKS)
        return out

    def to_frame(self) -> pd.DataFrame:
        """One line a question and fork, the audit's own answer first."""
        lines = []
        for k, question in enumerate(self.questions):
            own = {"question": question, "contrast": self.contrast[k], "unit": self.unit[k]}
            lines.append({
                **own, "fork": "as audited", "setting": "", "verdict": self.verdict[k],
                "subject": self.subject[k], "effect": self.effect[k], "low": self.low[k],
                "high": self.high[k], "touched": True, "holds": True, "reason": "",
            })  # fmt: skip
            lines += [
                {
                    **own, "fork": self.names[i], "setting": self.settings[i],
                    "verdict": self.fork_verdict[i, k], "subject": self.fork_subject[i, k],
                    "effect": self.fork_effect[i, k], "low": self.fork_low[i, k],
                    "high": self.fork_high[i, k], "touched": bool(self.touched[i, k]),
                    "holds": bool(self.holds[i, k]), "reason": self.reason[i, k],
                }
                for i in range(len(self.names))
            ]  # fmt: skip
        return pd.DataFrame(lines)

    def __repr__(self) -> str:
        told = [
            f"{kept:.0%} of {many} forks: {word}, {question}" if many else f"no fork: {question}"
            for kept, many, word, question in zip(
                np.nan_to_num(self.share), self.touched.sum(axis=0), self.verdict, self.questions,
                strict=True,
            )
        ]  # fmt: skip
        return "\n".join([f"Specification of {len(self.ids)} answers", *told])
