"""Which contrasts and groups a page shows where there are more than it has room for: the widest.

A record of at most `MOST_PAIRS` contrasts and `GROUPS` groups is shown whole. Of more, contrasts
that are told to differ come before wider ones that are not, and what is left out is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from htpy import Element, p

from evenlight.arrays import Bool, Float
from evenlight.data.digits import count
from evenlight.data.groups import MOST_PAIRS
from evenlight.figures import allowed_part, forest_rows
from evenlight.findings import Part
from evenlight.language import spoken
from evenlight.measures.comparison import Comparison
from evenlight.measures.composition import UNKNOWN, Composition
from evenlight.measures.dependence import Dependence
from evenlight.measures.performance import Performance
from evenlight.measures.quality import Quality
from evenlight.measures.words import GRAVEST
from evenlight.reports.parts import ROWS
from evenlight.reports.pointing import at
from evenlight.reports.words_many import GROUPS_LEFT, PAIRS_LEFT, PARTS_LEFT, WHICH

PAIRS = 8
"""Contrasts that are shown of more than `MOST_PAIRS`: of 20,000 features C2 holds no more."""

GROUPS = 8
"""Groups that are drawn of more: colours and marks tell no more of them apart."""

CELLS = 600
"""Cells of a table with a column a group."""

BY_LEVEL = {
    "Performance": ("curve_predicted", "curve_observed", "curve_low", "curve_high", "curve_n"),
    "Quality": ("trust", "trust_reason"),
    "Dependence": ("value", "mean", "low", "high", "n", "reason"),
}
BY_PART = {
    "Performance": ("n", "events", "part_reason", "value", "low", "high", "reason"),
    "Quality": ("n", "value", "low", "high", "reason", "passed"),
    "Composition": ("count", "share", "outcome", "reason", "outcome_reason"),
}
"""Arrays of each record whose first axis are levels or parts."""

Drawn = TypeVar("Drawn", Performance, Quality, Dependence, Composition)


def widest(size: Float, most: int, first: Bool) -> list[int]:
    """Places of the `most` largest of `size` (n,), unknown last, in their own order.

    Those that are `first` (n,) come before any others.

    >>> size = np.array([0.1, np.nan, 0.3, 0.2])
    >>> widest(size, 2, np.zeros(4, bool)), widest(size, 2, np.array([True, False, False, False]))
    ([2, 3], [0, 2])
    """
    return sorted(_order(size, first)[:most])


def _order(size: Float, first: Bool) -> list[int]:
    order: list[int] = np.lexsort((-np.nan_to_num(size, nan=-1.0), ~first)).tolist()
    return order


def metric_pairs(record: Performance, m: int) -> list[int]:
    """The contrasts of one metric to show: all of few."""
    many = len(record.contrasts)
    size, first = np.abs(record.difference[:, m]), record.verdict[:, m] == "different"
    return widest(size, PAIRS if many > MOST_PAIRS else many, first)


def metric_rows(record: Performance) -> list[tuple[int, int]]:
    """(metric, contrast) of the differences to draw: of each metric that has a margin."""
    shown = {m: set(metric_pairs(record, m)) for m in range(len(record.metrics))}
    return [(m, c) for m, c in forest_rows(record) if c in shown[m]]


def pairs(record: Comparison) -> list[int]:
    """The contrasts to show of a comparison of features: all of few."""
    many = len(record.contrasts)
    return list(range(many)) if many <= MOST_PAIRS else sorted(_ranked(record)[:PAIRS])


def _ranked(record: Performance | Comparison) -> list[int]:
    """Contrasts by the largest of their differences, those told to differ first."""
    if isinstance(record, Comparison):
        far = np.abs(record.effect[0])
        told = (record.verdict == "different").any(axis=(0, 2))
    else:
        far = np.abs(record.difference) / record.margin
        told = (record.verdict == "different").any(axis=1)
    return _order(np.nan_to_num(far, nan=-1.0).max(axis=1, initial=-1.0), told)


def pair_groups(record: Performance | Comparison) -> list[int]:
    """Which levels to draw: all of few, else those of the widest contrasts."""
    levels = range(len(record.levels))
    if len(levels) <= GROUPS:
        return list(levels)
    named = [record.levels.index(g) for c in _ranked(record) for g in record.contrasts[c]]
    return sorted(list(dict.fromkeys([*named, *levels]))[:GROUPS])


def checked_groups(record: Quality) -> list[int]:
    """Which levels to show of checks: those that fail, then the nearest to a limit."""
    at = [record.parts.index(level) for level in record.levels]
    used = np.nan_to_num(allowed_part(record, record.value)[at], nan=-1.0)
    return widest(used.max(axis=1, initial=-1.0), GROUPS, record.trust == "unreliable")


def curved_groups(curves: Sequence[Dependence]) -> list[int]:
    """Which levels to draw of curves: those that lie furthest from the mean of all."""
    far = np.full(len(curves[0].levels), -1.0)
    for one in curves:
        known = np.isfinite(one.mean)
        middle = np.nan_to_num(one.mean).sum(axis=0) / known.sum(axis=0).clip(1)
        away = np.where(known, np.abs(one.mean - middle), -1.0)
        far = np.maximum(far, away.max(axis=1, initial=-1.0))
    return widest(far, GROUPS, np.zeros(len(far), dtype=bool))


def counted_groups(record: Composition) -> list[int]:
    """Which parts to draw of people: the largest, without the unknown."""
    size = np.where(np.array(record.parts) == UNKNOWN, np.nan, record.count)
    known = len(_named(record.parts))
    return widest(size, min(GROUPS, known), np.zeros(len(size), dtype=bool))


def narrowed(record: Drawn, kept: Sequence[str]) -> Drawn:
    """The record with these groups alone, and with its parts that are no group; for a picture."""
    named: dict[str, Any] = {}
    kind, levels = type(record).__name__, getattr(record, "levels", ())
    own = [i for i, level in enumerate(levels) if level in kept]
    named |= {"levels": tuple(levels[i] for i in own)} if levels else {}
    named |= {n: getattr(record, n)[own] for n in BY_LEVEL.get(kind, ())}
    parts = getattr(record, "parts", ())
    groups = levels or _named(parts)
    at = [i for i, part in enumerate(parts) if part in kept or part not in groups]
    named |= {"parts": tuple(parts[i] for i in at)} if parts else {}
    named |= {n: getattr(record, n)[at] for n in BY_PART.get(kind, ())}
    cells = ("cells", "cells_reason") if kind == "Composition" else ()
    named |= {n: getattr(record, n)[:, at] for n in cells}
    return replace(record, **named)


def few_groups(record: Drawn, kept: Sequence[int]) -> Drawn:
    """The record itself where these places are all of its groups, else `narrowed` to them."""
    names = getattr(record, "levels", ()) or getattr(record, "parts", ())
    own = [names[i] for i in kept]
    return record if len(own) >= len(_named(names)) else narrowed(record, own)


def widest_parts(parts: Sequence[Part]) -> list[Part]:
    """The parts of an answer to show, one a contrast: all of few, else the gravest."""
    grave = [GRAVEST.index(part.verdict) for part in parts]
    kept = sorted(np.argsort(grave, kind="stable")[:ROWS].tolist())
    return [parts[i] for i in kept]


def parts_left(ref: str, many: int, question: str) -> Element | None:
    """How many contrasts an answer has, of which not all are shown."""
    if many <= ROWS:
        return None
    told = spoken(PARTS_LEFT, question=question, shown=ROWS, all=count(many))
    return p(class_="quiet", data_ref=ref, data_of="widest")[told]


def rows_within(groups: int) -> int:
    """Rows of a table with a column a group: as many as `CELLS` leave where these are many.

    >>> rows_within(8), rows_within(40)
    (50, 14)
    """
    return ROWS if groups <= GROUPS else max(CELLS // (groups + 1), 3)


def _named(parts: Iterable[str]) -> list[str]:
    return [part for part in parts if part != UNKNOWN]


def pairs_left(record: Performance | Comparison, file: str) -> Element | None:
    """How many contrasts there are, how many that differ are not shown, and where all are."""
    many = len(record.contrasts)
    if many <= MOST_PAIRS:
        return None
    differ = record.verdict == "different"
    each = differ if isinstance(record, Performance) else differ.any(axis=(0, 2))[:, None]
    left = int(np.maximum(each.sum(axis=0) - PAIRS, 0).sum())
    told = spoken(PAIRS_LEFT, shown=PAIRS, all=count(many), different=count(left), file=file)
    return p(class_="quiet", data_ref=at(record, "contrasts", "verdict"), data_of="widest")[told]


def groups_left(ref: str, names: Sequence[str], which: str, file: str) -> Element | None:
    """How many groups there are, which of them are shown, and where all are; `ref` points there."""
    many = len(_named(names))
    if many <= GROUPS:
        return None
    values = {"shown": GROUPS, "all": count(many), "file": file}
    told = spoken(GROUPS_LEFT, which=spoken(WHICH[which]), **values)
    return p(class_="quiet", data_ref=ref, data_of="widest")[told]
