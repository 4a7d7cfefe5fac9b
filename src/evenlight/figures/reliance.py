"""F8: what tells the group against what the model uses."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from evenlight.data.digits import number
from evenlight.figures.bulk import apart
from evenlight.figures.ink import ACCENT, CALM, INK, axis_labels, plane, write
from evenlight.figures.marked import reachable
from evenlight.figures.naming import CHARACTER, LINE, Box, name_marks, plot_size
from evenlight.language import spoken
from evenlight.measures.reliance import Reliance

TELLS = 0.05
"""A subject whose association with the group is at least this is said to tell the group."""

QUADRANTS = {
    (0.995, 0.995): "used, tells the group",
    (0.01, 0.995): "used, does not tell it",
    (0.995, 0.01): "hardly used, tells the group",
    (0.01, 0.01): "hardly used, does not tell it",
}
"""The quadrants' names, and where they stand in the plot."""

NEITHER = "No subject is both used above an equal share and tells {grouping}."
BOTH = (
    "{n} of {all} are used and tell {grouping}; the most used of them is {feature} (association "
    "{association}, share {share})."
)


def reliance_scatter(
    reliance: Reliance, *, label: int = 12, reach: bool = False, ax: Axes | None = None
) -> Axes:
    """Association with the group on x, share of mean |attribution| on y, the quadrants named.

    The lines stand at an association of 0.05 and at an equal share for every subject. At most
    `label` subjects beyond one of them are named, those that are used most; with `reach` each of
    these has a title at which the keyboard stops.
    """
    ax = plane(ax, 760, 400)
    x, y = reliance.association, reliance.mass
    equal = 1 / len(reliance.subjects)
    known = np.isfinite(x) & np.isfinite(y)
    wide, tall = _top(x[known], TELLS), _top(y[known], equal)
    ax.set_xlim(min(0.0, float(np.min(x[known], initial=0.0))) - 0.05 * wide, wide)
    ax.set_ylim(-0.12 * tall, tall)  # captions stand below the marks at 0
    ax.axvline(TELLS, color=INK, linewidth=0.75, dashes=(3, 3))
    ax.axhline(equal, color=INK, linewidth=0.75, dashes=(3, 3))
    both = known & (x >= TELLS) & (y >= equal)
    loud = known & ((x >= TELLS) | (y >= equal))
    for of, mark, colour, size in ((both, "D", ACCENT, 7), (known & ~both, "o", CALM, 6.5)):
        at = np.flatnonzero(of)[apart(x[of], y[of])]
        ax.plot(x[at], y[at], mark, color=colour, markersize=size)
    _quadrants(ax)
    order = [int(j) for j in np.argsort(-y, kind="stable") if loud[j]][:label]
    for j in order if reach else ():
        colour, mark = (ACCENT, "D") if both[j] else (CALM, "o")
        reachable(ax, float(x[j]), float(y[j]), _told(reliance, j), color=colour, marker=mark)
    named = [(reliance.subjects[j], float(x[j]), float(y[j])) for j in order]
    name_marks(ax, named, np.column_stack([x[known], y[known]]), taken=_captions(ax), longest=22)
    axis_labels(ax, spoken("association with the group"), spoken("share of mean |attribution|"))
    return ax


def _told(reliance: Reliance, j: int) -> str:
    """One subject in words."""
    return spoken(
        "{feature}: association {association}, share of mean |attribution| {share}",
        feature=reliance.subjects[j],
        association=number(float(reliance.association[j])),
        share=number(float(reliance.mass[j])),
    )


def _top(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]], line: float) -> float:
    return max(float(np.max(values, initial=0.0)) * 1.3, 2.2 * line)


def _captions(ax: Axes) -> list[Box]:
    """Where the names of the quadrants stand."""
    wide, tall = plot_size(ax)
    out: list[Box] = []
    for x, y in QUADRANTS:
        own, at = CHARACTER * len(spoken(QUADRANTS[x, y])), x * wide
        low = 0.0 if y < 0.5 else tall - LINE
        out.append((at if x < 0.5 else at - own, at + own if x < 0.5 else at, low, low + LINE))
    return out


def _quadrants(ax: Axes) -> None:
    for x, y in QUADRANTS:
        write(
            ax,
            x,
            y,
            spoken(QUADRANTS[x, y]),
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
        return spoken(NEITHER, grouping=reliance.grouping)
    j = int(np.argmax(np.where(both, reliance.mass, -1)))
    return spoken(
        BOTH,
        n=int(both.sum()),
        all=len(reliance.subjects),
        grouping=reliance.grouping,
        feature=reliance.subjects[j],
        association=number(float(reliance.association[j])),
        share=number(float(reliance.mass[j])),
    )
