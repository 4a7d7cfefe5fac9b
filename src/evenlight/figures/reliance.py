"""F8: what tells the group against what the model uses."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from evenlight.data.digits import number
from evenlight.figures.ink import ACCENT, CALM, INK, axis_labels, plane, spread, write
from evenlight.measures.reliance import Reliance

TELLS = 0.05
"""A subject whose association with the group is at least this is said to tell the group."""


def reliance_scatter(reliance: Reliance, *, label: int = 12, ax: Axes | None = None) -> Axes:
    """Association with the group on x, share of mean |attribution| on y, the quadrants named.

    The lines stand at an association of 0.05 and at an equal share for every subject. At most
    `label` subjects beyond one of them are named, those that are used most.
    """
    ax = plane(ax, 760, 400)
    x, y = reliance.association, reliance.mass
    equal = 1 / len(reliance.subjects)
    known = np.isfinite(x) & np.isfinite(y)
    wide, tall = _top(x[known], TELLS), _top(y[known], equal)
    ax.set_xlim(min(0.0, float(np.min(x[known], initial=0.0))) - 0.05 * wide, wide)
    ax.set_ylim(-0.05 * tall, tall)
    ax.axvline(TELLS, color=INK, linewidth=0.75, dashes=(3, 3))
    ax.axhline(equal, color=INK, linewidth=0.75, dashes=(3, 3))
    both = known & (x >= TELLS) & (y >= equal)
    loud = known & ((x >= TELLS) | (y >= equal))
    ax.plot(x[both], y[both], "D", color=ACCENT, markersize=7)
    ax.plot(x[known & ~both], y[known & ~both], "o", color=CALM, markersize=6.5)
    _quadrants(ax)
    order = [int(j) for j in np.argsort(-y, kind="stable") if loud[j]][:label]
    heights = spread([float(y[j]) for j in order], 0.05 * tall)
    for j, at in zip(order, heights, strict=True):
        if at - y[j] > 0.04 * tall:  # the name had to move up: a thin line leads to its point
            ends = [float(x[j]), float(x[j]) + 0.01 * wide]
            ax.plot(ends, [float(y[j]), at], color=INK, linewidth=0.4, alpha=0.6)
        write(ax, float(x[j]) + 0.012 * wide, at, reliance.subjects[j], va="center", longest=22)
    axis_labels(ax, "association with the group", "share of mean |attribution|")
    return ax


def _top(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]], line: float) -> float:
    return max(float(np.max(values, initial=0.0)) * 1.3, 2.2 * line)


def _quadrants(ax: Axes) -> None:
    names = {
        (0.995, 0.995): "used, tells the group",
        (0.01, 0.995): "used, does not tell it",
        (0.995, 0.01): "hardly used, tells the group",
        (0.01, 0.01): "hardly used, does not tell it",
    }
    for (x, y), name in names.items():
        write(
            ax,
            x,
            y,
            name,
            transform=ax.transAxes,
            style="italic",
            ha="right" if x > 0.5 else "left",
            va="top" if y > 0.5 else "bottom",
        )


def reliance_text(reliance: Reliance) -> str:
    """What the scatter shows, in words."""
    equal = 1 / len(reliance.subjects)
    both = (reliance.association >= TELLS) & (reliance.mass >= equal)
    if not both.any():
        return f"No subject is both used above an equal share and tells {reliance.grouping}."
    j = int(np.argmax(np.where(both, reliance.mass, -1)))
    return (
        f"{int(both.sum())} of {len(reliance.subjects)} are used and tell {reliance.grouping}; the "
        f"most used of them is {reliance.subjects[j]} (association "
        f"{number(float(reliance.association[j]))}, share {number(float(reliance.mass[j]))})."
    )
