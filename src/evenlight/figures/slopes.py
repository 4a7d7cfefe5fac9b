"""F13: the most important features before and after, in one group."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from evenlight.data.digits import number
from evenlight.data.shown import short
from evenlight.differing.record import Moved
from evenlight.figures.ink import INK, SMALL, axis_labels, head, look, plane, spread, write
from evenlight.language import spoken

LINES = 8
"""Features of one panel; more lines hide each other."""

NAME = 16.0
"""Height in px that a name beside the end of a line needs."""

TALL = 330.0
"""Height of a panel in px."""


def slope_chart(
    values: Sequence[Moved], *, i: int = 0, top: float | None = None, ax: Axes | None = None
) -> Axes:
    """Mean |attribution| before (left) and after (right), one line a feature, with 95 % limits.

    `values` are of one group, the i-th, and in the order of importance; of more than eight the
    first are drawn. `top` is where the scale ends, so that panels can be read side by side.
    """
    ax = plane(ax, 460, TALL)
    shown = values[:LINES]
    style = look(i)
    end = top or highest(values)
    for one in shown:
        ax.plot([0, 1], [one.before, one.after], linewidth=1.25, **style)
        for x, low, high in (
            (0, one.before_low, one.before_high),
            (1, one.after_low, one.after_high),
        ):
            ax.plot([x, x], [low, high], color=style["color"], linewidth=1.0, alpha=0.6)
    ends = spread([one.after for one in shown], end * NAME / (TALL - 70))
    for one, y in zip(shown, ends, strict=True):
        write(ax, 1.06, y, one.subject, va="center", longest=22, fontsize=SMALL)
    ax.set_xlim(-0.12, 1.9)
    ax.set_ylim(-0.02 * end, max(end, *ends) * 1.04)
    ax.set_xticks([0, 1], [spoken("before"), spoken("after")])
    ax.spines["bottom"].set_bounds(0, 1)
    for x in (0, 1):
        ax.axvline(x, color=INK, linewidth=0.5, alpha=0.3)
    head(ax, short(values[0].part, 34))
    axis_labels(ax, "", spoken("mean |attribution|"))
    return ax


def highest(values: Sequence[Moved]) -> float:
    """The largest limit of the features that are drawn."""
    return max((max(v.before_high, v.after_high) for v in values[:LINES]), default=1.0) or 1.0


def slope_text(values: Sequence[Moved]) -> str:
    """What the lines of one group show, in words."""
    far = max(values[:LINES], key=lambda one: abs(one.after - one.before))
    return spoken(
        "In {group} the furthest of {n} moved {feature}, from {before} to {after}.",
        group=values[0].part,
        n=min(len(values), LINES),
        feature=far.subject,
        before=number(far.before),
        after=number(far.after),
    )
