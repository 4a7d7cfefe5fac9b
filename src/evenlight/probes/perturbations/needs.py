"""Whether the data are what a perturbation asks for, said before any compute."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.data.cohort import Cohort
from evenlight.errors import CohortError
from evenlight.probes.perturbations.facts import chosen_columns
from evenlight.probes.perturbations.perturbation import Needs, Suite


def need(cohort: Cohort, what: Needs, columns: Int | None = None) -> None:
    """Raise CohortError, saying what was found, unless x (or some columns of it) suits `what`.

    *numbers*: a table; *counts*: whole numbers of at least 0; *log counts*: a table without
    missing values; *dosage*: numbers within 0 .. 2; *image*: rows of two or more axes; *codes*:
    whole numbers (n, L), or one-hot rows (n, k, L).
    """
    _axes(cohort, what)
    check = CHECKS.get(what)
    if check is None:
        return
    wrong, remedy = check
    count, first = 0, ""
    for part, x in cohort.blocks():
        own = x if columns is None else x[:, columns]
        bad = wrong(own)
        if bad.any() and not count:
            first = _first(cohort, own, bad, part.start, columns)
        count += int(bad.sum())
    if count:
        raise CohortError(f"{what} are asked for, and x holds {count} values {remedy} ({first})")


def suited(cohort: Cohort, suite: Suite) -> dict[str, Int | None]:
    """The columns that each perturbation of a suite changes, by its name; None for all of x.

    Raises CohortError where x is not what one of them asks for.
    """
    table = cohort.x.ndim == 2
    asked = {p.only: chosen_columns(cohort, p.only) if table else None for p in suite.perturbations}
    for what, only in dict.fromkeys((p.needs, p.only) for p in suite.perturbations):
        need(cohort, what, asked[only])
    return {p.name: asked[p.only] if p.only else None for p in suite.perturbations}


def _axes(cohort: Cohort, what: Needs) -> None:
    shape = ", ".join(map(str, cohort.x.shape))
    if what == "image" and cohort.x.ndim < 3:
        raise CohortError(
            f"an image is asked for, and x has shape ({shape}), a table; the suites for tables are "
            "counts, expression, genotypes and tabular"
        )
    if what == "codes" and cohort.x.ndim not in (2, 3):
        raise CohortError(f"sequences are (n, L) or (n, k, L), and x has shape ({shape})")
    if what not in ("image", "codes") and cohort.x.ndim != 2:
        raise CohortError(
            f"{what} are asked for as a table (n, p), and x has shape ({shape}), as images or "
            'maps have; say suite="imaging" for images'
        )


def _first(cohort: Cohort, own: Float, bad: Bool, start: int, columns: Int | None) -> str:
    """The first wrong value, and where it stands."""
    at = tuple(np.argwhere(bad)[0].tolist())
    row = f"the row at position {start + at[0]}"
    if cohort.x.ndim != 2:
        return f"first {own[at]:g} in {row}"
    j = at[1] if columns is None else int(columns[at[1]])
    return f"first {own[at]:g} in {row}, feature {cohort.features.names[j]!r}"


def _no_counts(x: Float) -> Bool:
    return np.asarray(~((x >= 0) & (x == np.rint(x))))


def _no_dosage(x: Float) -> Bool:
    return np.asarray((x < 0) | (x > 2))


def _no_code(x: Float) -> Bool:
    return np.asarray(~(x == np.rint(x))) if x.ndim == 2 else np.asarray(~np.isin(x, (0.0, 1.0)))


CHECKS: Mapping[Needs, tuple[Callable[[Float], Bool], str]] = {
    "counts": (
        _no_counts,
        'that are negative or no whole numbers; say suite={"name": "expression", "scale": '
        '"log1p"} for logarithms, or only= the features that are counts',
    ),
    "log counts": (np.isnan, "that are missing; fill them, or leave these features out with only="),
    "dosage": (
        _no_dosage,
        "outside 0 .. 2; name the features that are genotypes with only=, or undo their scaling",
    ),
    "codes": (_no_code, "that are no codes of letters (or, one-hot, neither 0 nor 1)"),
}
