"""Who is related to whom, by genotypes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from evenlight.arrays import Float, Text
from evenlight.data.cohort import Cohort
from evenlight.data.family_groups import family_groups
from evenlight.data.groups import Groups
from evenlight.errors import FeatureError, InputError
from evenlight.measures.check import shaped
from evenlight.measures.genotypes import dosages, genotyped
from evenlight.stats.kinship import DEGREES, families_of, related_pairs, typical_error

MOST_FALSE = 1.0
"""Pairs of strangers that may be taken for relatives, expected over all pairs."""


@dataclass(frozen=True, slots=True, eq=False)
class Relatives:
    """m pairs of related people, and the families that chains of them make.

    `first`, `second` (m,) are ids of units, `kinship` and its standard error `error` (m,);
    `degree` (m,) is *same*, *first*, *second* or *third*. `families` names the family of each row
    that has relatives; who has none is unknown there, as `families=` of other verbs takes it.
    `cut` is the kinship above which a pair is related, `noise` the median error of a pair and
    `sites` how many were compared. Pairs name people: they are for the analyst, not for a page.
    """

    cut: float
    sites: int
    people: int
    noise: float
    first: Text
    second: Text
    kinship: Float
    error: Float
    degree: Text
    families: Groups

    def __post_init__(self) -> None:
        shaped(self, (len(self.kinship),), "first", "second", "error", "degree")

    def __repr__(self) -> str:
        return (
            f"Relatives: {len(self.kinship):,} pairs above a kinship of {self.cut:.3g} in "
            f"{len(self.families.levels):,} families; see .to_frame()"
        )

    def to_frame(self) -> pd.DataFrame:
        """One row a pair, nearest first."""
        columns = {n: getattr(self, n) for n in ("first", "second", "kinship", "error", "degree")}
        return pd.DataFrame(columns)


def relatives(
    cohort: Cohort, *, columns: Sequence[str] | None = None, degree: str = "second"
) -> Relatives:
    """Pairs of people related to a `degree` (first, second, third) or nearer, by KING-robust.

    Kinship compares two people alone, so that ancestry in common is not taken for it. `columns`
    name the genotype columns, by default all of x. How many unlinked sites it takes grows with the
    pairs of strangers, of whom none may be taken for relatives: with common sites about 900 tell
    the first degree among 100 people and 1,700 among 2,500, and four times as many the second
    (16 times: the third). Raises InputError where there are fewer.
    """
    if degree not in DEGREES:
        raise InputError(f"degree is {degree!r}; known: {', '.join(DEGREES)}")
    here, names = genotyped(cohort, columns, what="kinship would tell sex")
    values, cut = dosages(here, names), DEGREES[degree]
    noise = typical_error(values)
    _enough(noise, cut, len(values), len(names), degree)
    pairs = related_pairs(values, cut=cut)
    order = np.lexsort((pairs.j, pairs.i, -pairs.kinship))
    unit = _unit_names(cohort)
    return Relatives(
        cut=cut,
        sites=len(names),
        people=len(values),
        noise=noise,
        first=unit[pairs.i[order]],
        second=unit[pairs.j[order]],
        kinship=pairs.kinship[order],
        error=pairs.error[order],
        degree=_degrees(pairs.kinship[order]),
        families=family_groups(cohort, families_of(pairs, len(values))),
    )


def _enough(noise: float, cut: float, people: int, sites: int, degree: str) -> None:
    """Raise where strangers would be taken for relatives."""
    if not np.isfinite(noise):
        raise FeatureError(f"no two people share a heterozygous site among {sites} columns")
    wrong = people * (people - 1) / 2 * float(ndtr(-cut / max(noise, 1e-12)))
    if wrong > MOST_FALSE:
        raise InputError(
            f"{sites:,} sites tell kinship to {noise:.3f} (SD) only: about {wrong:,.0f} of the "
            f"pairs of strangers would be taken for the {degree} degree (kinship above "
            f"{cut:.3f}); give about {_needed(noise, cut, people, sites):,} sites, or ask for a "
            "nearer degree"
        )


def _needed(noise: float, cut: float, people: int, sites: int) -> int:
    """Sites with which `MOST_FALSE` pairs are wrong, in hundreds: noise falls with their root.

    >>> _needed(0.0268, 0.0884, 2504, 3000)
    6900
    """
    reach = -float(ndtri(MOST_FALSE / (people * (people - 1) / 2)))
    return 100 * ceil(sites * (noise * reach / cut) ** 2 / 100)


def _degrees(kinship: Float) -> Text:
    out = np.full(len(kinship), "third", dtype="<U6")
    for name in ("second", "first", "same"):
        out[kinship > DEGREES[name]] = name
    return out


def _unit_names(cohort: Cohort) -> Text:
    """The id of each unit (u,)."""
    names = cohort.rows if cohort.unit in (None, "row") else cohort.people[cohort.unit].astype(str)
    return np.unique(np.asarray(names, dtype=np.str_))
