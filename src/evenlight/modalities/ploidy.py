"""How many copies of a variant a person can have: two, one of males on X, one of anybody on MT."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenlight.arrays import Bool, Float, Int, Text
from evenlight.data.chromosomes import chromosomes
from evenlight.data.cohort import Cohort
from evenlight.data.copies import (
    COPIES,
    FEMALE,
    MALE,
    ONE,
    SEXLESS,
    TWO,
    UNKNOWN,
    UNTOLD,
    kind_of,
)
from evenlight.modalities.builds import haploid_in_males
from evenlight.modalities.samples import sex_of


@dataclass(frozen=True, slots=True, eq=False)
class Ploidy:
    """Copies of n people at q variants, without a table of both.

    `sex` (n,) is 0 male, 1 female, 2 unknown; `kind` (q,) a column of `data.copies.COPIES`.
    """

    sex: Int
    kind: Int

    def at(self, rows: slice | Int, columns: Int | Bool | slice = slice(None)) -> Float:
        """Copies of some people at some variants (m or 1, k), NaN where not known."""
        kind = self.kind[columns]
        alike = np.isin(kind, (TWO, ONE, UNKNOWN)).all()
        sex = np.array([SEXLESS]) if alike else self.sex[rows]
        out: Float = COPIES[sex][:, kind]
        return out

    def lost(self) -> Bool:
        """Variants (q,) at which the copies of somebody are not known."""
        return np.asarray(np.isnan(self._each()).any(axis=0), dtype=bool)

    def common(self) -> Float:
        """Copies (q,) that everybody has, NaN where people differ or it is not known."""
        each = self._each()
        return np.where((each == each[0]).all(axis=0), each[0], np.nan)

    def _each(self) -> Float:
        """Copies (sexes, q) of each sex that is here."""
        out: Float = COPIES[np.unique(self.sex)][:, self.kind]
        return out


def ploidy_of(cohort: Cohort, own: pd.DataFrame) -> Ploidy:
    """The copies of a cohort's people at the variants of a feature table's rows (q).

    Its column `males` says how whoever has one copy is coded: males on X and Y, everybody on MT.
    Without it that is not known, unless a variant lies in a pseudo-autosomal part of X.
    """
    sex = np.full(cohort.n, SEXLESS)
    if "sex" in cohort.people:
        told = sex_of(cohort.people["sex"])
        sex = told.map({"male": MALE, "female": FEMALE}).fillna(SEXLESS).to_numpy(np.int64)
    return Ploidy(sex.astype(np.int64), _kinds(own))


def _kinds(own: pd.DataFrame) -> Int:
    """The kind (q,) of each variant."""
    kind = np.full(len(own), TWO, dtype=np.int64)
    if "chromosome" not in own:
        return kind
    at = chromosomes(own["chromosome"])
    coded = np.full(len(own), "", dtype=object)
    if "males" in own:
        coded = own["males"].astype(object).where(own["males"].notna(), "").to_numpy()
    single = one_copy(own.assign(chromosome=at))
    for j in np.flatnonzero(np.isin(at, list(UNTOLD)) & (single | (coded != ""))):
        kind[j] = kind_of(at[j], coded[j])
    return kind


def one_copy(sites: pd.DataFrame, build: str | None = None) -> Bool:
    """Mask (q,) of variants of which some people have one copy: on X, Y and MT.

    `sites` has chromosome, and build where `build` is not given; where it has positions, the
    pseudo-autosomal parts of X are left out.
    """
    at: Text = sites["chromosome"].to_numpy()
    if "position" not in sites:
        return np.isin(at, list(UNTOLD))
    if build is None:
        found = set(sites["build"].dropna()) if "build" in sites else set()
        build = str(found.pop()) if len(found) == 1 else ""
    return haploid_in_males(sites, build) | np.isin(at, ["Y", "MT"])
