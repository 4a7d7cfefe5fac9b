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
from evenlight.measures.conforming import Calibration, Conformal
from evenlight.measures.differences import Measured, differences
from evenlight.measures.foretold import Foretold, foretold
from evenlight.measures.measuring import DRAWS, pointwise
from evenlight.measures.prepare import ALPHA, setting
from evenlight.measures.uncertainty import Held, Uncertainty
from evenlight.measures.unsure import Column, Ground, averaged, blurred, doubts, ground
from evenlight.measures.weighing import weighted
from evenlight.stats.binomial import exact
from evenlight.stats.equivalence import SIMILAR_FROM
from evenlight.stats.intervals import spreads


def uncertain(
    predictions: Predictions | Sequence[Predictions],
    cohort: Cohort,
    *,
    by: str | Groups,
    ensemble: Ensemble | Sequence[Ensemble] | None = None,
    calibration: Calibration | None = None,
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

    Calibrated on the people of `calibration`, or else on the audited people in folds of whole
    units: coverage over everybody is then the level by construction, and only groups can be below.
    Limits of coverage are exact binomial over people (for what they are worth with several rows or
    sampling weights), with calibration people counted in. Sizes within groups have the threshold
    found anew in every bootstrap draw. Each unit counts once, or by its sampling weight; rows of
    unknown outcome do not enter, and strata are not held. Coverage is promised for people whom the
    model was not trained on.

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
    _checked(told, rules, calibration)
    at = ground(setting(cohort, by, kept=told.known & weighted(cohort)), draws=DRAWS, rng=generator)
    own, source = told.take(at.rows), None
    columns = doubts(own, rules.share)
    if told.y is not None:
        sets, source = conformed(own, at, rules, calibration, generator)
        columns += sets
    made, n, part_reason = averaged(at, columns, rules.alpha)
    numbers: dict[str, Any] = pointwise(made)
    _exact(at, columns, made, numbers)
    return Uncertainty(
        grouping=at.here.groups.name, source=at.here.groups.source, levels=at.here.groups.levels,
        parts=tuple(at.parts), contrasts=at.here.groups.contrasts(), **_words(columns),
        target=told.target, classes=told.classes, members=told.members,
        **_calibrated(source, told, rules, _of(ensemble)), alpha=rules.alpha, draws=DRAWS, n=n,
        part_reason=part_reason, reason=made.reason, margin=made.margin, **numbers,
        held=_held(at, columns, made, rules), **differences(at.here, tuple(at.parts), made),
        notes=_notes(at, source, _of(ensemble)), cohort_digest=cohort.digest,
    )  # fmt: skip


def _checked(told: Foretold, rules: Conformal, calibration: Calibration | None) -> None:
    """Before any compute: that there is something to say, and that the score suits it."""
    if told.y is not None:
        score_of(rules, told)
        return
    if calibration is not None:
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
    source: Source | None, told: Foretold, rules: Conformal, ensemble: Ensemble | None
) -> dict[str, Any]:
    by = "" if ensemble is None else ensemble.how
    if source is None:
        return {
            "score": "", "calibrated_on": "", "calibration_units": 0, "folds": 0, "members_by": by,
        }  # fmt: skip
    return {
        "score": score_of(rules, told),
        "calibrated_on": "folds" if source.folded else "other people",
        "calibration_units": source.size,
        "folds": rules.folds if source.folded else 0,
        "members_by": by,
    }


def _worth(at: Ground, columns: Sequence[Column], made: Measured) -> Float:
    """How many equal observations each share (r, m) is worth: all its people, or by bootstrap."""
    worth = made.classes
    if not at.simple:
        spread = spreads(made.drawn)
        with np.errstate(divide="ignore", invalid="ignore"):
            like = np.minimum(made.value * (1 - made.value) / spread**2, worth)
        worth = np.where(spread > 0, like, worth)
    return blurred(worth, columns)


def _exact(
    at: Ground, columns: Sequence[Column], made: Measured, numbers: dict[str, Float]
) -> None:
    """Exact pointwise limits of coverage, in place of approximate ones."""
    cover = np.array([c.kind == "share" for c in columns], dtype=bool)
    ends = exact(np.nan_to_num(made.value), _worth(at, columns, made), ALPHA)
    for name, end in zip(("low", "high"), ends, strict=True):
        numbers[name] = np.where(cover & (made.reason == ""), end, numbers[name])


def _asked(column: Column) -> bool:
    """Whether coverage can miss its level: in folds of the audited, own groups hold theirs."""
    return column.measure == "coverage" and (column.common or column.people is not None)


def _held(at: Ground, columns: Sequence[Column], made: Measured, rules: Conformal) -> Held:
    """Coverage of each group against its level, each way of calibrating a Bonferroni family."""
    groups = at.here.groups.levels
    cover = [m for m, column in enumerate(columns) if _asked(column)]
    own = np.ix_(range(1, 1 + len(groups)), cover)
    reason, value, worth = made.reason[own], made.value[own], _worth(at, columns, made)[own]
    alpha = np.full(reason.shape, rules.alpha)
    common = np.array([columns[m].common for m in cover], dtype=bool)
    for family in (common, ~common):
        asked = int((reason[:, family] == "").sum())
        alpha[:, family] = rules.alpha / max(asked, 1)
    ends = exact(np.nan_to_num(value), worth, alpha)
    low, high = (np.where(reason == "", end, np.nan) for end in ends)
    level = np.array([columns[m].level for m in cover])
    many = made.classes[own] >= SIMILAR_FROM
    verdict = np.full(low.shape, "cannot_tell", dtype="<U13")
    verdict[(low >= level - rules.margin) & many] = "not_below"
    verdict[(high < level) & (low < level - rules.margin)] = "below"
    verdict[reason != ""] = "not_estimable"
    return Held(groups, tuple(cover), rules.margin, low, high, verdict, reason)


def _notes(at: Ground, source: Source | None, ensemble: Ensemble | None) -> tuple[str, ...]:
    notes = []
    if source is not None and source.folded:
        notes.append(
            "No people to calibrate on were given: sets were calibrated on the audited people in "
            "folds, so that coverage over everybody is the level by construction."
        )
    if len(at.unit) > len(at.here.unit_group):
        notes.append("Coverage is promised for a row drawn at random from a new person.")
    if at.here.cohort.weights is not None:
        notes.append("Sampling weights enter calibration and every mean.")
    return (*notes, *(() if ensemble is None else ensemble.notes))
