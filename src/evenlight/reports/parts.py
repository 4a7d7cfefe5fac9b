"""The elements of which sections are made: names, verdicts, tables, figures, headings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from htpy import (
    Element,
    Node,
    caption,
    details,
    div,
    figcaption,
    figure,
    h2,
    h3,
    p,
    section,
    span,
    strong,
    summary,
    table,
    tbody,
    td,
    th,
    thead,
    tr,
)
from markupsafe import Markup

from evenlight.data.shown import short, visible
from evenlight.measures.words import SPOKEN
from evenlight.reports.icons import icon
from evenlight.reports.words import FIRST_ROWS, HEADS

ROWS = 50
"""Rows of a table on the page."""

FEW = 15
"""Rows of a table that stands folded beside the one that decides."""

LONGEST_SENTENCE = 700


@dataclass(frozen=True, slots=True)
class Drawing:
    """One picture of the page: `key` (F1, F5-2), the svg, and its caption."""

    key: str
    svg: str
    caption: str


def name(text: object) -> Node:
    """A name as people may read it; a long one is cut, and whole in its title."""
    cut = short(text)
    if cut == visible(text):
        return cut
    return span(title=visible(text))[cut]


def say(text: object) -> str:
    """A sentence of the record, made visible and of bearable length."""
    return short(text, LONGEST_SENTENCE)


def verdict(word: str) -> Element:
    """Sign and word; a metric that is not judged says so."""
    if not word:
        return span(class_="unjudged")["not judged"]
    return span(class_=f"verdict v-{word.replace('_', '-')}")[icon(word), " ", SPOKEN[word]]


def evidence(text: Node) -> Element:
    """The interval, or the reason for having none."""
    return span(class_="evidence")[text]


def size(text: Node) -> Element:
    """A number of people."""
    return span(class_="n")[text]


def block(key: str, *content: Node) -> Element:
    """One section of the page with its heading."""
    return section(id=key, class_="block", aria_labelledby=f"{key}-h")[
        h2(id=f"{key}-h")[HEADS[key]], content
    ]


def part(title: object, *content: Node) -> Element:
    """One part of a section: a grouping, a contrast."""
    return div(class_="part")[h3[name(title)], content]


def nothing(key: str, sentence: str) -> Element:
    """A section that has nothing to say, in one sentence."""
    return block(key, p(class_="quiet")[sentence])


def grid(
    key: str,
    label: str,
    text: str,
    heads: Sequence[Node],
    rows: Sequence[Sequence[Node]],
    *,
    most: int = ROWS,
) -> Element:
    """A table with caption and scopes in a region that scrolls and can be reached by keyboard.

    The first cell of a row is its head; rows beyond `most` are counted and left out.
    """
    more = FIRST_ROWS.format(shown=most, all=len(rows)) if len(rows) > most else ""
    body = tbody[(_row(row) for row in rows[:most])]
    return _region(key, [strong[f"{label}. "], say(text), more and f" {more}"], heads, body)


def groups(
    key: str,
    label: str,
    text: str,
    heads: Sequence[Node],
    parts: Sequence[tuple[Node, Sequence[Sequence[Node]]]],
) -> Element:
    """A table whose rows come in groups: each group's name stands once, beside its rows."""
    bodies = [_body(head, rows) for head, rows in parts]
    return _region(key, [strong[f"{label}. "], say(text)], heads, bodies)


def _body(head: Node, rows: Sequence[Sequence[Node]]) -> Element:
    first = th(scope="rowgroup", rowspan=str(len(rows)))[head]
    return tbody[
        (
            tr(class_="judged")[first if i == 0 else None, (td[cell] for cell in row)]
            for i, row in enumerate(rows)
        )
    ]


def _region(key: str, words: Node, heads: Sequence[Node], bodies: Node) -> Element:
    return div(class_="scroll", role="region", aria_labelledby=f"{key}-c", tabindex="0", id=key)[
        table[
            caption(id=f"{key}-c")[span(class_="words")[words]],
            thead[tr[(th(scope="col")[head] for head in heads)]],
            bodies,
        ]
    ]


def _row(cells: Sequence[Node]) -> Element:
    judged = any(isinstance(c, Element) and 'class="verdict' in str(c) for c in cells)
    return tr(class_="judged" if judged else None)[
        th(scope="row")[cells[0]], (td[cell] for cell in cells[1:])
    ]


def picture(drawing: Drawing) -> Element:
    """A figure with its caption."""
    label = drawing.key.partition("-")[0]
    return figure(id=drawing.key.lower(), class_=f"fig {label.lower()}")[
        div(class_="scroll", role="region", aria_label=f"Figure {label}", tabindex="0")[
            Markup(drawing.svg)
        ],
        figcaption[strong[f"{label}. "], say(drawing.caption)],
    ]


def folded(title: str, content: Node) -> Element:
    """What stands beside, closed until it is asked for."""
    return details(class_="views")[summary[title], content]
