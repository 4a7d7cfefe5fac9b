"""The elements of which sections are made: names, verdicts, tables, figures, headings."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
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
from markupsafe import Markup, escape

from evenlight.data.digits import count
from evenlight.data.shown import short, titled, visible
from evenlight.language import spoken
from evenlight.measures.words import SPOKEN
from evenlight.reports.icons import icon
from evenlight.reports.pointing import Told, at
from evenlight.reports.words import HEADS
from evenlight.reports.words_many import FIRST_ROWS

ROWS = 50
"""Rows of a table on the page."""

FEW = 15
"""Rows of a table that stands folded beside the one that decides."""

THOUSANDS = 500
"""Rows beyond which a table beside C2 is a foretaste."""

LONGEST_SENTENCE = 700

COMPUTED = {
    "F1": "margins",
    "F2": "shown",
    "F4": "gap",
    "F5": "outside",
    "F12": "used",
    "F13": "lines",
    "F15": "range",
    "F16": "margins",
}
"""Figures of which a number is computed, with the function (`reports.pointing`)."""

_AGAIN = re.compile(r"[A-Za-z]+\d+[a-z]*-\d")
_ALONE = re.compile(r'<span class="((?:verdict|evidence|n)\b[^"]*)">(.*)</span>', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Drawing:
    """One picture of the page: `key` (F1, F5-2), the svg, and its caption."""

    key: str
    svg: str
    caption: str


@dataclass(frozen=True, slots=True)
class Some:
    """The rows of a table that are shown, of so many.

    `base` holds the pointers from which each row's own, in `refs`, goes on (`reports.pointing`).
    """

    rows: Sequence[Sequence[Node]]
    of: int
    base: str = ""
    refs: Sequence[str] = ()


def leading(
    order: Sequence[int],
    row: Callable[[int], Sequence[Node]],
    *,
    most: int = ROWS,
    base: str = "",
    limit: int = ROWS,
) -> Some:
    """The rows of the first `most` of `order`; those that are not shown are never made.

    Of thousands fewer are shown, since table C2 pages through all of them; never more than `limit`.
    """
    shown = min(most if len(order) <= THOUSANDS else max(most // 6, 3), limit)
    refs = [str(j) for j in order[:shown]] if base else []
    return Some([row(j) for j in order[:shown]], len(order), base, refs)


def rows_of(
    rows: Sequence[Sequence[Node]], base: str, refs: Sequence[object] = (), *, most: int = ROWS
) -> Some:
    """Rows with their pointers: by `refs`, else the i-th row is the i-th of each of `base`."""
    refs = [str(ref) for ref in (refs or range(len(rows)))][:most]
    return Some(rows[:most], len(rows), base, refs)


def shared(tables: int, most: int = ROWS) -> int:
    """Rows of each of several like tables, so that a page of many contrasts stays readable.

    >>> shared(1), shared(3), shared(10), shared(45)
    (50, 33, 10, 6)
    """
    return most if tables <= 2 else max(2 * most // tables, min(6, most))


def name(text: object) -> Node:
    """A name as people may read it; a long one is cut, and its title holds more of it."""
    cut = short(text)
    if cut == visible(text):
        return cut
    return span(title=titled(text))[cut]


def say(text: object) -> str:
    """A sentence of the record, made visible and of bearable length."""
    return short(text, LONGEST_SENTENCE)


def filled(sentence: str, /, **values: Node) -> Markup:
    """A spoken sentence with elements in its places.

    >>> filled("{n} of {name}", n="3", name=span["a & b"])
    Markup('3 of <span>a &amp; b</span>')
    """
    return escape(sentence).format(**values)


def verdict(word: str) -> Element:
    """Sign and word; a metric that is not judged says so."""
    if not word:
        return span(class_="unjudged")[spoken("not judged")]
    return span(class_=f"verdict v-{word.replace('_', '-')}")[icon(word), " ", spoken(SPOKEN[word])]


def evidence(text: Node) -> Element:
    """The interval, or the reason for having none."""
    return span(class_="evidence")[text]


def size(text: Node) -> Element:
    """A number of people."""
    return span(class_="n")[text]


def block(key: str, *content: Node) -> Element:
    """One section of the page with its heading."""
    return section(id=key, class_="block", aria_labelledby=f"{key}-h")[
        h2(id=f"{key}-h")[spoken(HEADS[key])], content
    ]


def part(title: object, *content: Node, ref: str = "") -> Element:
    """One part of a section: a grouping, a contrast; `ref` points to numbers in its title."""
    numbered = any(c.isdigit() for c in str(title))
    return div(class_="part")[h3(data_ref=ref if numbered and ref else None)[name(title)], content]


def nothing(key: str, sentence: str) -> Element:
    """A section that has nothing to say, in one sentence."""
    return block(key, p(class_="quiet")[sentence])


def grid(
    key: str,
    label: str,
    text: str | Told,
    heads: Sequence[Node],
    rows: Sequence[Sequence[Node]] | Some,
    *,
    most: int = ROWS,
) -> Element:
    """A table with caption and scopes in a region that scrolls and can be reached by keyboard.

    The first cell of a row is its head; rows beyond `most` are counted and left out. A `text` that
    is `Told` points for caption and heads, rows that are `Some` for each row.
    """
    some = rows if isinstance(rows, Some) else Some(rows[:most], len(rows))
    shown = len(some.rows)
    more = spoken(FIRST_ROWS, shown=shown, all=count(some.of)) if some.of > shown else ""
    refs = some.refs or [""] * shown
    body = tbody(data_base=some.base or None)[
        (_row(row, ref) for row, ref in zip(some.rows, refs, strict=True))
    ]
    return _region(key, label, (text, more), (heads, body))


def groups(
    key: str,
    label: str,
    text: str | Told,
    heads: Sequence[Node],
    parts: Sequence[tuple[Node, Sequence[Sequence[Node]] | Some]],
) -> Element:
    """A table whose rows come in groups: each group's name stands once, beside its rows."""
    bodies = [_body(head, rows) for head, rows in parts]
    return _region(key, label, (text, ""), (heads, bodies))


