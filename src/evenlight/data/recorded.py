"""A score that was recorded for every row, as the output of a model that is out of reach."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy.special import expit, logit

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.data.probed import Predictions
from evenlight.errors import CohortError

ASKED = (
    "of a score performance and calibration by group can be asked (perform), and what it tells of "
    "a group (leak); attributions, use, reliance by features, layers and perturbation need a model"
)


def recorded(
    cohort: Cohort,
    *,
    gives: Literal["response", "margin", "score", "decision"] = "response",
    target: str = "",
    unit: str = "",
) -> Predictions:
    """The column `prediction` of a cohort as predictions, for `perform` and `leak`.

    Parameters
    ----------
    gives
        "response": a probability where the outcome is binary or categorical, else the outcome's own
        unit; "margin": log odds, or the risk of a survival model; "score": a number that ranks
        people and is no probability, of which only ranks are judged; "decision": 0 and 1 only, as
        of a rule or of a tree grown to its end, of which sensitivity, specificity and net benefit
        are judged and calibration is not.
    target
        the class of a categorical outcome that the score is of.
    unit
        of the response, such as "mg a week".

    Probabilities of exactly 0 or 1 have no log odds: all are then judged as they are.

    Raises CohortError where no column is declared, a value is missing, a probability lies outside
    0 to 1 or is always 0 or 1, or a decision is neither; it says what can be asked of a score, and
    what cannot.

    >>> import pandas as pd
    >>> people = pd.DataFrame({"y": [0, 1], "p": [0.2, 0.5], "g": ["a", "b"]}, index=["r", "s"])
    >>> cohort = Cohort(np.zeros((2, 1)), people, outcome="y", prediction="p", groups=["g"])
    >>> recorded(cohort).margin.round(3).tolist(), recorded(cohort).link
    ([-1.386, 0.0], 'logit')
    """
    values = _numbers(cohort)
    named = target or (cohort.outcome if isinstance(cohort.outcome, str) else "risk")
    chance = cohort.outcome_kind in ("binary", "categorical")
    if cohort.outcome_kind == "categorical":
        _class(cohort, target)
    if gives == "score":
        return Predictions(
            cohort.rows, values, values, named, "identity", model="score", score_only=True
        )
    if gives == "margin":
        response = expit(values) if chance else values
        link = "logit" if chance else "identity"
        return Predictions(cohort.rows, values, response, named, link, model="score", unit=unit)
    if gives == "decision":
        _decided(values, cohort)
    elif chance:
        _chances(values, cohort)
    else:
        return Predictions(cohort.rows, values, values, named, "identity", model="score", unit=unit)
    if ((values > 0) & (values < 1)).all():
        return Predictions(cohort.rows, logit(values), values, named, "logit", model="score")
    return Predictions(
        cohort.rows, values, values, named, "identity", scale="probability", model="score"
    )


def _numbers(cohort: Cohort) -> Float:
    if cohort.prediction is None:
        raise CohortError(
            f"no column of people is the score; say Cohort(..., prediction=its name): {ASKED}"
        )
    try:
        values: Float = cohort.people[cohort.prediction].to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        raise CohortError(f"prediction {cohort.prediction!r} holds text; wanted numbers") from None
    bad = int((~np.isfinite(values)).sum())
    if bad:
        raise CohortError(
            f"prediction {cohort.prediction!r} is missing or infinite in {bad} of {len(values)} "
            "rows; leave these rows out, or fill them as they would be where it is used"
        )
    return values


def _class(cohort: Cohort, target: str) -> None:
    known = sorted({str(c) for c in cohort.people[cohort.outcome].dropna()})
    if target not in known:
        raise CohortError(
            f"target {target!r}: a score is of one class of {cohort.outcome!r}; name one of "
            f"{', '.join(known[:12])}"
        )


def _chances(values: Float, cohort: Cohort) -> None:
    outside = int(((values < 0) | (values > 1)).sum())
    if outside:
        raise CohortError(
            f"prediction {cohort.prediction!r} lies outside 0 to 1 in {outside} of {len(values)} "
            'rows, so it is no probability; say gives="margin" if these are log odds, '
            'gives="score" if they only rank, and divide percents by 100'
        )
    if np.isin(values, (0.0, 1.0)).all():
        raise CohortError(
            f"prediction {cohort.prediction!r} holds 0 and 1 only, which tells decisions and not "
            'how sure the model was; bring its probabilities, or say gives="decision"'
        )


def _decided(values: Float, cohort: Cohort) -> None:
    """Raise CohortError for values other than 0 and 1, or an outcome that is no event."""
    if cohort.outcome_kind not in ("binary", "categorical"):
        raise CohortError(
            f"a decision is of an event, and the outcome is {cohort.outcome_kind}; leave gives= out"
        )
    other = int((~np.isin(values, (0.0, 1.0))).sum())
    if other:
        raise CohortError(
            f"prediction {cohort.prediction!r} is neither 0 nor 1 in {other} of {len(values)} "
            "rows, so it is no decision; leave gives= out if these are probabilities"
        )
