"""F3: one metric of performance, by group."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from evenlight.data.digits import number
from evenlight.data.shown import metric_name
from evenlight.figures.ink import INK, axis_labels, head, look, plane, rows, write
from evenlight.language import spoken
from evenlight.measures.performance import Performance


def dots(performance: Performance, metric: str, *, ax: Axes | None = None) -> Axes:
    """Estimate and pointwise 95 % limits of `metric` for every part, overall first."""
    ax = plane(ax, 460, 70 + 24 * len(performance.parts))
    m = performance.metric(metric)
    for y, part in enumerate(performance.parts):
        value, low, high = (
            float(a[y, m]) for a in (performance.value, performance.low, performance.high)
        )
        style = part_look(performance, part)
        if not np.isfinite(value):
            write(
                ax,
                0.5,
                y,
                performance.reason[y, m],
                ha="center",
                va="center",
                transform=ax.get_yaxis_transform(),
                style="italic",
            )
            continue
        ax.plot([low, high], [y, y], color=style["color"], linewidth=1.5)
        ax.plot([value], [y], **style)
    overall = performance.value[0, m]
    if performance.parts[0] not in performance.levels and np.isfinite(overall):
        ax.axvline(float(overall), color=INK, linewidth=0.75, dashes=(3, 3))
    rows(ax, performance.parts, longest=26)
    head(ax, metric_name(metric))
    ax.xaxis.set_major_locator(MaxNLocator(5))
    axis_labels(ax, performance.units[m])
    return ax


def part_look(performance: Performance, part: str) -> dict[str, Any]:
    """Colour and mark of a part: a group has its own, the rest is ink."""
    if part in performance.levels:
        return look(performance.levels.index(part))
    return {"color": INK, "marker": "|", "markersize": 9, "markeredgewidth": 2}


def dots_text(performance: Performance, metric: str) -> str:
    """What the dots show, in words."""
    m, name = performance.metric(metric), metric_name(metric)
    at = [performance.parts.index(level) for level in performance.levels]
    values = performance.value[at, m]
    if not np.isfinite(values).any():
        return spoken("{metric}: no group has enough units.", metric=name)
    low, high = int(np.nanargmin(values)), int(np.nanargmax(values))
    return spoken(
        "{metric}: lowest in {lowest} ({low}), highest in {highest} ({high}).",
        metric=name,
        lowest=performance.levels[low],
        low=number(float(values[low])),
        highest=performance.levels[high],
        high=number(float(values[high])),
    )
