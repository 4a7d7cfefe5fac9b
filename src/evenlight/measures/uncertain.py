"""Is the model equally sure of everyone, and does it say so rightly? Entropy, members, coverage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.data.ensemble import Ensemble
from evenlight.data.groups import Groups
from evenlight.data.probed import Predictions
from evenlight.errors import CohortError
from evenlight.measures.calibrating import Source
from evenlight.measures.conformed import conformed, score_of
from evenlight.measures.conforming import Conformal
from evenlight.measures.differences import Measured, differences
from evenlight.measures.foretold import Foretold, foretold
from evenlight.measures.hidden_people import without_hidden
from evenlight.measures.measuring import DRAWS, pointwise
from evenlight.measures.prepare import ALPHA, setting
from evenlight.measures.uncertain_parts import (
    Column,
    Ground,
    averaged,
    doubts,
    ground,
    threshold_error,
)
from evenlight.measures.uncertainty import Held, Uncertainty
from evenlight.measures.weighing import weighted
from evenlight.small_groups import least_shown
from evenlight.stats.binomial import exact_beside
from evenlight.stats.disclosure import shown_counts, told_limits
from evenlight.stats.equivalence import SIMILAR_FROM


def uncertain(
    predictions: Predictions | Sequence[Predictions],
    cohort: Cohort,
    *,
    by: str | Groups,
    ensemble: Ensemble | Sequence[Ensemble] | None = None,
    how: Conformal | None = None,
    rng: np.random.Generator | int = 0,
) -> Uncertainty:
    """How unsure the model is in each group of `by`, and whether its conformal sets hold.

    Entropy of predicted probabilities; with an `ensemble` its uncertainty in two parts; with an
    outcome coverage and size of conformal sets at each level, calibrated over everyone (what a
    deployed wrapper does) and within groups. The first shows whom a common threshold fails, the
    second how much wider the sets of a group must be to hold as often. One `Predictions` of a class
    is asked against all other classes; a list with one for each class of all of them (a list of
    ensembles beside it).

    Calibrated on `how.calibration`, or else on the audited people in folds of whole units: coverage
    over everybody is then the level by construction, and only groups can be below. Limits of
    coverage, and of sizes within groups, carry the error of the threshold: it is found anew in each
    bootstrap draw of the people who calibrate, by unit, and what that adds stands beside the exact
    binomial limits of the audited people. Each unit counts once, or by its sampling
    weight; rows of unknown outcome do not enter, and strata are not held. Where a group is too
    small to be shown its people are left out. Coverage is promised for people whom the model was
    not trained on.

    Raises CohortError for survival, or where nothing can be said of how sure the model is.

    >>> import pandas as pd
    >>> draw = np.random.default_rng(0)
    >>> people = pd.DataFrame({"sex": ["f", "m"] * 200}, index=[f"p{i}" for i in range(400)])
    >>> people["dose"] = draw.normal(size=400) * np.where(people["sex"] == "f", 1.0, 3.0)
    >>> cohort = Cohort(np.zeros((400, 1)), people, outcome="dose", unit="row")
    >>> said = Predictions(cohort.rows, np.zeros(400), np.zeros(400), "dose", "identity")
    >>> found = uncertain(said, cohort, by="sex", how=Conformal(levels=(0.9,)))
    >>> found.value[1:, found.measure("coverage", level=0.9)].round(2).tolist()
    [1.0, 0.8]
    >>> found.held.verdict[:, 0].tolist()
    ['not_below', 'below']
    """
    rules, generator = how or Conformal(), np.random.default_rng(rng)
    told = foretold(predictions, cohort, ensemble)
    _checked(told, rules)
    here = setting(cohort, by, kept=told.known & weighted(cohort))
    at = ground(*without_hidden(here), draws=DRAWS, rng=generator)
    own, source = told.take(at.rows), None
    columns = doubts(own, rules.share)
    if told.y is not None:
        sets, source = conformed(own, at, rules, generator)
        columns += sets
    made, n, part_reason = averaged(at, columns, rules.alpha)
    return Uncertainty(
        grouping=at.here.groups.name, source=at.here.groups.source, levels=at.here.groups.levels,
        parts=tuple(at.parts), contrasts=at.here.groups.contrasts(), **_words(columns),
        target=told.target, classes=told.classes, members=told.members,
        **_calibrated(source, told, at, rules, _of(ensemble)), alpha=rules.alpha, draws=DRAWS, n=n,
        part_reason=part_reason, reason=made.reason, margin=made.margin,
        **_numbers(at, columns, made),
        held=_held(at, columns, made, rules), **differences(at.here, tuple(at.parts), made),
        notes=_notes(at, source, _of(ensemble)), cohort_digest=cohort.digest,
    )  # fmt: skip


def _checked(told: Foretold, rules: Conformal) -> None:
    """Before any compute: that there is something to say, and that the score suits it."""
    if told.y is not None:
        score_of(rules, told)
        return
    if rules.calibration is not None:
        raise CohortError("people to calibrate on were given, but the audited have no outcome")
    if not told.classes and told.member_said is None:
        raise CohortError(
            f"nothing says how sure the model is of {told.target}: it is no probability, there is "
            "no ensemble, and no outcome to calibrate intervals on; pass one of these"
        )


def _of(ensemble: Ensemble | Sequence[Ensemble] | None) -> Ensemble | None:
    return ensemble if ensemble is None or isinstance(ensemble, Ensemble) else ensemble[0]


def _words(columns: Sequence[Column]) -> dict[str, Any]:
    return {
        "measures": tuple(c.measure for c in columns),
        "calibrated": tuple(c.calibrated for c in columns),
        "level": np.array([c.level for c in columns]),
        "units": tuple(c.unit for c in columns),
    }


def _calibrated(
    source: Source | None,
    told: Foretold,
    at: Ground,
    rules: Conformal,
    ensemble: Ensemble | None,
) -> dict[str, Any]:
    by = "" if ensemble is None else ensemble.how
    if source is None:
        return {
            "score": "", "calibrated_on": "", "calibration_units": 0, "folds": 0, "members_by": by,
        }  # fmt: skip
    return {
        "score": score_of(rules, told),
        "calibrated_on": "folds" if source.folded else "other people",
        "calibration_units": int(shown_counts(np.array(source.size), rounded=at.here.rounded)),
        "folds": rules.folds if source.folded else 0,
        "members_by": by,
    }


def _worth(at: Ground, made: Measured) -> Float:
    """How many equal people each share (r, m) is worth: all, or what a bootstrap says."""
    if at.simple:
        return made.classes
    with np.errstate(divide="ignore", invalid="ignore"):
        like = np.minimum(made.value * (1 - made.value) / made.spread**2, made.classes)
    return np.where(made.spread > 0, like, made.classes)


def _numbers(at: Ground, columns: Sequence[Column], made: Measured) -> dict[str, Any]:
    """Values with pointwise limits; those of coverage exact, with the threshold's error."""
    numbers = pointwise(made)
    cover = np.array([c.kind == "share" for c in columns], dtype=bool) & (made.reason == "")
    error = threshold_error(columns, made)
    ends = exact_beside(np.nan_to_num(made.value), _worth(at, made), error, ALPHA)
    for name, end in zip(("low", "high"), told_limits(*ends, made.steps), strict=True):
        numbers[name] = np.where(cover, end, numbers[name])
    return numbers


