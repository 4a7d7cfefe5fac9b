"""F19: loss, calibration and AUROC along a continuous axis."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from evenlight.data.digits import number
from evenlight.data.shown import metric_name
from evenlight.figures.ink import CALM, INK, axis_labels, head, plane, write
from evenlight.language import spoken
from evenlight.measures.along import PerformanceAlong


def along_curve(
    record: PerformanceAlong, component: str, curve: str, *, ax: Axes | None = None
) -> Axes:
    """One curve along one component with its simultaneous 95 % band; dashed: the value over all."""
    ax = plane(ax, 360, 240)
    q, c = record.components.index(component), record.curves.index(curve)
    kept = record.curve_reason[q, c] == ""
    ax.axhline(float(record.overall[c]), color=INK, linewidth=0.75, dashes=(4, 3))
    if kept.any():
        at, ends = record.grid[q], (record.band_low[q, c], record.band_high[q, c])
        ax.fill_between(at, *ends, color=CALM, alpha=0.18, linewidth=0)
        ax.plot(at, record.curve[q, c], color=CALM, linewidth=1.5)
    else:
        middle = (float(record.grid[q].mean()), float(record.overall[c]))
        write(ax, *middle, record.curve_reason[q, c, 0], ha="center", style="italic", longest=60)
    head(ax, metric_name(curve))
    ax.xaxis.set_major_locator(MaxNLocator(5))
    axis_labels(ax, component, record.unit if curve in ("mae", "bias") else "")
    return ax


def along_text(record: PerformanceAlong) -> str:
    """What changes along the axis, in words."""
    told = []
    for q, component in enumerate(record.components):
        for m, loss in enumerate(record.losses):
            if not np.isfinite(record.slope[q, m]):
                continue
            told.append(
                spoken(
                    "{metric} per SD of {axis}: {slope} [{low}, {high}].",
                    metric=metric_name(loss),
                    axis=component,
                    slope=number(float(record.slope[q, m])),
                    low=number(float(record.low[q, m])),
                    high=number(float(record.high[q, m])),
                )
            )
    return " ".join(told) or spoken("Nothing can be told along this axis.")
