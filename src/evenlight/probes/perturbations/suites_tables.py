"""The suite of clinical tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.data.cohort import Cohort
from evenlight.data.features import Indicators
from evenlight.data.nearest import hint
from evenlight.errors import FeatureError, UnknownName
from evenlight.probes.perturbations import tables
from evenlight.probes.perturbations.facts import Facts, chosen_columns, facts, medians, named
from evenlight.probes.perturbations.needs import need
from evenlight.probes.perturbations.perturbation import Perturbation, Suite
from evenlight.probes.perturbations.tables import Piece
from evenlight.probes.values import informative


def tabular(
    cohort: Cohort,
    *,
    errors: Mapping[str, float] | None = None,
    factors: Mapping[str, float] | None = None,
    missing: str = "median",
    only: Sequence[str] | None = None,
) -> Suite:
    """Measurement error, rounding, missing values and wrong units in a table (n, p).

    Numbers with more than two values are measured; one-hot variables are only ever missing.

    Parameters
    ----------
    errors
        column to the SD of its error within a person, in its own unit; strengths are then multiples
        of it, and other columns have no error. Left out, strengths are shares of each column's SD.
    factors
        column to the factor between its unit and another (weight: 2.2046); by default a decimal
        place, 10, in every number.
    missing
        what a missing number holds, "median" or "nan"; a one-hot variable then has its state
        *unknown* (or *missing*), else its reference, else its most frequent state.

    Raises CohortError for images, FeatureError for a column that is not there.
    """
    at = chosen_columns(cohort, only) if cohort.x.ndim == 2 else None
    need(cohort, "numbers", at)
    assert at is not None
    if missing not in ("median", "nan"):
        raise UnknownName(f"missing={missing!r}; wanted median or nan")
    found, names = facts(cohort, at), [cohort.features.names[int(j)] for j in at]
    coded = {c for i in cohort.features.indicators for c in i.columns}
    number = found.continuous & np.array([name not in coded for name in names])
    one: Callable[..., Perturbation] = partial(Perturbation, needs="numbers")
    pieces = _pieces(cohort, at, missing)
    made = [one(
        "missing values", partial(tables.missing, pieces=pieces), (0.05, 0.1, 0.25),
        "share of values missing", source="missing at random",
    )]  # fmt: skip
    notes = [] if number.any() else ["No column has more than two values: none was measured anew."]
    if number.any():
        made = [
            *_numbers(one, found, number, names, errors),
            *made,
            _units(one, number, names, factors),
        ]
    return Suite("tabular", tuple(made), named(only), notes=tuple(notes))


def _numbers(
    one: Callable[..., Perturbation], found: Facts, number: Bool,
    names: Sequence[str], errors: Mapping[str, float] | None,
) -> list[Perturbation]:  # fmt: skip
    spread = np.where(number, found.sd, 0.0)
    error, unit, steps = spread, "SD of the column", (0.1, 0.25, 0.5)
    if errors is not None:
        error = _declared(errors, names, 0.0, what="errors")
        unit, steps = "SD within a person", (0.5, 1.0, 2.0)
    low = np.where(found.low >= 0, 0.0, -np.inf)
    of = partial(tables.measured, error=error, whole=found.whole, low=low)
    return [
        one("measurement error", of, steps, unit, source="Gaussian"),
        one("rounding", partial(tables.rounded, step=spread), (0.1, 0.25, 0.5, 1.0),
            "SD of the column, rounded to", source="nearest multiple", by_row=False),
    ]  # fmt: skip


def _units(
    one: Callable[..., Perturbation], number: Bool, names: Sequence[str],
    factors: Mapping[str, float] | None,
) -> Perturbation:  # fmt: skip
    factor = np.where(number, 10.0, np.nan)
    if factors is not None:
        factor = _declared(factors, names, np.nan, what="factors")
    columns = np.flatnonzero(np.isfinite(factor)).astype(np.int64)
    of = partial(tables.misread, columns=columns, factor=factor[columns])
    told = "a decimal place" if factors is None else "the declared factor"
    unit = f"share of rows with one number off by {told}"
    return one("unit mistakes", of, (0.01, 0.05, 0.1), unit, source="another unit")


def _declared(
    given: Mapping[str, float], names: Sequence[str], other: float, *, what: str
) -> Float:
    """A number for each column (p,), `other` where none was given."""
    out = np.full(len(names), other)
    for name, value in given.items():
        if name not in names:
            raise FeatureError(f"{what}= names {name!r}, no column here{hint(name, names)}")
        if not np.isfinite(value) or value <= 0:
            raise FeatureError(f"{what}= gives {name!r} {value!r}; wanted a number above 0")
        out[names.index(name)] = value
    return out


def _pieces(cohort: Cohort, at: Int, missing: str) -> tuple[Piece, ...]:
    """Each variable: where its columns stand among those chosen, and what they hold if missing."""
    place = {cohort.features.names[int(j)]: i for i, j in enumerate(at)}
    middle = medians(cohort, at) if missing == "median" else np.full(len(at), np.nan)
    coded = {c: i for i in cohort.features.indicators for c in i.columns}
    seen: set[str] = set()
    pieces: list[Piece] = []
    for name, i in place.items():
        own = coded.get(name)
        if own is None:
            pieces.append(((i,), (float(middle[i]),)))
        elif own.variable not in seen:
            seen.add(own.variable)
            pieces.append((tuple(place[c] for c in own.columns), _unknown(cohort, own)))
    return tuple(pieces)


def _unknown(cohort: Cohort, coded: Indicators) -> tuple[float, ...]:
    """The 0/1 columns of a variable that is missing."""
    states = list(coded.columns.values())
    said = [s for s in states if not informative(s)]
    if said:
        return tuple(float(s == said[0]) for s in states)
    if coded.reference is not None:
        return (0.0,) * len(states)
    often = cohort.columns([cohort.features.place[c] for c in coded.columns]).sum(axis=0)
    return tuple(float(i == int(often.argmax())) for i in range(len(states)))
