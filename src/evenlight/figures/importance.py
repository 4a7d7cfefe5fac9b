"""F6: how much each feature adds, by group."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evenlight.arrays import Int
from evenlight.data.digits import number
from evenlight.figures.ink import COLOURS, INK, WIDE, axis_labels, key, look, plane, rows
from evenlight.measures.comparison import Comparison


def importance(
    comparison: Comparison,
    top: int = 20,
    *,
    colours: Sequence[str] = COLOURS,
    ax: Axes | None = None,
) -> Axes:
    """Mean |attribution| of the `top` subjects, one mark a group, pointwise 95 % limits."""
    chosen = ranked(comparison)[:top]
    k = len(comparison.levels)
    alone = ax is None
    ax = plane(ax, WIDE, size(len(chosen), k)[1])
    for i in range(k):
        y = np.arange(len(chosen)) + (i - (k - 1) / 2) * 0.68 / max(k, 2)
        style = look(i, colours)
        low, high = comparison.importance_low[i, chosen], comparison.importance_high[i, chosen]
        ax.hlines(y, low, high, color=style["color"], linewidth=1.25)
        ax.plot(comparison.importance[i, chosen], y, linestyle="", **style)
    for between in range(1, len(chosen)):
        ax.axhline(between - 0.5, color=INK, linewidth=0.5, alpha=0.2)
    rows(ax, [comparison.subjects[j] for j in chosen])
    ax.set_xlim(left=0)
    axis_labels(ax, "mean |attribution|, on the margin scale")
    if alone and isinstance(ax.figure, Figure):
        key(ax.figure, comparison.levels, colours)
    return ax


def size(features: int, groups: int) -> tuple[float, float]:
    """Width and height in px that a notebook's plot of so many features needs."""
    return 560.0, 96.0 + (14 + 9 * groups) * features


def ranked(comparison: Comparison) -> Int:
    """Subjects by their largest importance in any group, (p,) indices; ties in their own order."""
    known = np.nan_to_num(comparison.importance, nan=-1.0)
    order: Int = np.argsort(-known.max(axis=0), kind="stable")
    return order


def importance_text(comparison: Comparison) -> str:
    """What the paired dots show, in words."""
    j = int(ranked(comparison)[0])
    parts = [
        f"{level} {number(float(value), 'not estimated')}"
        for level, value in zip(comparison.levels, comparison.importance[:, j], strict=True)
    ]
    return f"The most important is {comparison.subjects[j]}: " + ", ".join(parts) + "."
