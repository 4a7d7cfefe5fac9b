"""How many copies of a variant a person can have: two, or one of males on X."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenlight.arrays import Bool, Float, Int
from evenlight.data.cohort import Cohort
from evenlight.modalities.samples import sex_of


@dataclass(frozen=True, slots=True, eq=False)
class Ploidy:
    """Copies of n people at q variants, without a table of both.

    `person` (n,): 1 male, 2 female, NaN unknown, as it holds at variants where `single` (q,);
    `unknown` (q,): variants on X of which it is not known how males are coded. Else 2.
    """

    person: Float
    single: Bool
    unknown: Bool

    def at(self, rows: slice | Int, columns: Int | Bool | slice = slice(None)) -> Float:
        """Copies of some people at some variants (m or 1, k), NaN where not known."""
        single, unknown = self.single[columns], self.unknown[columns]
        plain = np.where(unknown, np.nan, 2.0)[None, :]
        return np.where(single, self.person[rows, None], plain) if single.any() else plain

    def lost(self) -> Bool:
        """Variants (q,) at which the copies of somebody are not known."""
        return self.unknown | (self.single & bool(np.isnan(self.person).any()))


def two_for_all(own: pd.DataFrame) -> Bool:
    """Whether everybody counts to two at the variants (q,) of a feature table.

    Not on Y and MT, nor on X unless males are known to be coded 0/2: there 2 less the dosage gives
    people of one copy one too many.
    """
    at = own["chromosome"].astype(str).to_numpy()
    males = own["males"].to_numpy() if "males" in own else np.full(len(own), "unknown")
    out: Bool = ~np.isin(at, ["Y", "MT"]) & ((at != "X") | (males == "0/2"))
    return out


def ploidy_of(cohort: Cohort, own: pd.DataFrame) -> Ploidy:
    """The copies of a cohort's people at the variants of a feature table's rows (q).

    Its column `males` says how males are coded on X; on X without it, that is not known.
    """
    on_x = np.zeros(len(own), dtype=bool)
    if "chromosome" in own:
        on_x = (own["chromosome"] == "X").to_numpy(dtype=bool)
    males = own["males"].to_numpy() if "males" in own else np.where(on_x, "unknown", "")
    if "sex" in cohort.people:
        copies = {"male": 1.0, "female": 2.0}
        person = [copies.get(sex, np.nan) for sex in sex_of(cohort.people["sex"])]
    else:
        person = [np.nan] * cohort.n
    return Ploidy(np.array(person), np.asarray(males == "0/1"), np.asarray(males == "unknown"))
