"""What another draw of the background, or of the explainer, adds to a difference's variance.

All rows of one explanation share one draw of the background, so its error does not average out over
people. R draws of the same rows give R differences D_r; the error of one of them has the variance

    (1 + 1/R) B,   B = sum over draws of (D_r - mean D)^2 / (R - 1)      (Rubin 1987)

Where the mean of all R draws is judged, its error is B / R. Monte Carlo error that is independent
from row to row is in V already; here its part of V is told.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evenlight.arrays import Float
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.errors import AttributionError
from evenlight.measures.arms import Arms, arms_of, stratum_given
from evenlight.measures.family import Shared
from evenlight.measures.prepare import Setting, as_variables
from evenlight.stats.permutation import difference, weighted_variance

ROUNDING = 1e-6
"""A standard error below this part of SD(f) is rounding of float32 attributions, and none."""


def redrawn(
    made: Attributions, repeats: Sequence[Attributions], cohort: Cohort
) -> tuple[Attributions, ...]:
    """The repeats in the cohort's order, their subjects those of `made`.

    Raises AttributionError where one is of another method, target or scale, has other subjects, or
    the background of another one.
    """
    if isinstance(repeats, Attributions):
        raise AttributionError("repeats is one explanation; pass a list of them")
    out = tuple(as_variables(again, cohort)[0] for again in repeats)
    for again in out:
        for name in ("method", "target", "scale"):
            here, there = getattr(made, name), getattr(again, name)
            if here != there:
                raise AttributionError(f"a repeat has {name} {there!r}, wanted {here!r}")
        if again.settings.get("baseline") != made.settings.get("baseline"):
            raise AttributionError(
                f"a repeat starts from baseline {again.settings.get('baseline')!r}, wanted "
                f"{made.settings.get('baseline')!r}: only the draw of the background may differ"
            )
        if again.features.names != made.features.names:
            raise AttributionError("a repeat has other subjects than the attributions")
    known = [again.background.digest for again in (made, *out) if again.background is not None]
    if len(set(known)) < len(known):
        raise AttributionError(
            "two of the repeats have the same background; explain with other seeds"
        )
    return out


def shared_by_all(seen: Float, again: Sequence[Float], unit: float) -> Shared:
    """(1 + 1/R) B (c, columns) from the differences seen (c, columns) and those of further draws.

    Columns that the draws do not have (outputs of the model alone) share no such error: 0.
    """
    width = again[0].shape[1]
    every = [seen[:, :width], *again]
    r = len(every)
    between = (1 + 1 / r) * np.var(every, axis=0, ddof=1)
    between[np.sqrt(between) <= ROUNDING * unit] = 0.0
    out = np.zeros_like(seen)
    out[:, :width] = between
    return Shared(out, r)


def shared_by_mean(each: Sequence[Float], unit: float) -> Shared:
    """B / R (c, columns) from the differences (c, columns) of R draws, whose mean is judged."""
    r = len(each)
    between: Float = np.var(np.stack(each), axis=0, ddof=1) / r
    between[np.sqrt(between) <= ROUNDING * unit] = 0.0
    return Shared(between, r)


def background_share(arms: list[Arms], shared: Shared | None, p: int) -> Float:
    """The part of the whole variance that the draw of the background makes, (c, p) signed.

    NaN without further draws, and where a contrast cannot be asked.
    """
    out = np.full((len(arms), p), np.nan)
    for i, arm in enumerate(arms):
        if shared is not None and not arm.reason:
            part = shared.variance[i, :p]
            whole = difference(arm.cells.values[:, :p], arm.plan).variance + part
            out[i] = np.divide(part, whole, out=np.zeros(p), where=whole > 0)
    return out


def noise_share(attributions: Attributions, here: Setting, arms: list[Arms]) -> Float:
    """The part of V, given nothing, that is Monte Carlo error of the explainer (c, p).

    NaN where the explainer recorded none, or the contrast cannot be asked. Errors of the columns of
    one variable are taken as independent.
    """
    p = arms[0].cells.values.shape[1]
    out = np.full((len(arms), p), np.nan)
    if attributions.spread is None:
        return out
    stratum = stratum_given(here, "nothing")
    error = _squared_errors(attributions, here)
    rows = np.unique(np.column_stack([here.unit, stratum]), axis=0, return_inverse=True)[1].ravel()
    error /= np.bincount(rows)[rows][:, None]
    for i, (arm, own) in enumerate(zip(arms, _cells_of(here, error), strict=True)):
        if not arm.reason:
            seen = difference(arm.cells.values[:, :p], arm.plan)
            part, whole = weighted_variance(own, arm.plan), seen.variance
            out[i] = np.divide(part, whole, out=np.zeros(p), where=whole > 0)
    return out


def _cells_of(here: Setting, values: Float) -> list[Float]:
    made = arms_of(here, "nothing", values, draws=0, rng=np.random.default_rng(0))
    return [arm.cells.values for arm in made]


def _squared_errors(attributions: Attributions, here: Setting) -> Float:
    """Squared standard errors of the subjects (n kept, p)."""
    made = attributions.at(here.cohort)
    square = np.asarray(made.spread, dtype=np.float64)[here.kept] ** 2
    if here.cohort.features.indicators and made.features.names == here.cohort.features.names:
        sets = here.cohort.features.variables()
        square = np.asarray((sets.membership @ square.T).T, dtype=np.float64)
    return square


def effects_of(arms: list[Arms]) -> Float:
    """D of every column (c, columns), NaN where a contrast cannot be asked."""
    width = arms[0].cells.values.shape[1]
    none = np.full(width, np.nan)
    return np.stack(
        [none if arm.reason else difference(arm.cells.values, arm.plan).effect for arm in arms]
    )
