"""What a plan asks of genotypes: local ancestry place by place, and how common variants are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Self

import numpy as np
from pydantic import Field, field_validator, model_validator

from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.local_ancestry import LocalAncestry
from evenlight.errors import InputError, PlanError
from evenlight.measures.allele_frequencies import EDGES, maf_strata
from evenlight.measures.axes import everyone
from evenlight.measures.genotypes import place_columns
from evenlight.measures.local_subjects import copies_of
from evenlight.plan_parts import nearest
from evenlight.policy import Closed


class LocalPlan(Closed):
    """Attributions compared by the copies of one ancestry at the place of each variant.

    `windows` are the .msp.tsv files of RFMix 2 or Gnomix beside the plan; `sites` is a table of
    `feature`, `chromosome` and `position`, where the cohort does not bring them. `ancestry` is the
    one whose copies are counted, `beside` the axes of global proportions (left out: the mean over
    the windows), `over` whether each site is asked or the sum over the sites of a window.
    """

    windows: tuple[str, ...] = ()
    sites: str | None = None
    ancestry: str | None = None
    beside: str | None = None
    over: Literal["sites", "windows"] = "sites"

    @field_validator("windows", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _asked(self) -> Self:
        if self.ancestry is None and (self.windows or self.beside):
            raise ValueError("name the ancestry whose copies are counted, ancestry = ...")
        return self


class MafPlan(Closed):
    """Shares of importance by how common variants are in one group, for every grouping.

    The minor allele frequency is that in the level `reference` of `grouping` (left out: its own
    reference, or its largest level), parted at `edges`. The variants are `measure.genotypes`, or
    all of x.
    """

    grouping: str | None = None
    reference: str | None = None
    edges: tuple[float, ...] = Field(default=EDGES, min_length=1)

    @model_validator(mode="after")
    def _asked(self) -> Self:
        if self.grouping is None and self.reference is not None:
            raise ValueError("name the grouping that the reference is a level of, grouping = ...")
        return self


def settled_local(asked: LocalPlan, cohort: Cohort, local: LocalAncestry | None) -> None:
    """Raise PlanError where the plan, the cohort and the local ancestry do not fit together."""
    if asked.ancestry is None and local is None:
        return
    if local is None:
        raise PlanError(
            f"local.ancestry asks for copies of {asked.ancestry!r}, and there is no local ancestry;"
            " name files in local.windows, or hand it over, audit(..., local=)"
        )
    if asked.ancestry not in local.ancestries:
        known = ", ".join(local.ancestries)
        raise PlanError(
            f"local.ancestry is {asked.ancestry!r}{nearest(str(asked.ancestry), local.ancestries)}"
            f"; counted can be: {known}"
        )
    _beside(asked.beside, cohort)
    if place_columns(cohort) is None:
        raise PlanError(
            "local ancestry needs the chromosome and position of each feature; name a table of "
            "them in local.sites, or give the cohort Features(names, table=frame)"
        )
    here = everyone(cohort, np.ones(cohort.n, dtype=bool), "local ancestry")
    try:
        copies_of(here, local, asked.ancestry)
    except InputError as error:
        raise PlanError(f"local: {error}") from None


def _beside(name: str | None, cohort: Cohort) -> None:
    known = [axes.name for axes in cohort.axes]
    if name is not None and name not in known:
        raise PlanError(
            f"local.beside names {name!r}, which is no axes of the cohort{nearest(name, known)}; "
            f"known: {', '.join(known) or 'none'}"
        )


def settled_maf(
    asked: MafPlan, cohort: Cohort, genotypes: Sequence[str] | bool
) -> FeatureSets | None:
    """The features by how common they are, None where the plan does not ask.

    Raises PlanError for a grouping, level, edges or columns that are not there or do not suit.
    """
    if asked.grouping is None:
        return None
    columns = genotypes if isinstance(genotypes, tuple) and genotypes else None
    known = [g.name for g in cohort.groups]
    if asked.grouping not in known:
        raise PlanError(
            f"maf.grouping is {asked.grouping!r}, which is no grouping of the cohort"
            f"{nearest(asked.grouping, known)}; known: {', '.join(known)}"
        )
    try:
        return maf_strata(
            cohort, by=asked.grouping, reference=asked.reference, edges=asked.edges, columns=columns
        )
    except InputError as error:
        raise PlanError(f"maf: {error}") from None
