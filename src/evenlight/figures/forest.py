"""F1: how far performance differs between groups, against the margin."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from evenlight.arrays import Float
from evenlight.data.digits import fixed
from evenlight.data.shown import metric_name
from evenlight.figures.ink import INK, WIDE, axis_labels, plane, rows
from evenlight.figures.rows import LOOKS, estimate_row
from evenlight.language import spoken
from evenlight.measures.performance import Performance

__all__ = ["LOOKS", "forest", "forest_rows", "forest_text", "in_margins"]

NONE = "No difference between the groups of {grouping} can be estimated here."
LARGEST = (
    "Largest difference: {difference}, {margins} margins. {beyond} of {n} estimates lie outside "
    "the margin."
)


def forest(
    performance: Performance,
    judged: Sequence[tuple[int, int]] | None = None,
    *,
    ax: Axes | None = None,
) -> Axes:
    """Differences of the judged metrics in margins, one row a metric and contrast.

    `judged` are those to draw, all (`forest_rows`) if None. The band from -1 to 1 holds differences
    smaller than the declared margin.
    """
    judged = forest_rows(performance) if judged is None else judged
    ax = plane(ax, WIDE, 74 + 25 * max(len(judged), 1))
    ax.axvspan(-1, 1, color=INK, alpha=0.09, linewidth=0)
    ax.axvline(0, color=INK, linewidth=0.75)
    for y, (metric, pair) in enumerate(judged):
        at = in_margins(performance)[:, pair, metric]
        known = np.isfinite(at).all()
        verdict = str(performance.verdict[pair, metric]) if known else "not_estimable"
        estimate_row(ax, y, verdict, at if known else np.full(3, np.nan))
    rows(ax, [_label(performance, m, c) for m, c in judged], longest=64)
    axis_labels(ax, spoken("difference in margins (band: smaller than the margin)"))
    return ax


def in_margins(performance: Performance) -> Float:
    """Difference, low and high in margins, (3, c, m)."""
    numbers = (performance.difference, performance.difference_low, performance.difference_high)
    return np.stack(numbers) / performance.margin


def forest_rows(performance: Performance) -> list[tuple[int, int]]:
    """(metric, contrast) of every difference that has a margin."""
    metrics = np.flatnonzero(np.isfinite(performance.margin)).tolist()
    return [(m, c) for m in metrics for c in range(len(performance.contrasts))]


def forest_text(performance: Performance) -> str:
    """What the forest plot shows, in words."""
    sizes = np.abs(in_margins(performance)[0])
    if not np.isfinite(sizes).any():
        return spoken(NONE, grouping=performance.grouping)
    pair, metric = np.unravel_index(int(np.nanargmax(sizes)), sizes.shape)
    beyond = int((sizes[np.isfinite(sizes)] > 1).sum())
    return spoken(
        LARGEST,
        difference=_label(performance, int(metric), int(pair)),
        margins=fixed(float(in_margins(performance)[0][pair, metric]), 2, sign=True),
        beyond=beyond,
        n=int(np.isfinite(sizes).sum()),
    )


def _label(performance: Performance, metric: int, pair: int) -> str:
    level, reference = performance.contrasts[pair]
    return f"{metric_name(performance.metrics[metric])}: {level} \N{MINUS SIGN} {reference}"
