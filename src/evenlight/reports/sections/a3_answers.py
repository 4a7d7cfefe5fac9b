"""A3: table T1, the primary questions contrast by contrast."""

from __future__ import annotations

from htpy import Element, Node, a, span

from evenlight.data.digits import confidence, count
from evenlight.data.shown import short
from evenlight.findings import Answer, Part
from evenlight.language import spoken
from evenlight.record import Audit
from evenlight.reports.parts import (
    Some,
    block,
    evidence,
    groups,
    name,
    nothing,
    rows_of,
    size,
    verdict,
)
from evenlight.reports.pointing import Told, at
from evenlight.reports.sections.judged import (
    by_contrast,
    contrast_words,
    effect_words,
    measure_words,
    size_words,
    subject_words,
)
from evenlight.reports.widest import parts_left, widest_parts
from evenlight.reports.words import CAPTIONS, NOTHING


def section(audit: Audit) -> Element:
    """Table T1; the column of people still needed is there where somebody is."""
    open_ended = any(needed(p) for answer in audit.answers for p in by_contrast(answer))
    told = [
        (_question(answer), _rows(answer, open_ended)) for answer in audit.answers if answer.parts
    ]
    if not told:
        return nothing("a3", spoken(NOTHING["answers"]))
    strictest = min((p for answer in audit.answers for p in answer.parts), key=lambda p: p.alpha)
    level = confidence(strictest.alpha)
    heads = [spoken("Question"), spoken("Contrast"), spoken("Largest in"), spoken("Verdict")]
    heads += [spoken("Effect [{level} interval]", level=level), "n"]
    heads += [spoken("Still needed")] if open_ended else []
    caption = Told(spoken(CAPTIONS["T1"], level=level), strictest, "alpha")
    left = (parts_left(at(a, "parts"), len(by_contrast(a)), _asked(a)) for a in audit.answers)
    return block("a3", groups("t1", "T1", caption, heads, told), left)


def _asked(answer: Answer) -> str:
    return measure_words(answer.measure)[0]


def _question(answer: Answer) -> Element:
    words, place = measure_words(answer.measure)
    return a(href=f"#{place}")[
        spoken("{question}, by {grouping}", question=words, grouping=short(answer.grouping, 30))
    ]


def _rows(answer: Answer, open_ended: bool) -> Some:
    parts = widest_parts(by_contrast(answer))
    of = at(answer, "grouping", "measure")
    return rows_of(
        [_row(answer, p, open_ended) for p in parts], "", [f"{of} {at(p)}" for p in parts]
    )


def _row(answer: Answer, part: Part, open_ended: bool) -> list[Node]:
    cells: list[Node] = [
        name(contrast_words(part)),
        subject_words(answer, part),
        verdict(part.verdict),
        evidence(effect_words(part)),
        size(size_words(part)),
    ]
    return cells + ([span(class_="needed")[needed(part)]] if open_ended else [])


def needed(part: Part) -> str:
    """About how many more people would settle it."""
    if part.more is None or not part.more_in:
        return ""
    return spoken(
        "about {number} more, {group}", number=count(part.more), group=short(part.more_in, 30)
    )
