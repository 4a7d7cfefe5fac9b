"""One person: from the mean output to their own, feature by feature. Never for a report."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from evenlight.arrays import Float
from evenlight.data.digits import fixed
from evenlight.figures.ink import ACCENT, CALM, INK, axis_labels, plane, rows, write
from evenlight.language import spoken

TALL = 26
"""Height in px of a row."""


def waterfall(
    names: Sequence[str],
    parts: Float,
    *,
    base: float,
    output: float,
    scale: str,
    ax: Axes | None = None,
) -> Axes:
    """Bars of `parts` (m,) from `base`, the largest on top, to `output`, what the model said.

    `base` and all parts add up to the output but for the explainer's error. Parts that raise the
    output are plain, those that lower it hatched; each carries its number.
    """
    ax = plane(ax, *size(len(names)))
    ends = base + np.cumsum(parts)
    starts = ends - parts
    wide = float(np.ptp([base, output, *ends])) or 1.0
    for y, (start, part) in enumerate(zip(starts, parts, strict=True)):
        _step(ax, y, float(start), float(part), wide)
    for y in range(len(names) - 1):
        ax.plot([ends[y]] * 2, [y + 0.36, y + 0.64], color=INK, linewidth=0.5)
    rows(ax, list(names))
    ax.axvline(base, color=INK, linewidth=0.75, dashes=(3, 3), zorder=0.5)
    ax.axvline(output, color=INK, linewidth=0.75, zorder=0.5)
    low, high = min(base, output, *ends), max(base, output, *ends)
    ax.set_xlim(low - 0.22 * wide, high + 0.22 * wide)
    _ends(ax, base, output)
    axis_labels(ax, scale)
    return ax


def size(features: int) -> tuple[float, float]:
    """Width and height in px that a plot of so many features needs."""
    return 560.0, 100.0 + TALL * features


def _step(ax: Axes, y: int, start: float, part: float, wide: float) -> None:
    up = part >= 0
    ax.barh(
        y, part, left=start, height=0.72, color=ACCENT if up else "white",
        edgecolor=ACCENT if up else CALM, hatch="" if up else "////", linewidth=1,
    )  # fmt: skip
    beside = start + part + (0.012 if up else -0.012) * wide
    clear = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
    write(ax, beside, y, told(part), ha="left" if up else "right", va="center", bbox=clear)


def told(part: float) -> str:
    """A contribution with its sign, two decimals or as many as it takes.

    >>> told(0.5), told(-0.0042), told(0.0)
    ('+0.50', '\N{MINUS SIGN}0.0042', '0.00')
    """
    size = abs(part)
    places = 2 if size >= 0.095 or size == 0 else min(1 - int(np.floor(np.log10(size))), 6)
    return fixed(part, places, sign=True)


def _ends(ax: Axes, base: float, output: float) -> None:
    """Names of the two lines above the plot, to either side of them."""
    names = (
        (base, spoken("base {value}", value=fixed(base, 2))),
        (output, spoken("output {value}", value=fixed(output, 2))),
    )
    left = min(base, output)
    for at, name in names:
        side = "right" if at == left and (base != output) else "left"
        write(
            ax, at, 1.01, name, transform=ax.get_xaxis_transform(), ha=side, va="bottom",
        )  # fmt: skip
