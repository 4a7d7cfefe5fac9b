"""Do raters agree equally well on everyone? Agreement on the label, by group."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Int
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.errors import CohortError
from evenlight.measures.judging import Judging
from evenlight.measures.measuring import Task, measure
from evenlight.measures.perform import recorded
from evenlight.measures.performance import Performance
from evenlight.measures.prepare import setting
from evenlight.stats.metrics import Case, Metric
from evenlight.stats.raters import (
    agreement,
    alpha_interval,
    alpha_nominal,
    interval,
    kappa,
    nominal,
)

MOST_CODES = 10
"""Numbers of more values than this are a scale, of fewer are categories."""


def rate(
    cohort: Cohort,
    *,
    by: str | Groups,
    ratings: Sequence[str] = (),
    rng: np.random.Generator | int = 0,
) -> Performance:
    """Agreement of raters overall and by group: share of agreeing pairs, Krippendorff's alpha.

    `ratings` names columns of people, one a rater; without them the cohort's `rater` says whose
    outcome each row of a unit is. Two raters who both rated every unit have Cohen's kappa too; a
    scale has alpha of squared differences only. Units with fewer than two ratings are left out.
    Intervals and differences as in `perform`; there is no margin, so no verdict. Raises CohortError
    where no unit has two ratings.
    """
    first = cohort.order[np.unique(cohort.units[cohort.order], return_index=True)[1]]
    table, scale = _columns(cohort, ratings, first) if ratings else _rows(cohort)
    kept = np.isfinite(table).sum(axis=1) >= 2
    if not kept.any():
        raise CohortError(
            "no unit has two ratings; name the raters' columns with ratings=, or give the cohort "
            "unit= and rater=, so that a unit has a row for each rater"
        )
    people = cohort.take(first)
    here = setting(people, by, kept=kept)
    own = table[kept]
    one = np.ones(len(own))
    case = Case(one, one, one, ratings=own)
    task = Task(here, case, _metrics(own, scale), Judging(), events=False)
    return recorded(measure(task, np.random.default_rng(rng)), target="the recorded label", unit="")


def _metrics(own: Float, scale: bool) -> dict[str, Metric]:
    if scale:
        return {"alpha": partial(_summed, interval, alpha_interval)}
    made: dict[str, Metric] = {
        "pairs_agree": partial(_summed, nominal, agreement),
        "alpha": partial(_summed, nominal, alpha_nominal),
    }
    if own.shape[1] == 2 and np.isfinite(own).all():
        made["kappa"] = _kappa
    return made


def _summed(
    sums: Callable[[Float], Float],
    made: Callable[[Float, Float], Float],
    case: Case,
    weight: Float,
) -> Float:
    assert case.ratings is not None
    return made(sums(case.ratings), weight)


def _kappa(case: Case, weight: Float) -> Float:
    assert case.ratings is not None
    return kappa(case.ratings, weight)


def _columns(cohort: Cohort, names: Sequence[str], first: Int) -> tuple[Float, bool]:
    """Ratings (u, raters) of each unit's first row, as codes; whether they are on a scale."""
    if isinstance(names, str):
        raise CohortError(f"ratings is the text {names!r}; wanted a list of two columns or more")
    absent = [name for name in names if name not in cohort.people]
    if len(set(names)) < len(names):
        raise CohortError(f"ratings={list(names)}: a column occurs twice; each is one rater")
    if absent or len(names) < 2:
        raise CohortError(
            f"ratings={list(names)}: two columns of people or more are needed; "
            f"{absent or 'one'} cannot be compared"
        )
    return _coded([cohort.people[name].iloc[first] for name in names])


def _rows(cohort: Cohort) -> tuple[Float, bool]:
    """Outcomes (u, raters) of the rows of each unit, by the cohort's rater."""
    if cohort.rater is None or not isinstance(cohort.outcome, str):
        raise CohortError(
            "who rated is not known: name the raters' columns with ratings=, or give the cohort "
            "rater= and outcome="
        )
    order = cohort.order
    people = pd.DataFrame(
        {
            "unit": cohort.units[order],
            "rater": cohort.people[cohort.rater].astype(str).to_numpy()[order],
            "label": cohort.people[cohort.outcome].to_numpy()[order],
        }
    )
    wide = people.drop_duplicates(["unit", "rater"]).pivot(
        index="unit", columns="rater", values="label"
    )
    return _coded([wide[name] for name in wide.columns])


def _coded(columns: Sequence[pd.Series]) -> tuple[Float, bool]:
    """Ratings (u, raters): categories as codes; numbers of more than ten values are a scale."""
    every = pd.concat(list(columns), ignore_index=True)
    numbers = pd.to_numeric(every, errors="coerce")
    scale = bool(numbers.notna().sum() == every.notna().sum() and numbers.nunique() > MOST_CODES)
    if not scale:
        known = every.dropna().astype(str)
        place = {label: float(i) for i, label in enumerate(sorted(set(known)))}
        numbers = known.map(place).reindex(every.index)
    values = numbers.to_numpy(dtype=np.float64, na_value=np.nan)
    return values.reshape(len(columns), -1).T, scale
