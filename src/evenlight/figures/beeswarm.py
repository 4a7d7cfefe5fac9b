"""Attributions of people, a point each: for a notebook, never for a report."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable

from evenlight.arrays import Float, Int
from evenlight.figures.ink import COLOURS, INK, SMALL, axis_labels, beside, key, look, plane, rows
from evenlight.language import spoken

SHADES = "cividis"
"""From dark to light without a turn, so that it reads in grey, and by the colour-blind."""

BINS = 80
"""Parts of the axis in which points are stacked."""

TALL, LANE = 30, 20
"""Height in px of a feature's row, and of each further group in it."""


def beeswarm(
    values: Float,
    names: Sequence[str],
    *,
    own: Float | None = None,
    groups: tuple[Int, Sequence[str], Sequence[str]] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Attributions (u, p) of u people, a row a feature; points lie apart where they are many.

    Points are shaded by `own` (u, p), the feature's values, or stand in a lane a group with its
    colour and mark: `groups` are codes (u,), -1 unknown and not drawn, levels and colours.
    """
    lanes = 1 if groups is None else len(groups[1])
    ax = plane(ax, *size(len(names), lanes))
    ax.axvline(0, color=INK, linewidth=0.75, zorder=0.5)
    for j in range(len(names)):
        if groups is None:
            _shaded(ax, values[:, j], j, None if own is None else own[:, j])
        else:
            _laned(ax, values[:, j], j, groups)
    rows(ax, list(names))
    axis_labels(ax, spoken("attribution"))
    if groups is not None:
        key(beside(ax), groups[1], groups[2])
    elif own is not None:
        bar(ax)
    return ax


def size(features: int, lanes: int = 1) -> tuple[float, float]:
    """Width and height in px that a plot of so many features and groups needs."""
    return 560.0, 90.0 + (TALL + LANE * (lanes - 1)) * features


def stacked(values: Float, ends: tuple[float, float]) -> Float:
    """How far each point (u,) lies from its row's middle, -1 to 1: the more in a bin, the wider.

    >>> stacked(np.array([0.0, 0.0, 0.0, 9.0]), (0.0, 10.0)).tolist()
    [0.0, -1.0, 1.0, 0.0]
    """
    low, high = ends
    wide = max(high - low, np.finfo(float).tiny)
    bins = np.minimum(((values - low) / wide * BINS).astype(np.int64), BINS - 1)
    order = np.argsort(bins, kind="stable")
    first = np.searchsorted(bins[order], bins[order])
    place = np.empty(len(values), dtype=np.int64)
    place[order] = np.arange(len(values)) - first
    side = (place + 1) // 2 * np.where(place % 2, -1.0, 1.0)
    part: Float = side / max(float(np.abs(side).max(initial=0.0)), 1.0)
    return part


def shade(own: Float) -> Float:
    """Where each value (u,) lies between the 5th and the 95th percentile, 0 to 1; NaN stays.

    >>> shade(np.array([1.0, 1.0])).tolist()
    [0.5, 0.5]
    """
    known = own[np.isfinite(own)]
    if not known.size:
        return own
    low, high = np.quantile(known, (0.05, 0.95))
    if low == high:  # most people have one value, as of a rare allele
        low, high = known.min(), known.max()
    if low == high:
        return np.where(np.isfinite(own), 0.5, np.nan)
    part: Float = np.clip((own - low) / (high - low), 0.0, 1.0)
    return part


def _shaded(ax: Axes, x: Float, j: int, own: Float | None) -> None:
    y = j + 0.4 * _thin(x) * stacked(x, (float(x.min()), float(x.max())))
    if own is None:
        ax.scatter(x, y, s=9, color=COLOURS[0], linewidths=0, rasterized=len(x) > 500)
        return
    part = shade(own)
    gone = ~np.isfinite(part)
    ax.scatter(
        x[~gone], y[~gone], s=9, c=part[~gone], cmap=SHADES, vmin=0, vmax=1, linewidths=0,
        rasterized=len(x) > 500,
    )  # fmt: skip
    if gone.any():
        ax.scatter(x[gone], y[gone], s=9, facecolors="none", edgecolors=INK, linewidths=0.5)


def _thin(x: Float) -> float:
    """Few points need less than the whole row."""
    return min(1.0, len(x) / 60)


def _laned(ax: Axes, x: Float, j: int, groups: tuple[Int, Sequence[str], Sequence[str]]) -> None:
    codes, levels, colours = groups
    half = 0.4 / len(levels)
    for k in range(len(levels)):
        at = codes == k
        if not at.any():
            continue
        middle = j - 0.4 + half * (2 * k + 1)
        apart = stacked(x[at], (float(x.min()), float(x.max())))
        style = look(k, colours)
        ax.scatter(
            x[at], middle + 0.85 * half * _thin(x[at]) * apart, s=9, color=style["color"],
            marker=style["marker"], linewidths=0, rasterized=len(x) > 500,
        )  # fmt: skip


def bar(ax: Axes) -> None:
    """What the shades of own values mean."""
    figure = ax.figure
    made = figure.colorbar(ScalarMappable(cmap=SHADES), ax=ax, aspect=40, pad=0.02)
    made.set_ticks([0, 1], labels=[spoken("low"), spoken("high")])
    made.ax.tick_params(labelsize=SMALL, colors=INK, length=0)
    made.outline.set_visible(False)
    told = spoken("own value, 5th to 95th percentile")
    made.set_label(told, fontsize=SMALL, color=INK)
