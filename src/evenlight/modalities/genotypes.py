"""Files of genotypes to a cohort: people joined by id, variants chosen, dosages read from disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from evenlight.arrays import Int, Text
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features
from evenlight.data.repeats import repeated_unit
from evenlight.data.rows import Rows
from evenlight.errors import CohortError, FeatureError
from evenlight.modalities import builds
from evenlight.modalities.genotype_rows import GenotypeRows
from evenlight.modalities.ploidy import one_copy
from evenlight.modalities.samples import Joined, joined
from evenlight.modalities.sex_chromosomes import one_copy_coding
from evenlight.modalities.sites import Asked, asked_for, chosen, named, table_of
from evenlight.modalities.split_sites import alleles_at


@dataclass(frozen=True, slots=True, eq=False)
class Genotyped:
    """A file of genotypes that was opened: n samples, v sites, and how dosages are read.

    `samples` (n) has FID, IID, father, mother, sex and phenotypes; `sites` (v) is a table of
    sites; `read` gives the dosages (n, q) at some columns (q,); `build` is that of the header, "".
    """

    samples: pd.DataFrame
    sites: pd.DataFrame
    read: Callable[[Int], GenotypeRows]
    build: str
    notes: tuple[str, ...]

    def __post_init__(self) -> None:
        if not len(self.samples):
            raise CohortError("the file of genotypes has no samples")
        if not len(self.sites):
            raise FeatureError("no variant is left to read; look at what was asked for")


def cohort_of(
    file: Genotyped,
    people: pd.DataFrame | None,
    *,
    id: str,
    variants: Asked,
    build: str | None,
    roles: dict[str, Any],
) -> Cohort:
    """The people of a file as a cohort, whose x is read from disk.

    `roles` are Cohort's keywords. Whoever has no unit is one: a sample is a person.
    """
    own = dict(roles)
    groups: Sequence[Any] = own.get("groups", ())
    here = joined(file.samples, people, id=id, join=own.pop("join", "exact"), groups=groups)
    known = builds.agreed(build, file.build)
    builds.check_lengths(file.sites, known)
    notes = [*file.notes, _build_note(known, file.build), *here.notes]
    names = named(file.sites, notes)
    at = chosen(file.sites, names, asked_for(variants))
    sites = file.sites.assign(alleles=alleles_at(file.sites)).iloc[at]
    own_names = tuple(names[j] for j in at)
    _two_alleles(sites, own_names)
    males = _males(file, sites, at, here, known, notes)
    features = Features(own_names, table_of(sites, own_names, known, males))
    if "unit" not in own and repeated_unit(here.people, ["row"]) is None:
        own["unit"] = "row"
    made = Cohort(Rows(file.read(at)).take(here.at), here.people, features, **own)
    return made.altered(notes=(*notes, *made.notes))


def _two_alleles(sites: pd.DataFrame, names: Sequence[str]) -> None:
    """Raise FeatureError, naming them, for variants whose two alleles are one."""
    first, other = (sites[name].str.upper() for name in ("counted_allele", "other_allele"))
    same = np.flatnonzero((first == other).to_numpy(dtype=bool))
    if len(same):
        raise FeatureError(
            f"{len(same)} of {len(sites)} variants have the same allele twice, first "
            f"{[names[j] for j in same[:3]]} ({first.iloc[same[0]]}/{other.iloc[same[0]]}): what "
            "is counted is not known; correct them, or leave them out with variants="
        )


def _males(
    file: Genotyped, sites: pd.DataFrame, at: Int, here: Joined, build: str, notes: list[str]
) -> Text | None:
    """How one copy is coded at each site (q,) on X, Y and MT, "" elsewhere; None if none is there.

    Notes count the variants of several alleles as well, as copies of the other allele cannot be
    had of those.
    """
    several = int((sites["alleles"] > 2).sum())
    if several:
        notes.append(
            f"{several:,} variants lie at sites of more than two alleles: copies of the counted "
            "allele tell nothing of copies of the other one, which swaps of alleles would need."
        )
    single = one_copy(sites, build)
    if not single.any():
        return None
    coded = np.full(len(sites), "", dtype="<U7")
    for name in ("X", "Y", "MT"):
        mine = single & (sites["chromosome"] == name).to_numpy(dtype=bool)
        if mine.any():
            x = file.read(at[mine])
            coded[mine] = one_copy_coding(x, here.at, here.people, notes, chromosome=name)
    return coded


def _build_note(build: str, found: str) -> str:
    if not build:
        return "Genome build: not recorded; say build= so that another one is found out."
    return f"Genome build: {build}{' (header of the file)' if found else ''}."
