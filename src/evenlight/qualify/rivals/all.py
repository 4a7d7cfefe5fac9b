"""Every rival's answer to a question about a draw."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Float
from evenlight.qualify.drawn import Asked, Drawn
from evenlight.qualify.rivals.naive import mann_whitney, welch
from evenlight.qualify.rivals.regression import differences, nuisance_of, uses
from evenlight.qualify.rivals.relabelled import group_difference
from evenlight.qualify.rivals.two_sample import cross_fitted, fitted
from evenlight.qualify.told import Told

RIVALS = (
    *("welch", "mann-whitney", "group_difference", "classifier fitted", "classifier held out"),
    "regression",
)


def rivals(drawn: Drawn, asked: Asked, rng: np.random.Generator) -> dict[str, Told]:
    """Answers by rival; the naive ones know neither units, strata nor outcome."""
    keep = drawn.known
    made = drawn.naive or drawn.made
    phi = made.values[keep].astype(np.float64)
    phi = np.abs(phi) if asked.question == "size" else phi
    member, unit = drawn.member[keep], drawn.cohort.units[keep]
    unit = np.unique(unit, return_inverse=True)[1]
    told = (
        welch(phi, member),
        mann_whitney(phi, member),
        group_difference(phi, member, rng),
        fitted(phi, member),
        cross_fitted(phi, member, unit, rng),
        _regression(drawn, asked, phi),
    )
    return dict(zip(RIVALS, told, strict=True))


def _regression(drawn: Drawn, asked: Asked, phi: Float) -> Told:
    """What the competent analyst would fit to this question."""
    keep, cohort = drawn.known, drawn.cohort
    nuisance = nuisance_of(cohort, keep, outcome=asked.question.endswith("the outcome"))
    unit = cohort.units[keep]
    if asked.question.startswith("use"):
        x = cohort.dense()[keep]
        return uses(phi, x, drawn.member[keep], nuisance, unit)
    axis = next((a.values[keep, 0] for a in cohort.axes if a.name == drawn.by), None)
    tested = drawn.member[keep].astype(float) if axis is None else (axis - axis.mean()) / axis.std()
    return differences(phi, tested, nuisance, unit)
