"""What the marks of a figure mean, above it or in it: for notebooks, where no caption says it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from evenlight.arrays import Text
from evenlight.data.digits import plain
from evenlight.figures.ink import ACCENT, CALM, INK, SIZE, beside
from evenlight.figures.rows import LOOKS
from evenlight.language import spoken
from evenlight.measures.words import SPOKEN


def verdict_key(ax: Axes, verdicts: Text, margin: float | None = None) -> None:
    """Marks of the verdicts that occur, and the band of the margin."""
    there = [v for v in LOOKS if (np.asarray(verdicts) == v).any()]
    made: list[Artist] = [
        _mark(spoken(SPOKEN[v]), *LOOKS[v], hollow=v == "cannot_tell") for v in there
    ]
    if margin is not None:
        told = spoken("margin {margin}", margin=plain(margin))
        made.append(Patch(color=INK, alpha=0.09, linewidth=0, label=told))
    _legend(ax, made)


def reliance_key(ax: Axes) -> None:
    """Marks of what is used and tells the group, and of all others."""
    both = _mark(spoken("used above an equal share, and tells the group"), ACCENT, "D")
    _legend(ax, [both, _mark(spoken("any other"), CALM, "o")])


def _mark(label: str, colour: str, mark: str, *, hollow: bool = False) -> Line2D:
    face = "none" if hollow else colour
    return Line2D(
        [], [], linestyle="", color=colour, marker=mark, markersize=6.5, markerfacecolor=face,
        label=label,
    )  # fmt: skip


def _legend(ax: Axes, marks: Sequence[Artist]) -> None:
    """A key above the plot where the figure leaves room for it, else inside the plot."""
    if not marks:
        return
    place = beside(ax)
    above = isinstance(place, Figure)
    place.legend(
        handles=list(marks),
        loc="outside upper left" if above else "best",
        ncols=len(marks) if above else 1,
        frameon=False,
        fontsize=SIZE,
        labelcolor=INK,
        handletextpad=0.3,
        columnspacing=1.2,
    )
