"""Margins that look like another scale: probabilities or percents that are taken for log odds.

What tells is the outcome: which reading of the same numbers is nearer to what happened.
"""

from __future__ import annotations

import warnings

import numpy as np
from scipy.special import expit

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.errors import EvenlightWarning
from evenlight.models.adapted import Adapted

SURE = 4.0
"""Standard errors by which the other reading must be nearer to the outcome."""

WORSE = 1.1
"""Of the Brier score of one number for everybody what that of the other reading may be, at most."""

OFF = 2.0
"""How far events may be from those that the other reading expects, as a ratio."""

STEEP = 2.5
"""How steeply events may rise with what the other reading expects: log odds that were shrunken to
near 0.6 are rather like probabilities, and events rise far more steeply than these."""

READ = {
    1: ("probabilities", 1, "model"),
    100: ("percents", 100, "lambda x: model(x) / 100"),
}
"""What the numbers likely are, up to where they go, and what is to be adapted, by their divisor."""


def told_misread(adapted: Adapted, cohort: Cohort, margin: Float) -> None:
    """Warn where the log odds (n,) of a target are likely probabilities or percents.

    Asked of log odds that a network, a function, a formula or a regressor gives, as they are; what
    a classifier gives was held against its own probabilities.
    """
    if adapted.link != "logit" or adapted.gives != "margin" or cohort.outcome_kind != "binary":
        return
    if hasattr(adapted.estimator, "classes_"):
        return
    whole = likely_scale(margin, cohort.y)
    if not whole:
        return
    name, top, given = READ[whole]
    warnings.warn(
        f"the outputs all lie between 0 and {top} and are read as log odds, by which everybody has "
        f"the event with a probability of a half or more; read as {name} they are far nearer to "
        f"outcome {cohort.outcome!s}: if they are {name}, declare ev.adapt({given}, "
        'link="logit", gives="response")',
        EvenlightWarning,
        stacklevel=4,
    )


def likely_scale(margin: Float, y: Float) -> int:
    """What numbers (n,) that were given as log odds of y (n,) are divided by to be probabilities.

    1 for probabilities, 100 for percents, 0 where they may be log odds: some lie below 0 or beyond
    100, all are alike, or the outcome is not nearer to them as probabilities (Brier score, by
    `SURE` standard errors), of which as many as are expected have the event, and no more steeply.

    >>> rng = np.random.default_rng(0)
    >>> chance = rng.uniform(0.05, 0.6, 500)
    >>> y = (rng.random(500) < chance).astype(float)
    >>> likely_scale(chance, y), likely_scale(100 * chance, y)
    (1, 100)
    >>> likely_scale(np.log(chance / (1 - chance)), y)
    0
    """
    known = np.isfinite(y)
    margin, y = margin[known], y[known]
    if len(y) < 2 or np.ptp(margin) < 1e-9 or margin.min() < 0 or margin.max() > 100:
        return 0
    whole = 1 if margin.max() <= 1 else 100
    other, rate = margin / whole, float(y.mean())
    gain = (expit(margin) - y) ** 2 - (other - y) ** 2
    spread = float(gain.std(ddof=1)) / np.sqrt(len(y))
    nearer = gain.mean() > SURE * spread
    fits = np.mean((other - y) ** 2) <= WORSE * rate * (1 - rate)
    expected = rate <= OFF * other.mean() and other.mean() <= OFF * rate
    straight = np.cov(other, y)[0, 1] <= STEEP * np.var(other, ddof=1)
    return whole if nearer and fits and expected and straight else 0
