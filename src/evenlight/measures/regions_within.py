"""Which regions tell a view, a scanner or a side that changes from image to image of a patient."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from evenlight.arrays import Bool, Float, Int
from evenlight.data import roles
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.groups import Groups
from evenlight.data.nearest import hint
from evenlight.errors import GroupError
from evenlight.measures.convergence import unconverged_reasons
from evenlight.measures.hidden_people import told_mass
from evenlight.measures.map_subjects import set_columns
from evenlight.measures.regions_telling import (
    CARRIES,
    TELLS,
    RegionsTelling,
    readings,
    summed_over,
)
from evenlight.measures.testing import Testing, asked_for
from evenlight.measures.told_effects import coarse_ends
from evenlight.small_groups import least_shown
from evenlight.stats.cells import joint
from evenlight.stats.disclosure import dominated, never_alone, told_p
from evenlight.stats.effects import unit_means
from evenlight.stats.multiplicity import benjamini_hochberg
from evenlight.stats.unit_steps import carried, flips, folds, steps, told_by_steps

WITHIN, ALIKE, ALL = "unit", "unit and outcome", "unit, outcome and strata"
"""What images are compared within: those of a unit, with the same outcome, in the same stratum."""


@dataclass(frozen=True, slots=True, eq=False)
class _Given:
    """One condition: `step` (u, n) makes the differences of u units from rows in `order` (n,).

    `signs` (draws, u) and `fold` (u,) are those of its tests; `reason` why it cannot be asked.
    """

    name: str
    step: csr_array
    order: Int
    signs: Float
    fold: Int
    reason: str

    def of(self, values: Float) -> Float:
        """The differences (u, q) of rows (n, q)."""
        made: Float = self.step @ values[self.order]
        return made


def regions_within(
    attributions: Attributions,
    cohort: Cohort,
    *,
    by: str | Groups,
    sets: FeatureSets,
    testing: Testing | None = None,
    rng: np.random.Generator | int = 0,
) -> RegionsTelling:
    """`regions_telling` for a grouping of images, not of people: patients are their own comparison.

    Of each unit that has images at both levels of `by` (a view, a scanner, a side) the difference
    of their means is taken, of positions and of attributions. `tells` is how often a discriminant
    that other units fitted ranks the two sides of a unit rightly, as 2 AUC - 1; `share` is the part
    of the output's difference between the sides, squared, that all units have in common and that
    comes through this region (`stats.unit_steps`). What is a unit's own is gone from both.

    *Given the unit*; where the outcome changes inside units, *the unit and the outcome*, among
    images of one outcome; and so with strata (`by` is never one of them). Images of one patient
    differ in more than the view: what changed in between is in both numbers unless it is held.
    Units with one level only say nothing here. Where one unit has more than half of what a region's
    steps or attributions add up to, its numbers are told to steps, and never alone, as shares add
    up; a reading is of the numbers before. Rows that did not converge are left out; where these
    are more than 5 % of a level no share is told.

    Raises GroupError for levels other than two, or a grouping that changes inside no unit;
    FeatureError for sets of other rows.
    """
    generator, alpha = np.random.default_rng(rng), asked_for(testing).alpha
    groups = inside_units(cohort, by)
    made, columns = summed_over(attributions, sets).at(cohort), set_columns(cohort, sets)
    given = _given(cohort, groups, made.converged, generator)
    phi = np.asarray(made.values, dtype=np.float64)
    lost = unconverged_reasons(made.converged, groups, np.arange(cohort.n))[0]
    tells = _tells(given, cohort, columns, alpha)
    carries, few = _carries(given, phi, lost, alpha=alpha, rng=generator)
    read, size = readings(tells, carries, alpha), _sizes(cohort, groups, phi)
    hidden = 0 < cohort.u - len(size) < least_shown()  # another table is of everybody
    return RegionsTelling(
        grouping=groups.name, levels=groups.levels, target=made.target, sets=sets.names,
        kind=sets.kind, given=tuple(one.name for one in given), alpha=alpha,
        size=np.array([len(own) for own in columns], dtype=np.float64),
        mass=told_mass(size, rounded=hidden), **tells, **_to_steps(given, carries, few),
        reading=read, rounded=bool(hidden or few.any() or dominated(size).any()),
    )  # fmt: skip


def inside_units(cohort: Cohort, by: str | Groups) -> Groups:
    """A grouping of images, with the two levels that are there; GroupError unless a unit has both.

    Its labels may change from row to row of a unit, which those of people may not.
    """
    if isinstance(by, str) and by not in cohort.people.columns:
        known = [str(name) for name in cohort.people.columns]
        raise GroupError(f"people have no column {by!r}{hint(by, known)}")
    return _two(roles.grouping(by, cohort.people, cohort.rows), cohort.units)


def _two(groups: Groups, units: Int) -> Groups:
    there = np.unique(groups.codes[groups.known])
    levels = tuple(groups.levels[g] for g in there)
    if len(there) != 2:
        raise GroupError(
            f"{groups.name}: images have {len(there)} levels ({', '.join(levels)}); two are "
            "compared inside units: set the others to missing"
        )
    codes = np.where(groups.known, np.searchsorted(there, groups.codes), -1)
    if not _varies(np.where(codes < 0, np.nan, codes), units):
        raise GroupError(
            f"{groups.name}: no unit has images of both {levels[0]} and {levels[1]}; ask "
            "regions_telling, which compares units with each other"
        )
    return Groups(groups.name, levels, codes, groups.source)


def _given(
    cohort: Cohort, groups: Groups, converged: Bool, rng: np.random.Generator
) -> list[_Given]:
    """Each condition that can differ from the one before it."""
    order, out = cohort.order, []
    codes = np.where(converged, groups.codes, -1)[order]
    for name, cell, why in _conditions(cohort, groups.name):
        step = steps(codes, cohort.units[order], cell[order])
        u = step.shape[0]
        few = f"fewer than {least_shown()} units have images of both {' and '.join(groups.levels)}"
        reason = why or (few if u < least_shown() else "")
        out.append(_Given(name, step, order, flips(u, rng=rng), folds(u, rng=rng), reason))
    return out


def _conditions(cohort: Cohort, by: str) -> Iterator[tuple[str, Int, str]]:
    """Each condition with its cells (n,), and why it cannot be asked."""
    cell = np.zeros(cohort.n, dtype=np.int64)
    yield WITHIN, cell, ""
    if isinstance(cohort.outcome, str) and _varies(cohort.y, cohort.units):
        classes = cohort.outcome_kind != "continuous"
        if classes:
            cell = np.where(np.isfinite(cohort.y), np.nan_to_num(cohort.y), -1).astype(np.int64)
        yield ALIKE, cell, "" if classes else "a continuous outcome has no classes inside a unit"
    stratum = roles.crossed(cohort.people, [name for name in cohort.strata if name != by])
    if _varies(np.where(stratum < 0, np.nan, stratum), cohort.units):
        yield ALL, joint([cell, stratum]), ""


def _varies(values: Float, units: Int) -> bool:
    """Whether known values (n,) differ between rows of one unit."""
    known = np.isfinite(values)
    pairs = np.unique(np.column_stack([units[known], values[known]]), axis=0)
    return len(pairs) > len(np.unique(pairs[:, 0]))


def _tells(
    given: list[_Given], cohort: Cohort, columns: list[list[int]], alpha: float
) -> dict[str, Any]:
    """What each region tells under each condition, (g, m); x is read once."""
    out = {name: np.full((len(given), len(columns)), np.nan) for name in TELLS}
    for j, own in enumerate(columns):
        values = cohort.columns(own)
        for i, one in enumerate(given):
            if not one.reason:
                found = told_by_steps(one.of(values), one.fold, one.signs, alpha=alpha)
                for name, part in zip(TELLS, ("value", "low", "high", "p"), strict=False):
                    out[name][i, j] = getattr(found, part)
    out["tells_q"] = np.stack([benjamini_hochberg(row) for row in out["tells_p"]])
    return out | {"tells_reason": np.array([[one.reason] * len(columns) for one in given])}


def _carries(
    given: list[_Given], phi: Float, lost: str, *, alpha: float, rng: np.random.Generator
) -> tuple[dict[str, Any], Bool]:
    """What each region carries under each condition, and of which one unit is most, (g, m).

    Nothing where too much is `lost`.
    """
    shape = len(given), phi.shape[1]
    out: dict[str, Any] = {name: np.full(shape, np.nan) for name in CARRIES}
    reason = np.full(shape, "the output of no unit changes", dtype=object)
    few = np.zeros(shape, dtype=bool)
    for i, one in enumerate(given):
        reason[i] = one.reason or lost or reason[i]
        if not (one.reason or lost):
            step = one.of(phi)
            output = step.sum(axis=1)
            found = carried(step, output, one.signs, alpha=alpha, rng=rng)
            for name, part in zip(CARRIES, ("share", "low", "high", "p"), strict=True):
                out[name][i] = getattr(found, part)
            few[i] = dominated(np.abs(step)) | dominated((output**2)[:, None])
    told = np.where(np.isfinite(out["share"]), "", reason).astype(np.str_)
    return out | {"share_reason": told}, few


def _to_steps(given: list[_Given], carries: dict[str, Any], few: Bool) -> dict[str, Any]:
    """The same, with shares, limits and p to steps where one unit is most (g, m)."""
    out = {name: carries[name].copy() for name in CARRIES}
    for i, one in enumerate(given):
        share, low, high, p = (carries[name][i] for name in CARRIES)
        at = never_alone(few[i], np.abs(share))
        told = (*coarse_ends((share, low, high), np.array(len(one.fold))), told_p(p))
        for name, new in zip(CARRIES, told, strict=True):
            out[name][i] = np.where(at, new, carries[name][i])
    return carries | out


def _sizes(cohort: Cohort, groups: Groups, phi: Float) -> Float:
    """The |attribution| (u, m) of each unit of known level."""
    at = cohort.order[groups.known[cohort.order]]
    unit = np.unique(cohort.units[at], return_inverse=True)[1].ravel()
    return np.abs(unit_means(phi[at], unit, np.arange(len(at))))
