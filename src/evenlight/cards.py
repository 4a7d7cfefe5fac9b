"""The card of a whole audit for notebooks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from htpy import Node, p

from evenlight.data.cards import ROWS, card, small_table
from evenlight.data.digits import confidence, count, estimate
from evenlight.data.shown import short, subject_name
from evenlight.findings import Answer, Part
from evenlight.measures.words import SPOKEN

if TYPE_CHECKING:
    from evenlight.record import Audit


def audit_card(audit: Audit) -> str:
    """The gate's word, and every primary question contrast by contrast with interval and n."""
    facts = [
        short(audit.model.name),
        f"{count(audit.cohort.units)} units of {short(audit.cohort.name)}",
        f"gate: {short(audit.verdict.word, 30)}",
        f"{count(len(audit.findings))} findings",
    ]
    rows = [_row(answer, part) for answer in audit.answers for part in answer.parts]
    level = confidence(audit.answers[0].parts[0].alpha) if rows else ""
    heads = ("Question", "Contrast", "In", f"Effect [{level} interval]", "n", "Verdict")
    words = "Primary questions" + (
        f", the first {ROWS} of {len(rows)} answers" if len(rows) > ROWS else ""
    )
    shown = (
        [small_table(words, heads, rows[:ROWS])] if rows else [p["No primary question was asked."]]
    )
    return card("Audit", facts, [p[short(audit.verdict.reason, 300)], *shown, *_warnings(audit)])


def _row(answer: Answer, part: Part) -> tuple[str, ...]:
    effect = estimate(part.effect, part.low, part.high, reason=short(part.reason, 200), sign=True)
    return (
        answer.question,
        part.contrast or "all groups",
        subject_name(part.subject, answer.measure),
        f"{effect} {short(part.unit, 30)}".strip() if part.effect is not None else effect,
        count(part.n, "see reason" if part.reason else "not recorded"),
        SPOKEN[part.verdict],
    )


def _warnings(audit: Audit) -> Iterator[Node]:
    for warning in audit.warnings[:3]:
        yield p[short(warning, 300)]
