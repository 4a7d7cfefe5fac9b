"""Pictures F18 and F19: decision curves by group, and performance along an axis."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from evenlight.data.shown import short
from evenlight.figures.along import along_curve, along_text
from evenlight.figures.decision import decision_curve, decision_text
from evenlight.figures.ink import WIDE, grid
from evenlight.measures.along import PerformanceAlong
from evenlight.measures.decisions import Decisions
from evenlight.reports.drawing import drawn
from evenlight.reports.parts import Drawing
from evenlight.reports.words import fewer
from evenlight.small_groups import least_shown

CURVES = (
    "Net benefit of acting on the prediction, with pointwise 95 % limits; dashed: calling "
    "everybody; the line at 0: calling nobody; dotted: the deployed threshold. A curve is "
    "broken where {few} people would be on one side."
)
WALK = (
    "Along {axis}: local lines with simultaneous 95 % bands; dashed: the value over all. At least "
    "{least} units' worth of people stand behind every point."
)
MOST_COMPONENTS = 2
"""Components of an axis that are drawn."""


def decided(record: Decisions, i: int) -> Iterator[Drawing]:
    """F18, one panel a group, where there are curves."""
    if not (record.curve_reason == "").any():
        return
    figure, panels = grid(len(record.levels), 3, (WIDE / 3, 280))
    for level, ax in zip(record.levels, panels, strict=True):
        decision_curve(record, level, ax=ax)
    yield drawn("F18", i, figure, decision_text(record), CURVES.format(few=fewer()))


def walked(record: PerformanceAlong, i: int) -> Iterator[Drawing]:
    """F19, one row of panels a component, where there are curves."""
    if not (record.curve_reason == "").any():
        return
    shown = record.components[:MOST_COMPONENTS]
    many = len(record.curves)
    figure, panels = grid(len(shown) * many, many, (WIDE / many, 250))
    for at, ax in zip(np.ndindex(len(shown), many), panels, strict=True):
        along_curve(record, shown[at[0]], record.curves[at[1]], ax=ax)
    yield drawn(
        "F19",
        i,
        figure,
        along_text(record),
        WALK.format(axis=short(record.axis, 60), least=least_shown()),
    )
