"""Marks that can be reached: each has a title of its own, and the keyboard stops at it."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes

from evenlight.data.shown import short

MARK = "mark|"
"""How the id of a mark begins in a raw picture; what follows is its title (`figures.svg`)."""


def reachable(ax: Axes, x: float, y: float, text: str, **look: Any) -> None:
    """One mark at (x, y) with its title; titles of one figure differ."""
    style: dict[str, Any] = {"marker": "o", "markersize": 6.5, "linestyle": ""}
    ax.plot([x], [y], gid=f"{MARK}{short(text, 160)}", **style | look)
