"""How far the values of each subject tell the group."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Float, Int, Text
from evenlight.data.attributions import Attributions
from evenlight.measures.prepare import Setting, own_states
from evenlight.measures.streamed import columns_of, values_of_units
from evenlight.stats.association import normalised_information
from evenlight.stats.effects import unit_means
from evenlight.stats.explained import basis, explained_share, indicators
from evenlight.stats.strata import unit_categories

WIDTH = 2048
"""Columns that are read at once."""


def association(
    here: Setting, made: Attributions, *, rng: np.random.Generator | None = None
) -> tuple[Float, Text]:
    """How far each subject's values tell the group, (p,): by states, or corrected eta squared.

    Over units. Where a subject has no values of its own, as a set, those of its attribution serve.
    `rng` is not drawn from: the mean under permutations is exact.
    """
    names = made.features.names
    out, kinds = np.full(len(names), np.nan), np.full(len(names), "eps squared", dtype="<U40")
    of_state = [j for j, name in enumerate(names) if here.cohort.features.indicator(name)]
    for j in of_state:
        states = unit_states(here, names[j])[:, None]
        out[j] = normalised_information(states, here.unit_group)[0]
        kinds[j] = "information"
    place, flat = here.cohort.features.place, here.cohort.x.ndim == 2
    rest = np.setdiff1d(np.arange(len(names)), of_state)
    plain = np.array([flat and names[j] in place for j in rest], dtype=bool)
    columns = np.array([place[names[j]] for j in rest[plain]], dtype=np.int64)
    out[rest[plain]] = _shares_of_columns(here, columns)
    kinds[rest[~plain]] = "eps squared of the attribution"
    if not plain.all():
        own = columns_of(made, here, np.isin(np.arange(len(names)), rest[~plain]))
        out[rest[~plain]] = _shares(here, unit_means(own, here.unit, here.order))
    return out, kinds


def unit_states(here: Setting, variable: str) -> Int:
    """The state (u,) of a one-hot variable of each unit; a unit of several states is one more."""
    states = own_states(here.cohort, variable)
    assert states is not None
    return unit_categories(states[0][here.kept].astype(np.float64), here.unit).astype(np.int64)


def _shares_of_columns(here: Setting, columns: Int) -> Float:
    """Eps squared (m,) of some columns of x, some at a time."""
    out = np.zeros(len(columns))
    for start in range(0, len(columns), WIDTH):
        at = slice(start, start + WIDTH)
        out[at] = _shares(here, values_of_units(here, columns[at]))
    return out


def _shares(here: Setting, values: Float) -> Float:
    """Eps squared (m,) of values of units (u, m)."""
    one = np.zeros(len(values), dtype=np.int64)
    given = basis(indicators(here.unit_group), one)
    return explained_share(values, given) if given.rows else np.full(values.shape[1], np.nan)
