"""Variants that a model counts, checked against those that a cohort has."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Int, Values
from evenlight.data.chromosomes import chromosomes
from evenlight.data.cohort import Cohort
from evenlight.errors import FeatureError
from evenlight.modalities.alleles import Pair, Ways
from evenlight.modalities.builds import build_named

NAMED_AS = frozenset(
    {"rsid", "rsids", "rs", "rs_id", "hm_rsid", "snp", "snpid", "snp_id", "marker", "markername"}
    | {"variantid", "variant_id", "varid", "name"}
)
"""Columns by which others name variants, in small letters."""


def wanted_table(wanted: pd.DataFrame) -> pd.DataFrame:
    """`wanted` by variant, alleles in capitals and None where missing; FeatureError if unfit."""
    named = {} if "variant" in wanted.columns else {"id": "variant"}
    table = wanted.rename(columns=named)
    if "variant" not in table.columns:
        _named_rows(table)
        table = table.rename_axis("variant").reset_index()
    lost = [c for c in ("effect_allele", "other_allele") if c not in table.columns]
    if lost:
        raise FeatureError(
            f"the wanted variants have no column {', '.join(lost)}; give variant, effect_allele "
            "and other_allele (missing where it is not known)"
        )
    table = table.set_axis(pd.Index(table["variant"].astype(str), dtype=object), axis=0)
    twice = table.index.duplicated()
    if twice.any() or not len(table):
        what = f"first {table.index[twice][0]!r}" if twice.any() else "there are none"
        raise FeatureError(f"{int(twice.sum())} wanted variants are named twice ({what})")
    made = table.copy()
    for name in ("effect_allele", "other_allele"):
        made[name] = [_allele(a) for a in table[name]]
    if made["effect_allele"].isna().any():
        first = made.index[made["effect_allele"].isna()][0]
        raise FeatureError(f"wanted variant {first!r} has no effect allele")
    return made


def _named_rows(table: pd.DataFrame) -> None:
    """Raise FeatureError where neither a column nor the index names the variants."""
    if table.index.name is not None or not pd.api.types.is_integer_dtype(table.index.dtype):
        return
    columns = [str(c) for c in table.columns]
    like = [c for c in columns if c.casefold().lstrip("#") in NAMED_AS]
    remedy = (
        f'if it is {like[0]}, pass wanted.rename(columns={{"{like[0]}": "variant"}})'
        if like else "rename the one that holds their names"
    )  # fmt: skip
    raise FeatureError(f"wanted has no column variant, its columns are {columns[:8]}: {remedy}")


def _allele(text: Any) -> str | None:
    bare = "" if pd.isna(text) else str(text).strip().upper()
    return None if bare in ("", "0", ".", "NA", "NAN") else bare


def places(cohort: Cohort, table: pd.DataFrame) -> Int:
    """The column (q,) of each wanted variant; FeatureError, naming them, where some are absent."""
    lost = [v for v in table.index if v not in cohort.features.place]
    if lost:
        raise FeatureError(
            f"{len(lost)} of {len(table)} wanted variants are no features of the cohort, first "
            f"{lost[:3]} (its own are named such as {cohort.features.names[0]!r}); a model without "
            "them is another model: drop their rows from wanted to leave them out"
        )
    if cohort.x.ndim != 2:
        raise FeatureError(f"rows of x have the shape {tuple(cohort.x.shape[1:])}, not (variants,)")
    return np.array([cohort.features.place[v] for v in table.index], dtype=np.int64)


def alleles_of(cohort: Cohort, at: Int) -> pd.DataFrame:
    """The feature table's rows of some columns, with alleles in capitals, None where absent."""
    table = cohort.features.table
    names = [cohort.features.names[j] for j in at]
    own = pd.DataFrame(index=pd.Index(names, dtype=object)) if table is None else table.iloc[at]
    made = own.copy()
    for name in ("counted_allele", "other_allele"):
        made[name] = [_allele(a) for a in own[name]] if name in own else None
    return made


def pairs(table: pd.DataFrame, first: str) -> list[Pair]:
    """Two alleles (q) of each variant: column `first`, and other_allele."""
    return list(zip(table[first].tolist(), table["other_allele"].tolist(), strict=True))


def same_genome(own: pd.DataFrame, table: pd.DataFrame, build: str | None) -> None:
    """Raise FeatureError where builds or positions that both record differ."""
    theirs = set(table["build"].dropna().map(build_named)) - {""} if "build" in table else set()
    theirs |= {build_named(build)} if build else set()
    ours = set(own["build"].dropna()) if "build" in own else set()
    if theirs and ours and theirs != ours:
        raise FeatureError(
            f"the wanted variants are of {', '.join(sorted(theirs))} and the cohort of "
            f"{', '.join(sorted(ours))}; lift one of them over"
        )
    for name in ("chromosome", "position"):
        if name not in own or name not in table:
            continue
        left, right = (_place(frame[name], name) for frame in (own, table))
        other = pd.notna(left) & pd.notna(right) & (left != right)
        if other.any():
            raise FeatureError(
                f"{int(other.sum())} of {len(table)} variants have another {name} than wanted, "
                f"first {table.index[other][:3].tolist()}; is it another build?"
            )


def _place(column: pd.Series, name: str) -> Values:
    if name == "position":
        return pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
    return chromosomes(column)


def no_strangers(ways: Ways, table: pd.DataFrame, own: pd.DataFrame) -> None:
    """Raise FeatureError, naming the variants, where the alleles of both cannot be the same."""
    strange = ~(ways.kept | ways.swapped)
    if strange.any():
        j = int(strange.argmax())
        raise FeatureError(
            f"{int(strange.sum())} of {len(table)} variants have other alleles than wanted, first "
            f"{table.index[strange][:3].tolist()} ({own['counted_allele'].iloc[j]}/"
            f"{own['other_allele'].iloc[j]} here, {table['effect_allele'].iloc[j]}/"
            f"{table['other_allele'].iloc[j]} wanted); drop their rows from wanted, or correct them"
        )


def wanted_frequency(table: pd.DataFrame) -> Float:
    """The frequency (q,) of each effect allele, NaN where it is not known."""
    if "frequency" not in table:
        return np.full(len(table), np.nan)
    found: Float = pd.to_numeric(table["frequency"], errors="coerce").to_numpy(dtype=np.float64)
    if ((found < 0) | (found > 1)).any():
        raise FeatureError("frequency of a wanted variant is outside 0 to 1")
    return found
