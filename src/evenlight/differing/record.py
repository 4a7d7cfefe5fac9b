"""What changed from one audit to the next: one version, quarter or cohort against another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import pandas as pd

from evenlight import codec
from evenlight.errors import GateFailed, NoVerdict
from evenlight.measures.words import Verdict

SCHEMA = "urn:evenlight:diff:1.1"

Status = Literal[
    "worse", "new", "better", "resolved", "no_longer_shown", "newly_untold", "moved",
    "not_comparable", "asked_no_more", "asked_anew", "unchanged", "no_change_shown",
]  # fmt: skip
"""What became of one number, gravest first.

`worse` and `better`: its size is shown to have grown, or to have shrunk. `new`: different now, not
before, the growth itself not shown. `resolved`: different before, similar now, the interval no
wider; `no_longer_shown`: different before, and either not told now or told by a wider interval.
`newly_untold`: told before, not now. `moved`: shown on other sides of 0 in both. `unchanged`: the
change lies inside the margin.
"""

STATUSES: tuple[Status, ...] = get_args(Status)

STILL: tuple[Status, ...] = ("unchanged", "no_change_shown")
"""What is counted and not listed, unless it answers a primary question."""


@dataclass(frozen=True, slots=True)
class Told:
    """A number as an audit tells it: verdict, effect, simultaneous limits, units to 5."""

    verdict: Verdict
    effect: float | None
    low: float | None
    high: float | None
    n: int | None


@dataclass(frozen=True, slots=True)
class Change:
    """One number in both audits: `size`, `low`, `high` of the change of |effect|, and its status.

    `id` is that of the finding in both; None stands for what could not be told, and `reason` says
    why; `alpha` is the error rate of the limits.
    """

    id: str
    kind: str
    grouping: str
    contrast: str
    subject: str
    view: str
    primary: bool
    status: Status
    before: Told | None
    after: Told | None
    size: float | None
    low: float | None
    high: float | None
    margin: float | None
    unit: str
    alpha: float
    reason: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Judged:
    """How much worse a metric became in one group (below 0: better), held to the margin.

    `worse`, `low`, `high` in the unit of the metric, of a calibration slope its distance from 1;
    limits are simultaneous over all that is judged of groups, `alpha` that of one of them. NaN
    stands for what cannot be told, and `reason` says why. `n` are the units of the smaller audit
    that a metric rests on, to 5; `paired` says how limits were put together: "paired" by how alike
    both estimates are among the same people, "any" whatever their dependence, "others" as of
    independent samples.
    """

    verdict: Verdict
    worse: float
    low: float
    high: float
    margin: float
    alpha: float
    n: int | None
    paired: Literal["paired", "any", "others"]
    reason: str
    sentence: str

    @property
    def failing(self) -> bool:
        """Whether it is shown to have become worse."""
        return self.verdict == "different" and self.worse > 0


@dataclass(frozen=True, slots=True)
class Moved:
    """A value of one group in both audits, as a metric or the mean |attribution| of a feature.

    `judged` says of a metric that has a margin whether it became worse.
    """

    kind: str
    grouping: str
    part: str
    subject: str
    unit: str
    before: float
    before_low: float
    before_high: float
    after: float
    after_low: float
    after_high: float
    judged: Judged | None = None


@dataclass(frozen=True, slots=True)
class Apart:
    """Something that the audits do not have alike, and what cannot be compared for it.

    `spoils` is "" where it is only said.
    """

    what: str
    before: str
    after: str
    spoils: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a pipeline does: passed, failed, no verdict; exit code 0, 1, 3; why."""

    word: str
    exit_code: int
    reason: str

    def raise_for_status(self) -> None:
        """Raise GateFailed or NoVerdict unless the code is 0."""
        if self.exit_code == GateFailed.exit_code:
            raise GateFailed(self.reason)
        if self.exit_code:
            raise NoVerdict(self.reason)


@dataclass(frozen=True, slots=True, repr=False)
class Difference:
    """Two audits of one question, before and after.

    `digests` are of model, cohort and plan of both; `people` says how those of both belong together
    ("the same", "others", "some the same", "not known"); `look` counts comparisons of this kind,
    `alpha` is what they share, and `spent` the part that this one has. `changes` lists whatever is
    not still (see `STILL`) and all that answers a primary question, gravest first; `counts` all.
    `values` are of groups, pointwise 95 %, of the metrics and of the most important features; what
    has a margin is judged there (see `Judged`).
    """

    digests: Mapping[str, tuple[str, str]]
    people: str
    look: int
    alpha: float
    spent: float
    apart: tuple[Apart, ...]
    counts: Mapping[str, int]
    changes: tuple[Change, ...]
    values: tuple[Moved, ...]
    verdict: Outcome

    def to_json(self) -> str:
        """Canonical JSON: sorted keys, null for missing."""
        return codec.to_text(self, SCHEMA)

    @classmethod
    def from_json(cls, text: str) -> Difference:
        """What `to_json` wrote; InputError names what is not of this form."""
        return codec.from_text(cls, text, SCHEMA, what="the difference")

    def listed(self) -> Iterator[Change]:
        """What is not still."""
        return (change for change in self.changes if change.status not in STILL)

    def gate(self) -> Outcome:
        """What a pipeline reads."""
        return self.verdict

    def to_frame(self) -> pd.DataFrame:
        """One row a change."""
        names = [
            *("id", "kind", "grouping", "contrast", "subject", "view", "primary", "status"),
            *("size", "low", "high", "margin", "unit", "reason", "sentence"),
        ]
        return pd.DataFrame(
            [{n: getattr(c, n) for n in names} for c in self.changes], columns=names
        )

    def __repr__(self) -> str:
        told = ", ".join(f"{n} {s.replace('_', ' ')}" for s, n in self.counts.items() if n)
        return f"Difference: {self.verdict.word}; {told or 'nothing to compare'}"
