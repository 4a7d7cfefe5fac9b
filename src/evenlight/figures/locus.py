"""What was found of variants, along the chromosomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes

from evenlight.arrays import Float, Int, Text
from evenlight.errors import FeatureError
from evenlight.figures.ink import COLOURS, INK, axis_labels, beside, key, look, plane, write
from evenlight.figures.naming import plot_size
from evenlight.language import spoken

GAP, LEAST = 0.015, 0.03
"""Room between two chromosomes, and for one of few variants, of the length of all."""

MEGA = 1e6

TICK = 8.5
"""Width in px of a character beside an axis."""


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Where p variants lie: `chromosome` (p,) and `position` (p,) in bases, NaN unknown.

    `build` is the genome build, "" where nobody recorded it.
    """

    names: tuple[str, ...]
    chromosome: Text
    position: Float
    build: str = ""

    def __post_init__(self) -> None:
        if not len(self.names) == len(self.chromosome) == len(self.position):
            raise FeatureError(
                f"{len(self.names)} variants have {len(self.chromosome)} chromosomes and "
                f"{len(self.position)} positions"
            )

    def take(self, at: Int) -> Places:
        """Those at some positions."""
        names = tuple(self.names[int(j)] for j in at)
        return Places(names, self.chromosome[at], self.position[at], self.build)

    def inside(self, chromosome: str, first: float, last: float) -> Int:
        """Positions of the variants from base `first` to `last` of a chromosome."""
        own = (self.chromosome == chromosome) & (self.position >= first) & (self.position <= last)
        return np.flatnonzero(own).astype(np.int64)


def locus(
    places: Places,
    values: Float,
    *,
    measure: str,
    levels: Sequence[str] = (),
    colours: Sequence[str] = COLOURS,
    label: int = 6,
    ax: Axes | None = None,
) -> Axes:
    """A stem a variant at its place, its height one of `values` (k, p); a mark a row of values.

    Several chromosomes stand side by side, each as long as from its first to its last variant. The
    `label` variants furthest from 0 carry their names. `measure` names the height, with its unit.
    """
    ax = plane(ax, 760, 300)
    x, ends = laid(places)
    ax.axhline(0, color=INK, linewidth=0.75)
    known = np.isfinite(x)
    top = np.where(np.isfinite(values), np.abs(values), 0.0)
    for k, row in enumerate(values):
        at = known & np.isfinite(row)
        style = look(k, colours)
        ax.vlines(x[at], 0, row[at], color=style["color"], linewidth=0.75, alpha=0.6)
        ax.plot(x[at], row[at], linestyle="", **(style | {"markersize": 5}))
    along_chromosomes(ax, ends, places.build)
    _names(ax, places, x, values[top.argmax(axis=0), np.arange(len(x))], label)
    axis_labels(ax, ax.get_xlabel(), measure)
    if levels:
        key(beside(ax), levels, colours)
    return ax


def laid(places: Places) -> tuple[Float, dict[str, tuple[float, float]]]:
    """The place of each variant on the axis (p,), and where each chromosome begins and ends there.

    One chromosome is in megabases; of several, each begins where the one before ends, and has room
    even where all its variants are at one place.
    """
    found: dict[str, tuple[float, float]] = {}
    for name in sorted(set(places.chromosome.tolist()), key=_rank):
        own = places.position[places.chromosome == name]
        if name and np.isfinite(own).any():
            found[name] = (float(np.nanmin(own)), float(np.nanmax(own)))
    if not found:
        raise FeatureError("no variant has both a chromosome and a position; nothing to lay out")
    x = np.full(len(places.position), np.nan)
    if len(found) == 1:
        name, (first, last) = found.popitem()
        own = places.chromosome == name
        x[own] = places.position[own] / MEGA
        return x, {name: (first / MEGA, last / MEGA)}
    whole = sum(last - first for first, last in found.values()) or MEGA
    ends, start = {}, 0.0
    for name, (first, last) in found.items():
        room = max(last - first, LEAST * whole)
        own = places.chromosome == name
        middle = start + (room - (last - first)) / 2
        x[own] = (places.position[own] - first + middle) / MEGA
        ends[name] = (start / MEGA, (start + room) / MEGA)
        start += room + GAP * whole
    return x, ends


def _rank(name: str) -> tuple[int, str]:
    """Chromosomes by number, letters after them."""
    return (int(name), "") if name.isdecimal() else (1000, name)


def along_chromosomes(
    ax: Axes, ends: dict[str, tuple[float, float]], build: str, *, shaded: bool = True
) -> None:
    """Name the axis of x: of one chromosome its megabases, of several which is where.

    Every second one is shaded, or a thin line stands between them where a band says something else.
    """
    told = f" ({build})" if build else ""
    if len(ends) == 1:
        name = spoken("position on chromosome {chromosome}, Mb", chromosome=next(iter(ends)))
        ax.set_xlabel(f"{name}{told}")
        ax.ticklabel_format(axis="x", useOffset=False)
        return
    edges = list(ends.values())
    for low, high in edges[::2] if shaded else ():
        ax.axvspan(low, high, color=INK, alpha=0.06, linewidth=0)
    for (_, high), (low, _) in () if shaded else pairwise(edges):
        ax.axvline((high + low) / 2, color=INK, linewidth=0.5, alpha=0.3)
    ax.set_xticks([(low + high) / 2 for low, high in ends.values()], _apart(ax, ends))
    ax.set_xlabel(f"{spoken('chromosome')}{told}")


def _apart(ax: Axes, ends: dict[str, tuple[float, float]]) -> list[str]:
    """The names of the chromosomes, "" where one would stand on the one before it."""
    left, right = ax.get_xlim()
    scale, shown, taken = plot_size(ax)[0] / (right - left), [], -np.inf
    for name, (low, high) in ends.items():
        half, middle = 0.5 * TICK * len(name), scale * ((low + high) / 2 - left)
        free = middle - half >= taken
        taken = middle + half + 0.5 * TICK if free else taken
        shown.append(name if free else "")
    return shown


def _names(ax: Axes, places: Places, x: Float, height: Float, label: int) -> None:
    """Names of the largest, towards the middle of the plot, none on another."""
    known = np.flatnonzero(np.isfinite(x) & np.isfinite(height))
    if not known.size:
        told = spoken("nothing known here")
        write(ax, 0.5, 0.5, told, ha="center", transform=ax.transAxes)
        return
    left, right = ax.get_xlim()
    low, high = ax.get_ylim()
    room = 0.08 * (high - low)
    ax.set_ylim(low - (room if low < 0 else 0), high + room)
    taken: list[tuple[float, float, float]] = []
    for j in known[np.argsort(-np.abs(height[known]), kind="stable")][:label]:
        name, at, y = places.names[j][:18], float(x[j]), float(height[j])
        wide = 0.012 * len(name) * (right - left)
        way = -1 if at > (left + right) / 2 else 1
        near = at + way * 0.01 * (right - left)
        span = sorted((near, near + way * wide))
        if any(a < span[1] and span[0] < b and abs(y - h) < 0.7 * room for a, b, h in taken):
            continue
        taken.append((span[0], span[1], y))
        write(ax, near, y, name, ha="left" if way > 0 else "right", va="center")
