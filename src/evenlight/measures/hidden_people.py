"""People of groups too small to be shown are left out of a table, and of its overall values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.data.align import match
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.data.probed import Contrasts
from evenlight.data.twins import Twin
from evenlight.data.units import one_each, unit_codes
from evenlight.measures.composition import UNKNOWN
from evenlight.measures.prepare import Setting, setting
from evenlight.small_groups import hidden_text, least_shown
from evenlight.stats.disclosure import (
    dominated,
    never_alone,
    shown_in_each,
    shown_units,
    told_limits,
    told_sd,
    told_step,
    told_values,
)
from evenlight.stats.effects import within_sd

ALMOST = 1 / 1.1**2
"""Of more than this part of the squares about a mean their root tells the largest within a tenth.

That is the p % rule with p = 10 (Hundepool et al. 2012, Statistical Disclosure Control, 4.2).
"""


def without_hidden(here: Setting) -> tuple[Setting, Mapping[str, str]]:
    """The setting without units of hidden parts, and why each of these is not shown, by name.

    What is computed of this setting is the same whatever the hidden people are like: an overall
    value less the shown parts leaves nothing. Where every part is too small all units stay, and all
    parts are hidden.
    """
    shown = shown_units(here.unit_group, smallest=least_shown())
    names = (*here.groups.levels, UNKNOWN)
    sizes = np.bincount(here.unit_group % len(names), minlength=len(names))
    few = (sizes > 0) & (sizes < least_shown())
    hidden = {name: hidden_text() for name, small in zip(names, few, strict=True) if small}
    return (here if shown.all() else _left(here, shown)), hidden


def _left(here: Setting, shown: Bool) -> Setting:
    rows = shown[here.unit]
    kept = here.kept.copy()
    kept[np.flatnonzero(here.kept)[~rows]] = False
    place = np.cumsum(rows) - 1
    return replace(
        here,
        kept=kept,
        unit=(np.cumsum(shown) - 1)[here.unit[rows]],
        unit_group=here.unit_group[shown],
        order=place[here.order[rows[here.order]]],
        coarse=True,
    )


def shown_people(cohort: Cohort, by: str | Groups, *, kept: Bool | None = None) -> Setting:
    """The setting of `setting`, and a cohort, in which nobody of a hidden part is left.

    Whatever then reads values, strata or outcomes of that cohort cannot meet a hidden person.
    Attributions follow by `at_shown`. Rows that are not kept stay where their part, with them, has
    11 units or more: how many these are is told.
    """
    return only_shown(setting(cohort, by, kept=kept))


def only_shown(here: Setting) -> Setting:
    """The same setting of a cohort in which nobody of a hidden part is left."""
    shown, _ = without_hidden(here)
    return here if shown is here else _cut(here, shown)


def shown_in_all(cohort: Cohort, groupings: Sequence[Groups]) -> Setting:
    """The setting of the first grouping, of a cohort in which none of them hides anybody.

    A further one that varies between the rows of a unit, as the view of an image, hides nobody.
    """
    here = setting(cohort, groupings[0])
    further = [g.codes for g in groupings[1:] if one_each(g.codes, cohort.units)]
    codes = [unit_codes(own, cohort.units) for own in (groupings[0].codes, *further)]
    shown = shown_in_each(np.column_stack(codes), smallest=least_shown())
    return here if shown.all() else _cut(here, _left(here, shown))


def _cut(here: Setting, shown: Setting) -> Setting:
    """`shown`, of whose cohort nobody else is left."""
    cohort, groups = here.cohort, here.groups
    whole = unit_codes(groups.codes, cohort.units)
    many = shown_units(whole, smallest=least_shown())[cohort.units]
    at = np.flatnonzero(np.where(here.kept, shown.kept, many))
    return replace(
        shown, cohort=cohort.take(at), groups=groups.take(at), kept=np.asarray(shown.kept[at])
    )


def places(here: Setting, cohort: Cohort) -> Int:
    """Where the rows of `only_shown` (n,) are in the whole cohort."""
    return match(cohort.rows, here.cohort.rows, what="the people who are shown")


def at_shown(made: Attributions, here: Setting) -> Attributions:
    """Attributions, in the order of the whole cohort, of the people of `only_shown`."""
    if made.n == here.cohort.n:
        return made
    return replace(made, cohort_digest="").at(here.cohort)


def twin_at_shown(twin: Twin, cohort: Cohort, here: Setting) -> Twin:
    """Refits, in any order of the rows of `cohort`, of the people of `only_shown`."""
    made = twin.at(cohort)
    if made.models[0].n == here.cohort.n:
        return made
    at = places(here, cohort)
    models, twins = (
        tuple(at_shown(one, here) for one in part) for part in (made.models, made.twins)
    )
    audited = None if made.audited is None else made.audited[at]
    return replace(made, models=models, twins=twins, audited=audited)


def contrasts_at_shown(made: Contrasts, cohort: Cohort, here: Setting) -> Contrasts:
    """Contrasts of `cohort`, which they must be of, for the people of `only_shown`."""
    return replace(made.at(cohort), cohort_digest="").at(here.cohort)


def shown_sd(here: Setting, rows: Float) -> float:
    """SD(f) of rows (n, ) as it may be told: `exact_sd`, to a step where a part is hidden.

    As the mean of the square over everybody, from another table, less that over the shown would
    be the hidden people's (`stats.disclosure`). Whatever is in it is in the told one.
    """
    return told_unit(spread_of_many(here, rows), exact_sd(here, rows))


def exact_sd(here: Setting, rows: Float) -> float:
    """SD(f), pooled within groups over units that are shown, of rows (n, ), and not to be told.

    For measures that tell nothing in it but to a step (`measures.told_effects`). Where nobody is
    shown it is 1: nothing is told in it.
    """
    here, _ = without_hidden(here)
    if not (here.unit_group >= 0).any():
        return 1.0
    return within_sd(here.per_unit(rows), here.unit_group)


def spread_of_many(here: Setting, rows: Float) -> Setting:
    """The setting, coarse where one unit has nearly all (`ALMOST`) of the variance of rows (n,)."""
    own, group = here.per_unit(rows)[:, None], here.unit_group
    return replace(here, coarse=True) if one_far_from_all(own, group).any() else here


def one_far_from_all(values: Float, group: Int) -> Bool:
    """Columns (p,) of units (u, p) of which the SD of a level tells one within a tenth (`ALMOST`).

    >>> far = np.append(np.tile([-1.0, 1.0], 20), 30.0)[:, None]
    >>> one_far_from_all(np.column_stack([far, np.minimum(far, 3)]), np.zeros(41, dtype=np.int64))
    array([ True, False])
    """
    found = np.zeros(values.shape[1], dtype=bool)
    for g in np.unique(group[group >= 0]):
        own = values[group == g]
        found |= dominated((own - own.mean(axis=0)) ** 2, ALMOST)
    return found


def told_unit(here: Setting, sd: float) -> float:
    """An SD of shown units as it may be told."""
    here, _ = without_hidden(here)
    n = int((here.unit_group >= 0).sum())
    return told_sd(sd, n) if n and here.rounded else sd


def mass_of(phi: Float, here: Setting) -> Float:
    """The share of each subject (p,) in the mean |attribution| phi (u, p) of units of known group.

    `here` is a setting of `only_shown`. To a step where a part is hidden: another table tells that
    of everybody; and where one unit has more than half of what a subject has (`told_mass`).
    """
    return told_mass(np.abs(phi[here.unit_group >= 0]), rounded=here.rounded)


def told_mass(size: Float, *, rounded: bool) -> Float:
    """The share of each subject (p,) in the mean of sizes (u, p) of units, as it may be told.

    NaN where there are none.

    >>> told_mass(np.vstack([np.eye(2), np.ones((38, 2)) * [2.0, 1.0]]), rounded=False).round(3)
    array([0.664, 0.336])
    """
    if not len(size):
        return np.full(size.shape[1], np.nan)
    share = size / max(float(size.mean(axis=0).sum()), 1e-300)
    exact, few = np.asarray(share.mean(axis=0)), dominated(size)
    if not (rounded or few.any()):
        return exact
    n = np.array(len(size))
    told = told_values(exact, told_step(share.std(axis=0) / np.sqrt(n), n))
    return told if rounded else np.where(never_alone(few, exact), told, exact)


def coarse_mean(here: Setting, values: Float) -> Float:
    """The mean (p,) of units (u, p), to the step of its standard error where a part is hidden."""
    mean: Float = values.mean(axis=0)
    n = np.array(len(values))
    if not here.rounded:
        return mean
    return told_values(mean, told_step(values.std(axis=0) / np.sqrt(n), n))


def coarse_means(
    here: Setting, ends: tuple[Float, Float, Float], spread: Float, n: Float
) -> tuple[Float, Float, Float]:
    """A mean of n units and its limits, to the step of its standard error where a part is hidden.

    Another table may tell the sum over everybody; limits hold what they held.
    """
    mean, low, high = ends
    if not here.rounded:
        return ends
    step = told_step(spread, n)
    return told_values(mean, step), *told_limits(low, high, step)
