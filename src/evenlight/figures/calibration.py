"""F4: predicted against observed, by group."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from evenlight.data.digits import fixed
from evenlight.figures.ink import INK, axis_labels, head, look, plane, write
from evenlight.measures.performance import Performance


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
        write(ax, sum(span) / 2, sum(span) / 2, "too few units", ha="center", style="italic")
    ax.set_xlim(span)
    ax.set_ylim(span)
    head(ax, level)
    axis_labels(ax, "predicted", "observed")
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
        return "No group has enough units for a calibration curve."
    k, at = np.unravel_index(int(np.nanargmax(np.abs(gaps))), gaps.shape)
    side = "above" if gaps[k, at] > 0 else "below"
    return (
        f"Largest gap: in {performance.levels[int(k)]} the observed mean lies "
        f"{fixed(abs(float(gaps[k, at])), 2)} {side} the predicted "
        f"{fixed(float(performance.curve_predicted[k, at]), 2)}."
    )
