"""Names beside marks: none on a mark, none on another name, a thin line where one stands apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from evenlight.arrays import Float
from evenlight.data.shown import short
from evenlight.figures.ink import INK, write

Box: TypeAlias = tuple[float, float, float, float]
"""Left, right, bottom and top, in px of the plot."""

CHARACTER, LINE = 7.6, 15.0
"""Width and height in px of a character of the smallest text."""

RADIUS = 5.5
"""Of a mark, in px."""

THIN = 3.0
"""What a line keeps from other marks, in px."""

STEPS = (9.0, 18.0, 30.0, 44.0, 60.0)
"""How far from its mark a name may stand, in px; from the second on a line leads to it."""

WAYS = ((1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1), (0, 1), (0, -1))


def name_marks(
    ax: Axes,
    named: Sequence[tuple[str, float, float]],
    marks: Float,
    *,
    taken: Sequence[Box] = (),
    longest: int = 18,
) -> None:
    """Write each name beside its mark at (x, y), the first ones first; where no room is, none.

    `marks` (n, 2) are all marks of the plot, `taken` boxes in which nothing may stand. The limits
    of the axes are set before.
    """
    size = plot_size(ax)
    dots, boxes = _to_px(ax, marks, size), list(taken)
    for name, x, y in named:
        text = short(name, longest)
        at = _to_px(ax, np.array([[x, y]]), size)[0]
        found = _free(at, text, dots, boxes, size)
        if found is None:
            continue
        box, line = found
        boxes.append(box)
        if len(line):
            ends = _to_data(ax, line[[0, -1]], size)
            ax.add_collection(LineCollection([ends], colors=INK, linewidths=0.5, alpha=0.6), False)
            dots = np.vstack([dots, line])
        place = _to_data(ax, _middle(box), size)[0]
        write(ax, float(place[0]), float(place[1]), text, ha="center", va="center")


def plot_size(ax: Axes) -> tuple[float, float]:
    """Width and height of the plot in px at 96 dpi, before the layout is settled."""
    figure = ax.get_figure(root=True)
    wide, tall = (96.0 * v for v in figure.get_size_inches()) if figure is not None else (460, 330)
    own = ax.get_position()
    rows = ax.get_subplotspec()
    if rows is not None and rows.get_gridspec().get_geometry() == (1, 1):
        return max(wide - 75.0, 60.0), max(tall - 85.0, 60.0)
    return float(wide * own.width), float(tall * own.height)


def _free(
    at: Float, text: str, dots: Float, boxes: Sequence[Box], size: tuple[float, float]
) -> tuple[Box, Float] | None:
    """The nearest box for a text in which nothing stands, and points of the line that leads to it.

    No line crosses another name, mark or line; beside the mark there is none.
    """
    wide = CHARACTER * len(text)
    for step in STEPS:
        for right, up in WAYS:
            x = float(at[0]) + right * (step + wide / 2)
            y = float(at[1]) + up * (step if right else step + LINE / 2)
            box = (x - wide / 2, x + wide / 2, y - LINE / 2, y + LINE / 2)
            line = _line(at, box) if step > STEPS[0] else np.zeros((0, 2))
            if _inside(box, size) and _empty(box, dots, boxes) and _clear(line, dots, boxes):
                return box, line
    return None


def _line(at: Float, box: Box) -> Float:
    """Points (20, 2) from a mark to the nearest of a box."""
    near = np.clip(at, [box[0], box[2]], [box[1], box[3]])
    made: Float = np.linspace(at, near, 20)
    return made


def _clear(line: Float, dots: Float, boxes: Sequence[Box]) -> bool:
    x, y = line.T
    if any(((x > a) & (x < b) & (y > c) & (y < d)).any() for a, b, c, d in boxes):
        return False
    others = dots[np.hypot(*(dots - line[0]).T) > 0.5] if len(line) else dots[:0]
    return not any((np.hypot(*(others - point).T) < THIN).any() for point in line)


def _middle(box: Box) -> Float:
    return np.array([[(box[0] + box[1]) / 2, (box[2] + box[3]) / 2]])


def _inside(box: Box, size: tuple[float, float]) -> bool:
    return box[0] >= 0 and box[1] <= size[0] and box[2] >= 0 and box[3] <= size[1]


def _empty(box: Box, dots: Float, boxes: Sequence[Box]) -> bool:
    left, right, low, high = box
    x, y = dots.T
    on = (x > left - RADIUS) & (x < right + RADIUS) & (y > low - RADIUS) & (y < high + RADIUS)
    others = any(left < b and a < right and low < d and c < high for a, b, c, d in boxes)
    return not on.any() and not others


def _to_px(ax: Axes, points: Float, size: tuple[float, float]) -> Float:
    low, span = _limits(ax)
    made: Float = (points - low) / span * np.array(size)
    return made


def _to_data(ax: Axes, points: Float, size: tuple[float, float]) -> Float:
    low, span = _limits(ax)
    made: Float = low + points / np.array(size) * span
    return made


def _limits(ax: Axes) -> tuple[Float, Float]:
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    return np.array([left, low]), np.array([right - left, high - low])
