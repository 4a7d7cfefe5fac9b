"""Two halves of people, and what is asked of the one that is searched."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.data.cohort import Cohort
from evenlight.data.families import kept_together
from evenlight.data.groups import Groups
from evenlight.data.searched import Search
from evenlight.data.units import unit_codes
from evenlight.errors import GroupError, UnknownName
from evenlight.small_groups import least_shown
from evenlight.stats.held_out import gap_weights

Questions = Mapping[tuple[str, str], Float]
"""Level and reference ("" of a size), and what the size of each searched row weighs in it."""


def split(
    cohort: Cohort,
    groups: Groups,
    *,
    most: int,
    rng: np.random.Generator,
    families: str | Groups | None = None,
) -> tuple[Int, Int]:
    """Rows of the half that is searched (at most `most` units a group) and of the half that shows.

    Units are shuffled group by group in the sorted order of their ids, and rows told in the order
    of theirs, so that no half depends on how rows stand. Unknown groups are in neither. `families`
    (a column of people, or Groups) count as units, so that no half has a relative in the other; a
    family of several groups is dealt out with the last of them.
    """
    whole = kept_together(cohort, families)
    group = unit_codes(groups.codes, whole)
    side = np.full(len(group), -1, dtype=np.int64)
    for g in range(len(groups.levels)):
        own = rng.permutation(np.flatnonzero(group == g))
        side[own[::2][:most]], side[own[1::2]] = 0, 1
    known = unit_codes(groups.codes, cohort.units)[cohort.units] >= 0
    of_row = np.where(known, side[whole], -1)[cohort.order]
    return cohort.order[of_row == 0], cohort.order[of_row == 1]


def questions(cohort: Cohort, groups: Groups, halves: tuple[Int, Int], how: Search) -> Questions:
    """What may be asked: levels, or pairs of them, with 11 units or more in each half.

    Raises GroupError where there is none, UnknownName for a level that is not there.
    """
    if how.level and how.level not in groups.levels:
        raise UnknownName(f"{groups.name}: no level {how.level!r}; known: {groups.levels}")
    found = (_sizes if how.objective == "size" else _gaps)(cohort, groups, halves)
    asked = {pair: w for pair, w in found.items() if how.level in ("", pair[0])}
    if not asked:
        what = "no group has" if how.objective == "size" else "no two groups have"
        whom = f" ({how.level!r} among them)" if how.level else ""
        raise GroupError(
            f"{groups.name}: {what}{whom} {least_shown()} units or more in either half, "
            "in shared strata; more people are needed"
        )
    return asked


def _sizes(cohort: Cohort, groups: Groups, halves: tuple[Int, Int]) -> Questions:
    """The mean of each level over its units."""
    out = {}
    for g, level in enumerate(groups.levels):
        own = [rows[groups.codes[rows] == g] for rows in halves]
        if min(len(np.unique(cohort.units[rows])) for rows in own) < least_shown():
            continue
        unit, count = np.unique(cohort.units[own[0]], return_inverse=True, return_counts=True)[1:]
        weight = np.zeros(len(halves[0]))
        weight[groups.codes[halves[0]] == g] = 1 / (count[unit] * len(count))
        out[level, ""] = weight
    return out


def _gaps(cohort: Cohort, groups: Groups, halves: tuple[Int, Int]) -> Questions:
    """The difference of each two levels within strata, either way."""
    out = {}
    for a, b in permutations(range(len(groups.levels)), 2):
        weight = []
        for rows in halves:
            own = np.isin(groups.codes[rows], (a, b))
            at = rows[own]
            wide = np.zeros(len(rows))
            wide[own], units = gap_weights(
                cohort.units[at], cohort.stratum[at], groups.codes[at] == a
            )
            weight.append(wide if units >= least_shown() else None)
        if weight[0] is not None and weight[1] is not None:
            out[groups.levels[a], groups.levels[b]] = weight[0]
    return out
