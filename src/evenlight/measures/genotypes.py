"""Genotypes of a cohort's people: which columns they are, checked, and where their sites lie."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Int
from evenlight.data.cohort import Cohort
from evenlight.data.copies import two_copies
from evenlight.errors import FeatureError
from evenlight.measures.axes import everyone
from evenlight.measures.prepare import Setting
from evenlight.stats.genetics import is_dosage
from evenlight.stats.linkage import BASES, Places, by_order

PLACE: Mapping[str, tuple[str, ...]] = {
    "chromosome": ("chromosome", "chrom", "chr", "#chrom", "contig"),
    "position": ("position", "pos", "bp", "base_pair_location"),
}
"""Columns of the feature table that say where a site lies, in base pairs, as formats name them.

Capitals do not count. VCF writes #CHROM and POS, PLINK CHR and BP, the GWAS Catalog the last.
"""


def genotype_columns(cohort: Cohort, asked: Sequence[str] | bool | None) -> tuple[str, ...]:
    """The names of the columns that hold genotypes: those asked for; True or None: all of them.

    Names are never guessed from. Raises FeatureError for maps, and for a name that is no column.
    """
    if asked is False:
        return ()
    if cohort.x.ndim != 2:
        raise FeatureError(
            f"rows of x have the shape {tuple(cohort.x.shape[1:])}; genotypes are columns"
        )
    if asked is None or asked is True:
        return cohort.features.names
    if isinstance(asked, str):
        raise FeatureError(f"genotypes are a list of column names; pass [{asked!r}]")
    strange = [name for name in asked if name not in cohort.features.place]
    if strange:
        raise FeatureError(
            f"{len(strange)} of {len(asked)} genotype columns are no features, first {strange[:3]}"
        )
    if len(set(asked)) != len(asked):
        raise FeatureError("a genotype column is named twice; name each once")
    return tuple(asked)


def dosages(here: Setting, names: Sequence[str]) -> Float:
    """Allele counts 0, 1, 2 or NaN of units (u, s) at the columns `names`.

    Raises FeatureError where a column holds anything else, or the rows of one unit differ.
    """
    rows = here.cohort.columns([here.cohort.features.place[n] for n in names])
    rows[~here.kept] = np.nan
    good = is_dosage(rows)
    if not good.all():
        j = int((~good).argmax())
        odd = rows[:, j][~np.isin(rows[:, j], (0, 1, 2)) & ~np.isnan(rows[:, j])][0]
        raise FeatureError(
            f"{int((~good).sum())} of {len(names)} columns are no genotypes: {names[j]!r} holds "
            f"{odd:g}, wanted counts of the alternate allele, 0, 1, 2 or NaN; name the columns "
            "that are, or round imputed dosages"
        )
    values = here.per_unit(rows)
    torn = (np.abs(values[here.unit] - rows[here.kept]) > 0).any(axis=0)
    if torn.any():
        j = int(torn.argmax())
        raise FeatureError(
            f"{names[j]!r}: rows of one unit have different genotypes; correct them, or declare "
            "the unit that was genotyped"
        )
    return values


def place_columns(cohort: Cohort) -> tuple[Hashable, Hashable] | None:
    """The feature table's columns of chromosome and position; None where it has neither.

    Raises FeatureError where it has one of them only.
    """
    table = cohort.features.table
    if table is None:
        return None
    plain = {str(column).strip().casefold(): column for column in reversed(table.columns)}
    found = [next((plain[n] for n in names if n in plain), None) for names in PLACE.values()]
    if found == [None, None]:
        return None
    if None in found:
        have, lost = list(PLACE) if found[1] is None else list(PLACE)[::-1]
        raise FeatureError(
            f"the feature table has the {have} of each site, and no {lost}; name a column "
            f"{' or '.join(PLACE[lost])}, or drop the other to take columns in their order"
        )
    return found[0], found[1]


def check_two_copies(
    cohort: Cohort, names: Sequence[str], *, what: str, doubled: bool = False
) -> None:
    """Raise FeatureError where sites lie on X, Y or MT, of which people have one copy or two.

    `doubled` takes those where one copy is coded 2. Without chromosomes in the feature table
    nothing is known, and nothing is refused.
    """
    table, columns = cohort.features.table, place_columns(cohort)
    if table is None or columns is None:
        return
    at = np.array([cohort.features.place[name] for name in names], dtype=np.int64)
    chromosome = table[columns[0]].iloc[at].astype(str).to_numpy(dtype=np.str_)
    good = two_copies(cohort.features, tuple(names), chromosome, doubled=doubled)
    if not good.all():
        lost = [name for name, ok in zip(names, good, strict=True) if not ok]
        raise FeatureError(
            f"{len(lost)} of {len(names)} sites lie on X, Y or MT, first {lost[:3]}, of which "
            f"people have one copy or two: {what}; name the others with columns="
        )


def sites_in_order(cohort: Cohort, names: Sequence[str]) -> tuple[Int, Places]:
    """The order (s,) of sites along the genome, and where they then lie.

    By chromosome and position of the feature table where it has both; else columns are taken to be
    in order, on one chromosome, and linkage to reach over 50 of them.
    """
    table, columns = cohort.features.table, place_columns(cohort)
    if table is None or columns is None:
        return np.arange(len(names)), by_order(len(names))
    own = table.iloc[[cohort.features.place[n] for n in names]]
    chrom, base = (own[column] for column in columns)
    position = pd.to_numeric(base, errors="coerce").to_numpy(dtype=np.float64)
    chromosome = chrom.astype(str).to_numpy(dtype=np.str_)
    lost = ~np.isfinite(position) | chrom.isna().to_numpy()
    if lost.any():
        raise FeatureError(
            f"{int(lost.sum())} of {len(names)} sites have no chromosome or position in the "
            f"feature table, first {names[int(lost.argmax())]!r}; give them, or leave them out"
        )
    codes = np.unique(chromosome, return_inverse=True)[1].astype(np.int64)
    order = np.lexsort((position, codes)).astype(np.int64)
    return order, Places(codes[order], position[order].astype(np.int64), BASES)


def genotyped(
    cohort: Cohort, columns: Sequence[str] | None, *, what: str = ""
) -> tuple[Setting, tuple[str, ...]]:
    """All people of a cohort, and their genotype columns along the genome.

    `what` befalls the answer where people have one copy or two: such columns are then refused.
    """
    names = genotype_columns(cohort, columns)
    if what:
        check_two_copies(cohort, names, what=what)
    order, _ = sites_in_order(cohort, names)
    return everyone(cohort, np.ones(cohort.n, dtype=bool), "everybody"), tuple(
        names[j] for j in order
    )
