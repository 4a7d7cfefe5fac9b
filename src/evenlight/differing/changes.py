"""Two numbers of one finding become a change with a status."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import isnan

import numpy as np

from evenlight.differing.comparable import spoiled
from evenlight.differing.read import Read
from evenlight.differing.record import Apart, Change, Status, Told
from evenlight.differing.words import sentence
from evenlight.measures.words import Verdict
from evenlight.result import Result
from evenlight.small_groups import least_shown
from evenlight.stats.changing import change_in_size, widened
from evenlight.stats.disclosure import shown_counts

TOLD = ("similar", "different")


@dataclass(frozen=True, slots=True)
class Asked:
    """How changes are told: the part of each family's alpha that is spent on this look.

    `others` says that other people stand behind the second audit; `same` that model and people are
    those of the first, so that nothing can have changed.
    """

    apart: tuple[Apart, ...]
    part: float
    others: bool
    same: bool


def changes(before: Read, after: Read, asked: Asked) -> Iterator[Change]:
    """A change for every judged number of either audit, and one for each question that is gone."""
    primary = _primary(before, after)
    both = [i for i in before.results if i in after.results]
    pairs = [(before.results[i], after.results[i]) for i in both]
    for i, made in zip(both, _compared(pairs, asked), strict=True):
        yield _said(replace(made, id=i, primary=i in primary))
    for i in (i for i in before.results if i not in after.results):
        yield _said(_gone(i, before.results[i], after, primary))
    for i in (i for i in after.results if i not in before.results):
        yield _said(_come(i, after.results[i], asked, primary))
    for text in (text for text in before.primary if text not in after.primary):
        yield _said(_question(text, "asked_no_more"))
    for text in (text for text in after.primary if text not in before.primary):
        yield _said(_question(text, "asked_anew"))


def _primary(before: Read, after: Read) -> set[str]:
    """Ids that answer a primary question of both audits."""
    shared = set(before.primary) & set(after.primary)
    return {i for one in (before, after) for text in shared for i in one.primary[text]}


def _compared(pairs: Sequence[tuple[Result, Result]], asked: Asked) -> Iterator[Change]:
    if not pairs:
        return
    first, second = (_ends([pair[side] for pair in pairs]) for side in (0, 1))
    alpha = np.array([[one.alpha for one in pair] for pair in pairs]).T
    n = np.array([[one.n for one in pair] for pair in pairs]).T
    wanted = alpha.min(axis=0) * asked.part
    each = wanted if asked.others else wanted / 2
    grow = widened(alpha[0], each, n[0] - 1), widened(alpha[1], each, n[1] - 1)
    size, low, high = change_in_size(first, second, grow, apart=asked.others)
    if asked.same:
        size, low, high = (np.where(np.isnan(a), np.nan, 0.0) for a in (size, low, high))
    for k, (one, other) in enumerate(pairs):
        ends = (float(size[k]), float(low[k]), float(high[k]))
        yield _change((one, other), ends, float(wanted[k]), spoiled(one, asked.apart))


def _ends(made: Sequence[Result]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    effect, low, high = np.array([(r.effect, r.low, r.high) for r in made], dtype=np.float64).T
    return effect, low, high


def _change(
    pair: tuple[Result, Result], ends: tuple[float, float, float], alpha: float, why: str
) -> Change:
    one, other = pair
    status: Status = "not_comparable" if why else _status(one, other, ends)
    because = why or other.reason or one.reason
    known = not why and not isnan(ends[1])
    size, low, high = ends if known else (None, None, None)
    made = _blank(other, status, because)
    made = replace(made, before=told(one), after=told(other))
    return replace(made, size=size, low=low, high=high, alpha=alpha)


def _status(one: Result, other: Result, ends: tuple[float, float, float]) -> Status:
    """What became of a number, from both verdicts and the limits of the change of its size."""
    _, low, high = ends
    before, after = one.verdict, other.verdict
    if low > 0 and after != "similar":
        return "worse"
    if after == "different":
        return _different(one, other, ends)
    if before == "different" and after == "similar":
        shorter = other.high - other.low <= one.high - one.low
        return "resolved" if high < 0 or shorter else "no_longer_shown"
    if before == "different":
        return "better" if high < 0 and after == "cannot_tell" else "no_longer_shown"
    if before in TOLD and after not in TOLD:
        return "newly_untold"
    return _quiet(ends, one.margin)


def _different(one: Result, other: Result, ends: tuple[float, float, float]) -> Status:
    if one.verdict != "different":
        return "new"
    if one.effect * other.effect < 0:
        return "moved"
    return _quiet(ends, one.margin)


def _quiet(ends: tuple[float, float, float], margin: float) -> Status:
    _, low, high = ends
    if high < 0:
        return "better"
    inside = low >= -margin and high <= margin
    return "unchanged" if inside else "no_change_shown"


def _gone(i: str, one: Result, after: Read, primary: set[str]) -> Change:
    """A number of the first audit alone; a feature that has left the model leaves no question."""
    like = (one.kind, one.grouping, one.contrast, one.view)
    left = any(like == (r.kind, r.grouping, r.contrast, r.view) for r in after.results.values())
    why = f"{one.subject} is there no more" if left else "it was not measured again"
    made = _blank(one, "asked_no_more", why)
    return replace(made, id=i, primary=i in primary and not left, before=told(one))


def _come(i: str, other: Result, asked: Asked, primary: set[str]) -> Change:
    """A number of the second audit alone: new where it differs."""
    why = spoiled(other, asked.apart)
    status: Status = "new" if other.verdict == "different" and not why else "asked_anew"
    made = _blank(other, status, why or "it was not measured before")
    return replace(made, id=i, primary=i in primary, after=told(other))


def _question(text: str, status: Status) -> Change:
    why = "the plan asks it no more" if status == "asked_no_more" else "the plan did not ask it"
    return Change(
        id="", kind="question", grouping="", contrast="", subject=text, view="",
        primary=status == "asked_no_more", status=status, before=None, after=None, size=None,
        low=None, high=None, margin=None, unit="", alpha=0.05, reason=why, sentence="",
    )  # fmt: skip


def _blank(made: Result, status: Status, reason: str) -> Change:
    """A change of a result without its numbers."""
    return Change(
        id="", kind=made.kind, grouping=made.grouping, contrast=made.contrast,
        subject=made.subject, view=made.view, primary=False, status=status, before=None, after=None,
        size=None, low=None, high=None, margin=_known(made.margin), unit=made.unit,
        alpha=made.alpha, reason=reason, sentence="",
    )  # fmt: skip


def told(made: Result) -> Told:
    """A result as it is told beside another: counts to 5."""
    verdict: Verdict = made.verdict
    n = None
    if made.n >= least_shown():  # not where it is NaN
        n = int(shown_counts(np.array([made.n]), rounded=True)[0])
    return Told(verdict, _known(made.effect), _known(made.low), _known(made.high), n)


def _said(change: Change) -> Change:
    return replace(change, sentence=sentence(change))


def _known(value: float) -> float | None:
    return None if isnan(value) else float(value)
