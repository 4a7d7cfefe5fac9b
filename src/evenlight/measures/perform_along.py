"""Accuracy and calibration along continuous ancestry, and far from the training data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from evenlight.arrays import Bool, Float
from evenlight.data import roles
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Axes
from evenlight.data.probed import Predictions
from evenlight.data.scores import Scores
from evenlight.data.training import TrainingSummary
from evenlight.errors import CohortError, UnknownName
from evenlight.measures.along import PerformanceAlong
from evenlight.measures.along_curves import Walk, curves_along
from evenlight.measures.axes import everyone
from evenlight.measures.judging import Judging
from evenlight.measures.perform import outcome_case
from evenlight.measures.prepare import ALPHA
from evenlight.measures.unlike_rows import thinned_along
from evenlight.measures.weighing import unit_sampling, weighted
from evenlight.small_groups import least_shown
from evenlight.stats.effects import unit_means
from evenlight.stats.metrics import LOSSES, Case
from evenlight.stats.slopes import flipped_slopes, hc3_slopes, ratios, shuffled_slopes

SHUFFLES = 2000


def perform_along(
    predictions: Predictions | Scores,
    cohort: Cohort,
    *,
    along: str | Axes | TrainingSummary,
    rng: np.random.Generator | int = 0,
) -> PerformanceAlong:
    """Loss and calibration along continuous ancestry, or the distance from the training data.

    Each unit's loss (absolute error, squared error of a probability, or a score) and its error with
    sign (prediction minus outcome: calibration) are regressed on each component alone, per SD, with
    HC3 errors. p is the larger of two: whole units permuted, and each unit's value turned round the
    mean at random (2,000 draws each; shuffling alone errs where the spread follows the axis); their
    maxima over components and losses give max-T and the simultaneous interval.

    Where the number of rows a unit has follows an axis, as many of each enter, and `note` says so
    (`measures.unlike_rows`): a mean over few rows is more skewed than one over many.

    Curves are local lines through the 30 % of units nearest to a point, with simultaneous bands of
    a unit bootstrap (the smoothing's own bias is not in them); for events, AUROC near the point
    beside them: a squared error follows how common the event is. Strata are not held. Raises
    CohortError for survival, and where fewer than 11 units are left.
    """
    random = np.random.default_rng(rng)
    made = predictions.at(cohort)
    axes = _axes(along, cohort)
    walk, note = _walk(made, cohort, axes)
    return PerformanceAlong(
        axis=axes.name,
        components=axes.names,
        losses=walk.losses,
        target=made.target,
        unit=made.unit,
        alpha=ALPHA,
        draws=SHUFFLES,
        n=len(walk.values),
        note=note,
        sd=_sd(walk),
        **_slopes(walk, random),
        **curves_along(walk, random),
    )


def _axes(along: str | Axes | TrainingSummary, cohort: Cohort) -> Axes:
    """The axes of the cohort's rows."""
    if isinstance(along, TrainingSummary):
        distance = along.of_cohort(cohort)[:, None]
        return Axes("distance from the training data", distance, names=("distance",))
    if isinstance(along, Axes):
        return roles.axes_at(along, cohort.rows, np.arange(cohort.n))
    for axes in cohort.axes:
        if axes.name == along:
            return axes
    known = [axes.name for axes in cohort.axes]
    raise UnknownName(f"no axes {along!r} in the cohort; it has {known}; pass axes=[Axes(...)]")


def _walk(made: Predictions | Scores, cohort: Cohort, axes: Axes) -> tuple[Walk, str]:
    """Losses of units at their places, and what is said of their rows."""
    case, losses = _case(made, cohort)
    kept: Bool = np.isfinite(case.y)
    if isinstance(made, Scores):
        kept = np.asarray(np.isfinite(made.values).all(axis=1))
    kept &= weighted(cohort)
    if len(np.unique(cohort.units[kept])) < least_shown():
        raise CohortError(f"fewer than {least_shown()} units have an outcome; nothing can be told")
    whole = everyone(cohort, kept, axes.name)
    here, note = thinned_along(whole, whole.per_unit(axes.values))
    taken = cohort.order[here.kept[cohort.order]]  # by id: no sum depends on the order of rows
    unit = np.unique(cohort.units[taken], return_inverse=True)[1].astype(np.int64)
    own, order = case.take(taken), np.arange(len(taken))
    rows = own.scores
    if rows is None:
        rows = np.column_stack([LOSSES[name](own) for name in losses])
    weight = unit_sampling(cohort, taken, unit)
    values, at = (unit_means(v, unit, order) for v in (rows, axes.values[taken]))
    return Walk(at, losses, values, weight, unit, own), note


def _case(made: Predictions | Scores, cohort: Cohort) -> tuple[Case, tuple[str, ...]]:
    if isinstance(made, Scores):
        one = np.ones(cohort.n)
        return Case(one, one, one, scores=made.values), made.names
    if cohort.outcome_kind == "survival":
        raise CohortError(
            "performance along an axis needs a loss of each person; a censored time has none"
        )
    if cohort.outcome_kind != "continuous":
        made.need_probability("loss")
    case = outcome_case(made, cohort, Judging())
    return case, ("mae" if cohort.outcome_kind == "continuous" else "brier", "bias")


def _sd(walk: Walk) -> Float:
    mean = np.average(walk.place, axis=0, weights=walk.weight)
    sd: Float = np.sqrt(np.average((walk.place - mean) ** 2, axis=0, weights=walk.weight))
    return sd


def _slopes(walk: Walk, rng: np.random.Generator) -> Mapping[str, Any]:
    """Slopes (q, m) per SD with simultaneous limits by the maximum over permutations."""
    sd = _sd(walk)
    q, m = len(sd), walk.values.shape[1]
    still = sd <= 1e-12 * np.maximum(np.abs(walk.place).max(axis=0), 1e-300)
    out = {n: np.full((q, m), np.nan) for n in ("slope", "se", "low", "high", "p", "p_maxt")}
    reason = np.full((q, m), "", dtype="<U60")
    reason[still] = "everybody has the same place on this axis"
    x = walk.place[:, ~still] / sd[~still]
    nulls = _nulls(x, walk, rng) if x.shape[1] else ()
    for j in range(m if nulls else 0):
        for name, numbers in _slope(x, walk, j, nulls).items():
            out[name][~still, j] = numbers
    return {**out, "reason": reason}


def _nulls(x: Float, walk: Walk, rng: np.random.Generator) -> tuple[Float, ...]:
    """|T| of every component and loss without a slope, by shuffling and by turning, (b, q, m)."""
    return tuple(
        np.abs(draw(x, walk.values, walk.weight, draws=SHUFFLES, rng=rng))
        for draw in (shuffled_slopes, flipped_slopes)
    )


def _slope(x: Float, walk: Walk, j: int, nulls: tuple[Float, ...]) -> Mapping[str, Float]:
    """The slopes (q,) of loss j, with the wider limits and the larger p of the two nulls."""
    b, se = hc3_slopes(x.T, walk.values[:, j], walk.weight)
    t = np.abs(ratios(x.T, walk.values[:, j], walk.weight)) * (1 - 1e-9)
    tops = [null.max(axis=(1, 2)) for null in nulls]
    rank = min(int(np.ceil((1 - ALPHA) * (SHUFFLES + 1))), SHUFFLES) - 1
    far = max(float(np.sort(top)[rank]) for top in tops)
    p = [(1 + (null[:, :, j] >= t).sum(axis=0)) / (1 + SHUFFLES) for null in nulls]
    p_max = [(1 + (top[:, None] >= t).sum(axis=0)) / (1 + SHUFFLES) for top in tops]
    limits = {"low": b - far * se, "high": b + far * se}
    return {"slope": b, "se": se, **limits, "p": np.maximum(*p), "p_maxt": np.maximum(*p_max)}
