"""The values that a probe puts into everyone: states of a variable, or numbers in a column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features, Indicators, states_of
from evenlight.data.groups import MISSING
from evenlight.data.nearest import hint
from evenlight.errors import FeatureError
from evenlight.probes.sample import shown_rows


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """One value of one variable: its name, the columns that carry it, and what stands in them."""

    label: str
    columns: tuple[int, ...]
    values: tuple[float, ...]


def state_setting(coded: Indicators, state: str, features: Features) -> Setting:
    """The 0/1 columns of a variable at one state; all 0 at its reference."""
    columns = tuple(features.place[c] for c in coded.columns)
    return Setting(state, columns, tuple(float(s == state) for s in coded.columns.values()))


def number_setting(column: int, value: float) -> Setting:
    """One plain column at one number."""
    return Setting(f"{value:g}", (column,), (value,))


def common_change(
    variable: str, cohort: Cohort, *, codes: bool = False
) -> tuple[Setting, Setting] | None:
    """The two values between which everyone is moved; None for a variable that does not vary.

    They are those of the people who are shown: who is in a hidden part sets no end.

    A column of 0, 1, 2 moves between its lowest and its highest value, another column between the
    pooled 10th and 90th percentile (where these are equal, between minimum and maximum), a column
    of codes from its most frequent to its next frequent one. A one-hot variable moves between two
    observed states: from the reference (else the most frequent) to the most frequent other one that
    is not *unknown*; a genotype with two homozygous states moves between these.
    """
    coded = cohort.features.indicator(variable)
    if coded is not None:
        seen = observed(coded, cohort)
        pair = _two_states(coded, [seen[i] for i in shown_rows(cohort)])
        return pair and (
            state_setting(coded, pair[0], cohort.features),
            state_setting(coded, pair[1], cohort.features),
        )
    j = cohort.features.place[variable]
    column = cohort.column(j)[shown_rows(cohort)]
    ends = _two_codes(column) if codes else _two_numbers(column)
    return ends and (number_setting(j, ends[0]), number_setting(j, ends[1]))


def chosen_change(
    variable: str, pair: tuple[object, object], cohort: Cohort
) -> tuple[Setting, Setting]:
    """Two values that the caller names: observed states, or numbers of a plain column."""
    coded = cohort.features.indicator(variable)
    if coded is None:
        j = cohort.features.place[variable]
        return number_setting(j, _number(variable, pair[0])), number_setting(
            j, _number(variable, pair[1])
        )
    seen = set(observed(coded, cohort))
    for state in pair:
        if state not in seen:
            raise FeatureError(
                f"{variable}: no row is in state {state!r}{hint(str(state), sorted(seen))}"
            )
    return (
        state_setting(coded, str(pair[0]), cohort.features),
        state_setting(coded, str(pair[1]), cohort.features),
    )


def observed(coded: Indicators, cohort: Cohort) -> list[str]:
    """The state of each row, (n,)."""
    names = list(coded.columns)
    return states_of(coded, cohort.columns([cohort.features.place[c] for c in names]), names)


def known_variable(name: str, cohort: Cohort) -> None:
    """Raise FeatureError, with the nearest name, unless `name` is a variable of x."""
    names = cohort.features.variables().names
    if name in names:
        return
    for coded in cohort.features.indicators:
        if name in coded.columns:
            raise FeatureError(
                f"{name!r} is one indicator of {coded.variable!r}; a single indicator is never "
                f"moved alone: name {coded.variable!r}"
            )
    raise FeatureError(f"no variable {name!r} among the inputs{hint(name, names)}")


def informative(state: str) -> bool:
    """Whether a state says something: not unknown, missing or the like.

    >>> informative("A/A"), informative("Unknown"), informative("missing or mixed race")
    (True, False, False)
    """
    words = state.casefold().replace("_", " ").split()
    return state.strip().casefold() not in MISSING and not set(words) & {"unknown", "missing"}


def homozygous(state: str) -> bool:
    """Whether a state is a genotype of two equal alleles.

    >>> homozygous("A/A"), homozygous("A/G"), homozygous("White")
    (True, False, False)
    """
    for mark in ("/", "|"):
        alleles = state.split(mark)
        if len(alleles) == 2:
            return alleles[0] == alleles[1] != ""
    return False


def _two_states(coded: Indicators, seen: Sequence[str]) -> tuple[str, str] | None:
    counts: Mapping[str, int] = Counter(s for s in seen if informative(s))
    ranked = sorted(counts, key=lambda s: (-counts[s], s))
    if len(ranked) < 2:
        return None
    pure = [s for s in ranked if homozygous(s)]
    if len(pure) == 2:
        ranked = pure
    first = coded.reference if coded.reference in ranked else ranked[0]
    assert first is not None
    return first, next(s for s in ranked if s != first)


def _two_numbers(column: Float) -> tuple[float, float] | None:
    low, high = float(column.min()), float(column.max())
    if low == high:
        return None
    if not np.isin(column, (0.0, 1.0, 2.0)).all():
        tenth, ninetieth = (float(v) for v in np.quantile(column, (0.1, 0.9)))
        low, high = (tenth, ninetieth) if tenth < ninetieth else (low, high)
    return low, high


def _two_codes(column: Float) -> tuple[float, float] | None:
    values, counts = np.unique(column, return_counts=True)
    ranked = values[np.argsort(-counts, kind="stable")]
    return None if len(ranked) < 2 else (float(ranked[0]), float(ranked[1]))


def _number(variable: str, value: object) -> float:
    try:
        number = float(str(value))
    except ValueError:
        number = np.nan
    if not np.isfinite(number):
        raise FeatureError(f"{variable}: level {value!r} is not a number")
    return number
