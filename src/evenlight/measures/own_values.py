"""People laid out by the own value of each subject, contrast by contrast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.measures.prepare import Setting, own_states, own_values
from evenlight.stats.cells import joint
from evenlight.stats.conditional import (
    Keys,
    Laid,
    lay,
    residuals,
    value_difference,
    value_null,
)
from evenlight.stats.nested_values import Nested, nest, nested_difference, nested_null
from evenlight.stats.permutation import Difference
from evenlight.stats.value_strata import bins_for, scores, value_strata, without_slope

ROUNDING = 1e-5
"""Residuals that nowhere exceed this part of SD(f) are rounding of float32 attributions."""


A_KEY, A_CELL, A_ROW = 1e-8, 2e-9, 5e-7
"""Seconds that a unit of one draw takes, its cell in a stratum, and to lay out a row."""


@dataclass(frozen=True, slots=True, eq=False)
class Own:
    """A subject's own value in each kept row (n,): a number, or the code of a nominal state."""

    x: Float
    nominal: bool


@dataclass(frozen=True, slots=True, eq=False)
class Still:
    """Subjects that are used alike but for rounding, as of a linear model: nothing to shuffle.

    `left` units of level and reference in `strata` strata, `sloped` (1 + r,) as of `Laid`.
    """

    left: tuple[int, int]
    strata: int
    sloped: Bool


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """Subjects of one contrast that share value strata, and their residuals.

    `plan` holds units in strata; `phi` (m, k) residuals of k subjects there, (u, s) held by `plan`
    itself where rows of a unit differ in value, (0, k) where they are rounding.
    """

    contrast: int
    subjects: tuple[int, ...]
    plan: Laid | Nested | Still
    phi: Float

    def seen(self) -> list[Difference]:
        """Location and slopes as observed, each (k,)."""
        if isinstance(self.plan, Still):
            none = np.zeros(len(self.subjects))
            return [Difference(none, none, none, none + np.inf, none)] * len(self.plan.sloped)
        if isinstance(self.plan, Nested):
            return nested_difference(self.plan)
        return value_difference(self.phi, self.plan)

    def null(self, drawn: Keys) -> Float:
        """Z* (1 + r, draws, k) for keys (draws, units)."""
        if isinstance(self.plan, Still):
            return np.zeros((len(self.plan.sloped), len(drawn), len(self.subjects)))
        if isinstance(self.plan, Nested):
            return nested_null(self.plan, drawn)
        return value_null(self.phi, self.plan, drawn)

    @property
    def sloped(self) -> bool:
        """Whether some slope can be had."""
        return bool(self.plan.sloped[1:].any())

    @property
    def strata(self) -> int:
        """Strata that hold both groups."""
        if isinstance(self.plan, Still):
            return self.plan.strata
        if isinstance(self.plan, Nested):
            return int(self.plan.there.shape[1])
        return len(self.plan.n_level)

    def seconds(self, draws: int) -> float:
        """About how long so many draws take on one core of 2020."""
        if isinstance(self.plan, Still):
            return 0.0
        if isinstance(self.plan, Nested):
            return draws * len(self.plan.units) * (A_KEY + self.strata * A_CELL)
        return draws * len(self.plan.rows) * A_KEY


def own(here: Setting, subject: str) -> Own | None:
    """The own value of a subject; None where it has no single one (a set, a region)."""
    states = own_states(here.cohort, subject)
    if states is not None:
        return Own(states[0][here.kept].astype(np.float64), nominal=True)
    values = own_values(here.cohort, subject)
    return None if values is None else Own(values[here.kept], nominal=False)


