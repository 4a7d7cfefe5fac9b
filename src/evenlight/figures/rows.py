"""One row of a figure of differences: an estimate with its interval, in the look of its verdict."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from evenlight.arrays import Float
from evenlight.figures.ink import ACCENT, CALM, INK, write
from evenlight.language import spoken
from evenlight.measures.words import SPOKEN

LOOKS = {"different": (ACCENT, "D"), "similar": (CALM, "o"), "cannot_tell": (INK, "s")}
"""Colour and mark of a verdict; *cannot tell* is hollow."""


def estimate_row(ax: Axes, y: int, verdict: str, numbers: Float) -> None:
    """Effect, low and high (3,) at height `y`; the verdict in words where there is no effect."""
    if not np.isfinite(numbers[0]):
        write(ax, 0, y, spoken(SPOKEN[verdict]), ha="center", va="center", style="italic")
        return
    colour, mark = LOOKS.get(verdict, (INK, "s"))
    face = "none" if verdict == "cannot_tell" else colour
    ax.plot(numbers[1:], [y, y], color=colour, linewidth=1.5, solid_capstyle="butt")
    ax.plot(numbers[0], y, marker=mark, color=colour, markersize=7, markerfacecolor=face)
