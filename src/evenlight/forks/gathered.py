"""Answers of an audit and of its forks brought together: what is the same, what a fork enters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evenlight.findings import Answer, Part
from evenlight.forks.fork import Fork
from evenlight.measures.specification import UNTOUCHED, Specification, Unrun
from evenlight.measures.words import SPOKEN, gravest

STILL = 1e-3
"""Margins by which an effect may move where a choice does not enter the question."""

Found = Sequence[tuple[Fork, tuple[Answer, ...]]]


def gathered(answers: Sequence[Answer], found: Found, unrun: tuple[Unrun, ...]) -> Specification:
    """The record: the part that decided each answer, and the same contrast under each fork.

    Forks of one kind enter a question together: of seeds that only move the limits, those that
    overturn an answer would otherwise enter, and those under which it holds would not.
    """
    decided = [decisive(answer) for answer in answers]
    f, q = len(found), len(answers)
    words, subjects, reasons = (np.full((f, q), "", dtype=object) for _ in range(3))
    numbers = np.full((3, f, q), np.nan)
    holds, touched = np.zeros((f, q), dtype=bool), np.ones((f, q), dtype=bool)
    for i, (_, others) in enumerate(found):
        for k, (answer, part) in enumerate(zip(answers, decided, strict=True)):
            other = others[k]
            same = next((p for p in other.parts if p.contrast == part.contrast), None)
            words[i, k], holds[i, k] = other.verdict, alike(answer, other)
            subjects[i, k] = "" if same is None else same.subject
            numbers[:, i, k] = _numbers(same)
            touched[i, k] = _entered(answer, part, other, same)
            reasons[i, k] = _reason(same)
    names = tuple(fork.name for fork, _ in found)
    for kind in {*names}:
        own_kind = np.array(names) == kind
        touched[own_kind] = touched[own_kind].any(axis=0)
    reasons[~touched] = UNTOUCHED
    own = np.array([_numbers(part) for part in decided]).reshape(q, 3)
    return Specification(
        ids=tuple(a.id for a in answers),
        questions=tuple(a.question for a in answers),
        measures=tuple(a.measure for a in answers),
        verdict=np.array([a.verdict for a in answers], dtype=np.str_),
        contrast=tuple(part.contrast for part in decided),
        subject=tuple(part.subject for part in decided),
        effect=own[:, 0], low=own[:, 1], high=own[:, 2],
        margin=np.array([np.nan if p.margin is None else p.margin for p in decided]),
        unit=tuple(part.unit for part in decided),
        names=names,
        settings=tuple(fork.setting for fork, _ in found),
        fork_verdict=words.astype(np.str_), fork_effect=numbers[0], fork_low=numbers[1],
        fork_high=numbers[2], fork_subject=subjects.astype(np.str_),
        reason=reasons.astype(np.str_), holds=holds, touched=touched, unrun=unrun,
    )  # fmt: skip


def decisive(answer: Answer) -> Part:
    """The part that decided an answer: the gravest, the furthest out among equals."""
    word = gravest(part.verdict for part in answer.parts)
    return max((p for p in answer.parts if p.verdict == word), key=_out)


def _out(part: Part) -> float:
    """How many margins an effect is from none."""
    return abs(part.effect) / part.margin if part.effect is not None and part.margin else 0.0


def alike(own: Answer, other: Answer) -> bool:
    """The same word; where it is *different*, of the same contrast, subject and direction.

    Nor may any contrast that differed do so in the other direction.
    """
    if own.verdict != other.verdict:
        return False
    if own.verdict != "different":
        return True
    found = {p.contrast: p for p in other.parts if p.verdict == "different"}
    decided = decisive(own)
    again = found.get(decided.contrast)
    return (
        again is not None
        and again.subject == decided.subject
        and not any(_turned(p, found.get(p.contrast)) for p in own.parts)
    )


def _turned(part: Part, again: Part | None) -> bool:
    """Whether the same subject of the same contrast differs in the other direction."""
    if part.verdict != "different" or again is None or again.subject != part.subject:
        return False
    return (part.effect or 0.0) * (again.effect or 0.0) < 0


def _entered(own: Answer, part: Part, other: Answer, same: Part | None) -> bool:
    """Whether a fork enters a question: its effect or its answer moves, not its draws alone.

    A move of less than a thousandth of the margin is one of rounding.
    """
    least = STILL * (part.margin or 0.0)
    before, after = _numbers(part)[0], _numbers(same)[0]
    unlike = not np.allclose(before, after, rtol=1e-9, atol=least, equal_nan=True)
    return unlike or own.verdict != other.verdict


def _numbers(part: Part | None) -> list[float]:
    """Effect and limits; NaN where there are none."""
    if part is None:
        return [np.nan] * 3
    return [np.nan if v is None else v for v in (part.effect, part.low, part.high)]


def _reason(part: Part | None) -> str:
    if part is None:
        return "this contrast was not asked under the fork"
    silent = part.effect is None and not part.reason
    return SPOKEN[part.verdict] if silent else part.reason
