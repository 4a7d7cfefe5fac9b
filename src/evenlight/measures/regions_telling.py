"""Which regions of an image tell the group or the site, and how much of the output they carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Text
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.digits import number
from evenlight.data.features import FeatureSets
from evenlight.data.groups import Groups
from evenlight.measures.associate import associate
from evenlight.measures.associations import SetAssociation
from evenlight.measures.check import explained, place_of, shaped, worded
from evenlight.measures.dominance import one_is_most
from evenlight.measures.hidden_people import at_shown, shown_people
from evenlight.measures.reliance import Reliance
from evenlight.measures.rely import rely
from evenlight.measures.testing import Testing, asked_for

TELLS = ("tells", "tells_low", "tells_high", "tells_p", "tells_q")
CARRIES = ("share", "share_low", "share_high", "share_p")
READINGS = ("tells and carries", "tells only", "carries only", "neither shown", "cannot be asked")
"""What is found of a region under one condition."""


@dataclass(frozen=True, slots=True, eq=False)
class RegionsTelling:
    """m regions (`sets`) under g conditions (`given`): what they tell of the group and carry of it.

    `tells` (g, m), with pointwise limits, permutation p and q over regions: 2 AUC - 1 of a
    discriminant of the region's positions, cross-fitted over units: 0 for a region that tells
    nothing. `share` (g, m), with simultaneous limits and p over regions: the part of the output's
    variance that lies between groups through this region's attribution. `mass` (m,) is the region's
    share of all |attribution|, `size` (m,) its positions. `reading` (g, m), among `READINGS`: it
    *tells* where q is at most alpha, *carries* where the limits of `share` exclude 0. A region that
    tells and carries given the outcome is a candidate shortcut and no more: `ev.shortcut` decides.
    `rounded` says that numbers are told to steps: a part is hidden, or one unit is most of a sum.
    """

    grouping: str
    levels: tuple[str, ...]
    target: str
    sets: tuple[str, ...]
    kind: str
    given: tuple[str, ...]
    alpha: float
    size: Float
    mass: Float
    tells: Float
    tells_low: Float
    tells_high: Float
    tells_p: Float
    tells_q: Float
    tells_reason: Text
    share: Float
    share_low: Float
    share_high: Float
    share_p: Float
    share_reason: Text
    reading: Text
    rounded: bool = False

    def __post_init__(self) -> None:
        g, m = len(self.given), len(self.sets)
        shaped(self, (m,), "size", "mass")
        shaped(self, (g, m), *TELLS, *CARRIES, "tells_reason", "share_reason", "reading")
        worded(self, "reading", READINGS)
        explained(self, self.tells_reason, *TELLS)
        explained(self, self.share_reason, *CARRIES)

    def to_frame(self) -> pd.DataFrame:
        """One row a condition and region."""
        g, m = (a.ravel() for a in np.indices(self.tells.shape))
        columns: dict[str, object] = {
            "grouping": self.grouping,
            "given": [self.given[i] for i in g],
            "region": [self.sets[j] for j in m],
            "size": self.size[m],
            "mass": self.mass[m],
        }
        names = (*TELLS, "tells_reason", *CARRIES, "share_reason", "reading")
        columns |= {name: getattr(self, name).ravel() for name in names}
        return pd.DataFrame(columns | {"rounded": self.rounded})

    def candidates(self, given: str | None = None) -> tuple[str, ...]:
        """Regions that tell and carry, the largest share first; by default the strictest condition.

        Raises UnknownName for a condition that was not asked.
        """
        i = place_of(given or self.given[-1], self.given, "condition")
        found = np.flatnonzero(self.reading[i] == READINGS[0])
        return tuple(self.sets[j] for j in found[np.argsort(-np.abs(self.share[i, found]))])

    def __repr__(self) -> str:
        found = self.candidates()
        told = ", ".join(found[:3]) if found else "none"
        most = number(float(np.nanmax(self.tells[-1], initial=-1.0)))
        return (
            f"RegionsTelling: {len(self.sets)} regions by {self.grouping}, given {self.given[-1]}: "
            f"{len(found)} tell and carry ({told}); most telling {most}"
        )


def regions_telling(
    attributions: Attributions,
    cohort: Cohort,
    *,
    by: str | Groups,
    sets: FeatureSets,
    testing: Testing | None = None,
    rng: np.random.Generator | int = 0,
) -> RegionsTelling:
    """Join what each region's positions tell of the groups with what the output takes from it.

    `attributions` are maps, or sums over `sets` (`.by(sets)`). Given nothing, the outcome, and
    the outcome and strata: `associate` (sets) says what regions tell, whatever the model does, and
    `rely` what the output's dependence on the group owes to each. To tell is no use: a model may
    look elsewhere. To carry without telling is found where lesions are more frequent in a group.

    A view or scanner that changes from image to image of a patient is `regions_within`'s question.

    Raises FeatureError for sets of other rows, GroupError and AttributionError as these.
    """
    generator = np.random.default_rng(rng)
    asked = asked_for(testing)
    summed = summed_over(attributions, sets)
    lean = rely(summed, cohort, by=by, testing=testing, rng=generator)
    told = associate(cohort, by=by, sets=sets, rng=generator)
    assert told.sets is not None
    at = [told.given.index(given) for given in lean.given]
    tells, carries = _tells(told.sets, at), _carries(lean)
    return RegionsTelling(
        grouping=lean.grouping, levels=told.levels, target=lean.target, sets=sets.names,
        kind=sets.kind, given=lean.given, alpha=asked.alpha,
        size=told.sets.size.astype(np.float64), mass=lean.mass, **tells, **carries,
        reading=readings(tells, carries, asked.alpha), rounded=_rounded(summed, cohort, by),
    )  # fmt: skip


def _rounded(summed: Attributions, cohort: Cohort, by: str | Groups) -> bool:
    """Whether shares are told to steps: a part is hidden, or one unit is most of a region."""
    here = shown_people(cohort, by)
    size = np.abs(here.per_unit(at_shown(summed.at(cohort), here).values.astype(np.float64)))
    return here.rounded or bool(one_is_most(size, here.unit_group).any())


def summed_over(attributions: Attributions, sets: FeatureSets) -> Attributions:
    """The sums over these sets, which the attributions may be already."""
    there = attributions.values.ndim == 2 and attributions.features.names == sets.names
    return attributions if there else attributions.by(sets)


def _tells(found: SetAssociation, at: list[int]) -> dict[str, Any]:
    names = ("value", "low", "high", "p", "q")
    made = {own: getattr(found, name)[at] for own, name in zip(TELLS, names, strict=True)}
    return made | {"tells_reason": found.reason[at]}


def _carries(lean: Reliance) -> dict[str, Any]:
    names = ("share", "low", "high", "p")
    made = {own: getattr(lean, name) for own, name in zip(CARRIES, names, strict=True)}
    return made | {"share_reason": lean.reason}


def readings(tells: Mapping[str, Float], carries: Mapping[str, Float], alpha: float) -> Text:
    """What is found of each region, (g, m)."""
    known = np.isfinite(tells["tells_q"]) & np.isfinite(carries["share_low"])
    told = tells["tells_q"] <= alpha
    carried = (carries["share_low"] > 0) | (carries["share_high"] < 0)
    which = np.where(told & carried, 0, np.where(told, 1, np.where(carried, 2, 3)))
    return np.array(READINGS, dtype=np.str_)[np.where(known, which, 4)]
