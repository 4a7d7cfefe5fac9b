"""F18: net benefit over thresholds, by group."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from evenlight.data.digits import fixed
from evenlight.figures.ink import INK, axis_labels, head, look, plane, write
from evenlight.language import spoken
from evenlight.measures.decisions import Decisions

NOWHERE = "{group}: at no threshold better than calling everybody or nobody."
BETTER = "{group}: better than calling everybody or nobody at thresholds from {low} to {high}."


def decision_curve(decisions: Decisions, part: str, *, ax: Axes | None = None) -> Axes:
    """Net benefit of acting on the prediction in one part, with pointwise 95 % limits.

    Dashed: calling everybody; the line at 0: calling nobody; dotted: the deployed threshold. All
    parts share the axes' range, so that panels can be read side by side.
    """
    ax = plane(ax, 300, 260)
    r, t = decisions.parts.index(part), decisions.thresholds
    kept = decisions.curve_reason[r] == ""
    colour = INK
    if part in decisions.levels:
        colour = str(look(decisions.levels.index(part))["color"])
    low, high = _range(decisions)
    ax.axhline(0, color=INK, linewidth=0.75)
    if kept.any():
        ends = (decisions.net_low[r], decisions.net_high[r])  # NaN where hidden: the line stops
        ax.fill_between(t, *ends, color=colour, alpha=0.18, linewidth=0)
        ax.plot(t, decisions.net_benefit[r], color=colour, linewidth=1.5)
        ax.plot(t, decisions.treat_all[r], color=INK, linewidth=0.75, dashes=(4, 3))
    else:
        reason = str(decisions.curve_reason[r, 0])
        middle = (float(t.mean()), (low + high) / 2)
        write(ax, *middle, reason, ha="center", style="italic", longest=60)
    if decisions.threshold is not None:
        ax.axvline(decisions.threshold, color=INK, linewidth=0.75, dashes=(1, 2))
    ax.set_xlim(0, float(t.max()) * 1.02)
    ax.set_ylim(low, high)
    head(ax, part)
    axis_labels(ax, spoken("threshold"), spoken("net benefit"))
    return ax


def decision_text(decisions: Decisions) -> str:
    """Where the prediction helps, in words."""
    made = []
    for level in decisions.levels:
        r = decisions.parts.index(level)
        kept = decisions.curve_reason[r] == ""
        if not kept.any():
            made.append(spoken("{group}: too few people.", group=level))
            continue
        best = np.maximum(decisions.treat_all[r, kept], 0)
        helps = decisions.thresholds[kept][decisions.net_benefit[r, kept] > best]
        if not len(helps):
            made.append(spoken(NOWHERE, group=level))
            continue
        low, high = (fixed(float(end), 2) for end in (helps.min(), helps.max()))
        made.append(spoken(BETTER, group=level, low=low, high=high))
    return " ".join(made)


def _range(decisions: Decisions) -> tuple[float, float]:
    top = decisions.net_high[np.isfinite(decisions.net_high)]
    high = float(top.max()) if top.size else 0.1
    return -0.15 * high, 1.08 * high
