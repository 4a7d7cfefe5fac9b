"""Structure inside groups: components of ancestry that people differ in, and who is related."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from evenlight.arrays import Bool, Float, Int
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Axes, Groups
from evenlight.data.roles import axes_at
from evenlight.data.units import unit_codes
from evenlight.errors import CohortError, InputError
from evenlight.measures.prepare import Setting
from evenlight.small_groups import least_shown


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """What support within groups is adjusted for, and who is resampled together.

    `axes`: principal components within groups as `Axes`, or names of axes of the cohort or of
    columns of numbers; they are cleared away inside each group. Sub-populations inside a label
    that differ in both a feature and the outcome otherwise give support to it, and the more so the
    more people there are. `families`: the column, or Groups, that names the family of each person
    (unknown: a family of its own); whoever is related counts together.

    >>> Structure(axes="pcs", families="household").told
    'adjusted for pcs; families by household'
    """

    axes: Axes | Sequence[str] = ()
    families: str | Groups | None = None

    @property
    def told(self) -> str:
        """What is adjusted for, in words."""
        names = (self.axes.name,) if isinstance(self.axes, Axes) else _names(self.axes)
        kin = self.families.name if isinstance(self.families, Groups) else self.families
        parts = [f"adjusted for {', '.join(names)}"] if names else []
        return "; ".join(parts + ([f"families by {kin}"] if kin else []))


def with_ids(structure: Structure | None, cohort: Cohort) -> Structure | None:
    """The same with axes and families that name their rows, so that some of the people suffice."""
    if structure is None:
        return None
    axes, kin = structure.axes, structure.families
    if isinstance(axes, Axes) and axes.rows is None:
        axes = replace(axes_at(axes, cohort.rows, np.arange(cohort.n)), rows=cohort.rows)
    if isinstance(kin, Groups) and kin.rows is None:
        kin = replace(cohort.grouping(kin), rows=cohort.rows)
    return Structure(axes, kin)


def unit_axes(here: Setting, structure: Structure | None) -> Float | None:
    """The axes of units (u, q), each of SD 1, None without.

    Raises CohortError for a name that is neither axes nor a column, and for values that are missing
    or no numbers.
    """
    if structure is None or (not isinstance(structure.axes, Axes) and not _names(structure.axes)):
        return None
    cohort = here.cohort
    if isinstance(structure.axes, Axes):
        columns = [_placed(structure.axes, cohort)]
    else:
        columns = [_column(name, cohort) for name in _names(structure.axes)]
    values = here.per_unit(np.hstack(columns))
    spread = values.std(axis=0)
    moving = spread > 1e-12 * np.abs(values).max(axis=0)
    out: Float = values[:, moving] / spread[moving]
    return out


def unit_families(here: Setting, structure: Structure | None) -> Int | None:
    """The family of each unit (u,), codes from 0, None without; units of none have their own."""
    if structure is None or structure.families is None:
        return None
    codes = here.cohort.grouping(structure.families).codes[here.kept]
    own = unit_codes(codes, here.unit)
    alone = own < 0
    own[alone] = own.max(initial=-1) + 1 + np.arange(alone.sum())
    return np.unique(own, return_inverse=True)[1].astype(np.int64)


def can_be_adjusted(here: Setting, axes: Float | None) -> Bool:
    """Whether each level (k,) has enough units that axes may be cleared away: 11 more than axes."""
    few = 0 if axes is None else least_shown() + axes.shape[1]
    enough: Bool = here.sizes >= few
    return enough


def _names(axes: Axes | Sequence[str]) -> tuple[str, ...]:
    return (axes,) if isinstance(axes, str) else () if isinstance(axes, Axes) else tuple(axes)


def _placed(axes: Axes, cohort: Cohort) -> Float:
    return axes_at(axes, cohort.rows, np.arange(cohort.n)).values


def _column(name: str, cohort: Cohort) -> Float:
    """Declared axes (n, q), or a column of numbers (n, 1)."""
    if not isinstance(name, str):
        raise InputError(f"axes holds a {type(name).__name__}; pass Axes, or names")
    declared = next((a for a in cohort.axes if a.name == name), None)
    if declared is not None:
        return _placed(declared, cohort)
    if name not in cohort.people:
        known = [a.name for a in cohort.axes]
        raise CohortError(
            f"no axes {name!r}: the cohort has the axes {known} and no such column; pass Axes, or "
            "name a column of people"
        )
    values = pd.to_numeric(cohort.people[name], errors="coerce").to_numpy(dtype=np.float64)
    bad = int((~np.isfinite(values)).sum())
    if bad:
        raise CohortError(
            f"{name!r} is missing or no number in {bad} of {cohort.n} rows; leave these rows out "
            "(cohort.take), or give their values"
        )
    return values[:, None]
