"""How far the people of each level are from the training people of a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import t

from evenlight.data.cohort import Cohort
from evenlight.data.digits import count, percent
from evenlight.data.shown import short
from evenlight.data.training import TrainingSummary, enough
from evenlight.data.units import unit_codes
from evenlight.errors import EvenlightError
from evenlight.measures.demographic import TRAINED
from evenlight.measures.far_units import FarUnits, far_units
from evenlight.small_groups import hidden_text, least_shown
from evenlight.stats.disclosure import suppressed_counts
from evenlight.stats.mean_shift import Measuring, shift_between, typical_distance

WIDE = 2_000
"""More features than this have no covariance here; a summary of their components has."""

NOTHING = "no training people were given"

UNEVEN = 2.0
"""An SD of squared distances so many times their mean is that of a heavy tail (normal: < 1.5)."""

LEAST_OUTSIDE = 0.05
"""This share of the units outside of all directions of training is told."""


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
    cohort: Cohort,
    training: TrainingSummary | Cohort | None,
    fields: Sequence[Any],
    *,
    alpha: float,
) -> list[Distances]:
    """Distances of the levels of each field, which has name, column, levels and codes (u,)."""
    if training is None:
        return [Distances("", {}, {}, {}, NOTHING) for _ in fields]
    named = [_named(training, one) for one in fields]
    try:
        summary = summed_up(training)
        asked(summary)
        far = far_units(cohort, summary, [(one.codes, len(one.levels)) for one in fields])
    except EvenlightError as error:
        why = f"cannot tell: {error}"
        return [Distances(of, {}, shares, {}, why, notes) for of, shares, notes in named]
    told = [_levels(far, i, summary, one, alpha) for i, one in enumerate(fields)]
    left = left_aside(summary, far)
    return [
        Distances(of, values, shares, why, "nobody", (*notes, *left))
        for (of, shares, notes), (values, why) in zip(named, told, strict=True)
    ]


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
    shown, _, _ = suppressed_counts(counts, smallest=least_shown())
    known = max(float(np.nansum(shown[1:])), 1.0)
    return of, dict(zip(groups.levels, (shown[1:] / known).tolist(), strict=True)), ()


def summed_up(training: TrainingSummary | Cohort) -> TrainingSummary:
    """The summary of training people, or as it is; EvenlightError where none can be made."""
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


def asked(summary: TrainingSummary) -> None:
    """EvenlightError where a summary cannot tell how far people are."""
    enough(summary.n, summary.principal)
    if not summary.free:
        raise EvenlightError(
            "every direction hangs on one training unit alone; take logarithms of values with rare "
            "extremes"
        )
    if not summary.held > 0:
        raise EvenlightError(
            "the summary does not say how far training people who were left out lie; make it of "
            "rows, TrainingSummary.of(x, names, components=)"
        )


def left_aside(summary: TrainingSummary, far: FarUnits) -> tuple[str, ...]:
    """What is in no distance, in words."""
    out = []
    if summary.still:
        out.append(
            f"{_names(summary.still)} not in the distance from training: fewer than "
            f"{least_shown()} training units have another value than the most common."
        )
    if summary.lone:
        out.append(
            f"{_names(summary.lone)} not in the distance from training: one training unit alone "
            "has, or nearly, a direction that needs them; take logarithms of values with rare "
            "extremes, and leave out one of two columns that are nearly the same."
        )
    if summary.held_error * np.sqrt(summary.n) > UNEVEN * summary.held:
        out.append(
            "In training a few units lie much further away than the rest, so that the limits of "
            "the typical distance hold less often than they say; take logarithms of skewed values."
        )
    if far.outside >= LEAST_OUTSIDE:
        out.append(
            f"About {percent(far.outside)} of the units have rows outside of all directions in "
            "which training varies (a sum or a balance of features that always held there does "
            "not hold here); the distance does not count it."
        )
    return tuple(out)


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(short(name, 40) for name in names[:3])
    more = f" and {count(len(names) - 3)} more features" if len(names) > 3 else ""
    return f"{shown}{more} {'is' if len(names) == 1 else 'are'}"


def _levels(
    far: FarUnits, field: int, summary: TrainingSummary, one: Any, alpha: float
) -> tuple[dict[str, list[float]], dict[str, str]]:
    """Shift and typical distance of each level of 11 units or more, with its limits."""
    values: dict[str, list[float]] = {}
    why: dict[str, str] = {}
    by = Measuring(
        summary.n, summary.effective, summary.free, len(summary.principal.variances), summary.held,
        summary.held_error,
    )  # fmt: skip
    for i, level in enumerate(one.levels):
        own = one.codes == i
        n = int(own.sum())
        if n < least_shown():
            why[level] = hidden_text() if n else "nobody"
            continue
        z = float(t.ppf(1 - alpha / (2 * len(one.levels)), n - 1))
        near = typical_distance(far.squares[own], by, z=z)
        values[level] = [*shift_between(far.pairs(field, i, own), by, z=z), *near]
    return values, why
