"""A3: table T1, the primary questions contrast by contrast."""

from __future__ import annotations

from htpy import Element, Node, a

from evenlight.data.digits import count
from evenlight.data.shown import short
from evenlight.findings import Answer, Part
from evenlight.record import Audit
from evenlight.reports.parts import block, evidence, groups, name, nothing, size, verdict
from evenlight.reports.sections.judged import (
    by_contrast,
    effect_words,
    measure_words,
    subject_words,
)
from evenlight.reports.words import CAPTIONS, NOTHING


def section(audit: Audit) -> Element:
    """Table T1."""
    told = [
        (_question(answer), [_row(answer, p) for p in by_contrast(answer)])
        for answer in audit.answers
    ]
    if not any(rows for _, rows in told):
        return nothing("a3", NOTHING["answers"])
    heads = (
        "Question",
        "Contrast",
        "Largest in",
        "Verdict",
        "Effect [95 % interval]",
        "n",
        "Still needed",
    )
    return block("a3", groups("t1", "T1", CAPTIONS["T1"], heads, told))


def _question(answer: Answer) -> Element:
    words, place = measure_words(answer.measure)
    return a(href=f"#{place}")[f"{words}, by {short(answer.grouping, 30)}"]


def _row(answer: Answer, part: Part) -> list[Node]:
    return [
        name(part.contrast),
        subject_words(answer, part),
        verdict(part.verdict),
        evidence(effect_words(part)),
        size(count(part.n, "not recorded")),
        needed(part),
    ]


def needed(part: Part) -> str:
    """About how many more people would settle it."""
    if part.more is None or not part.more_in:
        return ""
    return f"about {count(part.more)} more, {short(part.more_in, 30)}"
