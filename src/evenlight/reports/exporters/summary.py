"""One page in plain words, for patients and the public."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from htpy import Element, Node, a, footer, h1, h2, li, main, p, section, ul

from evenlight.data.digits import count
from evenlight.data.shown import short
from evenlight.findings import Answer, Part
from evenlight.language import ENGLISH, spoken, tongue
from evenlight.measures.words import SPOKEN
from evenlight.record import Audit
from evenlight.reports import words_plain as words
from evenlight.reports.asked import question
from evenlight.reports.page import plain_page, translation
from evenlight.reports.parts import evidence, name, size, verdict
from evenlight.reports.pointing import at, pointing
from evenlight.reports.sections.a1_title import groupings, groupings_at
from evenlight.reports.sections.judged import (
    by_contrast,
    contrast_words,
    effect_words,
    people_words,
)
from evenlight.reports.words import STANDING

MOST = 6
"""Pairs of groups that are told one by one for a question."""


@pointing
def summary(audit: Audit, folder: Path) -> dict[str, str]:
    """summary.html: what was asked, what was found, what is not known; each with its numbers."""
    heading = f"{spoken(words.HEAD)}: {short(audit.model.name)}"
    content: list[Node] = [
        main(id="main", tabindex="-1")[
            h1(data_ref=at(audit.model, "name"))[heading],
            _about(audit),
            section(class_="block", aria_labelledby="asked")[
                h2(id="asked")[spoken(words.ASKED)],
                ul(class_="plain")[(_answer(audit, answer) for answer in audit.answers)]
                if audit.answers
                else p[spoken(words.NOT_ASKED)],
            ],
            section(class_="block", aria_labelledby="limits")[
                h2(id="limits")[spoken(words.LIMITS_HEAD)],
                ul[(li[spoken(words.LIMITS[i])] for i in range(len(words.LIMITS)))],
                p[spoken(words.ASK)],
            ],
        ],
        footer[
            p[a(href=_page())[spoken(words.MORE)]], p[spoken(STANDING)], translation("summary.html")
        ],
    ]
    return {"summary.html": plain_page(heading, content)}


def _page() -> str:
    """The whole report in the same language, beside it."""
    return "report.html" if tongue() == ENGLISH else f"report.{tongue()}.html"


def _about(audit: Audit) -> Node:
    people = audit.cohort
    rows = people.unit in ("", "row")
    tried = spoken(
        words.TRIED,
        units=count(people.units),
        noun=spoken("people" if rows else "units ({unit})", unit=short(people.unit, 30)),
        name=short(people.name),
        grouping=short(groupings(audit)),
    )
    told = spoken(words.ABOUT, model=short(audit.model.name), target=short(audit.model.target))
    people_at = f"{at(people, 'units', 'unit', 'name')} {groupings_at(audit)}"
    return [
        p(data_ref=at(audit.model, "name", "target"))[told],
        p(data_ref=people_at)[tried],
        p(class_="quiet")[spoken(words.LABELS)],
    ]


def _answer(audit: Audit, answer: Answer) -> Element:
    """A question, the word with its meaning, and what was measured between which groups."""
    asked = spoken(
        words.QUESTIONS.get(answer.measure, words.OTHERWISE),
        grouping=short(answer.grouping),
        question=question(audit, answer),
    )
    parts = by_contrast(answer)
    rest = Counter(spoken(SPOKEN[part.verdict]) for part in parts[MOST:])
    others = ", ".join(f"{many} {word}" for word, many in sorted(rest.items()))
    return li(class_="judged")[
        p(data_ref=at(answer, "grouping", "question"))[asked],
        p[spoken(words.FOUND[answer.verdict])],
        ul[
            (_contrast(part) for part in parts[:MOST]),
            li(data_ref=at(answer), data_of="others")[spoken(words.OTHERS, others=others)]
            if others
            else None,
        ],
    ]


def _contrast(part: Part) -> Element:
    shown = effect_words(part)
    for unit in words.UNITS:
        shown = shown.replace(unit, spoken(words.UNITS[unit]))
    told: list[Node] = [evidence(shown), ", ", size(people_words(part))]
    return li(class_="judged", data_ref=at(part))[
        name(contrast_words(part)), ": ", verdict(part.verdict), ", ", told
    ]
