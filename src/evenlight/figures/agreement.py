"""F7: how much of the top of two groups' rankings is the same, however deep one looks."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from evenlight.data.digits import percent
from evenlight.data.shown import versus
from evenlight.figures.ink import CALM, INK, axis_labels, head, plane, write
from evenlight.language import spoken
from evenlight.measures.agreement import RankAgreement

TICKS = (1, 2, 5, 10, 20, 50, 100, 200)

LOWER = (
    "{contrast}: {share} of the {k} most important are the same, {expected} by noise alone; "
    "at some depth fewer than noise alone leaves."
)
NO_LOWER = (
    "{contrast}: {share} of the {k} most important are the same, {expected} by noise alone; "
    "at no depth fewer than noise alone leaves."
)


def rank_curve(record: RankAgreement, contrast: int, *, ax: Axes | None = None) -> Axes:
    """The share of the top k that both groups have, over k; dashed what noise alone leaves.

    The band reaches from the 5 % point without any difference between the groups to its mean: a
    curve below it is lower than chance makes it.
    """
    ax = plane(ax, 460, 280)
    k, top = record.depths, record.top[contrast]
    if not np.isfinite(top).any():
        why = str(record.reason[contrast, 0])
        write(ax, 0.5, 0.5, why, ha="center", transform=ax.transAxes, style="italic", longest=60)
    else:
        low, mean = record.top_low[contrast], record.top_expected[contrast]
        ax.fill_between(k, low, mean, color=INK, alpha=0.12, linewidth=0)
        ax.plot(k, mean, color=INK, linewidth=1.0, dashes=(4, 3))
        ax.plot(k, top, "o-", color=CALM, linewidth=1.5, markersize=5)
    ax.set_xscale("log")
    ax.set_xlim(0.9, float(k[-1]) * 1.1)
    ticks = [t for t in TICKS if t <= k[-1]]
    ax.xaxis.set_major_locator(FixedLocator(ticks))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xticklabels([str(t) for t in ticks])
    ax.set_ylim(0, 1.04)
    head(ax, versus(record.contrasts[contrast]))
    axis_labels(ax, spoken("the most important k"), spoken("share in both groups"))
    return ax


def rank_text(record: RankAgreement, contrast: int) -> str:
    """What the curve shows, in words, at the depth of the table."""
    pair = versus(record.contrasts[contrast])
    top = record.top[contrast]
    if not np.isfinite(top).any():
        return spoken("{contrast}: cannot be asked here.", contrast=pair)
    at = int(np.abs(record.depths - record.k).argmin())
    lower = bool((top < record.top_low[contrast]).any())
    return spoken(
        LOWER if lower else NO_LOWER,
        contrast=pair,
        share=percent(float(top[at])),
        k=int(record.depths[at]),
        expected=percent(float(record.top_expected[contrast, at])),
    )
