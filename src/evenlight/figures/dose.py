"""F17: how far outputs move as a perturbation grows, by group."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from evenlight.arrays import Float, Int
from evenlight.data.digits import fixed
from evenlight.figures.ink import INK, axis_labels, head, look, plane, write
from evenlight.language import spoken
from evenlight.measures.fragile import Fragility

LINE = 36
"""Characters of a line of the unit, which stands below a panel of 300 px."""


def dose_response(record: Fragility, perturbation: str, *, ax: Axes | None = None) -> Axes:
    """Mean size of change over the strength of one perturbation, with pointwise 95 % limits.

    A line a group, each from 0 at strength 0 (dotted; where strengths are told by the doubling,
    from the first one). A ring marks a strength at which groups differ. All panels share the range
    of sizes, so that they can be read side by side.
    """
    ax = plane(ax, 300, 260)
    at, log = _steps(record, perturbation), _log(record, perturbation)
    x, m = record.strength[at], record.measure("size")
    apart = record.apart.verdict[record.view("size")][:, at]
    for i, level in enumerate(record.levels):
        r, style = record.part(level), look(i)
        y, low, high = (v[r, at, m] for v in (record.value, record.low, record.high))
        if np.isnan(y).any():
            continue
        ax.vlines(_beside(x, i, record, log=log), low, high, color=style["color"], linewidth=1.25)
        ax.plot(_beside(x, i, record, log=log), y, linewidth=1, **style)
        if not log:
            ax.plot([0, x[0]], [0, y[0]], color=style["color"], linewidth=0.75, dashes=(1, 2))
        ringed = (apart == "different")[[level in pair for pair in record.contrasts]].any(axis=0)
        if ringed.any():
            _rings(ax, _beside(x, i, record, log=log)[ringed], y[ringed])
    _frame(ax, record, x, log=log)
    head(ax, perturbation)
    axis_labels(ax, record.unit[at[0]], spoken("size of change, SD(f)"), line=LINE)
    return ax


def dose_text(record: Fragility) -> str:
    """What moves whom, and whether it grows, in words."""
    told = []
    m, view = record.measure("size"), record.view("size")
    for d, name in enumerate(record.doses.perturbations):
        at = _steps(record, name)
        last = int(at[-1])
        sizes = {level: record.value[record.part(level), last, m] for level in record.levels}
        shown = [f"{level} {fixed(float(v), 2)}" for level, v in sizes.items() if np.isfinite(v)]
        rising = [
            level for level in record.levels if record.doses.word[record.part(level), d] == "rises"
        ]
        differ = (record.apart.verdict[view][:, at] == "different").any()
        said = [f"{_at(name, float(record.strength[last]))}: {', '.join(shown) or _few()}"]
        if rising:
            said.append(spoken("it rises with the strength in {groups}", groups=", ".join(rising)))
        said += [spoken("groups differ")] if differ else []
        told.append("; ".join(said) + ".")
    return " ".join(told)


def _at(perturbation: str, strength: float) -> str:
    return spoken("{change} at {strength}", change=perturbation, strength=f"{strength:g}")


def _few() -> str:
    return spoken("too few people")


def _steps(record: Fragility, perturbation: str) -> Int:
    """The positions of the steps of one perturbation; LookupError where there is none."""
    at = np.flatnonzero(np.array(record.perturbation) == perturbation)
    if not len(at):
        known = ", ".join(dict.fromkeys(record.perturbation))
        raise LookupError(f"no perturbation {perturbation!r}; known: {known}")
    return at.astype(np.int64)


def _log(record: Fragility, perturbation: str) -> bool:
    return record.doses.scale[record.doses.perturbations.index(perturbation)] == "log2"


def _rings(ax: Axes, x: Float, y: Float) -> None:
    """Rings, beyond the frame as well; without points they would take room at the corner."""
    ax.plot(
        x, y, linestyle="", marker="o", markersize=12, markerfacecolor="none",
        markeredgecolor=INK, markeredgewidth=0.75, clip_on=False,
    )  # fmt: skip


def _beside(x: Float, i: int, record: Fragility, *, log: bool) -> Float:
    """Strengths moved a little aside, so that the limits of groups do not lie upon each other."""
    away = (i - (len(record.levels) - 1) / 2) * 0.015
    return x * np.exp(3 * away) if log else x + away * float(x.max())


def _frame(ax: Axes, record: Fragility, x: Float, *, log: bool) -> None:
    """The range that all panels share, and a tick for each strength."""
    sizes = record.high[1:, :, record.measure("size")]
    known = sizes[np.isfinite(sizes)]
    top = float(known.max()) if known.size else 1.0
    if not known.size:
        write(ax, float(x.mean()), top / 2, _few(), ha="center", style="italic")
    ax.axhline(0, color=INK, linewidth=0.75)
    ax.set_ylim(-0.03 * top, 1.08 * top or 1.0)
    if log:
        ax.set_xscale("log")
        ax.set_xlim(float(x.min()) / 1.3, float(x.max()) * 1.3)
    else:
        ax.set_xlim(-0.03 * float(x.max()), 1.08 * float(x.max()))
    ax.xaxis.set_major_locator(FixedLocator(x.tolist()))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xticklabels([f"{v:g}" for v in x.tolist()], parse_math=False)
