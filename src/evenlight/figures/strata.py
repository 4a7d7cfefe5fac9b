"""F2: which group was seen where."""

from __future__ import annotations

import re

import numpy as np
from matplotlib.axes import Axes

from evenlight.data.digits import count
from evenlight.data.shown import short
from evenlight.figures.ink import (
    COLOURS,
    HATCHES,
    INK,
    SIZE,
    WIDE,
    axis_labels,
    plane,
    states,
    write,
)
from evenlight.language import spoken
from evenlight.measures.composition import UNKNOWN, Composition

MET = (
    "{n} of {all} strata of {strata} show more than one group; the largest is {largest} with "
    "{units} units shown."
)


def strata(composition: Composition, *, ax: Axes | None = None) -> Axes:
    """Units by stratum, stacked by group; a bar with a hidden cell is marked with an s."""
    ax = plane(ax, WIDE, 300)
    order = sorted(range(len(composition.strata)), key=lambda i: natural(composition.strata[i]))
    cells = np.nan_to_num(composition.cells)[order]
    floor = np.zeros(len(cells))
    for i, part in enumerate(composition.parts):
        known = part != UNKNOWN
        ax.bar(
            np.arange(len(cells)),
            cells[:, i],
            bottom=floor,
            width=0.8,
            label=f"part {i}",
            facecolor=COLOURS[i % len(COLOURS)] if known else "none",
            hatch=HATCHES[i % len(HATCHES)] if known else "",
            edgecolor=INK,
            linewidth=0.5,
            hatch_linewidth=0.5,
        )
        floor += cells[:, i]
    for x in np.flatnonzero(np.isnan(composition.cells[order]).any(axis=1)).tolist():
        write(ax, x, floor[x], "s", ha="center", va="bottom")
    states(ax, [composition.strata[i] for i in order])
    axis_labels(ax, composition.strata_name, spoken("units"))
    ax.set_ylim(0, max(float(floor.max(initial=0.0)) * 1.1, 1.0))
    made = ax.legend(
        frameon=False,
        fontsize=SIZE,
        labelcolor=INK,
        ncols=len(composition.parts),
        loc="lower left",
        bbox_to_anchor=(0, 1),
    )
    for text, part in zip(made.get_texts(), composition.parts, strict=True):
        text.set_parse_math(False)
        text.set_text(short(part, 34))
    return ax


def natural(label: str) -> tuple[tuple[int, str], ...]:
    """A key that sorts 2 before 11.

    >>> sorted(["11", "2", "1"], key=natural)
    ['1', '2', '11']
    """
    parts = re.findall(r"[0-9]+|[^0-9]+", label)
    return tuple((int(p), "") if p.isdecimal() else (-1, p) for p in parts)


def strata_text(composition: Composition) -> str:
    """What the bars show, in words."""
    if not composition.strata:
        return spoken("No strata were declared.")
    several = ((np.nan_to_num(composition.cells) > 0).sum(axis=1) > 1).sum()
    at = int(np.nan_to_num(composition.cells).sum(axis=1).argmax())
    largest = float(np.nansum(composition.cells[at]))
    return spoken(
        MET,
        n=int(several),
        all=len(composition.strata),
        strata=composition.strata_name,
        largest=composition.strata[at],
        units=count(largest),
    )
