"""Variants of a polygenic score and features of a cohort that are of one place, or one id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from evenlight.arrays import Bool, Int
from evenlight.data.chromosomes import chromosomes
from evenlight.data.cohort import Cohort
from evenlight.errors import ModelError
from evenlight.modalities.alleles import Pair, Ways, ways_of

By = Literal["auto", "position", "id"]

WANTED = ("chromosome", "position", "counted_allele", "other_allele")

ROWS = 100
"""Rows that are looked at before values are taken for dosages."""


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """M pairs of a variant and a feature of one place.

    `variant` and `site` (m,) are their positions, `sites` the table of features, `fits` (m,)
    whether their alleles can be the same. `by` says how they were found, `build` of which
    positions.
    """

    variant: Int
    site: Int
    sites: pd.DataFrame
    fits: Bool
    by: str
    build: str


def paired(variants: pd.DataFrame, build: str, cohort: Cohort, by: By) -> tuple[Pairs, Ways]:
    """All pairs, and the ways in which their alleles can be the same (m).

    Raises ModelError for features without alleles, builds that differ, a variant or a feature that
    fits twice, and values that are no dosages.
    """
    sites = _sites(cohort)
    chosen, here = _how(variants, build, sites, by)
    found = _pairs(variants, sites, chosen)
    i, j = found["variant"].to_numpy(dtype=np.int64), found["site"].to_numpy(dtype=np.int64)
    ways = ways_of(_alleles(sites, j, "counted"), _alleles(variants, i, "effect"))
    fits = (ways.kept | ways.swapped) & ways.known
    _once(i[fits], j[fits], sites)
    _dosages(cohort, np.unique(j[fits]))
    return Pairs(i, j, sites, fits, chosen, here), ways


def _sites(cohort: Cohort) -> pd.DataFrame:
    """Place and alleles of each feature, as `read_plink` and `read_vcf` give them."""
    table = cohort.features.table
    missing = WANTED if table is None else [name for name in WANTED if name not in table.columns]
    if table is None or missing:
        raise ModelError(
            f"the cohort's features have no {', '.join(missing)}: read genotypes with read_plink "
            "or read_vcf, or give Features(names, table) with these columns"
        )
    ids = table["id"] if "id" in table.columns else pd.Series(table.index, index=table.index)
    build = table["build"] if "build" in table.columns else None
    return table.assign(id=ids, build=build, chromosome=chromosomes(table["chromosome"]))


def _how(
    variants: pd.DataFrame, build: str, sites: pd.DataFrame, by: By
) -> tuple[Literal["position", "id"], str]:
    """By what variants are matched, and the build of the positions."""
    builds = [str(one) for one in sites["build"].dropna().unique()]
    there = builds[0] if len(builds) == 1 else ""
    placed = bool((variants["position"].notna() & variants["chromosome"].notna()).any())
    if by == "id" or (by == "auto" and not (placed and build and build == there)):
        if not variants["id"].notna().any():
            raise ModelError(
                f"the score has no ids, and its positions ({build or 'build unknown'}) are not "
                f"those of the cohort ({there or 'build unknown'}); take the scoring file of that "
                'build, give the table of features a column "build", or say by="position"'
            )
        return "id", ""
    if not placed:
        raise ModelError('by="position", and the score has no positions; say by="id"')
    if build and there and build != there:
        raise ModelError(
            f'by="position", and the score is on {build}, the cohort on {there}; take the scoring '
            "file that is harmonised to that build"
        )
    return "position", build or there


def _pairs(variants: pd.DataFrame, sites: pd.DataFrame, by: str) -> pd.DataFrame:
    """Positions (variant, site) of all pairs that have one id, or one place."""
    keys = ["id"] if by == "id" else ["chromosome", "position"]
    own = variants[keys].assign(variant=np.arange(len(variants))).dropna()
    other = sites[keys].assign(site=np.arange(len(sites))).dropna()
    if by == "position":
        own, other = (t.astype({"chromosome": str, "position": float}) for t in (own, other))
    else:
        own, other = own.astype({"id": str}), other.astype({"id": str})
    return own.merge(other, on=keys)


def _alleles(table: pd.DataFrame, at: Int, first: str) -> list[Pair]:
    columns = (table[f"{first}_allele"].iloc[at], table["other_allele"].iloc[at])
    one, other = ([None if pd.isna(a) else str(a).upper() for a in own] for own in columns)
    return list(zip(one, other, strict=True))


def _once(i: Int, j: Int, sites: pd.DataFrame) -> None:
    """Raise ModelError where a variant has two features, or a feature two variants."""
    for at, what, has in ((i, "variants of the score", "features"), (j, "features", "variants")):
        values, counts = np.unique(at, return_counts=True)
        if (counts > 1).any():
            worst = j[at == values[counts > 1][0]][0]
            raise ModelError(
                f"{int((counts > 1).sum())} {what} have two or more {has} with the same alleles, "
                f"first at the feature {sites.index[worst]!r}; remove the duplicates"
            )


def _dosages(cohort: Cohort, j: Int) -> None:
    """Raise ModelError where values are no counts of an allele."""
    if not len(j):
        return
    x = cohort.dense(cohort.order[:ROWS])[:, j]
    low, high = float(np.nanmin(x, initial=0.0)), float(np.nanmax(x, initial=0.0))
    if low < 0 or high > 2:
        raise ModelError(
            f"values of the matched features go from {low:.3g} to {high:.3g}, where dosages of an "
            "allele go from 0 to 2; hand over genotypes that are not standardised"
        )
