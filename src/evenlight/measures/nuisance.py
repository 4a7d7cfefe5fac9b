"""Declared covariates as columns of units: numbers as they are, categories as indicators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenlight.arrays import Bool, Float, Int
from evenlight.data.groups import MISSING
from evenlight.errors import CohortError
from evenlight.measures.arms import stratum_given
from evenlight.measures.prepare import Setting
from evenlight.measures.weighing import sampling_weights
from evenlight.stats.cells import cells, signatures
from evenlight.stats.effects import unit_means

MOST_STATES = 30
"""A category with more states is a stratum, not a covariate."""


@dataclass(frozen=True, slots=True, eq=False)
class Blocked:
    """u units that enter: their codes in the setting, exchangeability block, and values (u, p).

    `weights` (u,) of sampling, None without.
    """

    unit: Int
    block: Int
    values: Float
    weights: Float | None = None

    def only(self, use: Bool) -> Blocked:
        """The units of `use` (u,) that are not alone in their block."""
        many = np.bincount(self.block[use], minlength=int(self.block.max(initial=0)) + 1) > 1
        stay = use & many[self.block] if len(self.block) else use
        weights = None if self.weights is None else self.weights[stay]
        return Blocked(self.unit[stay], self.block[stay], self.values[stay], weights)


def blocked(here: Setting, given: str, values: Float) -> Blocked:
    """Rows (n kept, p) as one row a unit, and the set of strata that each unit occupies.

    Where strata vary inside a unit its cells are averaged: units of one block have the same strata,
    so that these shift all of them alike. Units of unknown stratum, of sampling weight 0, and
    units alone in their block do not enter.
    """
    stratum = stratum_given(here, given)
    among = (here.unit_group[here.unit] >= 0) & (stratum >= 0)
    sampling = sampling_weights(here)
    if sampling is not None:
        among &= sampling[here.unit] > 0
    rows = here.order[among[here.order]]
    made = cells(values[rows], here.unit[rows], stratum[rows])
    owned = signatures(made.unit, made.stratum)
    place = {s: i for i, s in enumerate(sorted(set(owned)))}
    block = np.array([place[s] for s in owned], dtype=np.int64)
    unit, at = np.unique(made.unit, return_inverse=True)
    means = unit_means(made.values, at.astype(np.int64), np.arange(len(at)))
    weights = None if sampling is None else sampling[unit]
    return Blocked(unit, block, means, weights).only(np.ones(len(unit), dtype=bool))


def nuisance(here: Setting, given: str) -> tuple[Float, Bool]:
    """Covariates of all units (u, r), and a mask (u,) of the units where every one is known.

    Given a continuous outcome, the outcome within each of its bins is a covariate as well, since
    bins leave differences inside them. Raises CohortError for a category of more than 30 states.
    """
    columns = [column_of(here, name) for name in here.cohort.covariates]
    if given == "outcome" and here.cohort.outcome_kind == "continuous":
        columns.append(_within_bins(here))
    u = len(here.unit_group)
    wide = np.hstack([np.zeros((u, 0)), *columns])
    known: Bool = np.asarray(np.isfinite(wide).all(axis=1))
    return np.nan_to_num(wide), known


def column_of(here: Setting, name: str) -> Float:
    """One column of people as numbers of units (u, r): means, or shares of rows; NaN unknown."""
    column = here.cohort.people[name]
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return here.per_unit(column.to_numpy(dtype=np.float64, na_value=np.nan))[:, None]
    labels = known_labels(column[here.kept].tolist())
    states = sorted({t for t in labels if t is not None})
    if len(states) > MOST_STATES:
        raise CohortError(
            f"covariate {name!r} has {len(states)} categories; more than {MOST_STATES} are no "
            f"covariate: name it in strata=[{name!r}], or join categories"
        )
    unknown = np.array([t is None for t in labels])
    made = np.array([[float(t == s) for s in states[1:]] for t in labels])
    return _known_means(made.reshape(len(labels), max(len(states) - 1, 0)), ~unknown, here)


def _known_means(values: Float, known: Bool, here: Setting) -> Float:
    """Means (u, r) over the known rows (n kept,) of each unit; NaN where it has none."""
    rows = here.order[known[here.order]]
    u = len(here.unit_group)
    sums, count = np.zeros((u, values.shape[1])), np.zeros(u)
    np.add.at(sums, here.unit[rows], values[rows])
    np.add.at(count, here.unit[rows], 1.0)
    with np.errstate(invalid="ignore"):
        return np.asarray(sums / np.where(count > 0, count, np.nan)[:, None])


def known_labels(values: Sequence[object]) -> list[str | None]:
    """Labels as text, None where missing."""
    text = [None if pd.isna(v) else str(v) for v in values]  # type: ignore[call-overload]
    return [None if t is None or t.strip().casefold() in MISSING else t for t in text]


def _within_bins(here: Setting) -> Float:
    """The mean outcome of each unit, in the column of its bin (u, bins), 0 in the others."""
    stratum, y = stratum_given(here, "outcome"), here.cohort.y[here.kept]
    known = stratum >= 0
    u = len(here.unit_group)
    names, at = np.unique(stratum[known], return_inverse=True)
    out = np.zeros((u, len(names)))
    rows = np.flatnonzero(known)
    np.add.at(out, (here.unit[rows], at), y[rows] - y[known].mean())
    count = np.maximum(np.bincount(here.unit[rows], minlength=u), 1)
    return out / count[:, None]
