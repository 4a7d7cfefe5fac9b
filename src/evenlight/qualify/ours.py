"""What evenlight says of a draw: the one place that calls its verbs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from evenlight.arrays import Bool, Float
from evenlight.measures.compare import compare
from evenlight.measures.comparison import Comparison
from evenlight.measures.testing import Testing
from evenlight.qualify.drawn import QUESTIONS, Drawn
from evenlight.qualify.told import ALPHA, Told

ALONE = "use from attributions alone"
FEW = 199
"""Permutations of views that are not read."""


def ours(drawn: Drawn, seed: int, testing: Testing) -> dict[str, Told]:
    """The answers of a comparison by the groups (or along the axis) of a draw, by question."""
    asked = {a.question for a in drawn.asked}
    out = {}
    if asked - {ALONE}:
        made = compared(drawn, seed, replace(testing, own_value=False), contrasts=True)
        for question in asked - {ALONE}:
            out[question] = answer(made, *QUESTIONS[question])
    if ALONE in asked:
        out[ALONE] = conditional(compared(drawn, seed, testing, contrasts=False))
    return out


def compared(drawn: Drawn, seed: int, testing: Testing, *, contrasts: bool) -> Comparison:
    """The comparison, with common contrasts or from attributions alone."""
    axes = [axis for axis in drawn.cohort.axes if axis.name == drawn.by]
    return compare(
        drawn.made, drawn.cohort, by=axes[0] if axes else drawn.by,
        contrasts=drawn.contrasts if contrasts else None, testing=testing, rng=seed,
    )  # fmt: skip


def answer(made: Comparison, name: str, given: str) -> Told:
    """One view of the first contrast."""
    v = made.view(name, given, _scale(made, name, given))
    unit = made.views[v].unit
    named = {p.subject: p.names for p in getattr(made, "partners", ()) if name == "use"}
    return Told(
        p=made.p[v, :1],
        flag=_below(made.p_maxt[v, 0]),
        listed=_below(made.q[v, 0]),
        low=made.low[v, 0] * unit,
        high=made.high[v, 0] * unit,
        simultaneous=True,
        verdict=made.verdict[v, 0],
        mechanism=made.mechanism[v, 0],
        margin=made.margin * unit,
        partners=named,
    )


def conditional(made: Comparison) -> Told:
    """Location and slope given the own value: one family, a flag of either is a flag."""
    at = [made.view(name, "value", _scale(made, name, "value")) for name in ("location", "slope")]
    return Told(
        p=made.p[at, 0],
        flag=np.asarray(_below(made.p_maxt[at, 0]).any(axis=0)),
        listed=np.asarray(_below(made.q[at, 0]).any(axis=0)),
        verdict=np.where(np.isfinite(made.p[at, 0]).any(axis=0), "", "not_estimable"),
    )


def by_regression(drawn: Drawn, seed: int) -> Told:
    """Use from attributions alone by `method="regression"`, which permutes nothing."""
    return conditional(
        compared(drawn, seed, Testing(draws=FEW, method="regression"), contrasts=False)
    )


def _scale(made: Comparison, name: str, given: str) -> str:
    scales = [v.scale for v in made.views if (v.name, v.given) == (name, given)]
    return "margin" if "margin" in scales or not scales else scales[0]


def _below(p: Float) -> Bool:
    out: Bool = np.nan_to_num(p, nan=1.0) <= ALPHA
    return out
