"""Ten questions by which a page is tried on somebody who has not seen it, with the right answers.

A page is as good as what its readers take from it. The answers are made from the record, so that
the trial can be made with any audit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite
from pathlib import Path

from evenlight.data.digits import count, number
from evenlight.data.shown import short
from evenlight.findings import Answer, Part
from evenlight.measures.words import SPOKEN
from evenlight.record import SAID, Audit
from evenlight.reports import words_reading as words
from evenlight.reports.exporters.markdown import marked
from evenlight.reports.parts import say
from evenlight.reports.sections.b4_reliance import by_sets, main
from evenlight.reports.sections.b4_reliance import reading as told_of
from evenlight.reports.sections.b8_trust import reading as trusted
from evenlight.reports.sections.judged import (
    contrast_words,
    deciding,
    effect_words,
    measure_words,
    subject_words,
)
from evenlight.small_groups import least_shown

MOST = 3
"""Right answers of one kind that are named; a reader needs one."""


def reading(audit: Audit, folder: Path) -> dict[str, str]:
    """reading.md: questions first, the right answers after them."""
    asked = [f"{i}. {ask}" for i, ask in enumerate(words.ASKS, 1)]
    answers = [f"{i}. {text}" for i, text in enumerate(right(audit), 1)]
    lines = [f"# {words.HEAD}", "", words.USE, "", "## Questions", "", *asked]
    lines += ["", "## Right answers", "", *answers, ""]
    return {"reading.md": "\n".join(lines)}


def right(audit: Audit) -> tuple[str, ...]:
    """The right answer to each of `words_reading.ASKS`, as Markdown."""
    return (
        _released(audit),
        _people(audit),
        _questions(audit),
        _differs(audit),
        _untold(audit),
        _first(audit, "similar"),
        _first(audit, "cannot_tell"),
        " ".join(marked(trusted(one)) for one in audit.qualities) or words.UNCHECKED,
        _follows(audit),
        words.LAST,
    )


def _released(audit: Audit) -> str:
    word = audit.verdict.word
    return f"{words.WORDS[word]} ({word}): {marked(say(audit.verdict.reason))} {words.STILL}"


def _people(audit: Audit) -> str:
    hidden = words.HIDDEN.format(least=least_shown())
    named = [
        f"{marked(short(one.grouping))}: {', '.join(marked(short(level)) for level in one.parts)}"
        for one in audit.compositions
    ]
    return f"{count(audit.cohort.units)}. {'; '.join(named) or words.NONE} ({hidden})"


def _questions(audit: Audit) -> str:
    told = [f"{marked(say(one.question))}: *{SPOKEN[one.verdict]}*" for one in audit.answers]
    return "; ".join(told) or words.NONE


def _differs(audit: Audit) -> str:
    found = [one for one in audit.findings if one.verdict == "different"][:MOST]
    return " Or: ".join(marked(say(one.sentence)) for one in found) or words.NO_DIFFERENCE


def _untold(audit: Audit) -> str:
    told = [_neither(a, p) for a, p in _parts(audit, "cannot_tell")[:MOST]]
    told += [
        words.UNASKED.format(contrast=marked(contrast_words(p)), reason=marked(p.reason))
        for _, p in _parts(audit, "not_estimable")[:MOST]
    ]
    return " Or: ".join(told) or words.NONE


def _first(audit: Audit, verdict: str) -> str:
    shown = _inside if verdict == "similar" else _neither
    return " Or: ".join(shown(a, p) for a, p in _parts(audit, verdict)[:MOST]) or words.NONE


def _parts(audit: Audit, verdict: str) -> list[tuple[Answer, Part]]:
    """Of each primary question the part with this verdict that lies furthest out."""
    found = [
        (a, deciding([p for p in a.parts if p.verdict == verdict], verdict)) for a in audit.answers
    ]
    return [(answer, part) for answer, part in found if part is not None]


def _inside(answer: Answer, part: Part) -> str:
    margin = number(part.margin) if part.margin is not None and isfinite(part.margin) else "?"
    return words.INSIDE.format(**_named(answer, part), margin=margin)


def _neither(answer: Answer, part: Part) -> str:
    more = ""
    if part.more:
        more = words.MORE.format(more=count(part.more), group=marked(short(part.more_in)))
    return words.NEITHER.format(**_named(answer, part), more=more)


def _named(answer: Answer, part: Part) -> dict[str, str]:
    question = measure_words(answer.measure)[0].lower()
    return {
        "contrast": marked(short(contrast_words(part))),
        "subject": marked(f"{subject_words(answer, part)} ({question})"),
        "effect": marked(effect_words(part)),
    }


def _follows(audit: Audit) -> str:
    asked = [one for one in audit.answers if one.measure == "reliance"]
    if asked:
        return " ".join([_questions_of(asked), *_gated(audit)])
    first = [by_sets(audit, one) for one in audit.reliances]
    told = [marked(told_of(one, g)) for one in first for g in main(one)]
    return " ".join([words.BESIDE, *told, *_gated(audit)]) if told else words.UNFOLLOWED


def _questions_of(asked: Sequence[Answer]) -> str:
    return " ".join(f"{marked(say(one.sentence))} (*{SPOKEN[one.verdict]}*)" for one in asked)


def _gated(audit: Audit) -> Iterator[str]:
    for one in audit.further.shortcuts:
        yield f"By {marked(short(one.grouping))}: {SAID[one.word]}. {marked(say(one.reason))}"
    if not audit.further.shortcuts:
        yield words.NOT_JUDGED
