"""How males are coded on the X chromosome, found and checked against recorded sex."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenlight.arrays import Bool, Int
from evenlight.data import rows as reading
from evenlight.data.rows import Rows
from evenlight.errors import CohortError
from evenlight.modalities.genotype_rows import GenotypeRows
from evenlight.modalities.samples import sex_of

SURE = 1.5
"""A dosage above it is nearer to two copies than to one."""


@dataclass(frozen=True, slots=True, eq=False)
class Copies:
    """How often each of n people holds a dosage of one, of two, and any that is known."""

    one: Int
    two: Int
    known: Int

    def of(self, who: Bool) -> tuple[int, int, int]:
        """The same summed over some people."""
        return int(self.one[who].sum()), int(self.two[who].sum()), int(self.known[who].sum())


def copies(x: GenotypeRows, at: Int) -> Copies:
    """Ones and twos of the people at some positions of x (n, s), in one pass."""
    one, two, known = (np.zeros(len(at), dtype=np.int64) for _ in range(3))
    for part, values in reading.blocks(Rows(x).take(at)):
        one[part] = (values == 1).sum(axis=1)
        two[part] = (values > SURE).sum(axis=1)
        known[part] = np.isfinite(values).sum(axis=1)
    return Copies(one, two, known)


def male_coding(x: GenotypeRows, at: Int, people: pd.DataFrame, notes: list[str]) -> str:
    """How males are coded at x (n, s), sites of X outside of its pseudo-autosomal parts.

    "0/2", "0/1", or "unknown" where males hold the counted allele nowhere or nobody's sex is
    known. Raises CohortError for a mixture: males that hold 1 as well as 2.
    """
    sites = x.shape[1]
    if "sex" not in people or sex_of(people["sex"]).isna().all():
        notes.append(
            f"X chromosome: {sites} variants, and nobody's sex is recorded, so that it was not "
            "checked how males are coded (column sex of people)."
        )
        return "unknown"
    sex = sex_of(people["sex"]).to_numpy()
    found = copies(x, at)
    male: Bool = np.asarray(sex == "male")
    one, two, known = found.of(male)
    if one and two:
        raise CohortError(_mixture(found, sex, sites))
    coding = "0/2" if two else "0/1" if one else "unknown"
    told = "hold the counted allele nowhere" if coding == "unknown" else f"are coded {coding}"
    notes.append(f"X chromosome: at {sites} variants {int(male.sum())} males {told}.")
    return coding if known else "unknown"


def _mixture(found: Copies, sex: np.ndarray, sites: int) -> str:
    male, female = sex == "male", sex == "female"
    one, two, known = found.of(male)
    het = int(((found.one > 0) & male).sum())
    told = (
        f"X chromosome: males are coded in two ways: 1 in {one} and 2 in {two} of {known} "
        f"genotypes of {int(male.sum())} males at {sites} variants ({het} males hold a 1)"
    )
    ones, _, all_of = found.of(female)
    if all_of and ones / all_of < one / known:
        told += ". Females hold fewer: is sex coded the other way round?"
    return told + (
        "; code males 0/2 or 0/1 throughout, set their heterozygous calls to missing (plink2 "
        "--set-invalid-haploid-missing) and look at recorded sex (plink2 --check-sex)"
    )
