"""Features in the order of what was found of them, each with its simultaneous interval."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from evenlight.arrays import Float, Int, Text
from evenlight.figures.ink import INK, axis_labels, few_ticks, plane, rows, write
from evenlight.figures.rows import estimate_row
from evenlight.language import spoken
from evenlight.measures.comparison import Comparison
from evenlight.measures.reliance import Reliance
from evenlight.measures.words import SPOKEN

TALL = 22
"""Height in px of a row."""


def ranking(
    comparison: Comparison,
    contrast: tuple[str, str],
    view: int = 0,
    *,
    top: int = 20,
    ax: Axes | None = None,
) -> Axes:
    """The `top` largest differences between two groups, the margin as a band."""
    c = comparison.contrast(*contrast)
    numbers = np.stack([a[view, c] for a in (comparison.effect, comparison.low, comparison.high)])
    chosen = largest(numbers[0], top)
    ax = _estimates(ax, numbers[:, chosen], comparison.verdict[view, c][chosen])
    ax.axvspan(-comparison.margin, comparison.margin, color=INK, alpha=0.09, linewidth=0)
    rows(ax, [comparison.subjects[j] for j in chosen])
    return ax


def ranked_reliance(
    reliance: Reliance, given: int = 0, *, top: int = 20, ax: Axes | None = None
) -> Axes:
    """The `top` largest shares of the output's variance between groups, under one condition."""
    numbers = np.stack([a[given] for a in (reliance.share, reliance.low, reliance.high)])
    chosen = largest(numbers[0], top)
    ax = _estimates(ax, numbers[:, chosen], reliance.verdict[given][chosen])
    rows(ax, [reliance.subjects[j] for j in chosen])
    told = spoken("share of the variance of the output")
    if reliance.given[given] != "nothing":
        told = spoken("{share}, given {given}", share=told, given=reliance.given[given])
    axis_labels(ax, told)
    return ax


def size(features: int) -> tuple[float, float]:
    """Width and height in px that a plot of so many features needs."""
    return 460.0, 76.0 + TALL * features


def largest(values: Float, top: int) -> Int:
    """Positions of the `top` values that are furthest from 0; what is unknown comes last.

    >>> largest(np.array([0.1, -3.0, np.nan, 2.0]), 3).tolist()
    [1, 3, 0]
    """
    order: Int = np.argsort(-np.nan_to_num(np.abs(values), nan=-1.0), kind="stable")
    return order[:top]


def _estimates(ax: Axes | None, numbers: Float, verdicts: Text) -> Axes:
    """Rows of (effect, low, high) (3, m) around a line at 0."""
    ax = plane(ax, *size(numbers.shape[1]))
    ax.axvline(0, color=INK, linewidth=0.75)
    few_ticks(ax)
    for y, (own, verdict) in enumerate(zip(numbers.T, verdicts, strict=True)):
        if np.isfinite(own[0]):
            estimate_row(ax, y, str(verdict), own)
            continue
        told = spoken(SPOKEN[str(verdict)])
        write(ax, 0.02, y, told, va="center", style="italic", transform=ax.get_yaxis_transform())
    return ax
