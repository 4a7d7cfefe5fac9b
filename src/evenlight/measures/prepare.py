"""Rows of the inputs of a measure, lined up by id: groups, units, strata, subjects."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.data import rows as reading
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.digits import percent
from evenlight.data.features import states_of
from evenlight.data.groups import Groups
from evenlight.data.handed import need_attributions, need_cohort
from evenlight.data.sources import lazy
from evenlight.data.units import UnitStrata, unit_codes, unit_strata
from evenlight.errors import AttributionError, EvenlightWarning, GroupError
from evenlight.measures.groupings_beside import apart_told
from evenlight.measures.own_outcome import own_outcome
from evenlight.small_groups import least_shown
from evenlight.stats.association import function_of_group
from evenlight.stats.disclosure import left_counts, shown_counts
from evenlight.stats.effects import unit_means

ALPHA = 0.05
"""One minus the coverage of every interval."""

MANY_LEVELS = 50
"""More levels than this, most of them too small, are told: a grouping is a few labels."""

ASKED = "it with (attributions, cohort, by=...)"
"""How a verb about attributions is called."""

OVERLAP_UNITS = 20
OVERLAP_SHARE = 0.25
TELL_LOSS = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """One cohort under one grouping: codes of rows (n,) and units (u,), -1 unknown or left out.

    `order` holds positions among the kept rows, in the sorted order of row ids. `coarse` says that
    people of a hidden part were left out (`measures.hidden_people`), or that sums over these groups
    beside those of another grouping are sums over few people (`measures.groupings_beside`).
    """

    cohort: Cohort
    groups: Groups
    kept: Bool
    unit: Int
    unit_group: Int
    order: Int
    coarse: bool = False

    @property
    def sizes(self) -> Int:
        """Units of each level that enter, (k,)."""
        return np.bincount(self.unit_group[self.unit_group >= 0], minlength=len(self.groups.levels))

    @property
    def rounded(self) -> bool:
        """Whether counts of this grouping are told to 5 and numbers to steps: one is hidden."""
        counts = np.bincount(self.unit_group + 1, minlength=len(self.groups.levels) + 1)
        return self.coarse or bool(((counts > 0) & (counts < least_shown())).any())

    def per_unit(self, values: Float) -> Float:
        """Means over the rows of each unit, (u, ...); rows left out do not count."""
        return unit_means(values[self.kept], self.unit, self.order)

    @property
    def unit_strata(self) -> UnitStrata:
        """The stratum of each unit (u,), and what of its mix of strata differs inside it (u, q)."""
        return unit_strata(self.cohort.stratum[self.kept], self.unit)


def setting(cohort: Cohort, by: str | Groups, *, kept: Bool | None = None) -> Setting:
    """Line up; at least two levels must have people, else GroupError (nothing to compare)."""
    need_cohort(cohort, "it with (..., cohort, by=...)")
    groups = cohort.grouping(by)
    mask = np.ones(cohort.n, dtype=bool) if kept is None else kept
    if not mask.any():
        raise AttributionError(
            "no row is left: none converged, none has a known outcome, or all weights are 0"
        )
    several(groups)
    few_labels(groups)
    _too_small(groups)
    return _lined_up(cohort, groups, mask, apart_told(cohort, groups))


def narrowed(here: Setting, kept: Bool) -> Setting:
    """The same people with other rows kept (n,), even where one level is left."""
    return _lined_up(here.cohort, here.groups, kept, here.rounded)


def _lined_up(cohort: Cohort, groups: Groups, mask: Bool, coarse: bool) -> Setting:
    unit = np.unique(cohort.units[mask], return_inverse=True)[1].astype(np.int64)
    place = np.cumsum(mask) - 1
    order = place[cohort.order[mask[cohort.order]]]
    return Setting(cohort, groups, mask, unit, unit_codes(groups.codes[mask], unit), order, coarse)


def few_labels(groups: Groups) -> None:
    """Raise GroupError for many levels of which no two have as many rows as may be told of."""
    sizes = np.bincount(groups.codes[groups.codes >= 0], minlength=len(groups.levels))
    if len(sizes) > MANY_LEVELS and (sizes >= least_shown()).sum() < 2:
        raise GroupError(
            f"{groups.name} has {len(sizes):,} levels, and no two of them have {least_shown()} "
            "rows, so nothing can be compared: cut it into a few bins (dates to years, a number to "
            "ranges), or, for a number, declare Axes(name, values) in the cohort's axes= and "
            "compare along it"
        )


def _too_small(groups: Groups) -> None:
    """Warn of a column whose levels are as many as numbers have: it is no grouping."""
    sizes = np.bincount(groups.codes[groups.codes >= 0], minlength=len(groups.levels))
    few = int((sizes < least_shown()).sum())
    if len(sizes) > MANY_LEVELS and few > len(sizes) / 2:
        warnings.warn(
            f"{groups.name} has {len(sizes):,} levels, {few:,} of them with fewer than "
            f"{least_shown()} rows, where nothing is compared: cut it into bins, or, for a "
            "number, declare Axes(name, values) in the cohort's axes= and compare along it",
            EvenlightWarning,
            stacklevel=4,
        )


def several(groups: Groups) -> None:
    """GroupError unless two levels have people."""
    present = [groups.levels[i] for i in np.unique(groups.codes[groups.codes >= 0])]
    if len(present) < 2:
        who = f"all rows of known group are in {present}" if present else "no row has a known group"
        raise GroupError(f"{groups.name}: nothing to compare, {who}; a comparison needs two groups")


def told_by_margins(here: Setting, groupings: Sequence[Groups]) -> bool:
    """Whether a cell of the crossed groupings, unknown levels among them, has 1 to 10 units.

    Totals of a grouping less the cells that are shown would tell it.
    """
    codes = [unit_codes(g.codes[here.kept], here.unit) + 1 for g in groupings]
    sizes = [len(g.levels) + 1 for g in groupings]
    counts = np.bincount(np.ravel_multi_index(tuple(codes), sizes))
    return bool(((counts > 0) & (counts < least_shown())).any()) or here.rounded


def as_variables(attributions: Attributions, cohort: Cohort) -> tuple[Attributions, str]:
    """Attributions in the cohort's order, one-hot columns summed to their variable; the kind.

    Those on disk are read whole. Raises AttributionError where they take more than 4 GB.
    """
    made, kind = subjects_of(attributions, cohort)
    if lazy(made.values):
        n, p = made.values.shape
        if n * p * 8 > reading.DENSE_BUDGET:
            raise AttributionError(too_large(n, p))
        made = replace(made, values=np.asarray(made.values, dtype=np.float32))
    return made, kind


def too_large(n: int, p: int) -> str:
    """What is said where all rows would be needed at once."""
    return (
        f"{n:,} rows of {p:,} columns of attributions take {n * p * 8 / 2**30:.1f} GiB, more than "
        f"the {reading.DENSE_BUDGET / 2**30:.1f} GiB that may be held at once; sum them over sets "
        "of features first, with .by(sets)"
    )


def subjects_of(attributions: Attributions, cohort: Cohort) -> tuple[Attributions, str]:
    """The same, but what lies on disk is left there."""
    need_attributions(attributions, ASKED)
    need_cohort(cohort, ASKED)
    own_outcome(attributions.target, cohort)
    made = attributions.at(cohort)
    if made.values.ndim != 2:
        raise AttributionError(
            f"attributions are maps of shape {made.values.shape[1:]}; sum them over regions first, "
            "with .by(sets)"
        )
    if cohort.features.indicators and made.features.names == cohort.features.names:
        return made.by(cohort.features.variables()), "variable"
    return made, "variable" if cohort.features.indicators else "feature"


def own_states(cohort: Cohort, subject: str) -> tuple[Int, tuple[str, ...]] | None:
    """The subject's own states (n,) and their labels, for a one-hot variable; else None."""
    coded = cohort.features.indicator(subject)
    if coded is None:
        return None
    columns = [cohort.features.place[c] for c in coded.columns]
    labels = states_of(coded, cohort.columns(columns), list(coded.columns))
    place = {state: i for i, state in enumerate(coded.states)}
    return np.array([place[label] for label in labels], dtype=np.int64), coded.states


