"""Does the model do equally well for everyone? Metrics by group, and their differences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.data.followed import followed
from evenlight.data.groups import Groups
from evenlight.data.handed import need_cohort
from evenlight.data.outcome import Survival
from evenlight.data.probed import SCORE_ONLY as SCORE_ONLY
from evenlight.data.probed import Predictions
from evenlight.data.scores import Scores
from evenlight.errors import CohortError, InputError
from evenlight.measures.curves import curves, no_curves
from evenlight.measures.hidden_people import without_hidden
from evenlight.measures.judging import MAE_SHARE as MAE_SHARE
from evenlight.measures.judging import MARGINS as MARGINS
from evenlight.measures.judging import Judging as Judging
from evenlight.measures.measuring import Found, Task, measure
from evenlight.measures.performance import Performance
from evenlight.measures.prepare import Setting, setting
from evenlight.measures.weighing import weighted
from evenlight.stats.calibration import miscalibration, observed_expected
from evenlight.stats.held import CLASSES
from evenlight.stats.metrics import AT_THRESHOLD, BINARY, REGRESSION, Case, Metric, mean
from evenlight.stats.survival import SURVIVAL, followed_until

PROBABLE: Mapping[str, Metric] = {
    "observed_expected": observed_expected,
    "miscalibration": miscalibration,
}
"""What is asked of a response that is a probability."""


def perform(
    predictions: Predictions | Scores,
    cohort: Cohort,
    *,
    by: str | Groups,
    judging: Judging | None = None,
    rng: np.random.Generator | int = 0,
) -> Performance:
    """Metrics overall, in each group of `by` and where the group is unknown, and their differences.

    Continuous outcomes: MAE, bias, share within 20 % (where no outcome is at or below 0), R2.
    Binary: AUROC, average precision, Brier score and what miscalibration adds to it, calibration
    slope and intercept, observed over expected events, and at the plan's threshold sensitivity and
    specificity. A categorical outcome is asked for the class that was predicted, against all
    others; of a response that is no probability, a score or a ratio of hazards, only the ranks.
    Survival: concordance of Harrell and of Uno, the margin being the risk. `Scores` (Dice): means.

    Each unit counts once, or by the sampling weight that the cohort declares (0: it does not
    enter); intervals resample units within groups (1,000 draws), simultaneous over contrasts and
    judged metrics for differences. Strata are not held: this is what people of each group meet.
    People of groups too small to be shown are left out, of what is said overall as well.
    Raises CohortError where there is no outcome to compare with.
    """
    need_predictions(predictions, cohort)
    rules = judging or Judging()
    made = predictions.at(cohort)
    task = scored(made, cohort, by) if isinstance(made, Scores) else tasked(made, cohort, by, rules)
    found = measure(task, np.random.default_rng(rng))
    return recorded(found, target=made.target, unit=made.unit)


def tasked(made: Predictions, cohort: Cohort, by: str | Groups, rules: Judging) -> Task:
    """Predictions in the cohort's order, beside the outcome that they foretell."""
    case = outcome_case(made, cohort, rules)
    known = case.y if case.event is None else case.y + case.event
    here, hidden = without_hidden(setting(cohort, by, kept=np.isfinite(known) & weighted(cohort)))
    own = case.take(here.kept)
    if own.event is not None:
        own = replace(own, until=_common_end(here, own.y))
    why = ranks_only(made, cohort)
    metrics = _metrics(cohort, own)
    if why:
        metrics = {name: metric for name, metric in metrics.items() if name not in PROBABLE}
    return Task(here, own, metrics, rules, cohort.outcome_kind != "continuous", why, hidden)


def ranks_only(made: Predictions, cohort: Cohort) -> str:
    """Why of an event only ranks are judged, "" where the response is its probability."""
    return made.no_chance if cohort.outcome_kind in CLASSES else ""


def _common_end(here: Setting, time: Float) -> float:
    """The time up to which every part is followed: groups are ranked over the same stretch.

    Were each followed to its own end, a model that foretells early events better would seem better
    in the group that is followed for less time.
    """
    part = here.unit_group[here.unit]
    return min(followed_until(time[part == p]) for p in np.unique(part))


