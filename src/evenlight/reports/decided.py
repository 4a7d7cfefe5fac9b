"""Pictures F18 and F19: decision curves by group, and performance along an axis."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from evenlight.data.digits import number
from evenlight.data.shown import short
from evenlight.figures.along import along_curve, along_text
from evenlight.figures.decision import decision_curve, decision_text
from evenlight.figures.ink import WIDE, grid
from evenlight.figures.worst_group import drawable, worst_group, worst_key, worst_text
from evenlight.language import spoken
from evenlight.measures.along import PerformanceAlong
from evenlight.measures.decisions import Decisions
from evenlight.reports.drawing import drawn
from evenlight.reports.parts import Drawing, say
from evenlight.reports.words import BETWEEN, fewer
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
WORST = (
    "One mark a threshold: what is gained over all (right) and by the group of {grouping} that "
    "gains least of it (up), whose mark it is; dashed: everybody gains alike. Utility: people "
    "called rightly less those called wrongly at the odds of the deployed threshold ({threshold}, "
    "ring), a person; zero is calling nobody. Estimates, without limits: read them beside "
    "F18. Of one model: candidate models are audits of their own."
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
    caption = spoken(CURVES, few=fewer()) + (spoken(BETWEEN) if record.rounded else "")
    yield drawn("F18", i, figure, decision_text(record), caption)


def weighed(record: Decisions, i: int) -> Iterator[Drawing]:
    """F14 of one grouping, where a threshold was declared and groups can be held against others."""
    if not drawable(record):
        return
    ax = worst_group(record)
    worst_key(ax, record)
    caption = spoken(WORST, grouping=say(record.grouping), threshold=number(record.threshold))
    caption += spoken(BETWEEN) if record.rounded else ""
    yield drawn("F14", i, ax.figure, worst_text(record), caption)


def walked(record: PerformanceAlong, i: int) -> Iterator[Drawing]:
    """F19, one row of panels a component, where there are curves."""
    if not (record.curve_reason == "").any():
        return
    shown = record.components[:MOST_COMPONENTS]
    many = len(record.curves)
    figure, panels = grid(len(shown) * many, many, (WIDE / many, 250))
    for at, ax in zip(np.ndindex(len(shown), many), panels, strict=True):
        along_curve(record, shown[at[0]], record.curves[at[1]], ax=ax)
    caption = spoken(WALK, axis=short(record.axis, 60), least=least_shown())
    yield drawn("F19", i, figure, along_text(record), caption)
