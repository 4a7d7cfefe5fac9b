"""Folds of whole units, in each of which a head is fitted without the people that it scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.data.cohort import Cohort
from evenlight.data.families import kept_together
from evenlight.data.groups import Groups
from evenlight.errors import CohortError
from evenlight.stats.folds import dealt

LEAST = 2
"""Fewest folds."""

SURVIVAL = (
    "a head for survival is not fitted here; fit one elsewhere and hand over its score with "
    'Cohort(prediction="its column"), or make an event within a horizon the outcome (0 or 1)'
)

Fit = Callable[[Float, Float, Int], Any]
"""Rows (m, d), outcome (m,) and unit (m,) of the people to learn from, to a fitted head."""


def learnable(cohort: Cohort) -> tuple[Float, Bool]:
    """The outcome (n,) as numbers, and of which rows (n,) it is known.

    Raises CohortError without an outcome that a head can learn.
    """
    if cohort.outcome is None:
        raise CohortError(
            "a head learns an outcome, and the cohort has none; pass outcome= the column's name, "
            "or a head that was fitted elsewhere as head=ev.adapt(it)"
        )
    if cohort.outcome_kind == "survival" or not isinstance(cohort.outcome, str):
        raise CohortError(SURVIVAL)
    return cohort.y, np.isfinite(cohort.y)


def folds_of_units(
    cohort: Cohort,
    count: int,
    *,
    rng: np.random.Generator,
    families: str | Groups | None = None,
) -> Int:
    """The fold (n,) of each row: whole units, balanced over classes (or levels of a number).

    Units come in the order of their ids, so no answer depends on the order of rows; groups play no
    part. Units without a known outcome are divided as well: they are scored and not learned from.
    `families` (a column of people, or Groups) are kept in one fold: a head that has learned from a
    relative is none that has not seen the person.

    Raises CohortError for fewer than two folds, more folds than units (or families) with an
    outcome, and a class with fewer of them than folds, of which some head would see none.
    """
    y, known = learnable(cohort)
    if count < LEAST:
        raise CohortError(f"folds is {count}; cross-fitting needs {LEAST} or more")
    whole = kept_together(cohort, families)
    return dealt(_blocks(cohort, y, known, count, whole), count=count, rng=rng)[whole]


def _blocks(cohort: Cohort, y: Float, known: Bool, count: int, whole: Int) -> Int:
    """The block of each unit (or family) in which folds are dealt out; -1 without an outcome."""
    many = int(whole.max()) + 1
    code = np.full(many, -1, dtype=np.int64)
    who = np.unique(whole[known])
    what = "units" if whole is cohort.units else "families"
    if len(who) < count:
        raise CohortError(
            f"{len(who)} {what} with a known outcome do not fill {count} folds; "
            f"say folds={max(LEAST, len(who) // 2)} or fewer, or bring more people"
        )
    if cohort.outcome_kind == "continuous":
        order = cohort.order[known[cohort.order]]
        total = np.bincount(whole[order], y[order], many)
        size = np.maximum(np.bincount(whole[order], minlength=many), 1)
        ranked = who[np.lexsort((who, (total / size)[who]))]
        code[ranked] = np.arange(len(ranked)) // count
        return code
    np.maximum.at(code, whole[known], y[known].astype(np.int64))
    label = np.asarray(cohort.people[cohort.outcome])[known]
    _enough(whole[known], y[known].astype(np.int64), count, label)
    return code


def _enough(unit: Int, y: Int, count: int, label: Any) -> None:
    """Raise CohortError for a class with too few units, by its own name."""
    many = np.bincount(np.unique(np.column_stack([unit, y]), axis=0)[:, 1])
    if len(np.unique(y)) < 2:
        raise CohortError(
            f"the outcome is {label[0]} in all rows where it is known; a head needs two classes"
        )
    few = int(many.argmin())
    if many[few] < count:
        name = label[int((y == few).argmax())]
        raise CohortError(
            f"the outcome is {name} in {many[few]} units, fewer than the {count} folds, so that "
            f"a fold would hold one class only; say folds={max(LEAST, int(many[few]))}, or leave "
            "this class out"
        )


def fitted_without(
    rows: Float,
    cohort: Cohort,
    fold: Int,
    fit: Fit,
    *,
    families: str | Groups | None = None,
) -> list[Any]:
    """K heads: the k-th is fitted on rows (n, d) of known outcome that are not in fold k.

    Rows are handed to `fit` in the order of their ids, with the unit (or family) of each, which
    it may not divide. Raises CohortError where a class is left out of what a head learns from.
    """
    y, known = learnable(cohort)
    order = cohort.order[known[cohort.order]]
    classes = 0 if cohort.outcome_kind == "continuous" else len(np.unique(y[known]))
    whole = kept_together(cohort, families)
    heads = []
    for k in range(int(fold.max()) + 1):
        seen = order[fold[order] != k]
        if len(np.unique(y[seen])) < classes:
            raise CohortError(
                f"without fold {k + 1} a class of the outcome is gone: its people have rows of "
                "several classes; say fewer folds, or make the outcome one of the unit"
            )
        heads.append(fit(rows[seen], y[seen], whole[seen]))
    return heads


def inner_folds(y: Float, unit: Int, *, count: int, classes: bool) -> Int:
    """The fold (m,) of each row of the people that one head learns from, by whole units.

    Units stand in the order of their codes and are dealt out in turn, class by class: no draw.
    """
    who = np.unique(unit)
    code = np.zeros(int(unit.max()) + 1)
    if classes:
        np.maximum.at(code, unit, y)
    ranked = who[np.lexsort((who, code[who]))]
    turn = np.empty(len(code), dtype=np.int64)
    turn[ranked] = np.arange(len(ranked)) % count
    return turn[unit]