def need_predictions(predictions: object, cohort: object, *, scores: bool = True) -> None:
    """Raise InputError for anything but predictions (or `scores`), and a cohort."""
    if not isinstance(predictions, (Predictions | Scores) if scores else Predictions):
        raise InputError(
            f"performance is of predictions, not of {type(predictions).__name__}: pass "
            "ev.predict(model, cohort)"
            + (" (or Scores that were computed elsewhere)" if scores else "")
        )
    need_cohort(cohort, "it with (predictions, cohort, by=...)")


def scored(made: Scores, cohort: Cohort, by: str | Groups) -> Task:
    """Scores in the cohort's order; a row without a score is left out."""
    known = np.asarray(np.isfinite(made.values).all(axis=1))
    here = setting(cohort, by, kept=known & weighted(cohort))
    values = made.values[here.kept]
    case = Case(np.ones(len(values)), values[:, 0], values[:, 0], scores=values)
    metrics: dict[str, Metric] = {name: partial(_score, j) for j, name in enumerate(made.names)}
    return Task(here, case, metrics, Judging(), events=False)


def recorded(found: Found, *, target: str, unit: str) -> Performance:
    """What was found as the record; calibration curves where the outcome is predicted."""
    task = found.task
    groups, plain = task.here.groups, task.case.scores is None and task.case.event is None
    own = found.fields()
    plain = plain and not task.ranks_only and not task.decided
    return Performance(
        grouping=groups.name,
        source=groups.source,
        levels=groups.levels,
        units=tuple(_unit(name, unit, task) for name in task.metrics),
        contrasts=groups.contrasts(),
        target=target,
        threshold=task.judging.threshold,
        **own,
        **(curves(task.here, task.case, found.coarse) if plain else no_curves(task.here)),
    )


def outcome_case(made: Predictions, cohort: Cohort, rules: Judging) -> Case:
    """The outcome and the prediction of every row (n,), NaN where the outcome is unknown."""
    if isinstance(cohort.outcome, Survival):
        time, event = followed(cohort)
        known = time[np.isfinite(time) & np.isfinite(event)]
        until = followed_until(known) if len(known) else np.inf
        return Case(time, made.response, made.margin, event=event, until=until)
    if cohort.outcome_kind is None:
        raise CohortError("performance needs an outcome, this cohort has none; pass outcome=")
    y = cohort.y
    if cohort.outcome_kind == "categorical":
        y = np.where(np.isnan(y), np.nan, (y == _class_code(made, cohort)).astype(float))
    threshold = None if cohort.outcome_kind == "continuous" else rules.threshold
    if threshold is not None and not 0 < threshold < 1 and made.link in ("logit", "softmax"):
        raise InputError(f"threshold is {threshold:g}; it is a probability between 0 and 1")
    return Case(y, made.response, made.margin, threshold)


def _metrics(cohort: Cohort, case: Case) -> dict[str, Metric]:
    if cohort.outcome_kind == "survival":
        return dict(SURVIVAL)
    if cohort.outcome_kind == "continuous":
        return {n: m for n, m in REGRESSION.items() if n != "within_20" or (case.y > 0).all()}
    metrics = dict(BINARY)
    if ((case.response >= 0) & (case.response <= 1)).all():
        metrics |= PROBABLE
    return metrics | (dict(AT_THRESHOLD) if case.threshold is not None else {})


def _class_code(made: Predictions, cohort: Cohort) -> float:
    """The code of the predicted class among the outcome's, in sorted order."""
    assert isinstance(cohort.outcome, str)
    column = cohort.people[cohort.outcome]
    levels = sorted({str(v) for v in column[column.notna()]})
    if made.target not in levels:
        raise CohortError(
            f"performance needs the predictions of one class of {cohort.outcome!r}: they are of "
            f"{made.target!r}, its classes are {levels}; predict(model, cohort, target=a class)"
        )
    return float(levels.index(made.target))


def _score(j: int, case: Case, weight: Float) -> Float:
    assert case.scores is not None
    return mean(case.scores[:, j], weight)


def _unit(name: str, unit: str, task: Task) -> str:
    return unit if name in ("mae", "bias") or task.case.scores is not None else ""
