"""Where people lie, without a mark for any of them: bins of many, for strips and for a plane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.patches import Rectangle

from evenlight.arrays import Float
from evenlight.figures.beeswarm import SHADES, bar, size
from evenlight.figures.ink import COLOURS, INK, SMALL, axis_labels, beside, key, look, plane, rows
from evenlight.language import spoken

ALONE = 0.8
"""Part of a lane that its fullest bin takes."""


@dataclass(frozen=True, slots=True, eq=False)
class Strips:
    """Counts (p, g, b) of g lanes in b bins of p rows, NaN where too few are; `edges` (p, b + 1).

    `shade` (p, b), 0 to 1, is the mean of something in each bin of a row with one lane; or None.
    """

    count: Float
    edges: Float
    shade: Float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Cells of a plane: middles (m, 2), how wide they are (2,), and in each of g layers how many.

    `count` (g, m) is NaN where too few are; `value` (m,) is the mean of something, or None.
    """

    middle: Float
    wide: Float
    count: Float
    value: Float | None = None


def strips(
    found: Strips,
    names: Sequence[str],
    *,
    groups: tuple[Sequence[str], Sequence[str]] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """A row a feature: bars as high as bins are full, in a lane a group with its colour.

    `groups` are levels and colours; without, bars are shaded by `found.shade`.
    """
    lanes = found.count.shape[1]
    ax = plane(ax, *size(len(names), lanes))
    ax.axvline(0, color=INK, linewidth=0.75, zorder=0.5)
    for j in range(len(names)):
        for k in range(lanes):
            colour = COLOURS[0] if groups is None else groups[1][k % len(groups[1])]
            _lane(ax, found, j, (k, lanes), colour)
    rows(ax, list(names))
    axis_labels(ax, spoken("attribution"))
    if groups is not None:
        key(beside(ax), *groups)
    elif found.shade is not None:
        bar(ax)
    return ax


def _lane(ax: Axes, found: Strips, j: int, lane: tuple[int, int], colour: str) -> None:
    k, lanes = lane
    count, edges = found.count[j, k], found.edges[j]
    kept = np.isfinite(count)
    if not kept.any():
        return
    half = 0.4 / lanes
    middle = j - 0.4 + half * (2 * k + 1)
    high = ALONE * half * count[kept] / count[kept].max()
    colours: object = colour
    if found.shade is not None and lanes == 1:
        colours = matplotlib.colormaps[SHADES](np.nan_to_num(found.shade[j][kept], nan=0.5))
    ax.bar(
        edges[:-1][kept], 2 * high, width=np.diff(edges)[kept], bottom=middle - high, align="edge",
        color=colours, linewidth=0,
    )  # fmt: skip


def cells_of_groups(
    found: Cells,
    levels: Sequence[str],
    *,
    names: tuple[str, str],
    colours: Sequence[str] = COLOURS,
    ax: Axes | None = None,
) -> Axes:
    """A mark for each group in each cell that holds many of it, the larger the more there are."""
    ax = _bare(ax, names, found)
    most = np.nanmax(found.count, initial=1.0)
    for k in range(len(levels)):
        style, kept = look(k, colours), np.isfinite(found.count[k])
        turn = 2 * np.pi * k / max(len(levels), 1)
        off = 0.22 * found.wide * np.array([np.cos(turn), np.sin(turn)]) * (len(levels) > 1)
        x, y = (found.middle[kept] + off).T
        ax.scatter(
            x, y, s=8 + 120 * found.count[k][kept] / most, color=style["color"],
            marker=style["marker"], linewidths=0, alpha=0.8,
        )  # fmt: skip
    key(beside(ax), levels, colours)
    return ax


def cells_of_values(
    found: Cells, *, label: str, names: tuple[str, str], ax: Axes | None = None
) -> Axes:
    """Each cell that holds many, shaded by its mean value, 0 in the middle of the shades."""
    ax = _bare(ax, names, found)
    kept = np.isfinite(found.count[0])
    values = np.zeros(0) if found.value is None else found.value[kept]
    end = float(np.abs(values).max(initial=0.0)) or 1.0
    made = PatchCollection(
        [Rectangle(tuple(at), *(0.96 * found.wide)) for at in found.middle[kept] - found.wide / 2],
        cmap=SHADES, linewidths=0,
    )  # fmt: skip
    made.set_array(values)
    made.set_clim(-end, end)
    ax.add_collection(made)
    shown = ax.figure.colorbar(made, ax=ax, aspect=40, pad=0.02)
    shown.ax.tick_params(labelsize=SMALL, colors=INK, length=0)
    shown.outline.set_visible(False)
    shown.set_label(label, fontsize=SMALL, color=INK, parse_math=False)
    return ax


def _bare(ax: Axes | None, names: tuple[str, str], found: Cells) -> Axes:
    """Axes without ticks: distances in an embedding have no unit."""
    ax = plane(ax, 460, 400)
    ax.set_xticks([])
    ax.set_yticks([])
    low, high = found.middle.min(axis=0) - found.wide, found.middle.max(axis=0) + found.wide
    ax.set_xlim(low[0], high[0])
    ax.set_ylim(low[1], high[1])
    axis_labels(ax, *names)
    return ax
