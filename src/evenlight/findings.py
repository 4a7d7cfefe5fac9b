"""Measures x policy -> findings with verdicts, answers to the primary questions, and the gate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import overload

import pandas as pd

from evenlight.errors import GateFailed, InputError, NoVerdict
from evenlight.measures.words import SEVERITIES, Severity, Verdict


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. `id` never depends on verdict or numbers, so waivers and diffs hold."""

    id: str
    kind: str
    grouping: str
    contrast: str
    subject: str
    view: str
    target: str
    verdict: Verdict
    severity: Severity
    primary: bool
    mechanism: str
    evidence: Mapping[str, float | None]
    sentence: str


@dataclass(frozen=True, slots=True)
class Part:
    """One contrast of an answer: `effect` and its simultaneous interval (1 - `alpha`) in `unit`."""

    contrast: str
    subject: str
    verdict: Verdict
    effect: float | None
    low: float | None
    high: float | None
    unit: str
    margin: float | None
    n: int | None
    more: float | None
    more_in: str
    reason: str
    alpha: float = 0.05


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one primary question; its verdict is the gravest of its parts.

    `findings` are the ids of the differences that it lists, by which they can be waived.
    """

    id: str
    measure: str
    grouping: str
    question: str
    verdict: Verdict
    blocks: bool
    sentence: str
    parts: tuple[Part, ...]
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiver:
    """A difference that a person answers for: the gate does not fail for it until a day.

    `until` is that day (YYYY-MM-DD, in UTC), the last on which the waiver holds. `waives` is the
    finding in words, "" where it was not found; `needed` says whether it would have failed the
    gate.
    """

    id: str
    reason: str
    person: str
    until: str
    waives: str = ""
    needed: bool = False


@dataclass(frozen=True, slots=True)
class Gate:
    """What a pipeline reads: `word`, exit code, why, and the waivers that were given.

    Words: passed, waived, failed, no verdict, not gated. A gate that is *waived* would have failed:
    every difference that fails it is waived, and each waiver stands in `waivers`.
    """

    word: str
    exit_code: int
    reason: str
    waivers: tuple[Waiver, ...] = ()

    def raise_for_status(self) -> None:
        """Raise GateFailed, NoVerdict or InputError (of waivers) unless the gate's code is 0."""
        if self.exit_code == GateFailed.exit_code:
            raise GateFailed(self.reason)
        if self.exit_code == InputError.exit_code:
            raise InputError(self.reason)
        if self.exit_code != 0:
            raise NoVerdict(self.reason)


@dataclass(frozen=True, slots=True)
class Findings:
    """All findings of an audit, gravest first."""

    items: tuple[Finding, ...]

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __repr__(self) -> str:
        many = Counter(finding.severity for finding in self.items)
        told = ", ".join(f"{many[word]:,} {word}" for word in reversed(SEVERITIES) if many[word])
        return f"Findings: {told or 'none'}; see .to_frame()"

    @overload
    def __getitem__(self, at: int) -> Finding: ...
    @overload
    def __getitem__(self, at: slice) -> Findings: ...
    def __getitem__(self, at: int | slice) -> Finding | Findings:
        """One finding by its place, or several as findings."""
        return Findings(self.items[at]) if isinstance(at, slice) else self.items[at]

    def to_frame(self) -> pd.DataFrame:
        """One row a finding."""
        names = [
            *("id", "kind", "grouping", "contrast", "subject", "view", "target", "verdict"),
            *("severity", "primary", "mechanism", "sentence"),
        ]
        return pd.DataFrame([{n: getattr(f, n) for n in names} for f in self.items], columns=names)
