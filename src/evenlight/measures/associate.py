"""How far the values of features and of sets tell a group, or an axis: nothing of the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from evenlight.arrays import Bool, Int
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.groups import Axes, Groups
from evenlight.measures.association_strata import Condition, condition
from evenlight.measures.associations import Association, SetAssociation
from evenlight.measures.axes import coordinates, everyone
from evenlight.measures.dominance import rare_values
from evenlight.measures.drift import drift
from evenlight.measures.genotypes import genotype_columns
from evenlight.measures.genotypes_named import no_states
from evenlight.measures.hidden_people import shown_people
from evenlight.measures.map_subjects import Subjects, set_columns, set_values
from evenlight.measures.prepare import Setting
from evenlight.measures.stratified import conditions
from evenlight.measures.told_effects import P, told_by_limits, told_chance
from evenlight.measures.told_reliance import TENTH, told_association
from evenlight.measures.told_values import filled, subjects_of
from evenlight.stats.association import normalised_information
from evenlight.stats.discriminant import Told, arrangements, asked_axes, asked_groups, told_by
from evenlight.stats.explained import basis, explained_family, explained_share
from evenlight.stats.multiplicity import benjamini_hochberg
from evenlight.stats.unequal_spread import unequal_family

DRAWS = 1000
SET_DRAWS = 499
"""Permutations of features, and of sets, each of which is fitted anew."""

MOST_LEVELS = 20
"""A column of numbers with more distinct values is an axis, as age; with fewer it names groups."""

COUNTS = ("n", "dropped", "bins", "population")
"""What a condition says of its people."""

NO_INFORMATION = "axes are not cut into groups"
WORDS = "the words over its positions are too many to be states"


def associate(
    cohort: Cohort,
    *,
    by: str | Groups | Axes,
    sets: FeatureSets | None = None,
    genotypes: Sequence[str] | bool = False,
    rng: np.random.Generator | int = 0,
) -> Association:
    """How far each variable of x, and each of `sets`, tells `by`: ancestry, sex, site, scanner.

    *Given nothing*, *given the outcome*, and *given the outcome and strata*, over units. `by` is a
    grouping or axes (their name, `Axes`, or a column of numbers, as age). No model plays a part.
    `genotypes` names the columns that are allele counts, True for all of x: these have FST and
    informativeness besides; they are checked, and never guessed from names. Of maps the subjects
    are the means of `sets`, of one-hot sequences the letters of their positions. Association is no
    reliance: a model may use nothing of what tells a group. p takes units as exchangeable within
    strata: relatives make it too small.

    Strata without two or more units of two groups are left out and counted; where some are, a group
    that keeps fewer than 20 units or a quarter of its units leaves, and with one group left nothing
    can be told. Each unit counts once: sampling weights are not used.

    Raises FeatureError for columns that are no genotypes and sets that do not fit, GroupError
    where there is one group.
    """
    generator = np.random.default_rng(rng)
    axes = _axes(cohort, by)
    here = shown_people(cohort, _grouping(by)) if axes is None else _everyone(cohort, axes)
    named = genotype_columns(cohort, genotypes)
    no_states(cohort, named)
    told = subjects_of(here, named, sets)
    given = [condition(here, g, axes) for g in conditions(cohort)]
    uneven = len(np.unique(np.bincount(here.unit))) > 1
    rare = _rare(told)
    found = [_told(_features(told, one, generator, uneven=uneven), here, rare) for one in given]
    return Association(
        grouping=axes.name if axes is not None else here.groups.name,
        source="axes" if axes is not None else here.groups.source,
        levels=coordinates(axes, cohort, here)[0] if axes is not None else here.groups.levels,
        measure="adjusted R squared" if axes is not None else "eps squared",
        subjects=told.names,
        kind=told.kind,
        given=tuple(one.given for one in given),
        draws=DRAWS,
        strata=np.array([len(np.unique(one.stratum)) for one in given]),
        **{name: np.array([getattr(one, name) for one in given]) for name in COUNTS},
        **{name: np.stack([one[name] for one in found]) for name in found[0]},
        drift=drift(here, named) if named and axes is None else None,
        sets=None if sets is None else _sets(here, given, sets, generator),
    )


def _told(found: dict[str, Any], here: Setting, rare: Bool) -> dict[str, Any]:
    """Numbers of a condition as they may be told: an association is a difference of groups.

    Those of `rare` subjects (p,) are coarse where nobody is hidden as well.
    """
    blunt = replace(here, coarse=True)
    shares = {name: told_association(found[name], blunt) for name in ("share", "information")}
    shares |= {name: told_chance(found[name], blunt) for name in P}
    if here.rounded:
        return found | shares
    return found | {name: np.where(rare, told, found[name]) for name, told in shares.items()}


def _rare(told: Subjects) -> Bool:
    """Subjects (p,) of whose uncommon values one unit has more than half, as one carrier has."""
    return np.isin(np.arange(len(told.names)), told.owner[rare_values(told.values)])


def _axes(cohort: Cohort, by: str | Groups | Axes) -> Axes | None:
    """The axes that `by` is, or names: declared ones, or a column of numbers; else None."""
    if not isinstance(by, str):
        return by if isinstance(by, Axes) else None
    declared = next((a for a in cohort.axes if a.name == by), None)
    if declared is not None or by not in cohort.people or any(g.name == by for g in cohort.groups):
        return declared
    column = cohort.people[by]
    if not pd.api.types.is_numeric_dtype(column) or column.nunique() <= MOST_LEVELS:
        return None
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    return Axes(by, values[:, None], cohort.rows, (by,))


def _grouping(by: str | Groups | Axes) -> str | Groups:
    assert not isinstance(by, Axes)
    return by


def _everyone(cohort: Cohort, axes: Axes) -> Setting:
    return everyone(cohort, np.ones(cohort.n, dtype=bool), axes.name)


def _features(
    told: Subjects, one: Condition, rng: np.random.Generator, *, uneven: bool
) -> dict[str, Any]:
    """Shares, p and information (p,) of all subjects under one condition.

    Means of several rows spread less than single rows: where numbers of rows are `uneven` groups
    may have one mean and two spreads, and p is of F* (`stats.unequal_spread`).
    """
    p = len(told.names)
    gone, why = np.full(p, np.nan), np.full(p, one.reason)
    if one.reason:
        numbers = dict.fromkeys(("share", "p", "p_maxt", "q", "information"), gone)
        return {**numbers, "reason": why, "information_reason": why}
    values, given = one.values(told.values), basis(one.target, one.stratum)
    share = explained_share(values, given, told.owner)
    if uneven and one.group.max() >= 0:
        at = (one.group, one.stratum, told.owner)
        raw, family = unequal_family(values, *at, draws=DRAWS, rng=rng)
    else:
        raw, family = explained_family(values, given, told.owner, draws=DRAWS, rng=rng)
    nobody = ~np.isin(np.arange(p), told.owner[(~np.isnan(values)).any(axis=0)])
    share[nobody], raw[nobody], family[nobody] = np.nan, np.nan, np.nan
    reason = np.where(nobody, "missing for everybody", "")
    information, silent = gone, np.full(p, NO_INFORMATION)
    if one.group.max() >= 0:
        states = told.states[one.at]
        information, silent = normalised_information(states, one.group, one.stratum), reason
        many = (told.states < 0).all(axis=0) & ~nobody
        information, silent = np.where(many, np.nan, information), np.where(many, WORDS, reason)
    return {
        "share": share,
        "p": raw,
        "p_maxt": family,
        "q": benjamini_hochberg(raw),
        "reason": reason,
        "information": information,
        "information_reason": silent,
    }


def _sets(
    here: Setting, given: Sequence[Condition], sets: FeatureSets, rng: np.random.Generator
) -> SetAssociation:
    """How far each set tells, under each condition."""
    chosen = set_columns(here.cohort, sets)
    nulls = [_asked(one, rng) for one in given]
    out = np.full((4, len(given), len(chosen)), np.nan)
    for m, columns in enumerate(chosen):
        values = set_values(here, columns)
        for g, (one, null) in enumerate(zip(given, nulls, strict=True)):
            if null is not None:
                own = told_by(filled(one.values(values), one.stratum), *null)
                out[:, g, m] = _numbers(own)
    n = np.array([[max(len(one.at), 1)] for one in given])
    out[:3] = told_by_limits((out[0], out[1], out[2]), n, here, part=TENTH)
    out[3] = told_chance(out[3], here)
    reason = np.array([[one.reason] * len(chosen) for one in given], dtype=np.str_)
    grouped = any(len(one.group) and one.group.max() >= 0 for one in given)
    return SetAssociation(
        names=sets.names,
        kind=sets.kind,
        measure="2 AUC - 1" if grouped else "correlation",
        draws=SET_DRAWS,
        size=np.array([len(columns) for columns in chosen], dtype=np.int64),
        value=out[0],
        low=out[1],
        high=out[2],
        p=out[3],
        q=np.stack([benjamini_hochberg(row) for row in out[3]]),
        reason=reason.reshape(len(given), len(chosen)),
    )


def _asked(one: Condition, rng: np.random.Generator) -> tuple[Any, Int] | None:
    """What is asked of the sets under a condition, and the permutations that all of them share."""
    if one.reason:
        return None
    grouped = one.group.max() >= 0
    asked = (
        asked_groups(one.group, one.stratum, rng=rng)
        if grouped
        else asked_axes(one.target, one.stratum, rng=rng)
    )
    return asked, arrangements(asked, draws=SET_DRAWS, rng=rng)


def _numbers(told: Told) -> tuple[float, float, float, float]:
    return told.value, told.low, told.high, told.p