def _asked(column: Column) -> bool:
    """Whether coverage can miss its level: in folds of the audited, own groups hold theirs."""
    return column.measure == "coverage" and (column.common or column.people is not None)


def _held(at: Ground, columns: Sequence[Column], made: Measured, rules: Conformal) -> Held:
    """Coverage of each group against its level, each way of calibrating a Bonferroni family."""
    groups = at.here.groups.levels
    cover = [m for m, column in enumerate(columns) if _asked(column)]
    own = np.ix_(range(1, 1 + len(groups)), cover)
    reason, value, worth = made.reason[own], made.value[own], _worth(at, made)[own]
    error = threshold_error(columns, made)[own]
    alpha = np.full(reason.shape, rules.alpha)
    common = np.array([columns[m].common for m in cover], dtype=bool)
    for family in (common, ~common):
        asked = int((reason[:, family] == "").sum())
        alpha[:, family] = rules.alpha / max(asked, 1)
    ends = exact_beside(np.nan_to_num(value), worth, error, alpha)
    ends = told_limits(*ends, made.steps[own])
    low, high = (np.where(reason == "", end, np.nan) for end in ends)
    level = np.array([columns[m].level for m in cover])
    margin = np.array([rules.margin_at(v) for v in level])
    many = made.classes[own] >= SIMILAR_FROM
    verdict = np.full(low.shape, "cannot_tell", dtype="<U13")
    verdict[(low >= level - margin) & many] = "not_below"
    verdict[(high < level) & (low < level - margin)] = "below"
    verdict[reason != ""] = "not_estimable"
    return Held(groups, tuple(cover), margin, low, high, verdict, reason)


def _notes(at: Ground, source: Source | None, ensemble: Ensemble | None) -> tuple[str, ...]:
    notes = []
    if source is not None and source.folded:
        notes.append(
            "No people to calibrate on were given: sets were calibrated on the audited people in "
            "folds, so that coverage over everybody is the level by construction."
        )
    if at.hidden:
        notes.append(
            f"Groups of fewer than {least_shown()} people are left out of everything, of what is "
            "said overall as well, and numbers are rounded, so that nothing can be solved for them."
        )
    if len(at.unit) > len(at.here.unit_group):
        notes.append("Coverage is promised for a row drawn at random from a new person.")
    if at.here.cohort.weights is not None:
        notes.append("Sampling weights enter calibration and every mean.")
    return (*notes, *(() if ensemble is None else ensemble.notes))
