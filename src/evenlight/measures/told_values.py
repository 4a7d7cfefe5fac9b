"""The values of subjects that are asked how far they tell a group: numbers, states, genotypes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.data.features import FeatureSets
from evenlight.measures.genotypes import dosages
from evenlight.measures.map_subjects import Subjects, map_subjects
from evenlight.measures.prepare import Setting
from evenlight.measures.telling import unit_states
from evenlight.stats.association import quantile_states
from evenlight.stats.strata import held_inside


def subjects_of(here: Setting, genotypes: Sequence[str], sets: FeatureSets | None) -> Subjects:
    """The variables of a cohort's columns; of maps, the mean or the letters of each set."""
    if here.cohort.x.ndim != 2:
        return map_subjects(here, sets)
    names = here.cohort.features.variables().names
    coded = {n for n in names if here.cohort.features.indicator(n) is not None}
    plain = [n for n in names if n not in coded]
    kind = np.full(len(names), "number", dtype="<U13")
    kind[np.isin(names, list(coded))] = "states"
    kind[np.isin(names, list(genotypes))] = "genotype"
    place = {n: j for j, n in enumerate(names)}
    own = _plain(here, plain, genotypes)
    states = np.full((len(own), len(names)), -1, dtype=np.int16)
    states[:, [place[n] for n in plain]] = quantile_states(own)
    columns, owner = [own], [[place[n] for n in plain]]
    for name in sorted(coded, key=place.__getitem__):
        state = unit_states(here, name)
        states[:, place[name]] = state
        wide = np.equal.outer(state, np.unique(state)).astype(np.float64)
        columns.append(wide)
        owner.append([place[name]] * wide.shape[1])
    flat = np.array([j for part in owner for j in part], dtype=np.int64)
    return Subjects(names, kind, np.hstack(columns), flat, states)


def _plain(here: Setting, names: Sequence[str], genotypes: Sequence[str]) -> Float:
    """Values of units (u, c) at plain columns; genotypes are checked."""
    at = {n: i for i, n in enumerate(names)}
    out = np.empty((len(here.unit_group), len(names)))
    if genotypes:
        out[:, [at[n] for n in genotypes]] = dosages(here, genotypes)
    called = set(genotypes)
    rest = [n for n in names if n not in called]
    columns = [here.cohort.features.place[n] for n in rest]
    out[:, [at[n] for n in rest]] = here.per_unit(here.cohort.columns(columns))
    return out


def without_slopes(
    values: Float, held: tuple[Float | None, Float], stratum: Int, group: Int, piece: Int
) -> Float:
    """Values (m, c) without their slopes inside strata; a missing value stays missing.

    `held` as in `stats.strata.held_inside`: the outcome inside its bins, and shares of strata.
    """
    out, (y, share) = values.copy(), held
    gaps = np.isnan(values).any(axis=0)
    out[:, ~gaps] = held_inside(values[:, ~gaps], held, stratum, group, piece=piece)
    for j in np.flatnonzero(gaps):
        own = ~np.isnan(values[:, j])
        some = (None if y is None else y[own], share[own])
        part = held_inside(values[own][:, [j]], some, stratum[own], group[own], piece=piece[own])
        out[own, j] = part[:, 0]
    return out


def filled(values: Float, stratum: Int) -> Float:
    """Missing values at the mean of their stratum, or 0 where nobody there has one."""
    out = values.copy()
    for s in np.unique(stratum) if np.isnan(values).any() else ():
        own = stratum == s
        known = ~np.isnan(values[own])
        total = np.where(known, values[own], 0.0).sum(axis=0)
        out[own] = np.where(known, values[own], total / np.maximum(known.sum(axis=0), 1))
    return out
