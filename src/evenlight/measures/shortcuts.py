"""The record of the gate: whether reliance on ancestry is consistent with a shortcut."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
import pandas as pd

from evenlight.arrays import Bool, Float, Text
from evenlight.errors import InputError
from evenlight.measures.check import explained, shaped, worded
from evenlight.measures.decided import lacking
from evenlight.measures.words import SUPPORTS

Word = Literal["consistent_with_a_shortcut", "unresolved", "not_estimable"]
Held = Literal["met", "not met", "not asked"]

WORDS: tuple[Word, ...] = get_args(Word)
HELD: tuple[Held, ...] = get_args(Held)

CRITERIA = ("share", "comparison", "remainder", "intervention")
"""share: the lower limit of the unsupported share is above `LEAST_SHARE`. comparison: a twin or an
outside cohort leans on it less. remainder: a part of the outcome's gap between groups is left when
features have slopes of their own, at least half of what is claimed; else the outside cohort leans
on it less and support is decided for at least half of the reliance.
intervention: neutralising these sets closes a part of the gap; where nothing else moves the output,
support is decided for at least half of the reliance."""

LEAST_SHARE = 0.10
UNSUPPORTED = "unsupported"
"""The name of the set of everything without demonstrated support, when it is neutralised."""

OVER = ("model", "twin", "excess", "sd", "low")
NUMBERS = ("unsupported", "excess_total", "partial", "outside", "closure", "remainder")


@dataclass(frozen=True, slots=True, eq=False)
class OverTwin:
    """The mean share of m subjects over refits of the model and of the twin, all (m,).

    `excess` is the difference, `sd` its spread over refits, `low` its one-sided 95 % limit for a
    further refit; NaN without a twin.
    """

    model: Float
    twin: Float
    excess: Float
    sd: Float
    low: Float

    def __post_init__(self) -> None:
        shaped(self, self.model.shape, *OVER)


@dataclass(frozen=True, slots=True, eq=False)
class Shortcut:
    """One model, one grouping, m subjects (sets), given the outcome.

    `given` is the strictest condition that could be measured; `stricter` names those asked that
    could not be, and why ("" where there are none).

    `word` is one of `WORDS`, `reason` says in one sentence what it rests on or what is missing;
    `met` (4,) follows `CRITERIA`, among `HELD`.

    `share` (m,) is B given the outcome of the audited model, `support` (m,) the word of support
    within groups. The unsupported share sums `share` over the subjects without demonstrated
    support: `unsupported` (3,) is its value and limits (1 - `alpha`, those of the
    reliance that is judged), `unresolved_part` the part of it that is merely unresolved, `resolved`
    the share of the reliance for which support is decided (rho: it decides with an outside cohort
    only). `partial` (3,) is the slope within groups of the model's own partial score of those
    subjects, in units of what the model claims (1 as claimed, 0 none), with 95 % limits: printed,
    never decided on.

    `over` has the same by subject over `refits` pairs of refits of the model and of its twin;
    `excess_total` (3,) is the difference of their unsupported shares, its SD over refits, and its
    one-sided 95 % limit for a further refit.
    `outside` (3,) is the slope of the outcome between groups in the outside cohort on that partial
    score, with 95 % limits; `closure` (3,) the share of the gap that an intervention closed, with
    limits. `remainder` (3,) is what is left of the outcome's gap between groups when features have
    unpenalised slopes of their own within groups, in units of what the unsupported subjects claim
    between groups (0: features account for the gap, 1: as much is left as is claimed), with 95 %
    limits. A model that is merely shrunken or boosted too little makes up for it by what tells the
    group, which no twin does; then nothing is left. What was not asked is NaN, and `reasons` (6,)
    says why, in the order of `NUMBERS`.

    `resemblance` (3,) is how the refits' outputs correlate with the audited model's within groups:
    the mean, its limit for a further refit, and the least that this limit must reach for the twin
    to be one of this model; NaN without a twin.
    """

    grouping: str
    source: str
    levels: tuple[str, ...]
    target: str
    subjects: tuple[str, ...]
    subject_kind: str
    given: str
    n: int
    word: Word
    reason: str
    met: Text
    share: Float
    support: Text
    slope: Float
    slope_low: Float
    slope_high: Float
    support_reason: Text
    unsupported: Float
    unresolved_part: float
    resolved: float
    partial: Float
    refits: int
    how: str
    over: OverTwin
    excess_total: Float
    outside: Float
    closure: Float
    remainder: Float
    reasons: Text
    stricter: str = ""
    resemblance: Float = field(default_factory=lambda: np.full(3, np.nan))
    alpha: float = 0.05

    def __post_init__(self) -> None:
        m = (len(self.subjects),)
        slopes = ("slope", "slope_low", "slope_high")
        shaped(self, m, "share", "support", "support_reason", *slopes)
        shaped(self.over, m, *OVER)
        shaped(self, (3,), *NUMBERS, "resemblance")
        shaped(self, (len(NUMBERS),), "reasons")
        shaped(self, (len(CRITERIA),), "met")
        worded(self, "met", HELD)
        worded(self, "support", SUPPORTS)
        explained(self, self.support_reason, *slopes)
        if self.word not in WORDS or not self.reason:
            raise InputError(f"word is {self.word!r}; wanted one of {list(WORDS)}, with a reason")
        if self.word == WORDS[0] and not (self.met == "met").all():
            raise InputError(f"{WORDS[0]} needs all of {CRITERIA}; met are {self.met.tolist()}")
        self._told()

    def _told(self) -> None:
        for name, why in zip(NUMBERS, self.reasons.tolist(), strict=True):
            if np.isnan(getattr(self, name)).any() and not why:
                raise InputError(f"Shortcut.{name} is missing without a reason")
        twin = str(self.reasons[NUMBERS.index("excess_total")])
        told = np.full(len(self.subjects), twin)
        explained(self.over, told, *OVER)
        gone = np.full(len(self.subjects), "" if self.word != "not_estimable" else self.reason)
        explained(self, gone, "share")

    @property
    def lacking(self) -> Bool:
        """Mask (m,) of subjects without demonstrated support."""
        return lacking(self.support)

    def ranked(self) -> tuple[str, ...]:
        """Subjects by excess over the twin, most first; LookupError where there is no twin."""
        if np.isnan(self.over.excess).any():
            raise LookupError("there is no twin to be in excess of; pass Evidence(twin=...)")
        return tuple(self.subjects[j] for j in np.argsort(-self.over.excess, kind="stable"))

    def to_frame(self) -> pd.DataFrame:
        """One row a subject."""
        names = ("share", "support", "slope", "slope_low", "slope_high")
        columns: dict[str, object] = {"grouping": self.grouping, "subject": list(self.subjects)}
        columns |= {name: getattr(self, name) for name in names}
        return pd.DataFrame(columns | {f"over_{name}": getattr(self.over, name) for name in OVER})

    def __repr__(self) -> str:
        return f"Shortcut by {self.grouping}: {self.word.replace('_', ' ')}; {self.reason}"


@dataclass(frozen=True, slots=True, eq=False)
class Closure:
    """The share of the score gap given the outcome that neutralising some `subjects` closed.

    `value`, `low`, `high` with 95 % limits, or NaN with a `reason`.
    """

    subjects: tuple[str, ...]
    value: float
    low: float
    high: float
    reason: str = ""

    def __post_init__(self) -> None:
        if np.isnan([self.value, self.low, self.high]).any() and not self.reason:
            raise InputError("Closure is missing without a reason")
