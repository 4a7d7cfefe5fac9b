"""Variants of a polygenic score among the features of a cohort, allele by allele."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from evenlight.arrays import Bool, Float, Int, Values
from evenlight.data.coefficients import CoefficientTable
from evenlight.data.cohort import Cohort
from evenlight.data.digits import count, percent
from evenlight.errors import ModelError
from evenlight.modalities.alleles import Ways, agrees, ways_of
from evenlight.modalities.ploidy import ploidy_of, two_for_all

By = Literal["auto", "position", "id"]
Ambiguous = Literal["frequency", "drop", "forward"]

ABSENT, OTHER, UNTOLD = "absent", "other alleles", "ambiguous"
SAME, SWAPPED = "same", "swapped"
FLIPPED, BOTH = "other strand", "swapped on the other strand"
USED = (SAME, SWAPPED, FLIPPED, BOTH)
WANTED = ("chromosome", "position", "counted_allele", "other_allele")

ROWS = 100
"""Rows that are looked at before values are taken for dosages."""

Here = tuple[pd.DataFrame, Cohort, Int, Int]
"""Variants of the score, the cohort, and the positions (m,) in both of pairs of one place."""


@dataclass(frozen=True, slots=True, eq=False)
class Matched:
    """What became of v variants: `table` (v rows) with feature, match and weight.

    `by` says how, `build` of which positions; `told` counts ambiguous variants that a frequency
    told, `on_x` those on the X chromosome.
    """

    table: pd.DataFrame
    by: str
    build: str
    told: int
    on_x: int

    def __post_init__(self) -> None:
        known = {ABSENT, OTHER, UNTOLD, *USED}
        if not set(self.table["match"]) <= known:
            raise ModelError(f"matches {set(self.table['match']) - known}; wanted one of {known}")


def matched(
    variants: pd.DataFrame, build: str, cohort: Cohort, *, by: By, ambiguous: Ambiguous
) -> Matched:
    """Each variant's feature, and whether the cohort counts its effect allele or the other one.

    Raises ModelError as `PolygenicScore.aligned` says.
    """
    if by not in get_args(By) or ambiguous not in get_args(Ambiguous):
        raise ModelError(
            f"by={by!r}, ambiguous={ambiguous!r}; wanted one of {get_args(By)} and of "
            f"{get_args(Ambiguous)}"
        )
    sites = _sites(cohort)
    chosen, here = _how(variants, build, sites, by)
    pairs = _pairs(variants, sites, chosen)
    i, j = pairs["variant"].to_numpy(dtype=np.int64), pairs["site"].to_numpy(dtype=np.int64)
    ways = ways_of(_alleles(sites, j, "counted"), _alleles(variants, i, "effect"))
    fits = (ways.kept | ways.swapped) & ways.known
    _once(i[fits], j[fits], sites)
    _dosages(cohort, np.unique(j[fits]))
    match, told = _words(ways, ambiguous, (variants, cohort, i, j))
    if ambiguous == "frequency":
        _untold(variants, i[fits & (match == UNTOLD)])
    table = pd.DataFrame({"feature": "", "match": ABSENT, "weight": variants["weight"]})
    table.loc[i[~fits & ~np.isin(i, i[fits])], "match"] = OTHER
    table.loc[i[fits], "match"] = match[fits]
    used = fits & np.isin(match, USED)
    turned = used & np.isin(match, (SWAPPED, BOTH)) & ~two_for_all(sites.iloc[j])
    if turned.any():
        raise ModelError(
            f"of {turned.sum()} variants on X, Y or MT the other allele is counted, first "
            f"{[_place(variants.iloc[v]) for v in i[turned][:5]]}: males have one copy of them, so "
            "no weight turns for everyone alike; bring the cohort to the score's alleles first, "
            "with evenlight.align_alleles(cohort, wanted)"
        )
    table.loc[i[used], "feature"] = np.asarray(sites.index, dtype=object)[j[used]]
    on_x = int((sites["chromosome"].iloc[j[used]] == "X").sum())
    return Matched(table, chosen, here, int((told & fits).sum()), on_x)


def coefficients(
    name: str, found: Matched, labels: list[str], *, least: float, source: str
) -> CoefficientTable:
    """The matched part of a score as a table of coefficients; ModelError below `least`."""
    table = found.table.assign(variant=labels)
    used = table["match"].isin(USED)
    size = table["weight"].abs()
    share = float(size[used].sum() / size.sum()) if size.sum() else float(used.mean())
    told = (
        f"{count(int(used.sum()))} of {count(len(table))} variants, with {percent(share)} of the "
        "sum of |weight|"
    )
    if share < least - 1e-9 or not used.any():
        raise ModelError(
            f"{name}: {told}, are matched by {found.by}; at least {percent(least)} is wanted"
            f"{_left(table)}; look at build, ids and alleles of both, or lower least="
        )
    turned = table["match"].isin((SWAPPED, BOTH))[used].to_numpy()
    weight = table["weight"][used].to_numpy(dtype=np.float64)
    signed = np.where(turned, -weight, weight)
    build = f" ({found.build})" if found.by == "position" else ""
    notes = [f"{name}: {told}, are matched by {found.by}{build}{_left(table)}."]
    return CoefficientTable(
        name,
        float(2 * weight[turned].sum()),
        dict(zip(table["feature"][used], signed.tolist(), strict=True)),
        target="score",
        source=source,
        notes=(*notes, *_told(name, table["match"], found)),
    )


def _told(name: str, match: pd.Series, found: Matched) -> list[str]:
    said = []
    words = ((SWAPPED, BOTH), (FLIPPED, BOTH))
    swapped, flipped = (int(match.isin(word).sum()) for word in words)
    if swapped or flipped:
        said.append(
            f"{name}: of {count(swapped)} variants the other allele is counted (the dosage is 2 "
            f"less it), {count(flipped)} are named on the other strand."
        )
    if found.told:
        said.append(
            f"{name}: the strand of {count(found.told)} variants with complementary alleles is "
            "told by their frequency, which a difference between populations can deceive."
        )
    if found.on_x:
        said.append(
            f"{name}: {found.on_x} variants are on the X chromosome, of which males carry one copy:"
            " how they are coded shifts the score by sex."
        )
    return said


def _left(table: pd.DataFrame) -> str:
    """Counts and first names of what is not used."""
    said = []
    for word in (ABSENT, OTHER, UNTOLD):
        own = table["variant"][table["match"] == word].tolist()
        if own:
            said.append(f"{count(len(own))} {word} {own[:3]}")
    return f"; not used: {', '.join(said)}" if said else ""


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
    return table.assign(id=ids, build=build)


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


def _alleles(table: pd.DataFrame, at: Int, first: str) -> list[tuple[str | None, str | None]]:
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


def _words(ways: Ways, ambiguous: Ambiguous, here: Here) -> tuple[Values, Bool]:
    """The word for each pair, and which ones a frequency told.

    Alleles that are complements of each other are read as their letters say, unless a frequency
    tells that they are of the other strand, and so the other way round.
    """
    open_ = ways.undecided & ways.known
    swapped = np.where(open_, ways.flip_kept, ways.swapped & ~ways.kept)
    flipped = ~open_ & (ways.flip_kept | ways.flip_swapped)
    told = np.zeros(len(open_), dtype=bool)
    if ambiguous != "forward" and open_.any():
        told, other = _by_frequency(here, open_)
        flipped = np.where(told, other != swapped, flipped)
        swapped = np.where(told, other, swapped)
    words = np.where(
        flipped, np.where(swapped, BOTH, FLIPPED), np.where(swapped, SWAPPED, SAME)
    ).astype(object)
    if ambiguous != "forward":
        words[open_ & ~told] = UNTOLD
    return words, told


def _by_frequency(here: Here, open_: Bool) -> tuple[Bool, Bool]:
    """Of open pairs: whether a frequency tells, and whether the effect allele is then the other."""
    variants, cohort, i, j = here
    at = np.flatnonzero(open_)
    counted, error = _frequencies(cohort, _sites(cohort).iloc[j[at]], j[at])
    file = variants["frequency"].to_numpy(dtype=np.float64)[i[at]]
    kept, other = agrees(frequency=counted, error=error, wanted=file)
    told, swapped = np.zeros_like(open_), np.zeros_like(open_)
    told[at], swapped[at] = kept | other, other
    return told, swapped


def _untold(variants: pd.DataFrame, at: Int) -> None:
    """Raise ModelError where ambiguous variants are left."""
    if len(at):
        raise ModelError(
            f"the strand of {len(at)} variants with complementary alleles (A/T, C/G) is not told "
            f"by their frequency, first {[_place(variants.iloc[v]) for v in at[:5]]}; say "
            'ambiguous="drop" to leave them out, or ambiguous="forward" if both sides name the '
            "forward strand"
        )


def _place(variant: pd.Series) -> str:
    own = variant["id"]
    return f"{variant['chromosome']}:{variant['position']:.0f}" if pd.isna(own) else str(own)


def _frequencies(cohort: Cohort, own: pd.DataFrame, j: Int) -> tuple[Float, Float]:
    """Frequency of the counted allele at some features (q,), and its standard error.

    NaN where it is not known how many copies males carry.
    """
    x = cohort.columns(j.tolist())
    copies = np.where(np.isfinite(x), ploidy_of(cohort, own).at(slice(None)), 0.0)
    whole = copies.sum(axis=0)
    p = np.where(whole > 0, np.nansum(x, axis=0) / np.maximum(whole, 1), np.nan)
    return p, np.sqrt(p * (1 - p) / np.maximum(whole, 1))


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
