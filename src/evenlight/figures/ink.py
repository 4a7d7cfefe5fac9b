"""One look for all figures: a canvas without global state, ink like the page's, colours, marks.

Group colours are a subset of the palette of Okabe and Ito (2008) with a contrast of at least 3:1 on
white and on the page's dark ground; every group has a mark of its own as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from textwrap import fill
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from evenlight.data.shown import short

INK = "#1a1a1a"
"""Text, axes and (thinned) bands; the inline picture turns it into the page's own text colour."""

COLOURS = ("#0072B2", "#D55E00", "#CC79A7", "#009E73", "#767676")
MARKS = ("o", "s", "^", "D", "v")
HATCHES = ("", "//", "\\\\", "--", "||")
ACCENT, CALM = "#D55E00", "#0072B2"

WIDE = 1100
"""Width in px of a figure that fills the page."""

SIZE = 9.75
"""Points: 13 px at 96 dpi."""

SMALL = 9.0
"""Points: 12 px, the smallest text of a figure."""


def canvas(width: float, height: float) -> Figure:
    """An empty figure of `width` x `height` px at 96 dpi."""
    made = Figure(figsize=(width / 96, height / 96), layout="constrained")
    engine = made.get_layout_engine()
    if isinstance(engine, ConstrainedLayoutEngine):
        engine.set(w_pad=0.06, h_pad=0.06, wspace=0.03, hspace=0.05)
    return made


def plane(ax: Axes | None, width: float = 720, height: float = 360) -> Axes:
    """`ax`, or the axes of a new figure, in the house's look."""
    plain = canvas(width, height).add_subplot() if ax is None else ax
    plain.set_facecolor("none")
    for side in ("top", "right"):
        plain.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        plain.spines[side].set_color(INK)
        plain.spines[side].set_linewidth(0.75)
    plain.tick_params(colors=INK, labelsize=SIZE, width=0.75, length=3)
    return plain


def grid(panels: int, columns: int, size: tuple[float, float]) -> tuple[Figure, list[Axes]]:
    """A figure of `panels` axes in rows of `columns`, each of `size` (width, height) px."""
    columns = max(min(columns, panels), 1)
    rows = -(-panels // columns)
    figure = canvas(size[0] * columns, size[1] * rows)
    return figure, [figure.add_subplot(rows, columns, i + 1) for i in range(panels)]


def write(ax: Axes, x: float, y: float, text: object, **own: Any) -> None:
    """A label in the plot; a dollar sign is a dollar sign."""
    look: dict[str, Any] = {"fontsize": SMALL, "color": INK, "parse_math": False}
    ax.text(x, y, short(text, own.pop("longest", 40)), **look | own)


def axis_labels(ax: Axes, x: str = "", y: str = "", *, line: int = 100) -> None:
    """Names of the two axes; that of x in lines of so many characters."""
    ax.set_xlabel(fill(short(x, 100), line), fontsize=SIZE, color=INK, parse_math=False)
    ax.set_ylabel(short(y, 60), fontsize=SIZE, color=INK, parse_math=False)


def rows(ax: Axes, labels: Sequence[str], longest: int = 34) -> None:
    """Name the rows 0, 1, ... of a plot, first on top."""
    shown = [short(label, longest) for label in labels]
    ax.set_yticks(range(len(labels)), shown, parse_math=False)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set_ylim(len(labels) - 0.5, -0.5)


def states(ax: Axes, labels: Sequence[str], longest: int = 30) -> None:
    """Name the columns 0, 1, ... of a plot; a long name stands in several lines."""
    shown = [fill(short(label, longest), 12) for label in labels]
    ax.set_xticks(range(len(labels)), shown, parse_math=False)


def few_ticks(ax: Axes) -> None:
    """At most five numbers on the axis of x, so that long ones have room."""
    ax.xaxis.set_major_locator(MaxNLocator(nbins=4))


def head(ax: Axes, text: str) -> None:
    """The name of one panel among several."""
    ax.set_title(short(text, 36), fontsize=SIZE, color=INK, loc="left", parse_math=False)


def key(figure: Figure | Axes, levels: Sequence[str], colours: Sequence[str] = COLOURS) -> None:
    """The groups' colours, marks and names above all panels, or inside one of them."""
    marks = [
        Line2D([], [], linestyle="", label=level, **look(i, colours))
        for i, level in enumerate(levels)
    ]
    above = isinstance(figure, Figure)
    made = figure.legend(
        handles=marks,
        loc="outside upper left" if above else "best",
        ncols=min(len(levels), 5) if above else 1,
        frameon=False,
        fontsize=SIZE,
        labelcolor=INK,
        handletextpad=0.2,
        columnspacing=1.4,
    )
    for text, level in zip(made.get_texts(), levels, strict=True):
        text.set_parse_math(False)
        text.set_text(short(level, 34))


def beside(ax: Axes) -> Figure | Axes:
    """Where a key goes: above the plot where a figure leaves room for it, else inside the plot."""
    figure = ax.figure
    if isinstance(figure, Figure) and len(figure.axes) == 1 and figure.get_constrained_layout():
        return figure
    return ax


def look(i: int, colours: Sequence[str] = COLOURS) -> dict[str, Any]:
    """Colour and mark of group number `i`, for lines and points; the same look after 25 groups."""
    colour, mark = colours[i % len(colours)], MARKS[(i + i // len(MARKS)) % len(MARKS)]
    return {"color": colour, "marker": mark, "markersize": 6.5, "markeredgewidth": 0}


def spread(values: Sequence[float], gap: float) -> list[float]:
    """The values moved apart to at least `gap`, in their order.

    >>> spread([0.0, 0.1, 2.0], 1.0)
    [0.0, 1.0, 2.0]
    """
    order = sorted(range(len(values)), key=lambda i: values[i])
    moved = list(values)
    for before, after in pairwise(order):
        moved[after] = max(moved[after], moved[before] + gap)
    return moved
