"""F10: how well groups can be told apart, beside what the outcome alone tells."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from evenlight.data.digits import fixed
from evenlight.data.shown import versus
from evenlight.figures.forest import LOOKS
from evenlight.figures.ink import INK, axis_labels, head, plane, rows, write
from evenlight.language import spoken
from evenlight.measures.leakage import Leakage

BEST = "{contrast} are told apart best by {name}: AUC {auc}."
BESIDE = "{contrast} are told apart best by {name}: AUC {auc}; the outcome alone has {alone}."

LEVEL = 0.5
"""The AUC of what tells nothing."""


def leakage_bars(record: Leakage, contrast: int, *, ax: Axes | None = None) -> Axes:
    """A bar a representation from 0.5 to its AUC, with 95 % limits, for one pair of groups.

    A ring is the AUC of the outcome alone, a short line what chance gives; the band ends at the
    margin. What only the outcome explains is told by every good model.
    """
    ax = plane(ax, 460, 70 + 34 * len(record.names))
    ax.axvspan(LEVEL - record.margin, LEVEL + record.margin, color=INK, alpha=0.09, linewidth=0)
    ax.axvline(LEVEL, color=INK, linewidth=0.75)
    for y in range(len(record.names)):
        _bar(ax, record, y, contrast)
    rows(ax, record.names, longest=30)
    ends = _ends(record)
    ax.set_xlim(min(0.4, float(ends.min()) - 0.03), max(0.75, float(ends.max()) + 0.03))
    head(ax, versus(record.contrasts[contrast]))
    axis_labels(ax, spoken("AUC of unseen people"))
    return ax


def _bar(ax: Axes, record: Leakage, y: int, c: int) -> None:
    auc, low, high, alone, expected = (
        float(a[y, c]) for a in (record.auc, record.low, record.high, record.alone, record.expected)
    )
    if not np.isfinite(auc):
        write(ax, LEVEL + 0.01, y, record.reason[y, c], va="center", style="italic", longest=44)
        return
    colour = LOOKS.get(str(record.verdict[y, c]), (INK, "s"))[0]
    hollow = str(record.verdict[y, c]) == "cannot_tell"
    face = "none" if hollow else colour
    ax.barh(y, auc - LEVEL, left=LEVEL, height=0.5, facecolor=face, edgecolor=colour, alpha=0.8)
    ax.plot([low, high], [y, y], color=INK, linewidth=1.25)
    ax.plot([expected, expected], [y - 0.32, y + 0.32], color=INK, linewidth=1.25)
    ax.plot(alone, y, "o", color=INK, markerfacecolor="none", markersize=7)


def _ends(record: Leakage) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    found = np.concatenate([a.ravel() for a in (record.low, record.high, record.alone)])
    known = found[np.isfinite(found)]
    return known if known.size else np.array([LEVEL])


def leakage_text(record: Leakage) -> str:
    """What the bars show, in words."""
    if not np.isfinite(record.auc).any():
        return spoken(
            "Whether anything tells {grouping} cannot be asked here.", grouping=record.grouping
        )
    r, c = np.unravel_index(int(np.nanargmax(record.auc)), record.auc.shape)
    alone = float(record.alone[r, c])
    return spoken(
        BESIDE if np.isfinite(alone) else BEST,
        contrast=versus(record.contrasts[int(c)]),
        name=record.names[r],
        auc=fixed(float(record.auc[r, c]), 2),
        alone=fixed(alone, 2) if np.isfinite(alone) else "",
    )
