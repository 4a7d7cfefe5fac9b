"""Files of genotypes to a cohort: people joined by id, variants chosen, dosages read from disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from evenlight.arrays import Int, Text
from evenlight.data import align
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features
from evenlight.data.rows import Rows
from evenlight.errors import CohortError, FeatureError
from evenlight.modalities import builds
from evenlight.modalities.genotype_rows import GenotypeRows
from evenlight.modalities.samples import Joined, joined
from evenlight.modalities.sex_chromosomes import male_coding
from evenlight.modalities.sites import Asked, asked_for, chosen, named, table_of


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
    sites = file.sites.iloc[at]
    features = Features(
        tuple(names[j] for j in at),
        table_of(sites, [names[j] for j in at], known, _males(file, sites, at, here, known, notes)),
    )
    if "unit" not in own and align.repeated_unit(here.people, np.array(["row"])) is None:
        own["unit"] = "row"
    made = Cohort(Rows(file.read(at)).take(here.at), here.people, features, **own)
    return made.altered(notes=(*notes, *made.notes))


def _males(
    file: Genotyped, sites: pd.DataFrame, at: Int, here: Joined, build: str, notes: list[str]
) -> Text | None:
    """How males are coded at each site (q,), "" off the X chromosome; None where none is on it."""
    on_x = builds.haploid_in_males(sites, build)
    if not on_x.any():
        return None
    coding = male_coding(file.read(at[on_x]), here.at, here.people, notes)
    return np.where(on_x, coding, "")


def _build_note(build: str, found: str) -> str:
    if not build:
        return "Genome build: not recorded; say build= so that another one is found out."
    return f"Genome build: {build}{' (header of the file)' if found else ''}."
