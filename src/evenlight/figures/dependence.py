"""F15: own value against attribution, by group: whether values differ, or their use."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evenlight.data.digits import fixed
from evenlight.figures.ink import COLOURS, INK, axis_labels, head, key, look, plane, states
from evenlight.language import spoken
from evenlight.measures.dependence import Dependence

APART = (
    "{feature}: mean attribution ranges over {width}; groups lie furthest apart at {value}, by "
    "{gap}."
)


def dependence(
    record: Dependence, *, colours: Sequence[str] = COLOURS, ax: Axes | None = None
) -> Axes:
    """Mean attribution over bins of the own value, one curve a group with its 95 % band.

    Above it stand the shares of each group in the bins: curves that coincide over shares that
    differ say that the values differ, and their use does not.
    """
    alone = ax is None
    ax = plane(ax, 460, 360)
    if alone and isinstance(ax.figure, Figure):
        key(ax.figure, record.levels, colours)
    ax.axhline(0, color=INK, linewidth=0.5, alpha=0.4)
    for k in range(len(record.levels)):
        _curve(ax, record, k, colours)
    above = plane(ax.inset_axes((0, 1.03, 1, 0.2)))
    _shares(above, record, colours)
    head(above, record.subject)
    if record.labels:
        states(ax, record.labels)
        ax.set_xlim(-0.5, len(record.labels) - 0.5)
    above.set_xlim(ax.get_xlim())
    axis_labels(ax, spoken("own value"), spoken("attribution"))
    return ax


def _curve(ax: Axes, record: Dependence, k: int, colours: Sequence[str]) -> None:
    kept = np.isfinite(record.mean[k])
    style = look(k, colours)
    y, low, high = (a[k][kept] for a in (record.mean, record.low, record.high))
    if record.labels:
        shift = (k - (len(record.levels) - 1) / 2) * 0.16
        x = np.flatnonzero(kept) + shift
        ax.vlines(x, low, high, color=style["color"], linewidth=1.25)
        ax.plot(x, y, linestyle="", **style)
        return
    x = record.value[k][kept]
    ax.fill_between(x, low, high, color=style["color"], alpha=0.18, linewidth=0)
    ax.plot(x, y, linewidth=1.25, **(style | {"markersize": 5}))


def _shares(ax: Axes, record: Dependence, colours: Sequence[str]) -> None:
    """Share of each group in each bin, as bars (states) or steps (numbers)."""
    for k in range(len(record.levels)):
        n = np.nan_to_num(record.n[k])
        share = n / max(float(n.sum()), 1.0)
        colour = colours[k % len(colours)]
        if record.labels:
            width = 0.8 / len(record.levels)
            x = np.arange(len(n)) + (k - (len(record.levels) - 1) / 2) * width
            ax.bar(x, share, width=width, color=colour)
            continue
        kept = np.isfinite(record.value[k])
        if kept.any():
            ax.plot(record.value[k][kept], share[kept], color=colour, linewidth=1)
    ax.set_ylim(bottom=0)
    ax.tick_params(labelbottom=False, labelleft=False, length=0)
    ax.spines["left"].set_visible(False)


def dependence_text(record: Dependence) -> str:
    """What the curves show, in words."""
    apart = np.nanmax(record.mean, axis=0, initial=-np.inf) - np.nanmin(
        record.mean, axis=0, initial=np.inf
    )
    several = np.isfinite(record.mean).sum(axis=0) > 1
    seen = np.isfinite(record.mean)
    if not seen.any():
        return spoken("{feature}: no bin has enough units.", feature=record.subject)
    width = float(np.nanmax(record.mean) - np.nanmin(record.mean))
    told = {"feature": record.subject, "width": fixed(width, 2)}
    if not (record.labels and several.any()):
        return spoken("{feature}: mean attribution ranges over {width}.", **told)
    at = int(np.argmax(np.where(several, apart, -np.inf)))
    return spoken(APART, **told, value=record.labels[at], gap=fixed(float(apart[at]), 2))
