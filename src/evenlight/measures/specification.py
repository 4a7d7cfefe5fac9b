"""Whether answers hold: the verdict of every primary question under other reasonable choices.

f forks of c kinds, each one choice made otherwise (another background, explainer, training seed,
cohort that was prepared otherwise), q questions. Simonsohn, Simmons and Nelson 2020, Nat Hum Behav
4:1208 (specification curve); Steegen et al. 2016, Perspect Psychol Sci 11:702 (multiverse).

How many forks a kind has is an accident: a cohort of six groups offers six other backgrounds and
one other explainer. Counted fork by fork, six backgrounds that do not matter would outvote the one
explainer that does. So every kind counts once: the share under which an answer holds is the mean,
over the kinds that enter the question, of the share within the kind,

    share = 1/c sum_k (forks of kind k under which it holds) / (forks of kind k that enter),

and the kind with the smallest share is named beside it, since with many kinds a mean hides one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenlight.arrays import Bool, Float, Int, Text
from evenlight.data.digits import percent
from evenlight.errors import InputError
from evenlight.measures.check import explained, shaped, worded
from evenlight.measures.words import VERDICTS

LEAST_FORKS = 3
"""Of fewer forks that enter a question no answer is called fragile."""

HOLDS = 0.80
"""An answer that holds under a smaller share of forks, balanced over kinds, is fragile."""

MOST = 0.50
"""An answer that holds in a smaller share of one kind's forks, of two or more, is fragile too."""

