"""F4: predicted against observed, by group."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from evenlight.data.digits import fixed
from evenlight.figures.ink import INK, axis_labels, head, look, plane, write
from evenlight.language import spoken
from evenlight.measures.performance import Performance

ABOVE = "Largest gap: in {group} the observed mean lies {gap} above the predicted {predicted}."
BELOW = "Largest gap: in {group} the observed mean lies {gap} below the predicted {predicted}."


def calibration(performance: Performance, level: str, *, ax: Axes | None = None) -> Axes:
    """Mean observed outcome over bins of the prediction in one group, with 95 % limits.

    All groups share the axes' range, so that panels can be read side by side.
    """
    ax = plane(ax, 300, 290)
    k = performance.levels.index(level)
    x, y = performance.curve_predicted[k], performance.curve_observed[k]
    span = _range(performance)
    ax.plot(span, span, color=INK, linewidth=0.75, dashes=(3, 3))
    kept = np.isfinite(x) & np.isfinite(y)
    style = look(k)
    if kept.any():
        low, high = performance.curve_low[k][kept], performance.curve_high[k][kept]
        ax.vlines(x[kept], low, high, color=style["color"], linewidth=1.25)
        ax.plot(x[kept], y[kept], linewidth=1, **style)
    else:
        middle = sum(span) / 2
        write(ax, middle, middle, spoken("too few units"), ha="center", style="italic")
    ax.set_xlim(span)
    ax.set_ylim(span)
    head(ax, level)
    axis_labels(ax, spoken("predicted"), spoken("observed"))
    return ax


def _range(performance: Performance) -> tuple[float, float]:
    p = performance
    curves = (p.curve_predicted, p.curve_observed, p.curve_low, p.curve_high)
    known = np.concatenate([c[np.isfinite(c)] for c in curves])
    if not known.size:
        return 0.0, 1.0
    pad = 0.04 * float(np.ptp(known)) or 0.1
    return float(known.min()) - pad, float(known.max()) + pad


def calibration_text(performance: Performance) -> str:
    """What the curves show, in words."""
    gaps = performance.curve_observed - performance.curve_predicted
    if not np.isfinite(gaps).any():
        return spoken("No group has enough units for a calibration curve.")
    k, at = np.unravel_index(int(np.nanargmax(np.abs(gaps))), gaps.shape)
    return spoken(
        ABOVE if gaps[k, at] > 0 else BELOW,
        group=performance.levels[int(k)],
        gap=fixed(abs(float(gaps[k, at])), 2),
        predicted=fixed(float(performance.curve_predicted[k, at]), 2),
    )
