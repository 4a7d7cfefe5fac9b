"""T4, contrast by contrast: attributions, mechanism, and use."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from htpy import Element, Node, details, p, span, summary

from evenlight.data.digits import confidence, count, estimate, plain, probability
from evenlight.data.shown import short
from evenlight.figures.importance import ranked
from evenlight.measures.comparison import Comparison
from evenlight.reports.parts import FEW, evidence, grid, leading, name, say, shared, verdict
from evenlight.reports.pointing import Told, at, each
from evenlight.reports.words import CAPTIONS, MECHANISMS, STEPPED
from evenlight.reports.words_many import VIEWS_ELSEWHERE

VIEWED = 6
"""Contrasts of a page up to which each shows its every view."""


def contrast_tables(key: str, record: Comparison, of: int) -> Iterator[Node]:
    """One table a contrast; where nothing could be asked, the reason alone.

    `of` is how many contrasts the page has in all: the more, the fewer rows each.
    """
    for c in range(len(record.contrasts)):
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
            named = summary(data_ref=at(record, f"contrasts/{c}"))[f"Every view of {short(title)}"]
            yield details(class_="views")[named, views]
    if of > VIEWED:
        yield p(class_="quiet")[VIEWS_ELSEWHERE]


def _table(key: str, record: Comparison, c: int, most: int) -> Element:
    signed, use = _view(record, "signed"), _view(record, "use")
    first = signed if signed is not None else 0
    speaks = str(record.population[first, c])
    named = CAPTIONS["T4"].format(
        contrast=short(_title(record, c)),
        n=people(record, first, c),
        margin=plain(record.margin),
        levels=_levels(record, signed, use),
        draws=f"{record.draws:,}",
        population=f" {speaks}{STEPPED if record.rounded else ''}",
    )
    heads = ["Feature", "Attribution: difference", "Adjusted p", "Verdict", "Mechanism"]
    own = _own_value(record) if use is None else []
    heads += ["Use: difference", "Verdict"] if use is not None else []
    heads += [h for v in own for h in (f"Same value: {record.views[v].name}", "Verdict")]

    def row(j: int) -> list[Node]:
        cells: list[Node] = [name(record.subjects[j]), *judged(record, first, c, j)]
        cells.insert(2, probability(float(record.p_maxt[first, c, j]), "not tested"))
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
    return grid(key, "T4", told, heads, rows)


def reason_places(record: Comparison, c: int, told: list[str]) -> Iterator[str]:
    """Where each of some reasons of a contrast stands first."""
    for why in told:
        v, j = np.argwhere(record.reason[:, c] == why)[0].tolist()
        yield f"reason/{v}/{c}/{j}"


def _title(record: Comparison, c: int) -> str:
    return " against ".join(record.contrasts[c])


def _own_value(record: Comparison) -> list[int]:
    """The views given the own value: location and slope."""
    return [v for v, view in enumerate(record.views) if view.given == "value"]


def _mechanism(record: Comparison, v: int, c: int, j: int) -> str:
    """Why, and the features that interact where they are known."""
    words = MECHANISMS.get(str(record.mechanism[v, c, j]), "")
    asked = (*record.contrasts[c], record.subjects[j])
    for one in record.partners:
        if (one.level, one.reference, one.subject) == asked and one.names:
            return f"{words} ({', '.join(short(n, 30) for n in one.names)})"
    return words


def _levels(record: Comparison, signed: int | None, use: int | None) -> str:
    """The coverage of the two views that are shown."""
    told = {"attribution": signed, "use": use}
    levels = {w: confidence(record.views[v].alpha) for w, v in told.items() if v is not None}
    if len(set(levels.values())) == 1:
        return next(iter(levels.values()))
    return ", ".join(f"{word} {level}" for word, level in levels.items())


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
        return "n = 0, nobody enters"
    return f"n = {count(float(record.n[v, c, 0]))} and {count(float(record.n[v, c, 1]))}"


def _views(key: str, record: Comparison, c: int, most: int) -> Element:
    heads: list[Node] = ["Feature"]
    heads += [_view_words(record, v, c) for v in range(len(record.views))]

    def row(j: int) -> list[Node]:
        return [
            name(record.subjects[j]),
            *(_cell(record, v, c, j) for v in range(len(record.views))),
        ]

    named = CAPTIONS["T4v"].format(contrast=short(_title(record, c)))
    views = range(len(record.views))
    told = Told(
        named,
        record,
        " ".join((f"contrasts/{c} subjects", *(each("n", v, c) for v in views))),
    )
    base = " ".join(("subjects", *(each("effect low high reason", v, c) for v in views)))
    rows = leading(ranked(record).tolist(), row, most=most, base=base)
    return grid(key, "T4, views", told, heads, rows)


def _view_words(record: Comparison, v: int, c: int) -> str:
    view = record.views[v]
    given = "" if view.given == "nothing" else f" given {view.given}"
    scale = "" if view.scale == "margin" else f", on the {view.scale}"
    return f"{view.name}{given}{scale} ({people(record, v, c)})"


def _cell(record: Comparison, v: int, c: int, j: int) -> Element:
    text, word = judged(record, v, c, j)
    return span[text, " ", word]


def _view(record: Comparison, wanted: str) -> int | None:
    for v, view in enumerate(record.views):
        if (view.name, view.given, view.scale) == (wanted, "nothing", "margin"):
            return v
    return None
