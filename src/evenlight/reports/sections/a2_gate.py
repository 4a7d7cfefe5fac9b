"""A2: one word, the primary questions with their verdicts, and how many cannot be told."""

from __future__ import annotations

from collections import Counter

from htpy import Element, Node, a, div, li, ol, p, span

from evenlight.data.digits import count
from evenlight.findings import Answer
from evenlight.language import spoken
from evenlight.measures.words import SEVERITIES, SPOKEN, Verdict
from evenlight.record import Audit
from evenlight.reports.asked import question
from evenlight.reports.icons import icon
from evenlight.reports.parts import block, evidence, name, say, size, verdict
from evenlight.reports.pointing import at
from evenlight.reports.sections.judged import (
    by_contrast,
    contrast_words,
    deciding,
    effect_words,
    measure_words,
    people_words,
    subject_words,
)
from evenlight.reports.sections.waived import waivers
from evenlight.reports.words import BEYOND, MEANING, NO_QUESTIONS, NOT_PRIMARY, NOTHING
from evenlight.reports.words_gate import GATES, MEANS, SEVERE

EVERYTHING = "/answers /findings /comparisons /reliances /performances /qualities"
"""Where the verdicts lie that are counted here."""

TALLY = "Contrasts of the primary questions by verdict"
ORDER: tuple[Verdict, ...] = ("different", "similar", "cannot_tell", "not_estimable")


def section(audit: Audit) -> Element:
    """Gate, tally and questions."""
    word = audit.verdict.word
    gate = div(class_=f"gate g-{'-'.join(word.split())}")[
        p(class_="gateword")[icon(word), " ", span[_gate(word)]],
        p(class_="why", data_ref="/verdict/reason")[
            say(audit.verdict.reason), " ", spoken(MEANS[word]) if word in MEANS else ""
        ],
        waivers(audit),
        _loud(audit),
        p(class_="quiet", data_ref=EVERYTHING, data_of="tally")[
            _beside(audit), " ", _severities(audit)
        ],
    ]
    return block("a2", div(class_="first")[gate, tally(audit)], questions(audit))


def _gate(word: str) -> str:
    return spoken(GATES[word]) if word in GATES else spoken("Gate: {word}", word=say(word))


def tally(audit: Audit) -> Element:
    """How many contrasts of primary questions have each verdict, all equally large."""
    seen = Counter(part.verdict for answer in audit.answers for part in by_contrast(answer))
    return ol(class_="tally", aria_label=spoken(TALLY))[
        (
            li(title=spoken(MEANING[word]), data_ref="/answers", data_of="contrasts")[
                span(class_="count")[str(seen[word])],
                span(class_=f"v-{word.replace('_', '-')}")[icon(word), " ", spoken(SPOKEN[word])],
            ]
            for word in ORDER
        )
    ]


def questions(audit: Audit) -> Node:
    """One line a primary question."""
    if not audit.answers:
        return p(class_="quiet")[spoken(NO_QUESTIONS)]
    return ol(class_="questions")[(_line(audit, answer) for answer in audit.answers)]


def _line(audit: Audit, answer: Answer) -> Element:
    part = deciding(answer.parts, answer.verdict)
    shown: list[Node] = [evidence(spoken("no part was recorded"))]
    if part is not None:
        shown = [
            name(contrast_words(part)),
            ", ",
            subject_words(answer, part),
            ": ",
            evidence(effect_words(part)),
            ", ",
            size(people_words(part)),
        ]
    ref = " ".join((at(answer, "question", "measure"), at(part) if part else ""))
    return li(class_="judged", data_ref=ref)[
        verdict(answer.verdict),
        a(class_="question", href=f"#{measure_words(answer.measure)[1]}")[question(audit, answer)],
        span(class_="shown")[shown],
    ]


def _beside(audit: Audit) -> str:
    others = sum(c.verdict.size for c in audit.comparisons) + sum(
        r.verdict.size for r in audit.reliances
    )
    others += sum(int((p.verdict != "").sum()) for p in audit.performances)
    others += sum(int((q.verdict != "").sum()) for q in audit.qualities)
    others -= sum(len(answer.parts) for answer in audit.answers)
    contrasts = sum(len(by_contrast(answer)) for answer in audit.answers)
    return spoken(
        NOT_PRIMARY, primary=len(audit.answers), contrasts=contrasts, others=count(max(others, 0))
    )


def _loud(audit: Audit) -> Node:
    """What calls for action though no primary question asked for it."""
    seen = [f for f in audit.findings if f.severity in ("act", "block") and not f.primary]
    if not seen:
        return None
    told = spoken(BEYOND, count=len(seen))
    return p(class_="why", data_ref="/findings", data_of="loud")[a(href="#a5")[told]]


def _severities(audit: Audit) -> str:
    seen = Counter(finding.severity for finding in audit.findings)
    said = [spoken(SEVERE[s], count=seen[s]) for s in reversed(SEVERITIES) if seen[s]]
    if not said:
        return spoken(NOTHING["findings"])
    return spoken("Findings by severity: {findings}.", findings=", ".join(said))