def own_values(cohort: Cohort, subject: str) -> Float | None:
    """The subject's own values (n,), where it is a plain column of x."""
    if subject not in cohort.features.place or cohort.x.ndim != 2:
        return None
    return cohort.column(cohort.features.place[subject])


def is_direct(cohort: Cohort, subject: str, groups: Groups) -> bool:
    """Whether the subject is the group, or a function of it (normalised information > 0.99)."""
    if subject == groups.name:
        return True
    states = own_states(cohort, subject)
    if states is not None:
        return function_of_group(states[0], groups.codes)
    values = own_values(cohort, subject)
    if values is None:
        return False
    codes = np.unique(values, return_inverse=True)[1]
    return function_of_group(codes.astype(np.int64), groups.codes)


def overlap_reason(
    total: tuple[int, int],
    left: tuple[int, int],
    names: tuple[str, str],
    *,
    dropped: int,
    rounded: bool = False,
) -> str:
    """Why a contrast cannot be asked, "" if it can; units in all and left after dropping strata."""
    for n, name in zip(total, names, strict=True):
        if n < least_shown():
            return (
                f"fewer than {least_shown()} units in {name}; more people of that group are needed"
            )
    if min(left) == 0:
        return (
            f"no stratum holds two or more units of both {names[0]} and {names[1]}; "
            "people of both groups from the same strata are needed"
        )
    if dropped:
        for n, m, name in zip(total, left, names, strict=True):
            if m < OVERLAP_UNITS or m < OVERLAP_SHARE * n:
                few = f"fewer than {least_shown()}"
                some = int(left_counts(np.array(m), np.array(n), smallest=least_shown()))
                shown = f"{_told(some, rounded):,}" if m >= least_shown() else few
                return (
                    f"{shown} of {_told(n, rounded):,} units in {name} are in a stratum with two "
                    "or more of both groups; people of both groups from the same strata are needed"
                )
    for m, name in zip(left, names, strict=True):
        if m < least_shown():
            return f"fewer than {least_shown()} units in {name} with overlap"
    return ""


def _told(count: int, rounded: bool) -> int:
    return int(shown_counts(np.array(count), rounded=rounded))


def population(
    total: tuple[int, int], left: tuple[int, int], strata: int, names: tuple[str, str]
) -> str:
    """For whom the estimate speaks, "" where at most a fifth of either group is lost."""
    share = [m / max(n, 1) for n, m in zip(total, left, strict=True)]
    if min(share) >= 1 - TELL_LOSS:
        return ""
    told = " and ".join(f"{percent(s)} of {name}" for s, name in zip(share, names, strict=True))
    return f"Estimated for the overlap population, {told} units, in {strata} strata that hold both."
