"""What a pipeline is told of an audit, line by line: the gate, the answers, the grave findings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from evenlight.data.shown import short
from evenlight.findings import Answer
from evenlight.measures.words import SPOKEN
from evenlight.record import Audit
from evenlight.reports.sections.judged import (
    by_contrast,
    contrast_words,
    deciding,
    effect_words,
    people_words,
    subject_words,
)

State = Literal["passes", "waived", "open", "different", "untold", "stops"]
"""What an answer does to the gate, mildest first.

It *passes* (similar, and it could have blocked), is *waived*, is *open* (similar, or cannot be
told, and it was not set to block), is *different* without blocking, is *untold* (missing evidence,
so that there is no verdict), or *stops* the pipeline.
"""


@dataclass(frozen=True, slots=True)
class Note:
    """One line: `id` of the question or finding (or "gate"), what it does, a title and a text."""

    id: str
    state: State
    title: str
    text: str


def state(audit: Audit, answer: Answer) -> State:
    """What an answer does to the gate."""
    waived = {waiver.id for waiver in audit.verdict.waivers if waiver.needed}
    if answer.verdict == "different" and answer.blocks:
        return "waived" if answer.findings and waived.issuperset(answer.findings) else "stops"
    if answer.verdict == "different":
        return "different"
    if answer.verdict == "similar":
        return "passes" if answer.blocks else "open"
    policy = audit.plan.get("policy", {})
    strict = answer.blocks or policy.get("inconclusive") == "stop"
    return "untold" if strict or answer.verdict == "not_estimable" else "open"


def whole(audit: Audit) -> Note:
    """The gate itself; only *passed* and *waived* are more than open."""
    states: dict[str, State] = {"passed": "passes", "waived": "waived", "not gated": "open"}
    stopped: State = "stops" if audit.verdict.exit_code == 1 else "untold"
    word = audit.verdict.word
    made = states.get(word, stopped) if audit.verdict.exit_code == 0 else stopped
    return Note("gate", made, f"Gate: {short(word)}", short(audit.verdict.reason, 700))


def answered(audit: Audit, answer: Answer) -> Note:
    """An answer: the verdict and question as title; the contrasts of that verdict as text."""
    title = f"{SPOKEN[answer.verdict]}: {short(answer.question, 200)}"
    return Note(answer.id, state(audit, answer), title, " ".join(_parts(answer)))


def notes(audit: Audit) -> list[Note]:
    """The gate, then the answers, then exploratory findings that call for action."""
    made = [whole(audit), *(answered(audit, answer) for answer in audit.answers)]
    waived = {waiver.id for waiver in audit.verdict.waivers}
    made += [
        Note(
            finding.id,
            "waived" if finding.id in waived else "different",
            f"Exploratory: {short(finding.grouping)}, {short(finding.contrast) or 'all groups'}",
            short(finding.sentence, 700),
        )
        for finding in audit.findings
        if finding.severity == "act" and not finding.primary
    ]
    return made


def largest(answer: Answer) -> str:
    """The part that decides an answer, in words: groups, subject, effect with interval, n."""
    part = deciding(answer.parts, answer.verdict)
    if part is None:
        return "no part was recorded"
    return (
        f"{short(contrast_words(part))}, {subject_words(answer, part)}: "
        f"{effect_words(part)}, {people_words(part)}"
    )


def _parts(answer: Answer) -> Iterator[str]:
    for part in by_contrast(answer):
        if part.verdict == answer.verdict:
            about = f"{short(contrast_words(part))}, {subject_words(answer, part)}"
            yield f"{about}: {effect_words(part)}, {people_words(part)}."
