"""One judged number: the shape that findings, answers and sentences share."""

from __future__ import annotations

from dataclasses import dataclass

from evenlight.measures.words import Verdict

NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Result:
    """One judged number: what it is about, its simultaneous interval, verdict and why.

    `pair` is (level, reference), None for a whole grouping; `view` the view's key or the condition;
    numbers that do not exist are NaN; `more_in` names the group that would need `more` units;
    `partners` are the features that interact, where the mechanism is a context. `unresolved` is the
    part of an unsupported share whose support is not decided either way; the rest is shown to be
    without.
    """

    kind: str
    grouping: str
    pair: tuple[str, str] | None
    subject: str
    view: str
    verdict: Verdict
    effect: float
    low: float
    high: float
    n: float
    unit: str
    margin: float
    p: float = NAN
    q: float = NAN
    alpha: float = 0.05
    more: float = NAN
    more_in: str = ""
    mechanism: str = ""
    reason: str = ""
    partners: tuple[str, ...] = ()
    unresolved: float = NAN

    @property
    def contrast(self) -> str:
        """The contrast in one word, "level / reference"."""
        return " / ".join(self.pair) if self.pair else ""
