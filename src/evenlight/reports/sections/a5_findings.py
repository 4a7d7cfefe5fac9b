"""A5: the three most important findings, and what this audit cannot tell."""

from __future__ import annotations

from collections.abc import Iterator

from htpy import Element, Node, a, div, h3, li, ol, p, ul

from evenlight.data.digits import count, estimate, interval
from evenlight.data.shown import short
from evenlight.findings import Answer, Finding, Part
from evenlight.language import spoken
from evenlight.record import Audit
from evenlight.reports.parts import block, evidence, say, size, verdict
from evenlight.reports.pointing import at
from evenlight.reports.sections.judged import contrast_words, measure_words, subject_words
from evenlight.reports.words import CANNOT_ASK, CANNOT_TELL, FIXED_LIMITS, MORE_UNITS, NOTHING

MOST = 3
MOST_IMPORTANT = "Three most important findings"
"""Findings that are told in full."""

EXPLORED = "(exploratory)"
"""Beside a finding that answers no primary question, and is not in the tally at the top."""

NAMED = 3
"""Contrasts that are named where one reason serves several."""

LIMITS = 10
"""Generated limits that are told here; all stand in C4."""


def section(audit: Audit) -> Element:
    """Findings, then limits."""
    first = _first(audit)
    told: Node = (
        ol(class_="findings")[(_finding(f) for f in first)]
        if first
        else p[spoken(NOTHING["findings"])]
    )
    return block(
        "a5",
        div(class_="two")[
            div[h3[spoken(MOST_IMPORTANT if len(first) == MOST else "Findings")], told],
            div(class_="cannot")[
                h3[spoken("What this cannot tell you")],
                ul[
                    (li[spoken(FIXED_LIMITS[i])] for i in range(len(FIXED_LIMITS))),
                    _limits(audit),
                ],
                p[a(href="#c4")[spoken("All limits and warnings")]],
            ],
        ],
    )


def _first(audit: Audit) -> list[Finding]:
    """The first findings; those that are similar only where nothing else was found."""
    told = list(audit.findings)
    return ([f for f in told if f.verdict != "similar"] or told)[:MOST]


def _limits(audit: Audit) -> Iterator[Element]:
    """The first generated limits, each with its pointers."""
    for text, ref in list(untold(audit).items())[:LIMITS]:
        yield li(data_ref=ref)[text]


def _finding(finding: Finding) -> Element:
    e = finding.evidence
    numbers: Node = None
    if "interval" not in finding.sentence:
        effect, low, high = e.get("effect"), e.get("low"), e.get("high")
        numbers = [estimate(effect, low, high, reason=spoken("no estimate"), sign=True), ", "]
    return li(class_="judged", data_ref=at(finding))[
        verdict(finding.verdict),
        " " if finding.primary else f" {spoken(EXPLORED)} ",
        evidence(
            [a(href=f"#{measure_words(finding.kind)[1]}")[say(finding.sentence)], " ", numbers]
        ),
        size(f"n = {count(e.get('n'), spoken('see reason'))}"),
    ]


def untold(audit: Audit) -> dict[str, str]:
    """What could not be asked or told, then the warnings: each a sentence with its pointers."""
    found: dict[str, str] = {}
    for answer in audit.answers:
        found |= _unasked(answer)
        for part in answer.parts:
            if told := _untold(answer, part):
                found.setdefault(told, f"{at(answer, 'measure')} {at(part)}")
    for i, warning in enumerate(audit.warnings):
        found.setdefault(say(warning), f"/warnings/{i}")
    return found


def _unasked(answer: Answer) -> dict[str, str]:
    """The contrasts that cannot be asked, one sentence a reason."""
    by_reason: dict[str, dict[str, Part]] = {}
    for part in answer.parts:
        if part.verdict == "not_estimable":
            own = by_reason.setdefault(part.reason.rstrip(". "), {})
            own.setdefault(short(contrast_words(part)), part)
    question = measure_words(answer.measure)[0]
    return {
        say(spoken(CANNOT_ASK, question=question, contrast=_listed(list(own)), reason=reason)): (
            " ".join([at(answer, "measure"), *(at(part) for part in own.values())])
        )
        for reason, own in by_reason.items()
    }


def _listed(contrasts: list[str]) -> str:
    """The first contrasts by name, and that there are others."""
    told = ", ".join(contrasts[:NAMED])
    return spoken("{contrasts} and others", contrasts=told) if len(contrasts) > NAMED else told


def _untold(answer: Answer, part: Part) -> str:
    question = measure_words(answer.measure)[0]
    contrast = short(contrast_words(part))
    if part.verdict != "cannot_tell":
        return ""
    more = ""
    if part.more:
        more = spoken(MORE_UNITS, more=count(part.more), group=short(part.more_in))
    unit = f" {short(part.unit, 30)}" if part.unit else ""
    return say(
        spoken(
            CANNOT_TELL,
            question=question,
            contrast=f"{contrast}, {subject_words(answer, part)}",
            interval=interval(part.low, part.high),
            unit=unit,
            reason=f"; {part.reason.rstrip('. ')}" if part.reason else "",
            more=more,
        )
    )
