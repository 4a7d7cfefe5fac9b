"""One map as a picture: shades with 0 in the middle, on a template, faint outside of clusters."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import fill
from typing import TypeVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure, SubFigure

from evenlight.arrays import Bool, Float
from evenlight.figures.ink import ACCENT, CALM, INK, SMALL, canvas, write
from evenlight.language import spoken

SHADES = LinearSegmentedColormap.from_list(
    "evenlight", ["#08306B", CALM, "#F2F2F2", ACCENT, "#662400"]
)
"""Blue, nearly white, orange: no red beside green."""

FAINT = 0.35
"""Opacity of positions that are in no significant cluster."""

SHARP = 256
"""Pixels of a map's longer side, at least."""

Cut = TypeVar("Cut", Float, Bool)


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """One plane of a map: `axis` and position `at` of a volume (None for a picture)."""

    axis: int | None
    at: int
    name: str
    tall: float = 1.0
    """Height of a position over its width."""

    def of(self, values: Cut) -> Cut:
        """The plane of values (*s), its rows from top to bottom as they are drawn."""
        if self.axis is None:
            return values
        made: Cut = np.take(values, self.at, axis=self.axis).T[::-1]
        return made


def shade_map(
    ax: Axes,
    plane: Plane,
    values: Float,
    over: tuple[Float | None, Bool | None, Normalize],
    *,
    line: bool = True,
) -> None:
    """One map on a template; faint where `solid` is False, which a line runs around."""
    template, solid, scale = over
    _bare(ax)
    shown = plane.of(values)
    if not np.isfinite(shown).any():
        told = spoken("cannot be shown")
        write(ax, 0.5, 0.5, told, ha="center", transform=ax.transAxes, style="italic")
        return
    under = np.ones(shown.shape) if template is None else _grey(plane.of(template))
    inside = None if solid is None else plane.of(solid)
    h, w = shown.shape
    ax.imshow(
        _enlarged(_blended(shown, under, inside, scale)), interpolation="none",
        extent=(-0.5, w - 0.5, h - 0.5, -0.5), aspect=plane.tall,
    )  # fmt: skip
    if line and inside is not None and inside.any() and not inside.all():
        _outline(ax, inside)


def _blended(shown: Float, under: Float, inside: Bool | None, scale: Normalize) -> Float:
    """The colours (h, w, 3) of a map over a grey picture; faint outside of clusters."""
    size = np.clip(np.abs(shown) / max(float(scale.vmax or 1.0), 1e-300), 0, 1)
    least = (1.0, 1.0) if (under == 1).all() else (0.2, 0.5)
    cover = least[0] + (1 - least[0]) * np.sqrt(size)
    if inside is not None:
        cover = np.where(inside, least[1] + (1 - least[1]) * np.sqrt(size), FAINT * cover)
    made: Float = cover[..., None] * SHADES(scale(shown))[..., :3]
    return made + (1 - cover[..., None]) * under[..., None]


def _grey(template: Float) -> Float:
    """A template from 0 (black) to 0.9, between its 1st and 99th percentile."""
    low, high = np.quantile(template, (0.01, 0.99))
    made: Float = 0.9 * np.clip((template - low) / max(float(high - low), 1e-300), 0, 1)
    return made


def _enlarged(colours: Float) -> Float:
    """Each position as a square of several pixels, so that no viewer blurs it."""
    times = max(1, -(-SHARP // max(colours.shape[:2])))
    return colours.repeat(times, axis=0).repeat(times, axis=1)


def _outline(ax: Axes, inside: Bool) -> None:
    """One line along all edges between positions that are inside and those that are not."""
    wide, x, y = np.pad(inside, 1).astype(np.int8), list[float](), list[float]()
    for axis in (0, 1):
        for r, c in np.argwhere(np.diff(wide, axis=axis) != 0) - 1:
            x += [c - 0.5, c + 0.5, np.nan] if axis == 0 else [c + 0.5, c + 0.5, np.nan]
            y += [r + 0.5, r + 0.5, np.nan] if axis == 0 else [r - 0.5, r + 0.5, np.nan]
    for colour, width in (("white", 2.4), ("black", 1.2)):
        ax.plot(x, y, color=colour, linewidth=width, solid_capstyle="projecting")


def _bare(ax: Axes) -> None:
    ax.set_xticks([])
    ax.set_yticks([])
    for side in ax.spines.values():
        side.set_color(INK)
        side.set_linewidth(0.5)


def overlay(
    values: Float, image: Float, *, plane: Plane | None = None, ax: Axes | None = None
) -> Axes:
    """One person's attributions (*s) over their image (*s). For a notebook, never for a report."""
    ax = canvas(336, 315).add_subplot() if ax is None else ax
    end = float(np.quantile(np.abs(values), 0.995)) or 1.0
    here = plane or Plane(None, 0, "")
    solid = np.abs(values) >= 0.25 * end
    shade_map(ax, here, values, (image, solid, Normalize(-end, end)), line=False)
    shade_bar(ax.figure, ax, Normalize(-end, end), spoken("attribution"))
    return ax


def shade_bar(
    figure: Figure | SubFigure, held: Axes | list[Axes], scale: Normalize, name: str
) -> None:
    """The key of shades below one map, or below several that share a scale."""
    bar = figure.colorbar(
        ScalarMappable(scale, SHADES), ax=held, orientation="horizontal", aspect=30, pad=0.02,
        shrink=0.9, extend="both",
    )  # fmt: skip
    bar.ax.tick_params(labelsize=SMALL, colors=INK, length=2)
    bar.ax.locator_params(nbins=4 if isinstance(held, list) and len(held) > 3 else 3)
    bar.outline.set_linewidth(0.5)
    bar.set_label(fill(name, 36), fontsize=SMALL, color=INK, parse_math=False)
