"""How unsure a model is in each group, and whether its sets hold what they promise: the record."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Int, Text
from evenlight.errors import InputError, UnknownName
from evenlight.measures.check import explained, place_of, shaped, worded
from evenlight.measures.performance import JUDGED

CALIBRATED = ("everyone", "own group", "")
"""On whom a measure is calibrated; nobody for those that are not of sets."""

HELD = ("below", "not_below", "cannot_tell", "not_estimable")
"""Whether coverage is shown to lie below its level, by more than the margin or not at all."""


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """Coverage of g groups against h promises, (g, h): simultaneous limits and a verdict.

    `measure` (h,) are positions among the record's measures; where folds of the audited people
    calibrate, sets of one's own group hold by construction and are not asked. *below*: the limits
    lie below the level, and not all within its `margin` (h,) of it. *not_below*: none of them lies
    more than the margin below it, and 20 units or more say so.
    """

    groups: tuple[str, ...]
    measure: tuple[int, ...]
    margin: Float
    low: Float
    high: Float
    verdict: Text
    reason: Text

    def __post_init__(self) -> None:
        shape = (len(self.groups), len(self.measure))
        shaped(self, shape[1:], "margin")
        shaped(self, shape, "low", "high", "verdict", "reason")
        worded(self, "verdict", HELD)
        explained(self, self.reason, "low", "high")


@dataclass(frozen=True, slots=True, eq=False)
class Uncertainty:
    """Uncertainty of r `parts` (overall, each level, unknown) by m measures; c contrasts.

    `measures` (m,): *entropy* of the prediction (bits); of an ensemble *total*, *aleatoric* and
    *epistemic* (bits; of a continuous outcome root mean squares in its unit); of conformal sets
    *coverage*, and *set size* (classes) or *width*. `calibrated` (m,) is "everyone" or "own group",
    else empty; `level` (m,) the coverage that is promised, else NaN; `units` (m,) that of the
    value. `value`, `low`, `high` (r, m) with pointwise 95 % limits, NaN with `reason`; `n` (r,)
    units, NaN with `part_reason`. `difference` to `more_in` (c, m) level minus reference,
    simultaneous over contrasts and judged measures; `margin` (m,) NaN where not judged. `held`
    judges coverage in each group. `calibrated_on` is "other people", "folds", or empty where there
    is no outcome; `calibration_units` how many calibrate; `members` 0 without an ensemble. Where a
    part is hidden, overall is that of the people who are shown, and numbers are told to a step.
    """

    grouping: str
    source: str
    levels: tuple[str, ...]
    parts: tuple[str, ...]
    measures: tuple[str, ...]
    calibrated: tuple[str, ...]
    level: Float
    units: tuple[str, ...]
    contrasts: tuple[tuple[str, str], ...]
    target: str
    classes: tuple[str, ...]
    score: str
    calibrated_on: str
    calibration_units: int
    folds: int
    members: int
    members_by: str
    alpha: float
    draws: int
    n: Float
    part_reason: Text
    value: Float
    low: Float
    high: Float
    reason: Text
    held: Held
    margin: Float
    difference: Float
    difference_low: Float
    difference_high: Float
    p: Float
    verdict: Text
    difference_reason: Text
    more: Float
    more_in: Text
    notes: tuple[str, ...] = ()
    cohort_digest: str = ""

    def __post_init__(self) -> None:
        r, m, c = len(self.parts), len(self.measures), len(self.contrasts)
        self._named_once(m)
        apart = ("difference", "difference_low", "difference_high", "p")
        shaped(self, (r,), "n", "part_reason")
        shaped(self, (m,), "level", "margin")
        shaped(self, (r, m), "value", "low", "high", "reason")
        shaped(self, (c, m), *apart, "verdict", "difference_reason", "more", "more_in")
        worded(self, "verdict", JUDGED)
        explained(self, self.reason, "value", "low", "high")
        explained(self, self.difference_reason, *apart)
        explained(self, self.part_reason, "n")

    def _named_once(self, m: int) -> None:
        """InputError unless each measure has a unit and what it is calibrated on, and is one."""
        for name in ("calibrated", "units"):
            if len(getattr(self, name)) != m:
                raise InputError(
                    f"Uncertainty.{name} has {len(getattr(self, name))} items for {m} measures"
                )
        outside = [j for j in self.held.measure if not 0 <= j < m]
        if outside or set(self.held.groups) - set(self.levels):
            raise InputError(
                f"Uncertainty.held speaks of measures {outside} of {m}, and of groups "
                f"{sorted(set(self.held.groups) - set(self.levels))} that are not among its levels"
            )
        unnamed = [word for word in self.calibrated if word not in CALIBRATED]
        if unnamed:
            raise InputError(f"Uncertainty.calibrated holds {unnamed[0]!r}, not in {CALIBRATED}")

    def measure(self, name: str, *, level: float | None = None, calibrated: str = "") -> int:
        """The position of a measure; UnknownName, listing what there is.

        Of sets, say the level; they are calibrated over "everyone" unless "own group" is asked.
        """
        wanted = (name, calibrated or ("everyone" if level is not None else ""), level)
        for j, title in enumerate(self.measures):
            at = None if np.isnan(self.level[j]) else float(self.level[j])
            if (title, self.calibrated[j], at) == wanted:
                return j
        raise UnknownName(f"no measure {wanted}; known: {', '.join(self.titles)}")

    def part(self, name: str) -> int:
        """The position of a part; UnknownName if there is none of that name."""
        return place_of(name, self.parts, "part")

    @property
    def titles(self) -> tuple[str, ...]:
        """Each measure in words, (m,)."""
        return tuple(
            name if np.isnan(level) else f"{name} at {100 * level:.4g} %, calibrated on {who}"
            for name, level, who in zip(self.measures, self.level, self.calibrated, strict=True)
        )

    def to_frame(self) -> pd.DataFrame:
        """One row a part and measure, with the verdict on coverage where there is one."""
        part, measure = (a.ravel() for a in np.indices(self.value.shape))
        held = np.full(self.value.shape, "", dtype="<U13")
        rows = [self.parts.index(name) for name in self.held.groups]
        held[np.ix_(rows, list(self.held.measure))] = self.held.verdict
        return pd.DataFrame(
            {
                "grouping": self.grouping,
                "part": [self.parts[i] for i in part],
                "n": self.n[part],
                **self._named(measure),
                "value": self.value.ravel(),
                "low": self.low.ravel(),
                "high": self.high.ravel(),
                "held": held.ravel(),
                "reason": self.reason.ravel(),
            }
        )

    def differences_frame(self) -> pd.DataFrame:
        """One row a contrast and measure."""
        pair, measure = (a.ravel() for a in np.indices(self.difference.shape))
        return pd.DataFrame(
            {
                "grouping": self.grouping,
                "level_of_group": [self.contrasts[i][0] for i in pair],
                "reference": [self.contrasts[i][1] for i in pair],
                **self._named(measure),
                "difference": self.difference.ravel(),
                "low": self.difference_low.ravel(),
                "high": self.difference_high.ravel(),
                "p": self.p.ravel(),
                "margin": self.margin[measure],
                "verdict": self.verdict.ravel(),
                "reason": self.difference_reason.ravel(),
            }
        )

    def held_frame(self) -> pd.DataFrame:
        """One row a group and promise: coverage with its simultaneous limits, and the verdict."""
        own = self.held
        group, at = (a.ravel() for a in np.indices(own.low.shape))
        measure = np.array(own.measure, dtype=np.int64)[at]
        rows = np.array([self.parts.index(name) for name in own.groups], dtype=np.int64)[group]
        return pd.DataFrame(
            {
                "grouping": self.grouping,
                "group": [own.groups[i] for i in group],
                "n": self.n[rows],
                **self._named(measure),
                "coverage": self.value[rows, measure],
                "low": own.low.ravel(),
                "high": own.high.ravel(),
                "margin": own.margin[at],
                "verdict": own.verdict.ravel(),
                "reason": own.reason.ravel(),
            }
        )

    def _named(self, measure: Int) -> dict[str, object]:
        return {
            "measure": [self.measures[i] for i in measure],
            "calibrated": [self.calibrated[i] for i in measure],
            "promised": self.level[measure],
            "unit": [self.units[i] for i in measure],
        }

    def __repr__(self) -> str:
        many = f"Uncertainty by {self.grouping}: {len(self.measures)} measures"
        below = np.argwhere(self.held.verdict == "below")
        if not len(below):
            return f"{many}; no coverage shown below its level; see .to_frame()"
        g, h = below[0]
        first = f"{self.titles[self.held.measure[h]]}, in {self.held.groups[g]}"
        return f"{many}; {len(below)} coverages shown below their level, first {first}"
