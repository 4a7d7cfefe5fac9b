"""T4, contrast by contrast: attributions, mechanism, and use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import reduce

import numpy as np
from htpy import Element, Node, details, p, span, summary

from evenlight.data.digits import confidence, count, estimate, plain, probability
from evenlight.data.shown import short
from evenlight.figures.importance import ranked
from evenlight.language import spoken
from evenlight.measures.comparison import Comparison
from evenlight.reports.parts import FEW, evidence, grid, leading, name, say, shared, verdict
from evenlight.reports.pointing import Told, at, each
from evenlight.reports.widest import pairs
from evenlight.reports.words import CAPTIONS, MECHANISMS, STEPPED, SUPPORTS
from evenlight.reports.words_many import VIEWS_ELSEWHERE

KINDS = {"feature": "Feature", "variable": "Variable"}

VIEWED = 6
"""Contrasts of a page up to which each shows its every view."""


def contrast_tables(key: str, record: Comparison, of: int) -> Iterator[Node]:
    """One table a contrast; where nothing could be asked, the reason alone.

    `of` is how many contrasts the page has in all: the more, the fewer rows each.
    """
    for c in pairs(record):
        title = _title(record, c)
        if not np.isfinite(record.effect[:, c]).any():
            reasons = [str(r) for r in np.unique(record.reason[:, c]) if r]
            where = at(record, f"contrasts/{c}", f"n/0/{c}", *reason_places(record, c, reasons[:2]))
            yield p(class_="judged unasked", data_ref=where)[
                name(title),
                ": ",
                verdict("not_estimable"),
                ", ",
                evidence(say("; ".join(reasons[:2]))),
                f" ({people(record, 0, c)}).",
            ]
            continue
        yield _table(f"{key}c{c}", record, c, shared(of))
        if of <= VIEWED:
            views = _views(f"{key}v{c}", record, c, shared(of, FEW))
            named = spoken("Every view of {contrast}", contrast=short(title))
            where = at(record, f"contrasts/{c}")
            yield details(class_="views")[summary(data_ref=where)[named], views]
    if of > VIEWED:
        yield p(class_="quiet")[spoken(VIEWS_ELSEWHERE)]


def _table(key: str, record: Comparison, c: int, most: int) -> Element:
    signed, use = _view(record, "signed"), _view(record, "use")
    first = signed if signed is not None else 0
    speaks = str(record.population[first, c])
    named = spoken(
        CAPTIONS["T4"],
        contrast=short(_title(record, c)),
        n=people(record, first, c),
        margin=plain(record.margin),
        levels=_levels(record, signed, use),
        draws=f"{record.draws:,}",
        population=f" {speaks}{spoken(STEPPED) if record.rounded else ''}",
    )
    own = _own_value(record) if use is None else []

    def row(j: int) -> list[Node]:
        cells: list[Node] = [name(record.subjects[j]), *judged(record, first, c, j)]
        cells.insert(2, probability(float(record.p_maxt[first, c, j]), spoken("not tested")))
        cells.append(_mechanism(record, first, c, j))
        beside = [] if use is None else judged(record, use, c, j)
        return [*cells, *beside, *(cell for v in own for cell in judged(record, v, c, j))]

    fields = "effect low high p_maxt reason mechanism"
    shown = [first, *([] if use is None else [use]), *own]
    base = " ".join(("subjects", *(each(fields, v, c) for v in shown)))
    told = Told(
        named,
        record,
        f"contrasts/{c} {each('n population', first, c)} margin draws subjects "
        f"{each('views', first)} {'' if use is None else each('views', use)}".rstrip(),
    )
    rows = leading(ranked(record).tolist(), row, most=most, base=base)
    return grid(key, "T4", told, _heads(record, use, own), rows)


def _heads(record: Comparison, use: int | None, own: list[int]) -> list[Node]:
    """The heads of what is shown: attribution, then use or the views given the own value."""
    word = spoken("Verdict")
    heads: list[Node] = [spoken("Feature"), spoken("Attribution: difference")]
    heads += [spoken("Adjusted p"), word, spoken("Mechanism")]
    heads += [spoken("Use: difference"), word] if use is not None else []
    same = (spoken("Same value: {view}", view=record.views[v].name) for v in own)
    return [*heads, *(head for one in same for head in (one, word))]


def kind_head(kind: str) -> str:
    """The head of a column of subjects of this kind.

    >>> kind_head("variable"), kind_head("")
    ('Variable', 'Feature')
    """
    return spoken(KINDS[kind]) if kind in KINDS else kind.capitalize() or spoken("Feature")


def support_words(word: str) -> str:
    """What support within groups a subject has.

    >>> support_words("supported_unequally"), support_words("")
    ('unequally', '')
    """
    return spoken(SUPPORTS[word]) if word in SUPPORTS else ""


def both(texts: Iterable[str]) -> str:
    """The texts with *and* between them.

    >>> both(["3", "4"])
    '3 and 4'
    """
    return reduce(lambda one, other: spoken("{one} and {other}", one=one, other=other), texts)


def reason_places(record: Comparison, c: int, told: list[str]) -> Iterator[str]:
    """Where each of some reasons of a contrast stands first."""
    for why in told:
        v, j = np.argwhere(record.reason[:, c] == why)[0].tolist()
        yield f"reason/{v}/{c}/{j}"


def _title(record: Comparison, c: int) -> str:
    level, reference = record.contrasts[c]
    return spoken("{level} against {reference}", level=level, reference=reference)


def _own_value(record: Comparison) -> list[int]:
    """The views given the own value: location and slope."""
    return [v for v, view in enumerate(record.views) if view.given == "value"]


def _mechanism(record: Comparison, v: int, c: int, j: int) -> str:
    """Why, and the features that interact where they are known."""
    why = str(record.mechanism[v, c, j])
    words = spoken(MECHANISMS[why]) if why in MECHANISMS else ""
    asked = (*record.contrasts[c], record.subjects[j])
    for one in record.partners:
        if (one.level, one.reference, one.subject) == asked and one.names:
            return f"{words} ({', '.join(short(n, 30) for n in one.names)})"
    return words


def _levels(record: Comparison, signed: int | None, use: int | None) -> str:
    """The coverage of the two views that are shown."""
    levels = [confidence(record.views[v].alpha) for v in (signed, use) if v is not None]
    if len(set(levels)) < 2:
        return "".join(levels[:1])
    return spoken("attribution {attribution}, use {use}", attribution=levels[0], use=levels[1])


def judged(record: Comparison, v: int, c: int, j: int) -> list[Node]:
    """Difference with interval, and verdict."""
    numbers = (record.effect, record.low, record.high)
    text = estimate(
        *(float(a[v, c, j]) for a in numbers), reason=str(record.reason[v, c, j]), sign=True
    )
    return [evidence(text), verdict(str(record.verdict[v, c, j]))]


def people(record: Comparison, v: int, c: int) -> str:
    """Units of the two groups that enter a view."""
    if not record.n[v, c].any():
        return spoken("n = 0, nobody enters")
    return f"n = {both(count(float(n)) for n in record.n[v, c])}"


def _views(key: str, record: Comparison, c: int, most: int) -> Element:
    heads: list[Node] = [spoken("Feature")]
    heads += [_view_words(record, v, c) for v in range(len(record.views))]

    def row(j: int) -> list[Node]:
        return [
            name(record.subjects[j]),
            *(_cell(record, v, c, j) for v in range(len(record.views))),
        ]

    named = spoken(CAPTIONS["T4v"], contrast=short(_title(record, c)))
    views = range(len(record.views))
    told = Told(
        named,
        record,
        " ".join((f"contrasts/{c} subjects", *(each("n", v, c) for v in views))),
    )
    base = " ".join(("subjects", *(each("effect low high reason", v, c) for v in views)))
    rows = leading(ranked(record).tolist(), row, most=most, base=base)
    return grid(key, spoken("T4, views"), told, heads, rows)


def _view_words(record: Comparison, v: int, c: int) -> str:
    view = record.views[v]
    words = view.name
    if view.given != "nothing":
        words = spoken("{view} given {given}", view=words, given=view.given)
    if view.scale != "margin":
        words = spoken("{view}, on the {scale}", view=words, scale=view.scale)
    return f"{words} ({people(record, v, c)})"


def _cell(record: Comparison, v: int, c: int, j: int) -> Element:
    text, word = judged(record, v, c, j)
    return span[text, " ", word]


def _view(record: Comparison, wanted: str) -> int | None:
    for v, view in enumerate(record.views):
        if (view.name, view.given, view.scale) == (wanted, "nothing", "margin"):
            return v
    return None
