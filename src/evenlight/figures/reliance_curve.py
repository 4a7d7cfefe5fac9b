"""F9: how much of all attribution rests on subjects that tell the group so far or further."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from evenlight.arrays import Float
from evenlight.data.digits import number
from evenlight.figures.ink import CALM, INK, axis_labels, plane
from evenlight.figures.reliance import TELLS
from evenlight.language import spoken
from evenlight.measures.reliance import Reliance

EMPTY = "No subject tells {grouping} at all, so the curve is empty."
BEST = (
    "{feature} tells {grouping} best (association {association}), with {share} of mean "
    "|attribution|."
)
AT_LINE = {
    "above": "At the dashed line the curve lies above the band.",
    "below": "At the dashed line the curve lies below the band.",
    "inside": "At the dashed line the curve lies inside the band.",
}

STEPS = 160
"""Steps that are drawn; of more, those at even distances."""


def reliance_curve(reliance: Reliance, *, ax: Axes | None = None) -> Axes:
    """The curve R over tau as steps, and the band in which it lies by chance.

    R(tau) is the share of mean |attribution| of subjects whose association with the group is tau or
    more. The dashed line stands at an association of 0.05.
    """
    ax = plane(ax, 560, 300)
    tau, height, low, high = curve_points(reliance)
    ax.fill_between(tau, low, high, step="pre", color=INK, alpha=0.12, linewidth=0)
    ax.step(tau, height, where="pre", color=CALM, linewidth=1.75)
    ax.axvline(TELLS, color=INK, linewidth=0.75, dashes=(3, 3))
    ax.set_xlim(0, max(float(tau[-1]), 2 * TELLS) * 1.02)
    ax.set_ylim(0, 1.02)
    told = spoken("association with {grouping}, at least", grouping=reliance.grouping)
    axis_labels(ax, told, spoken("share of mean |attribution|"))
    return ax


def curve_points(reliance: Reliance) -> tuple[Float, Float, Float, Float]:
    """Tau from 0, and at each R with the limits of chance; all in rising order of tau."""
    curve = reliance.curve
    low, high = reliance.curve_band()
    at = np.unique(np.linspace(0, len(curve.tau) - 1, min(len(curve.tau), STEPS)).astype(np.int64))
    if not len(curve.tau):
        return np.array([0.0, 1.0]), np.array([1.0, 0.0]), np.zeros(2), np.zeros(2)
    start = [curve.height[0]], [low[0]], [high[0]]
    parts = zip(start, (curve.height, low, high), strict=True)
    made = [np.concatenate([first, own[at]]) for first, own in parts]
    tau: Float = np.concatenate([[0.0], curve.tau[at]])
    return tau, made[0], made[1], made[2]


def reliance_curve_text(reliance: Reliance) -> str:
    """What the curve shows, in words."""
    curve = reliance.curve
    if not len(curve.tau):
        return spoken(EMPTY, grouping=reliance.grouping)
    best = int(np.nanargmax(reliance.association))
    told = spoken(
        BEST,
        feature=reliance.subjects[best],
        grouping=reliance.grouping,
        association=number(float(reliance.association[best])),
        share=number(float(reliance.mass[best])),
    )
    return f"{told} {_beside(reliance)}"


def _beside(reliance: Reliance) -> str:
    """Where the curve lies at an association of 0.05, beside its band."""
    curve, (low, high) = reliance.curve, reliance.curve_band()
    at = int(np.searchsorted(curve.tau, TELLS, side="left"))
    if at == len(curve.tau):
        return spoken("No subject reaches the dashed line.")
    height = float(curve.height[at])
    where = "above" if height > high[at] else "below" if height < low[at] else "inside"
    return spoken(AT_LINE[where])
