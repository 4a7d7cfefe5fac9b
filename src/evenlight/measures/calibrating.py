"""Who calibrates conformal sets: other people, or the audited ones in folds of whole units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.data.units import unit_codes
from evenlight.errors import CohortError, GroupError, InputError, ModelError
from evenlight.measures.conforming import Calibration
from evenlight.measures.foretold import Foretold, foretold
from evenlight.measures.weighing import unit_sampling, weighted
from evenlight.stats.conformal import Pool
from evenlight.stats.intervals import unit_weights
from evenlight.stats.parts import effective


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Who calibrates: the pool, the unit of its rows (n,), and whether folds of the audited do.

    `drawn` (draws, n) are bootstrap weights of its rows.
    """

    pool: Pool
    unit: Int
    drawn: Float
    folded: bool

    @property
    def size(self) -> int:
        """Number of units."""
        return len(np.unique(self.unit))

    def worth(self, code: int | None = None) -> float:
        """How many equally weighted people calibrate for one group, or for all."""
        own = self.pool.group == code if code is not None else self.pool.weight > 0
        people = np.bincount(self.unit[own], weights=self.pool.weight[own])
        return effective(people.astype(float))


def others(told: Foretold, audited: Cohort, calibration: Calibration) -> tuple[Foretold, Int, Int]:
    """What is foretold of the calibration people, their rows in order, and units of these."""
    cohort = calibration.cohort
    _apart(audited, cohort)
    other = foretold(calibration.predictions, cohort, calibration.ensemble)
    if other.y is None:
        raise CohortError("the people to calibrate on have no outcome; pass their cohort outcome=")
    if (other.target, other.classes) != (told.target, told.classes):
        raise ModelError(
            f"calibration is of {other.target} {list(other.classes)}, the audit of {told.target} "
            f"{list(told.classes)}; predict the same for both"
        )
    keep = other.known & weighted(cohort)
    rows = cohort.order[keep[cohort.order]]
    if not len(rows):
        raise CohortError("none of the people to calibrate on has a known outcome")
    unit = np.unique(cohort.units[rows], return_inverse=True)[1].astype(np.int64)
    return other.take(rows), rows, unit


def _apart(audited: Cohort, cohort: Cohort) -> None:
    """InputError where people are in both cohorts."""
    shared = len(np.intersect1d(audited.rows, cohort.rows))
    if not shared and audited.unit == cohort.unit and audited.unit not in (None, "row"):
        names = [set(c.people[str(c.unit)].astype(str)) for c in (audited, cohort)]
        shared = len(names[0] & names[1])
    if shared:
        raise InputError(
            f"{shared} are both audited and calibrated on; calibrate on other people, or leave "
            "calibration= out, and folds of the audited people serve"
        )


def source_of(
    groups: Groups, cohort: Cohort, rows: Int, unit: Int, *, draws: int, rng: np.random.Generator
) -> Source:
    """Other people as the source, their scores still 0; levels of `groups` are met by name.

    Raises GroupError where their table has no column of the grouping's name.
    """
    own = unit_codes(_codes(groups, cohort)[rows] + 2, unit)[unit] - 2
    share = unit_sampling(cohort, rows, unit)[unit] / np.bincount(unit)[unit]
    first = np.unique(unit, return_index=True)[1]
    again = unit_weights(own[first], draws=draws, rng=rng)[:, unit] * share
    pool = Pool(np.zeros(len(rows)), share, own, np.full(len(rows), -1))
    return Source(pool, unit, again, False)


def _codes(groups: Groups, cohort: Cohort) -> Int:
    """Codes (n,) of the cohort's rows among the levels of `groups`: -1 unknown, -2 another."""
    try:
        theirs = cohort.grouping(groups.name)
    except (CohortError, GroupError) as error:
        raise GroupError(
            f"the people to calibrate on have no grouping {groups.name!r} ({error}); give their "
            "table a column of that name"
        ) from error
    place = {level: i for i, level in enumerate(groups.levels)}
    codes = np.array([*(place.get(level, -2) for level in theirs.levels), -1], dtype=np.int64)
    return codes[theirs.codes]