def jobs(
    here: Setting, phi: Float, owns: Sequence[Own | None], pair: int, *, floor: float
) -> list[Job]:
    """The jobs of one contrast over rows (n kept, p); subjects that share values share a job."""
    a, b = (here.groups.levels.index(name) for name in here.groups.contrasts()[pair])
    stratum = here.cohort.stratum[here.kept]
    among = np.isin(here.unit_group[here.unit], (a, b)) & (stratum >= 0)
    rows = here.order[among[here.order]]
    alike: dict[bytes, list[int]] = {}
    for j, it in enumerate(owns):
        if it is not None:
            alike.setdefault(it.x[rows].tobytes() + bytes([it.nominal]), []).append(j)
    member = here.unit_group == a
    out: list[Job] = []
    for subjects in alike.values():
        it = owns[subjects[0]]
        assert it is not None
        known = rows[np.isfinite(it.x[rows])]
        at = _Rows(it, here.unit[known], stratum[known], member, known)
        out += _laid_out(at, phi, subjects, pair, floor)
    return out


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """The rows of a contrast by position: own value, unit and nuisance; `member` of all units."""

    own: Own
    unit: Int
    stratum: Int
    member: Bool
    rows: Int

    @property
    def x(self) -> Float:
        return self.own.x[self.rows]


def _laid_out(at: _Rows, phi: Float, subjects: list[int], pair: int, floor: float) -> list[Job]:
    if _constant(at.x, at.unit) and _constant(at.stratum.astype(float), at.unit):
        return [_flat(at, phi[at.rows][:, subjects], subjects, pair, floor)]
    return [_nested(at, phi[at.rows, j], j, pair, floor) for j in subjects]


def _constant(x: Float, unit: Int) -> bool:
    """Whether every unit has one value on all its rows."""
    first = np.zeros(int(unit.max(initial=-1)) + 1)
    first[unit[::-1]] = x[::-1]
    return bool((first[unit] == x).all())


def _flat(at: _Rows, phi: Float, subjects: list[int], pair: int, floor: float) -> Job:
    units, first, code = np.unique(at.unit, return_index=True, return_inverse=True)
    x, nuisance = at.x[first], at.stratum[first]
    member = at.member[units]
    mean = np.zeros((len(units), phi.shape[1]))
    np.add.at(mean, code, phi)
    mean /= np.bincount(code)[:, None]
    strata = _strata(x, nuisance, member, at.own.nominal)
    plan = lay(strata, member, x, scores(x, nominal=at.own.nominal))
    left = residuals(mean, x, plan, floor=floor)
    if not left.any():
        still = Still(plan.left, len(plan.n_level), plan.sloped)
        return Job(pair, tuple(subjects), still, left[:0])
    return Job(pair, tuple(subjects), replace(plan, rows=units[plan.rows]), left)


def _nested(at: _Rows, phi: Float, subject: int, pair: int, floor: float) -> Job:
    member = at.member[at.unit]
    strata = _strata(at.x, at.stratum, member, at.own.nominal)
    known = strata >= 0
    left = np.zeros(len(phi))
    left[known] = without_slope(phi[known, None], at.x[known], strata[known])[:, 0]
    if np.abs(left).max(initial=0.0) <= floor:
        left[:] = 0.0
    score = scores(at.x, nominal=at.own.nominal)
    plan = nest(left, score, at.unit, strata, at.member, _classes(at))
    if not plan.values.any():
        still = Still(plan.left, plan.there.shape[1], plan.sloped)
        return Job(pair, (subject,), still, np.zeros((0, 1)))
    return Job(pair, (subject,), plan, plan.values)


def _classes(at: _Rows) -> Int:
    """What units are shuffled within: the set of nuisance strata that each occupies, (units,)."""
    table = np.zeros((len(at.member), int(at.stratum.max(initial=0)) + 1), dtype=bool)
    table[at.unit, at.stratum] = True
    return np.unique(table, axis=0, return_inverse=True)[1].ravel().astype(np.int64)


def _strata(x: Float, nuisance: Int, member: Bool, nominal: bool) -> Int:
    """Value strata crossed with the nuisance, (m,); -1 where the value is not finite."""
    if nominal:
        return joint([x.astype(np.int64), nuisance])
    least = int(min(member.sum(), (~member).sum()))
    return joint([value_strata(x, bins_for(least, len(np.unique(nuisance)))), nuisance])
