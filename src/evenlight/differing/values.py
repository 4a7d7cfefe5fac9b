"""Values of each group before and after: metrics, and the most important features."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

import numpy as np

from evenlight.differing.comparable import EXPLAINED
from evenlight.differing.levels import Key
from evenlight.differing.record import Apart, Judged, Moved
from evenlight.measures.comparison import Comparison
from evenlight.measures.performance import Performance
from evenlight.record import Audit

R = TypeVar("R", Performance, Comparison)

TOP = 12
"""Features of each grouping, by their largest importance in either audit."""


def moved(
    before: Audit, after: Audit, apart: tuple[Apart, ...], judged: Mapping[Key, Judged]
) -> Iterator[Moved]:
    """Metrics by part; mean |attribution| by level, where explanations can be compared.

    `judged` says whether a metric of a part became worse.
    """
    spoils = {one.spoils for one in apart}
    for one, other in _pairs(before.performances, after.performances):
        if f"grouping {one.grouping}" not in spoils:
            yield from _metrics(one, other, judged)
    for first, second in _pairs(before.comparisons, after.comparisons):
        if not {EXPLAINED, f"grouping {first.grouping}"} & spoils:
            yield from _features(first, second)


def _pairs(first: tuple[R, ...], second: tuple[R, ...]) -> Iterator[tuple[R, R]]:
    named = {made.grouping: made for made in second}
    yield from ((made, named[made.grouping]) for made in first if made.grouping in named)


def _metrics(one: Performance, other: Performance, judged: Mapping[Key, Judged]) -> Iterator[Moved]:
    for part in (p for p in one.parts if p in other.parts):
        for metric in (m for m in one.metrics if m in other.metrics):
            at = [(r.parts.index(part), r.metrics.index(metric)) for r in (one, other)]
            ends = [
                float(a[i]) for r, i in zip((one, other), at, strict=True)
                for a in (r.value, r.low, r.high)
            ]  # fmt: skip
            own = judged.get((one.grouping, part, metric))
            if np.isfinite(ends[0]) and (np.isfinite(ends[3]) or own is not None):
                unit = one.units[at[0][1]]
                yield Moved("performance", one.grouping, part, metric, unit, *_six(ends), own)


def _features(one: Comparison, other: Comparison) -> Iterator[Moved]:
    shared = [s for s in one.subjects if s in other.subjects]
    place = [{s: j for j, s in enumerate(r.subjects)} for r in (one, other)]
    largest = [np.nan_to_num(r.importance, nan=-1.0).max(axis=0) for r in (one, other)]
    order = sorted(shared, key=lambda s: -max(m[p[s]] for m, p in zip(largest, place, strict=True)))
    for subject in order[:TOP]:
        for level in (g for g in one.levels if g in other.levels):
            ends = [
                float(a[r.levels.index(level), p[subject]])
                for r, p in zip((one, other), place, strict=True)
                for a in (r.importance, r.importance_low, r.importance_high)
            ]
            if np.isfinite(ends[0]) and np.isfinite(ends[3]):
                yield Moved("importance", one.grouping, level, subject, "margin", *_six(ends))


def _six(ends: list[float]) -> tuple[float, float, float, float, float, float]:
    """Value and limits before, then after."""
    one, low, high, other, other_low, other_high = ends
    return one, low, high, other, other_low, other_high
