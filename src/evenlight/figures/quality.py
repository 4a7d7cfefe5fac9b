"""F12: how much of what is allowed each check of the explanations uses up, by group."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evenlight.arrays import Float, Int
from evenlight.data.digits import number
from evenlight.data.shown import metric_name
from evenlight.figures.ink import INK, WIDE, axis_labels, key, look, plane, rows
from evenlight.language import spoken
from evenlight.measures.quality import RULES, Quality

FURTHEST = 2.5
"""Where the axis ends; what lies beyond is drawn there."""

NEAREST = (
    "Nearest to its limit, or furthest beyond: {check} {value} in {group}, {part} % of what is "
    "allowed."
)


def checked(quality: Quality) -> Int:
    """The metrics that are known in some group, in their order."""
    known = np.isfinite(quality.value).any(axis=0)
    return np.flatnonzero(known).astype(np.int64)


def allowed_part(quality: Quality, values: Float) -> Float:
    """Values (r, m) as parts of what is allowed: 0 nothing, 1 all of it, more where it fails."""
    rising = np.array([RULES[name].rising for name in quality.metrics])
    spent = np.where(rising, 1 - values, values)
    allowed = np.where(rising, 1 - quality.threshold, quality.threshold)
    return np.clip(spent / allowed, 0.0, FURTHEST)


def quality_dots(quality: Quality, *, ax: Axes | None = None) -> Axes:
    """One row a check, one mark a group with its 95 % limits; the line is what is allowed."""
    shown, k, alone = checked(quality), len(quality.levels), ax is None
    ax = plane(ax, WIDE, 110 + (16 + 10 * k) * len(shown))
    ends = [allowed_part(quality, a) for a in (quality.value, quality.low, quality.high)]
    for i, level in enumerate(quality.levels):
        r = quality.parts.index(level)
        y = np.arange(len(shown)) + (i - (k - 1) / 2) * 0.68 / max(k, 2)
        at, low, high = (a[r, shown] for a in ends)
        style = look(i)
        ax.hlines(y, low, high, color=style["color"], linewidth=1.25)
        ax.plot(at, y, linestyle="", **style)
    ax.axvline(1.0, color=INK, linewidth=1.0, dashes=(3, 3))
    for between in range(1, len(shown)):
        ax.axhline(between - 0.5, color=INK, linewidth=0.5, alpha=0.2)
    rows(ax, [metric_name(quality.metrics[m]) for m in shown], longest=40)
    most = np.nanmax(ends[0][:, shown], initial=0.0)
    ax.set_xlim(-0.03, max(1.2, 1.08 * float(most)))
    axis_labels(ax, spoken("part of what is allowed that is used up (right of the line: fails)"))
    if alone and isinstance(ax.figure, Figure):
        key(ax.figure, quality.levels)
    return ax


def quality_text(quality: Quality) -> str:
    """What the dots show, in words."""
    spent = allowed_part(quality, quality.value)[1:]
    if not np.isfinite(spent).any():
        return spoken("No check of the explanations was possible.")
    r, m = (int(i) for i in np.unravel_index(np.nanargmax(spent), spent.shape))
    return spoken(
        NEAREST,
        check=metric_name(quality.metrics[m]),
        value=number(float(quality.value[r + 1, m]), digits=2),
        group=quality.levels[r],
        part=number(float(100 * spent[r, m]), digits=2),
    )
