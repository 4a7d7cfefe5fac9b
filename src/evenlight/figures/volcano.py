"""F5: difference between two groups against its adjusted p, for every feature."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from evenlight.arrays import Float
from evenlight.data.digits import estimate, fixed
from evenlight.figures.bulk import apart
from evenlight.figures.forest import LOOKS
from evenlight.figures.ink import INK, axis_labels, head, plane, write
from evenlight.figures.marked import reachable
from evenlight.figures.naming import name_marks
from evenlight.language import spoken
from evenlight.measures.comparison import Comparison
from evenlight.measures.words import SPOKEN

LARGEST = (
    "{contrast}: the largest difference is that of {feature} ({difference} SD of the output); "
    "{beyond} of {n} lie outside the margin of {margin}."
)


def volcano(
    comparison: Comparison,
    contrast: tuple[str, str],
    view: int = 0,
    *,
    label: int = 6,
    reach: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Standardised difference on x, -log10 of the max-T adjusted p on y, margin as a band.

    Up to `label` features that stand out (`outstanding`) carry their name, and with `reach` a title
    at which the keyboard stops.
    """
    ax = plane(ax, 460, 330)
    c = comparison.contrast(*contrast)
    x, y = comparison.effect[view, c], heights(comparison, view, c)
    ax.axvspan(-comparison.margin, comparison.margin, color=INK, alpha=0.09, linewidth=0)
    ax.axhline(-np.log10(comparison.alpha), color=INK, linewidth=0.75, dashes=(3, 3))
    for verdict, (colour, mark) in LOOKS.items():
        of = np.flatnonzero((comparison.verdict[view, c] == verdict) & np.isfinite(x))
        at = of[apart(x[of], y[of])]
        face = "none" if verdict == "cannot_tell" else colour
        ax.plot(x[at], y[at], mark, color=colour, markerfacecolor=face, markersize=6.5)
    for j in outstanding(comparison, (view, c))[:label] if reach else ():
        colour, mark = LOOKS[str(comparison.verdict[view, c, j])]
        face = "none" if mark == "s" else colour
        told = _told(comparison, (view, c), j)
        look = {"color": colour, "marker": mark, "markerfacecolor": face}
        reachable(ax, float(x[j]), float(y[j]), told, **look)
    _names(ax, comparison, (view, c), label)
    head(ax, f"{contrast[0]} \N{MINUS SIGN} {contrast[1]}")
    axis_labels(
        ax, spoken("difference, SD of the output"), spoken("\N{MINUS SIGN}log10 adjusted p")
    )
    return ax


def heights(comparison: Comparison, view: int, c: int) -> Float:
    """-log10 of the adjusted p, (p,); p is at least 1 / (draws + 1)."""
    smallest = 1.0 / (comparison.draws + 1)
    tall: Float = -np.log10(np.maximum(comparison.p_maxt[view, c], smallest))
    return tall


def outstanding(comparison: Comparison, at: tuple[int, int]) -> list[int]:
    """Which features are named, the first ones first; none of those of which nothing is known.

    Those told to differ, then those below the line of p, then those beyond the margin; within each
    the smallest adjusted p first, and of one p the largest difference.
    """
    x, p = comparison.effect[at], comparison.p_maxt[at]
    told = comparison.verdict[at] == "different"
    low, far = p <= comparison.alpha, np.abs(x) > comparison.margin
    rank = np.select([told, low, far], [0, 1, 2], default=3)
    known = np.flatnonzero(np.isfinite(x) & (rank < 3))
    order = np.lexsort((-np.abs(x[known]), p[known], rank[known]))
    return [int(j) for j in known[order]]


def _told(comparison: Comparison, at: tuple[int, int], j: int) -> str:
    """One difference in words."""
    numbers = (float(a[(*at, j)]) for a in (comparison.effect, comparison.low, comparison.high))
    pair = " \N{MINUS SIGN} ".join(comparison.contrasts[at[1]])
    word = spoken(SPOKEN[str(comparison.verdict[(*at, j)])])
    return f"{comparison.subjects[j]}, {pair}: {estimate(*numbers, sign=True)}, {word}"


def _names(ax: Axes, comparison: Comparison, at: tuple[int, int], label: int) -> None:
    x, y = comparison.effect[at], heights(comparison, *at)
    known = np.flatnonzero(np.isfinite(x))
    if not known.size:
        write(
            ax,
            0.5,
            0.5,
            spoken("cannot be asked here"),
            ha="center",
            transform=ax.transAxes,
            style="italic",
        )
        return
    widest = max(float(np.abs(x[known]).max()), comparison.margin) * 1.25
    top = max(float(y[known].max()), -float(np.log10(comparison.alpha))) * 1.12
    ax.set_xlim(-widest, widest)
    ax.set_ylim(-0.03 * top, top)
    chosen = outstanding(comparison, at)[:label]
    named = [(comparison.subjects[j], float(x[j]), float(y[j])) for j in chosen]
    name_marks(ax, named, np.column_stack([x[known], y[known]]))


def volcano_text(comparison: Comparison, contrast: tuple[str, str], view: int = 0) -> str:
    """What the volcano shows, in words."""
    c = comparison.contrast(*contrast)
    x = comparison.effect[view, c]
    level, reference = contrast
    names = spoken("{level} against {reference}", level=level, reference=reference)
    if not np.isfinite(x).any():
        return spoken("{contrast}: no difference can be estimated here.", contrast=names)
    j = int(np.nanargmax(np.abs(x)))
    beyond = int((np.abs(x[np.isfinite(x)]) > comparison.margin).sum())
    return spoken(
        LARGEST,
        contrast=names,
        feature=comparison.subjects[j],
        difference=fixed(float(x[j]), 2, sign=True),
        beyond=beyond,
        n=int(np.isfinite(x).sum()),
        margin=fixed(comparison.margin, 2),
    )
