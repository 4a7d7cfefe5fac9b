"""F16: the answer to one question as audited and under every other choice."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from evenlight.arrays import Float
from evenlight.data.digits import fixed
from evenlight.data.shown import subject_name
from evenlight.figures.ink import CALM, INK, WIDE, axis_labels, plane, rows
from evenlight.figures.rows import estimate_row
from evenlight.language import spoken
from evenlight.measures.specification import Specification
from evenlight.measures.specification_words import reading

OWN = "as audited"


def specification_curve(made: Specification, question: int, *, ax: Axes | None = None) -> Axes:
    """Effects in margins from the smallest to the largest, one row a fork that enters `question`.

    Filled marks are estimates with their interval, in the colour of the verdict (hollow: cannot
    tell); the band from -1 to 1 is smaller than the margin; the shaded row is the audit's own.
    """
    names, verdicts, effects = curve(made, question)
    ax = plane(ax, WIDE, 74 + 25 * len(names))
    ax.axvspan(-1, 1, color=INK, alpha=0.09, linewidth=0)
    ax.axvline(0, color=INK, linewidth=0.75)
    own = names.index(OWN)
    ax.axhspan(own - 0.5, own + 0.5, color=CALM, alpha=0.12, linewidth=0)
    for y, (verdict, numbers) in enumerate(zip(verdicts, effects, strict=True)):
        estimate_row(ax, y, verdict, numbers)
    rows(ax, [spoken(OWN) if name == OWN else name for name in names], longest=64)
    named = subject_name(made.subject[question], made.measures[question])
    told = spoken("{subject}: effect in margins (band: smaller than the margin)", subject=named)
    axis_labels(ax, told)
    return ax


def curve(made: Specification, question: int) -> tuple[list[str], list[str], Float]:
    """Names, verdicts and (rows, 3) effect, low and high in margins, the smallest effect first.

    What has no number stands last.
    """
    k = question
    own = np.array([[made.effect[k], made.low[k], made.high[k]]])
    numbers = np.stack([part[:, k] for part in (made.fork_effect, made.fork_low, made.fork_high)])
    asked = np.flatnonzero(made.touched[:, k])
    names = [OWN, *(f"{made.names[i]}: {made.settings[i]}" for i in asked)]
    verdicts = [str(made.verdict[k]), *(str(made.fork_verdict[i, k]) for i in asked)]
    effects = np.vstack([own, numbers[:, asked].T]) / made.margin[k]
    order = np.argsort(effects[:, 0], kind="stable")
    return [names[i] for i in order], [verdicts[i] for i in order], effects[order]


def specification_text(made: Specification, question: int) -> str:
    """What the curve shows, in words."""
    names, _, effects = curve(made, question)
    known = effects[np.isfinite(effects[:, 0]), 0]
    if len(names) == 1 or not known.size:
        return reading(made, question)
    low, high = (fixed(float(value), 2, sign=True) for value in (known.min(), known.max()))
    told = spoken("Effects lie between {low} and {high} margins.", low=low, high=high)
    return f"{reading(made, question)} {told}"
