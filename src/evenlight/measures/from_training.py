"""How far the people of each level are from the training people of a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import t

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.data.groups import SMALLEST_GROUP
from evenlight.data.training import TrainingSummary
from evenlight.data.units import unit_codes
from evenlight.errors import EvenlightError
from evenlight.measures.demographic import TRAINED
from evenlight.stats.disclosure import suppressed_counts
from evenlight.stats.effects import unit_means
from evenlight.stats.mean_shift import Measuring, shift_between, typical_distance

WIDE = 2_000
"""More features than this have no covariance here; a summary of their components has."""

ENOUGH = 3
"""Training units a direction, at least: with fewer, its covariance is not known well enough."""

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
        scores = _scores(cohort, summary)
    except EvenlightError as error:
        return Distances(of, {}, shares, {}, f"cannot tell: {error}", notes)
    squares = (scores**2).sum(axis=1) / summary.free
    means, squares = (unit_means(v, cohort.units, cohort.order) for v in (scores, squares))
    values, why = _levels(means, squares, summary, one, alpha)
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
        what = "rows" if training.effective == training.n else "units"
        return f"a summary of {training.n:,} training {what}", {}, (note,)
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
    return TrainingSummary.of(
        training.dense(training.order),
        training.features.names,
        units=training.units[training.order],
    )


def _scores(cohort: Cohort, summary: TrainingSummary) -> Float:
    """Rows (n, k + p) standardised by training; the rest of what is not told, by its variance."""
    k = len(summary.variances)
    if summary.n < ENOUGH * k:
        raise EvenlightError(
            f"{summary.n} training units for {k} directions, fewer than {ENOUGH} each; summarise "
            "fewer components"
        )
    if not summary.held > 0:
        raise EvenlightError(
            "the summary does not say how far training people who were left out lie; make it of "
            "rows, TrainingSummary.of(x, names, components=)"
        )
    apart = cohort.columns(summary.places(cohort)) - summary.mean
    if not np.isfinite(apart).all():
        raise EvenlightError("features have missing values")
    score = apart @ summary.directions
    if summary.rest <= 0:
        return score / np.sqrt(summary.variances)
    left = (apart - score @ summary.directions.T) / np.sqrt(summary.rest)
    return np.hstack([score / np.sqrt(summary.variances), left])


def _levels(
    means: Float, squares: Float, summary: TrainingSummary, one: Any, alpha: float
) -> tuple[dict[str, list[float]], dict[str, str]]:
    """Shift and typical distance of each level of 11 units or more, with its limits.

    `means` (u, k + p) of the scores of each unit's rows, `squares` (u,) of their squared distance.
    """
    values: dict[str, list[float]] = {}
    why: dict[str, str] = {}
    by = Measuring(
        summary.n, summary.effective, summary.free, len(summary.variances), summary.held,
        summary.held_error,
    )  # fmt: skip
    for i, level in enumerate(one.levels):
        own = one.codes == i
        n = int(own.sum())
        if n < SMALLEST_GROUP:
            why[level] = f"suppressed (<{SMALLEST_GROUP})" if n else "nobody"
            continue
        z = float(t.ppf(1 - alpha / (2 * len(one.levels)), n - 1))
        near = typical_distance(squares[own], by, z=z)
        values[level] = [*shift_between(means[own], by, z=z), *near]
    return values, why