def _body(head: Node, rows: Sequence[Sequence[Node]] | Some) -> Element:
    some = rows if isinstance(rows, Some) else Some(rows, len(rows))
    refs = some.refs or [""] * len(some.rows)
    first = th(scope="rowgroup", rowspan=str(len(some.rows)))[head]
    return tbody(data_base=some.base or None)[
        (
            tr(class_="judged", data_ref=ref or None)[
                first if i == 0 else None, (_cell(cell) for cell in row)
            ]
            for i, (row, ref) in enumerate(zip(some.rows, refs, strict=True))
        )
    ]


def _region(
    key: str, label: str, words: tuple[str | Told, str], inside: tuple[Sequence[Node], Node]
) -> Element:
    (text, more), (heads, bodies) = words, inside
    told = text if isinstance(text, Told) else Told(text, None)
    label = _which(label, key, told.record)
    about = {
        "data_base": at(told.record) or None,
        "data_ref": told.fields or None,
        "data_of": told.function or None,
    }
    return div(
        class_="scroll", role="region", aria_labelledby=f"{key}-c", tabindex="0", id=key, **about
    )[
        table[
            caption(id=f"{key}-c")[
                span(class_="words")[strong[f"{label}. "], say(told.words), more and f" {more}"]
            ],
            thead[tr[(th(scope="col")[head] for head in heads)]],
            bodies,
        ]
    ]


def _which(label: str, key: str, *records: object) -> str:
    """The label; where an earlier grouping has its number already (F1-2), with the grouping."""
    own = next((r.grouping for r in records if hasattr(r, "grouping")), "")
    again = own and _AGAIN.match(key)
    return spoken("{label}, by {grouping}", label=label, grouping=short(own)) if again else label


def _row(cells: Sequence[Node], ref: str) -> Element:
    judged = any(isinstance(c, Element) and 'class="verdict' in str(c) for c in cells)
    return tr(class_="judged" if judged else None, data_ref=ref or None)[
        th(scope="row")[cells[0]], (_cell(cell) for cell in cells[1:])
    ]


def _cell(cell: Node) -> Element:
    """A cell; one that holds a verdict, an interval or a number of people alone is of that class.

    A page of many groups has thousands of them, and each element less opens sooner.
    """
    alone = _ALONE.fullmatch(str(cell)) if isinstance(cell, Element) else None
    if alone is None or "<span" in alone[2]:
        return td[cell]
    return td(class_=alone[1])[Markup(alone[2])]


def picture(drawing: Drawing, *records: object, ref: str = "") -> Element:
    """A figure with its caption, drawn of these records, or of what `ref` points to.

    The numbers of some are in other units than the record's: `COMPUTED` says by which function.
    """
    label = drawing.key.partition("-")[0]
    ref = ref or " ".join(filter(None, map(at, records)))
    which = _which(label, drawing.key, *records)
    aria = spoken("Figure {label}", label=which)
    about = {"data_ref": ref or None, "data_of": COMPUTED.get(label)}
    return figure(id=drawing.key.lower(), class_=f"fig {label.lower()}", **about)[
        div(class_="scroll", role="region", aria_label=aria, tabindex="0")[Markup(drawing.svg)],
        figcaption[strong[f"{which}. "], say(drawing.caption)],
    ]


def folded(title: str, content: Node) -> Element:
    """What stands beside, closed until it is asked for."""
    return details(class_="views")[summary[title], content]
