"""How far the people of each level are from the training people of a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import t

from evenlight.arrays import Float, Int
from evenlight.data.cohort import Cohort
from evenlight.data.groups import SMALLEST_GROUP
from evenlight.data.training import TrainingSummary
from evenlight.data.units import unit_codes
from evenlight.errors import EvenlightError
from evenlight.measures.demographic import TRAINED
from evenlight.stats.disclosure import suppressed_counts
from evenlight.stats.effects import unit_means
from evenlight.stats.mean_shift import shift_between, typical_distance

WIDE = 2_000
"""More features than this have no covariance here; a summary of their components has."""

ENOUGH = 3
"""Training rows a direction, at least: with fewer, its covariance is not known well enough."""

NOTHING = "no training people were given"


@dataclass(frozen=True, slots=True, eq=False)
class Distances:
    """What is told of the levels of a field against training: `values` by level, else why not."""

    of: str
    values: Mapping[str, Sequence[float]]
    shares: Mapping[str, float]
    why: Mapping[str, str]
    whole: str
    notes: tuple[str, ...] = ()

    def at(self, levels: Sequence[str]) -> dict[str, Any]:
        """Columns (k,) in the order of levels."""
        none = (np.nan,) * len(TRAINED)
        rows = np.array([self.values.get(level, none) for level in levels]).reshape(-1, len(none))
        why = [self.why.get(level, "" if level in self.values else self.whole) for level in levels]
        shares = np.array([self.shares.get(level, np.nan) for level in levels])
        columns = {name: rows[:, i] for i, name in enumerate(TRAINED)}
        return {**columns, "training_share": shares, "training_why": np.array(why, dtype=np.str_)}


def distances(
    cohort: Cohort, training: TrainingSummary | Cohort | None, one: Any, *, alpha: float
) -> Distances:
    """Distances of the levels of one field; `one` has name, column, levels and codes (u,)."""
    if training is None:
        return Distances("", {}, {}, {}, NOTHING)
    of, shares, notes = _named(training, one)
    try:
        summary = _summary(training)
        scores = unit_means(_scores(cohort, summary), cohort.units, cohort.order)
    except EvenlightError as error:
        return Distances(of, {}, shares, {}, f"cannot tell: {error}", notes)
    values, why = _levels(scores, summary, one.levels, one.codes, alpha)
    return Distances(of, values, shares, why, "nobody", notes)


def _named(
    training: TrainingSummary | Cohort, one: Any
) -> tuple[str, dict[str, float], tuple[str, ...]]:
    """What training was given, its shares of levels that can be shown, and what is not told."""
    if isinstance(training, TrainingSummary):
        note = (
            "Of training a summary of moments was given: how it was composed by ancestry, sex or "
            "age cannot be told."
        )
        return f"a summary of {training.n:,} training rows", {}, (note,)
    of = f"{training.u:,} training units"
    if one.numbers is not None or one.column not in training.people.columns:
        return of, {}, ()
    groups = training.grouping(one.column)
    counts = np.bincount(
        unit_codes(groups.codes, training.units) + 1, minlength=len(groups.levels) + 1
    )
    shown, _, _ = suppressed_counts(counts, smallest=SMALLEST_GROUP)
    known = max(float(np.nansum(shown[1:])), 1.0)
    return of, dict(zip(groups.levels, (shown[1:] / known).tolist(), strict=True)), ()


def _summary(training: TrainingSummary | Cohort) -> TrainingSummary:
    if isinstance(training, TrainingSummary):
        return training
    if training.x.ndim != 2 or training.x.shape[1] > WIDE:
        raise EvenlightError(
            f"{training.x.shape[1:]} features have no covariance here; hand over "
            "TrainingSummary.of(components, names)"
        )
    x = unit_means(training.dense(), training.units, training.order)
    return TrainingSummary.of(x, training.features.names)


def _scores(cohort: Cohort, summary: TrainingSummary) -> Float:
    """Rows (n, k + p) standardised by training; the rest of what is not told, by its variance."""
    k = len(summary.variances)
    if summary.n < ENOUGH * k:
        raise EvenlightError(
            f"{summary.n} training rows for {k} directions, fewer than {ENOUGH} each; summarise "
            "fewer components"
        )
    summary.of_cohort(cohort.take(cohort.order[:2]))  # its features, by name
    at = [cohort.features.place[name] for name in summary.features]
    apart = cohort.columns(at) - summary.mean
    if not np.isfinite(apart).all():
        raise EvenlightError("features have missing values")
    score = apart @ summary.directions
    if summary.rest <= 0:
        return score / np.sqrt(summary.variances)
    left = (apart - score @ summary.directions.T) / np.sqrt(summary.rest)
    return np.hstack([score / np.sqrt(summary.variances), left])


def _levels(
    scores: Float, summary: TrainingSummary, levels: Sequence[str], codes: Int, alpha: float
) -> tuple[dict[str, list[float]], dict[str, str]]:
    """Shift and typical distance of each level of 11 units or more, with its limits."""
    values: dict[str, list[float]] = {}
    why: dict[str, str] = {}
    inverted = len(summary.variances)
    free = len(summary.features) if summary.rest > 0 else inverted
    for i, level in enumerate(levels):
        own = scores[codes == i]
        if len(own) < SMALLEST_GROUP:
            why[level] = f"suppressed (<{SMALLEST_GROUP})" if len(own) else "nobody"
            continue
        z = float(t.ppf(1 - alpha / (2 * len(levels)), len(own) - 1))
        shift = shift_between(own, training=summary.n, free=free, inverted=inverted, z=z)
        near = typical_distance(own * np.sqrt(own.shape[1] / free), z=z)
        values[level] = [*shift, *near]
    return values, why
