"""People in the plane of an embedding, by group or by attribution. Never for a report."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from evenlight.arrays import Float, Int
from evenlight.figures.beeswarm import SHADES
from evenlight.figures.ink import COLOURS, INK, SMALL, axis_labels, beside, key, look, plane

PARTS = 20
"""Parts in which rows are drawn, each with all groups."""


def embedded_groups(
    places: Float,
    codes: Int,
    levels: Sequence[str],
    *,
    names: tuple[str, str],
    colours: Sequence[str] = COLOURS,
    ax: Axes | None = None,
) -> Axes:
    """Rows at `places` (n, 2), a colour and a mark a group; `codes` (n,), -1 unknown, hollow."""
    ax = _bare(ax, names)
    size = _size(len(places))
    gone = codes < 0
    if gone.any():
        ax.scatter(
            places[gone, 0],
            places[gone, 1],
            s=size,
            facecolors="none",
            edgecolors=INK,
            linewidths=0.4,
        )
    for part in _mixed(len(places)):
        for k in range(len(levels)):
            style, own = look(k, colours), part[codes[part] == k]
            x, y = places[own].T
            ax.scatter(
                x, y, s=size, color=style["color"], marker=style["marker"], linewidths=0,
                alpha=0.8, rasterized=len(places) > 500,
            )  # fmt: skip
    key(beside(ax), levels, colours)
    return ax


def embedded_values(
    places: Float,
    values: Float,
    *,
    label: str,
    names: tuple[str, str],
    ax: Axes | None = None,
) -> Axes:
    """Rows at `places` (n, 2) shaded by `values` (n,), 0 in the middle of the shades.

    The largest values are drawn last. The shades end at the 99th percentile of |value|.
    """
    ax = _bare(ax, names)
    order = np.argsort(np.abs(values), kind="stable")
    end = float(np.quantile(np.abs(values), 0.99)) or 1.0
    x, y = places[order].T
    made = ax.scatter(
        x, y, s=_size(len(places)), c=values[order], cmap=SHADES, vmin=-end, vmax=end,
        linewidths=0, rasterized=len(places) > 500,
    )  # fmt: skip
    bar = ax.figure.colorbar(made, ax=ax, aspect=40, pad=0.02, extend="both")
    bar.ax.tick_params(labelsize=SMALL, colors=INK, length=0)
    bar.outline.set_visible(False)
    bar.set_label(label, fontsize=SMALL, color=INK, parse_math=False)
    return ax


def _mixed(n: int) -> list[Int]:
    """All rows in parts that are drawn one after another, so that no group lies on all others."""
    order = np.random.default_rng(0).permutation(n).astype(np.int64)
    return np.array_split(order, min(PARTS, max(n, 1)))


def _size(n: int) -> float:
    """Area of a point in points squared: smaller where there are many, as scanpy draws them."""
    return float(np.clip(24_000 / max(n, 1), 2, 24))


def _bare(ax: Axes | None, names: tuple[str, str]) -> Axes:
    """Axes without ticks: distances in an embedding have no unit."""
    ax = plane(ax, 460, 400)
    ax.set_xticks([])
    ax.set_yticks([])
    axis_labels(ax, *names)
    return ax
