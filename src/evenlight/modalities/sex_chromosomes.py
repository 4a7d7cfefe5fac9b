"""How one copy is coded on X, Y and MT, found from values and checked against recorded sex."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from evenlight.arrays import Bool, Int, Values
from evenlight.data import rows as reading
from evenlight.data.rows import Rows
from evenlight.errors import CohortError
from evenlight.modalities.genotype_rows import GenotypeRows
from evenlight.modalities.samples import sex_of
from evenlight.small_groups import least_shown

SURE = 1.5
"""A dosage above it is nearer to two copies than to one."""

HALF, NEAR, MOST = 0.5, 0.8, 1.001
"""A dosage of imputation is nearer to one copy than to none, near one, and no more than one."""

NAMES = {"X": "X chromosome", "Y": "Y chromosome", "MT": "Mitochondria"}


@dataclass(frozen=True, slots=True, eq=False)
class Copies:
    """How often each of n people holds what dosages, (n,) each.

    `half`: from 0.5 to 0.8 copies, `one`: from 0.8 to 1, `odd`: more, up to 1.5, `two`: more than
    1.5; `part`: no whole number; `known`: any.
    """

    half: Int
    one: Int
    odd: Int
    two: Int
    part: Int
    known: Int

    def of(self, who: Bool) -> Copies:
        """The same of some people."""
        return Copies(*(getattr(self, f.name)[who] for f in fields(self)))

    def sums(self) -> dict[str, int]:
        """The same of all of them together."""
        return {f.name: int(getattr(self, f.name).sum()) for f in fields(self)}


def copies(x: GenotypeRows, at: Int) -> Copies:
    """What dosages the people at some positions of x (n, s) hold, in one pass."""
    parts = [_counted(values) for _, values in reading.blocks(Rows(x).take(at))]
    return Copies(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _counted(values: Values) -> tuple[Int, ...]:
    masks = (
        (values >= HALF) & (values < NEAR),
        (values >= NEAR) & (values <= MOST),
        (values > MOST) & (values <= SURE),
        values > SURE,
        np.abs(values - np.round(values)) > MOST - 1,
        np.isfinite(values),
    )
    return tuple(mask.sum(axis=1).astype(np.int64) for mask in masks)


def one_copy_coding(
    x: GenotypeRows, at: Int, people: pd.DataFrame, notes: list[str], *, chromosome: str = "X"
) -> str:
    """How whoever has one copy is coded at x (n, s): males on X and Y, everybody on MT.

    x holds sites of one chromosome, of X outside of its pseudo-autosomal parts. "0/2", "0/1", or
    "unknown": where the counted allele is nowhere held, nobody's sex is known, or values do not
    tell, as with two alleles of MT in one person. Raises CohortError for males with calls of 1 as
    well as of 2 on X; dosages of imputation are told by their size.
    """
    where = f"{NAMES[chromosome]}: "
    sites = x.shape[1]
    sex = sex_of(people["sex"]).to_numpy() if "sex" in people else np.full(len(people), None)
    if chromosome != "MT" and pd.isna(sex).all():
        notes.append(
            f"{where}{sites} variants, and nobody's sex is recorded, so that it was not checked "
            "how males are coded (column sex of people)."
        )
        return "unknown"
    found = copies(x, at)
    single = np.full(len(sex), True) if chromosome == "MT" else np.asarray(sex == "male")
    own, whole = found.of(single).sums(), not found.part.any()
    if chromosome == "X" and whole and own["one"] and own["two"]:
        raise CohortError(where + _mixture(found, sex, sites))
    coding = _coded(own, whole)
    who = "people" if chromosome == "MT" else "males"
    told = _told(coding, own, whole) if single.any() else "are not among the people"
    notes.append(f"{where}at {sites} variants {who} {told}.")
    if chromosome == "Y":
        _females(found.of(np.asarray(sex == "female")), notes)
    return coding


def _coded(own: dict[str, int], whole: bool) -> str:
    """How one copy is coded; that of dosages of imputation by their size."""
    one, two = own["one"], own["two"]
    if two:
        sound = not one if whole else two >= one
        return "0/2" if sound else "unknown"
    sound = whole or (not own["odd"] and one >= own["half"])
    return "0/1" if one and sound else "unknown"


def _told(coding: str, own: dict[str, int], whole: bool) -> str:
    if coding != "unknown":
        how = "" if whole else ", by the size of dosages (single calls were not checked)"
        return f"are coded {coding}{how}"
    if not any(own[name] for name in ("half", "one", "odd", "two")):
        return "hold the counted allele nowhere"
    return "hold 1 as well as 2, or values between, so that it is not told how one copy is coded"


def _females(found: Copies, notes: list[str]) -> None:
    """Note females that hold copies of Y."""
    many = int(((found.one > 0) | (found.two > 0)).sum())
    if many:
        shown = f"{many:,}" if many >= least_shown() else f"fewer than {least_shown()}"
        notes.append(f"Y chromosome: {shown} females hold the counted allele; is their sex right?")


def _mixture(found: Copies, sex: Values, sites: int) -> str:
    male, female = found.of(sex == "male"), found.of(sex == "female")
    own, theirs = male.sums(), female.sums()
    told = (
        f"males are coded in two ways: 1 in {own['one']} and 2 in {own['two']} of {own['known']} "
        f"genotypes of {len(male.one)} males at {sites} variants ({int((male.one > 0).sum())} "
        "males hold a 1)"
    )
    if theirs["known"] and theirs["one"] / theirs["known"] < own["one"] / own["known"]:
        told += ". Females hold fewer: is sex coded the other way round?"
    return told + (
        "; code males 0/2 or 0/1 throughout, set their heterozygous calls to missing (plink2 "
        "--set-invalid-haploid-missing) and look at recorded sex (plink2 --check-sex)"
    )
