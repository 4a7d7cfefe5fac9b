"""F6: how much each feature adds, by group."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evenlight.arrays import Int
from evenlight.data.digits import number
from evenlight.figures.ink import COLOURS, INK, WIDE, axis_labels, key, look, plane, rows
from evenlight.language import spoken
from evenlight.measures.comparison import Comparison


def importance(
    comparison: Comparison,
    top: int = 20,
    *,
    groups: Sequence[int] | None = None,
    colours: Sequence[str] = COLOURS,
    ax: Axes | None = None,
) -> Axes:
    """Mean |attribution| of the `top` subjects, one mark a group, pointwise 95 % limits.

    `groups` are the places of the levels to draw, all if None.
    """
    chosen = ranked(comparison)[:top]
    drawn = range(len(comparison.levels)) if groups is None else groups
    k = len(drawn)
    alone = ax is None
    ax = plane(ax, WIDE, size(len(chosen), k)[1])
    for i, level in enumerate(drawn):
        y = np.arange(len(chosen)) + (i - (k - 1) / 2) * 0.68 / max(k, 2)
        style = look(i, colours)
        limits = (comparison.importance_low, comparison.importance_high)
        low, high = (a[level, chosen] for a in limits)
        ax.hlines(y, low, high, color=style["color"], linewidth=1.25)
        ax.plot(comparison.importance[level, chosen], y, linestyle="", **style)
    for between in range(1, len(chosen)):
        ax.axhline(between - 0.5, color=INK, linewidth=0.5, alpha=0.2)
    rows(ax, [comparison.subjects[j] for j in chosen])
    ax.set_xlim(left=0)
    axis_labels(ax, spoken("mean |attribution|, on the margin scale"))
    if alone and isinstance(ax.figure, Figure):
        key(ax.figure, [comparison.levels[i] for i in drawn], colours)
    return ax


def size(features: int, groups: int) -> tuple[float, float]:
    """Width and height in px that a notebook's plot of so many features needs."""
    return 560.0, 96.0 + (14 + 9 * groups) * features


def ranked(comparison: Comparison) -> Int:
    """Subjects by their largest importance in any group, (p,) indices; ties in their own order."""
    known = np.nan_to_num(comparison.importance, nan=-1.0)
    order: Int = np.argsort(-known.max(axis=0), kind="stable")
    return order


def importance_text(comparison: Comparison, groups: Sequence[int] | None = None) -> str:
    """What the paired dots of these levels show, in words."""
    j = int(ranked(comparison)[0])
    value = comparison.importance[:, j].tolist()
    parts = [
        f"{comparison.levels[i]} {number(value[i], spoken('not estimated'))}"
        for i in (range(len(value)) if groups is None else groups)
    ]
    return spoken(
        "The most important is {feature}: {values}.",
        feature=comparison.subjects[j],
        values=", ".join(parts),
    )
