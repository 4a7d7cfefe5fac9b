"""C2: all features. Fifty rows here, the rest in an island that the page's script pages through."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from htpy import Element, Node, a, div, p, script
from markupsafe import Markup

from evenlight.arrays import Int
from evenlight.data.digits import estimate, probability
from evenlight.data.shown import short, versus
from evenlight.figures.importance import ranked
from evenlight.language import spoken
from evenlight.measures.comparison import Comparison
from evenlight.measures.reliance import Reliance
from evenlight.measures.words import SPOKEN
from evenlight.record import Audit
from evenlight.reports.island import Column, chances, estimates, names, packed, words
from evenlight.reports.parts import ROWS, Some, block, evidence, grid, name, nothing, verdict
from evenlight.reports.pointing import Told, at, each
from evenlight.reports.sections.contrasts import VIEWED
from evenlight.reports.widest import pairs, pairs_left
from evenlight.reports.words import CAPTIONS, MECHANISMS, NOTHING, SUPPORTS
from evenlight.reports.words_many import ALL_FEATURES


def section(audit: Audit) -> Element:
    """One table a grouping of those whose features do not all stand in T4."""
    asked = [(i, r) for i, r in enumerate(audit.comparisons, start=1) if _long(audit, r)]
    if not asked:
        return nothing("c2", spoken(NOTHING["features"]))
    files = a(href="tables/features.csv")["tables/features.csv"]
    told = p(class_="quiet files")[spoken(ALL_FEATURES), " ", files, "."]
    tables = (
        (pairs_left(record, "tables/features.csv"), _table(audit, f"c2-{i}", record))
        for i, record in asked
    )
    return block("c2", told, tables)


def _long(audit: Audit, record: Comparison) -> bool:
    many = sum(len(c.contrasts) for c in audit.comparisons) > VIEWED
    return bool(_asked(record)) and (many or len(record.subjects) > ROWS)


def _asked(record: Comparison) -> list[int]:
    """The contrasts to show of which something is known."""
    return [c for c in pairs(record) if np.isfinite(record.effect[:, c]).any()]


def _table(audit: Audit, key: str, record: Comparison) -> Element:
    order = ranked(record)
    contrasts = _asked(record)
    told = _reliance(audit, record)
    columns, views = _columns(record, told, order, contrasts)
    shown = [_row(record, told, contrasts[0], j) for j in order[:ROWS].tolist()]
    heads = [columns[i].head for i in views[0][1]]
    words_of = spoken(CAPTIONS["C2"], grouping=short(record.grouping))
    refs = [str(j) for j in order[:ROWS].tolist()]
    some = Some(shown, len(order), _base(record, told, contrasts[0]), refs)
    fields = f"grouping subjects levels contrasts/{contrasts[0]}"
    here = spoken("Here {contrast}.", contrast=versus(record.contrasts[contrasts[0]]))
    caption = Told(f"{words_of} {here}", record, fields)
    return div(class_="all", data_island=f"{key}-data", data_words=f" {words_of}")[
        grid(key, "C2", caption, heads, some),
        script(type="application/octet-stream", id=f"{key}-data")[
            Markup(packed(columns, views, order))
        ],
    ]


def _base(record: Comparison, told: Reliance | None, c: int) -> str:
    """Where the numbers of the first view stand, but for the index of the feature."""
    levels = (record.levels.index(g) for g in record.contrasts[c])
    own = [each("importance importance_low importance_high", k) for k in levels]
    views = (v for v in (0, _use(record)) if v is not None)
    own += [each("effect low high reason p_maxt", v, c) for v in views]
    if told is not None:
        g = _given(told)
        own.append(at(told, *(f"{field}/{g}" for field in ("share", "low", "high", "reason"))))
    return " ".join(("subjects", *own))


def _reliance(audit: Audit, record: Comparison) -> Reliance | None:
    """The reliance on the same grouping through the same features, where it was measured."""
    for one in audit.reliances:
        if (one.grouping, one.subjects) == (record.grouping, record.subjects):
            return one
    return None


def _given(told: Reliance) -> int:
    return told.given.index("outcome") if "outcome" in told.given else 0


def _use(record: Comparison) -> int | None:
    asked = [(v.name, v.given, v.scale) for v in record.views]
    return (
        asked.index(("use", "nothing", "margin")) if ("use", "nothing", "margin") in asked else None
    )


def _columns(
    record: Comparison, told: Reliance | None, order: Int, contrasts: Sequence[int]
) -> tuple[list[Column], list[tuple[str, list[int], str]]]:
    """All columns in the order of importance, and the view of each contrast."""
    columns = [names(_noun(record), [record.subjects[j] for j in order.tolist()])]
    named = {record.levels.index(g) for c in pairs(record) for g in record.contrasts[c]}
    place = {k: 1 + i for i, k in enumerate(sorted(named))}
    columns += [_importance(record, k, order) for k in place]
    last = [] if told is None else list(_leaning(told, order))
    views = []
    for c in contrasts:
        own = list(_contrast(record, c, order))
        at = [0, *(place[record.levels.index(g)] for g in record.contrasts[c])]
        at += range(len(columns), len(columns) + len(own))
        views.append((versus(record.contrasts[c]), at, _base(record, told, c)))
        columns += own
    for _, at, _ in views:
        at += range(len(columns), len(columns) + len(last))
    return columns + last, views


def _noun(record: Comparison) -> str:
    return record.subject_kind.capitalize() or spoken("Feature")


def _importance(record: Comparison, k: int, order: Int) -> Column:
    head = spoken("Importance, {group}", group=short(record.levels[k], 40))
    reason = np.full(len(order), record.level_reason[k])
    numbers = (record.importance, record.importance_low, record.importance_high)
    value, low, high = (a[k, order] for a in numbers)
    return estimates(head, value, (low, high), reason)


def _contrast(record: Comparison, c: int, order: Int) -> Iterator[Column]:
    yield _effect(spoken("Difference"), record, (0, c), order)
    yield chances(spoken("Adjusted p"), record.p_maxt[0, c, order], spoken("not tested"))
    yield _verdict(record, (0, c), order)
    why = record.mechanism[0, c, order].tolist()
    yield words(spoken("Mechanism"), [_word(w) for w in why])
    use = _use(record)
    if use is not None:
        yield _effect(spoken("Use: difference"), record, (use, c), order)
        yield _verdict(record, (use, c), order)


def _effect(head: str, record: Comparison, at: tuple[int, int], order: Int) -> Column:
    value, low, high = (a[at][order] for a in (record.effect, record.low, record.high))
    return estimates(head, value, (low, high), record.reason[at][order], signed=True)


def _verdict(record: Comparison, at: tuple[int, int], order: Int) -> Column:
    said = [spoken(SPOKEN[word]) for word in record.verdict[at][order].tolist()]
    signs = {spoken(SPOKEN[word]): word.replace("_", "-") for word in SPOKEN}
    return words(spoken("Verdict"), said, signs)


def _leaning(told: Reliance, order: Int) -> Iterator[Column]:
    g = _given(told)
    value, low, high = (a[g, order] for a in (told.share, told.low, told.high))
    yield estimates(spoken("Share of the reliance"), value, (low, high), told.reason[g, order])
    yield words(spoken("Support"), [_support(w) for w in told.support[order].tolist()])


def _row(record: Comparison, told: Reliance | None, c: int, j: int) -> list[Node]:
    """One row of the first view, as the script would show it."""
    cells: list[Node] = [name(record.subjects[j])]
    for k in (record.levels.index(g) for g in record.contrasts[c]):
        numbers = (record.importance, record.importance_low, record.importance_high)
        cells.append(_estimate([a[k, j] for a in numbers], str(record.level_reason[k])))
    for v in (0, _use(record)):
        if v is None:
            continue
        three = [a[v, c, j] for a in (record.effect, record.low, record.high)]
        cells.append(_estimate(three, str(record.reason[v, c, j]), sign=True))
        if v == 0:
            cells.append(probability(float(record.p_maxt[0, c, j]), spoken("not tested")))
        cells.append(verdict(str(record.verdict[v, c, j])))
        if v == 0:
            cells.append(_word(str(record.mechanism[0, c, j])))
    if told is not None:
        g = _given(told)
        three = [a[g, j] for a in (told.share, told.low, told.high)]
        cells += [_estimate(three, str(told.reason[g, j])), _support(str(told.support[j]))]
    return cells


def _word(mechanism: str) -> str:
    return spoken(MECHANISMS[mechanism]) if mechanism in MECHANISMS else ""


def _support(word: str) -> str:
    return spoken(SUPPORTS[word]) if word in SUPPORTS else ""


def _estimate(numbers: Sequence[float], reason: str, *, sign: bool = False) -> Element:
    return evidence(estimate(*(float(v) for v in numbers), reason=reason, sign=sign))