SEVERAL = 2
"""Forks of one kind from which that kind alone makes an answer fragile; one may be borderline."""

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
    Of each fork: `names` (f,) the kind of choice that was made otherwise and `settings` (f,) how,
    then (f, q) `fork_verdict`, `fork_effect`, `fork_low`, `fork_high` (of the same contrast),
    `fork_subject`, and `reason` why a number is missing. `holds` (f, q) is whether the answer is
    the same: the same word, and where it is *different*, of the same contrast and subject in the
    same direction.
    `touched` (f, q) is False where the fork does not enter the question: under no fork of its kind
    does the effect move by a thousandth of the margin, as that of performance under another
    explainer. `unrun` are
    forks that could not be run: they enter no share, neither as held nor as fallen, and are told
    beside it.
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
        for name in ("questions", "measures", "contrast", "subject", "unit"):
            if len(getattr(self, name)) != q:
                raise InputError(
                    f"Specification has {q} ids and {len(getattr(self, name))} in {name}; one each"
                )
        if len(self.settings) != f:
            raise InputError(f"Specification has {f} forks and {len(self.settings)} settings")
        shaped(self, (q,), "verdict", "effect", "low", "high", "margin")
        shaped(self, (f, q), "fork_verdict", "fork_effect", "fork_low", "fork_high", "holds")
        shaped(self, (f, q), "fork_subject", "reason", "touched")
        worded(self, "verdict", VERDICTS)
        worded(self, "fork_verdict", VERDICTS)
        explained(self, self.reason, "fork_effect", "fork_low", "fork_high")

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of choice (c,) that were made otherwise, each once, in order."""
        return tuple(dict.fromkeys(self.names))

    @property
    def answered(self) -> Bool:
        """Whether there is an answer (q,) that could hold: neither *cannot tell* nor unasked."""
        out: Bool = np.isin(self.verdict, ("similar", "different"))
        return out

    @property
    def counted(self) -> Bool:
        """Whether each fork counts for each question, (f, q): it enters it and could be asked.

        Where an answer cannot be asked for under a fork, it neither holds nor falls.
        """
        unasked = (self.fork_verdict == "not_estimable") & (self.verdict != "not_estimable")
        out: Bool = self.touched & ~unasked
        return out

    @property
    def kind_forks(self) -> Int:
        """How many forks of each kind count for each question, (c, q)."""
        return self._of_kind(self.counted)

    @property
    def kind_held(self) -> Int:
        """Under how many of these the answer is the same, (c, q)."""
        return self._of_kind(self.counted & self.holds)

    @property
    def kind_share(self) -> Float:
        """The share (c, q) within each kind; NaN where none of its forks counts."""
        many = self.kind_forks
        out = np.full(many.shape, np.nan)
        np.divide(self.kind_held, many, out=out, where=many > 0)
        return out

    @property
    def share(self) -> Float:
        """The mean (q,) over kinds of the share within the kind; NaN where no fork counts.

        Of an answer that cannot be told it is how often the same is said, and not how well an
        answer holds: see `answered`.
        """
        own = self.kind_share
        known = np.isfinite(own)
        many = known.sum(axis=0)
        out = np.full(len(many), np.nan)
        np.divide(np.where(known, own, 0.0).sum(axis=0), many, out=out, where=many > 0)
        return out

    @property
    def worst(self) -> tuple[str, ...]:
        """The kind (q,) in which each answer holds least, the one of more forks among equals.

        "" where it holds under every fork, or none counts.
        """
        own, many = self.kind_share, self.kind_forks
        out = []
        for k in range(len(self.ids)):
            low = np.flatnonzero(own[:, k] < 1.0)
            least = min(low, key=lambda c: (own[c, k], -many[c, k]), default=None)
            out.append("" if least is None else self.kinds[least])
        return tuple(out)

    @property
    def fragile(self) -> Bool:
        """Whether each answer (q,) depends on the choice, of three or more forks that count.

        It does where its balanced `share` is below 80 %, or where it holds in less than half of the
        forks of one kind that has two or more: with five kinds or more the mean would hide a kind
        under which the answer always falls. A single fork that overturns it counts through the mean
        alone, since an answer near its margin may fall under any one of them.
        """
        worst = np.where(self.kind_forks >= SEVERAL, self.kind_share, np.nan)
        low: Bool = (self.share < HOLDS) | np.any(worst < MOST, axis=0)
        out: Bool = low & (self.counted.sum(axis=0) >= LEAST_FORKS)
        return out

    def _of_kind(self, chosen: Bool) -> Int:
        """How many forks of each kind (c, q) are chosen (f, q)."""
        at = np.array([self.kinds.index(name) for name in self.names], dtype=np.int64)
        out = np.zeros((len(self.kinds), len(self.ids)), dtype=np.int64)
        np.add.at(out, at, chosen.astype(np.int64))
        return out

    def to_frame(self) -> pd.DataFrame:
        """One line a question and fork, the audit's own answer first."""
        lines = []
        for k, question in enumerate(self.questions):
            own = {"question": question, "contrast": self.contrast[k], "unit": self.unit[k]}
            lines.append({
                **own, "fork": "as audited", "setting": "", "verdict": self.verdict[k],
                "subject": self.subject[k], "effect": self.effect[k], "low": self.low[k],
                "high": self.high[k], "touched": True, "counted": True, "holds": True,
                "reason": "",
            })  # fmt: skip
            lines += [
                {
                    **own, "fork": self.names[i], "setting": self.settings[i],
                    "verdict": self.fork_verdict[i, k], "subject": self.fork_subject[i, k],
                    "effect": self.fork_effect[i, k], "low": self.fork_low[i, k],
                    "high": self.fork_high[i, k], "touched": bool(self.touched[i, k]),
                    "counted": bool(self.counted[i, k]),
                    "holds": bool(self.holds[i, k]), "reason": self.reason[i, k],
                }
                for i in range(len(self.names))
            ]  # fmt: skip
        return pd.DataFrame(lines)

    def shares(self) -> pd.DataFrame:
        """One line a question and kind: forks that count, how many hold, not asked and not run."""
        left = [unrun.name for unrun in self.unrun]
        unasked = self._of_kind(self.touched & ~self.counted)
        every = dict.fromkeys((*self.kinds, *left))
        return pd.DataFrame(
            [
                {
                    "question": self.questions[k], "verdict": self.verdict[k], "kind": kind,
                    "forks": self._count(self.kind_forks, kind, k),
                    "held": self._count(self.kind_held, kind, k),
                    "unasked": self._count(unasked, kind, k), "unrun": left.count(kind),
                }
                for k in range(len(self.ids))
                for kind in every
            ]
        )  # fmt: skip

    def _count(self, counts: Int, kind: str, k: int) -> int:
        return int(counts[self.kinds.index(kind), k]) if kind in self.kinds else 0

    def __repr__(self) -> str:
        many = self.counted.sum(axis=0)
        told = [
            f"{percent(self.share[k])} of {many[k]} forks: {self.verdict[k]}, {question}"
            if many[k]
            else f"no fork: {question}"
            for k, question in enumerate(self.questions)
        ]
        return "\n".join([f"Specification of {len(self.ids)} answers", *told])
