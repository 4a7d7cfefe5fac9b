"""Variants of a file: their names, which are asked for, and their table beside the features.

A table of sites has one row a variant, in the order of the file: id, chromosome, position,
counted_allele, other_allele; what is unknown is None or NaN.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from evenlight.arrays import Bool, Int, Text
from evenlight.data.chromosomes import chromosome
from evenlight.data.nearest import nearest
from evenlight.errors import FeatureError

COLUMNS = ("id", "chromosome", "position", "counted_allele", "other_allele")

Asked = str | Path | Sequence[str] | None
"""Variants that are asked for: an id or a region, several, a file of ids, or all (None)."""

_REGION = re.compile(r"^(?:chr)?([\w.]+):(?:([\d,]+)-([\d,]+))?$", re.IGNORECASE)


def region(text: str) -> tuple[str, float, float] | None:
    """Chromosome, first and last base of "22:100-200" or of all of it, "22:"; None for an id.

    >>> region("chr22:1,000-2,000"), region("rs7"), region("X:")
    (('22', 1000.0, 2000.0), None, ('X', 1.0, inf))
    """
    found = _REGION.match(text)
    if found is None:
        return None
    name, start, end = found.groups()
    if start is None:
        return chromosome(name), 1.0, np.inf
    first, last = float(start.replace(",", "")), float(end.replace(",", ""))
    if first > last:
        raise FeatureError(f"region {text!r} ends before it begins")
    return chromosome(name), first, last


def asked_for(variants: Asked) -> tuple[str, ...] | None:
    """What is asked for as a tuple; a Path is a file with one id or region a line."""
    if variants is None:
        return None
    if isinstance(variants, Path):
        if not variants.is_file():
            raise FeatureError(f"there is no list of variants {variants.name!r}")
        lines = variants.read_text(encoding="utf-8").splitlines()
        return tuple(line.strip() for line in lines if line.strip())
    made = (variants,) if isinstance(variants, str) else tuple(map(str, variants))
    if not made:
        raise FeatureError("variants= names none; name some, or leave it out for all of them")
    return made


def site_names(sites: pd.DataFrame) -> Text:
    """chromosome:position:other:counted (p,), which in a VCF is chromosome:position:ref:alt."""
    parts = [
        sites["chromosome"],
        sites["position"].map(lambda at: "0" if pd.isna(at) else str(int(at))),
        *(sites[c].fillna("0") for c in ("other_allele", "counted_allele")),
    ]
    return np.asarray([":".join(p) for p in zip(*parts, strict=True)], dtype=np.str_)


def named(sites: pd.DataFrame, notes: list[str]) -> tuple[str, ...]:
    """Names (p,) that occur once: the id; by its place where there is none, or one is shared.

    Raises FeatureError where two variants still have one name.
    """
    ids = sites["id"].to_numpy(dtype=object)
    shared = sites["id"].isna() | (sites["id"] == ".") | sites["id"].duplicated(keep=False)
    at = np.flatnonzero(shared)
    if len(at):
        ids = ids.copy()
        ids[at] = site_names(sites.iloc[at])
        notes.append(
            f"{len(at)} of {len(sites)} variants have no id of their own and are named "
            "chromosome:position:other:counted."
        )
    twice = pd.Series(ids).duplicated(keep=False)
    if twice.any():
        first = ids[int(np.flatnonzero(twice)[0])]
        raise FeatureError(
            f"{int(twice.sum())} of {len(sites)} variants have a name that occurs more than once, "
            f"first {first!r}; remove the duplicates (plink2 --rm-dup)"
        )
    return tuple(map(str, ids))


def chosen(sites: pd.DataFrame, names: Sequence[str], asked: tuple[str, ...] | None) -> Int:
    """Positions (q,) of the variants asked for: regions in the file's order, ids as they are named.

    An id that several sites share takes all of them. Raises FeatureError for ids that the file
    lacks, regions without a variant, and a variant that is asked for twice.
    """
    if asked is None:
        return np.arange(len(sites), dtype=np.int64)
    place: dict[str, list[int]] = {name: [j] for j, name in enumerate(names)}
    for j, own in enumerate(sites["id"]):
        if own != names[j] and own not in (None, "."):
            place.setdefault(own, []).append(j)
    found = [place.get(one) or _inside(sites, one) for one in asked]
    lost = [one for one, own in zip(asked, found, strict=True) if not own]
    if lost:
        near = nearest(lost[0], names, cutoff=0.8) if len(names) < 100_000 else None
        hint = f" (the nearest is {near!r})" if near else ""
        raise FeatureError(
            f"{len(lost)} of {len(asked)} variants asked for are not in the file, first "
            f"{lost[:3]}{hint}; leave them out, or look at how the file names its variants, such "
            f"as {names[0]!r}"
        )
    at = np.concatenate([np.asarray(own, dtype=np.int64) for own in found])
    if len(np.unique(at)) < len(at):
        raise FeatureError(
            f"{len(at) - len(np.unique(at))} variants are asked for twice; regions overlap, or an "
            "id occurs twice"
        )
    return at


def wanted_here(
    asked: tuple[str, ...] | None,
) -> tuple[frozenset[str], list[tuple[str, float, float]]]:
    """The same for a file that is read line by line: ids and regions that may match."""
    found = [region(one) for one in asked or ()]
    return frozenset(asked or ()), [one for one in found if one is not None]


def table_of(
    sites: pd.DataFrame, names: Sequence[str], build: str, males: Text | None
) -> pd.DataFrame:
    """The feature table (p rows by name): place, alleles, build, how one copy is coded.

    `alleles`, how many there are at the site, is left out where there are nowhere more than two.
    """
    table = sites.set_axis(pd.Index(list(names), dtype=object), axis=0)
    if (table["id"].fillna(".").to_numpy() == np.asarray(names, dtype=object)).all():
        table = table.drop(columns="id")
    if "alleles" in table and (table["alleles"] <= 2).all():
        table = table.drop(columns="alleles")
    position = table["position"].to_numpy(dtype=np.float64)
    if np.isfinite(position).all():
        table["position"] = position.astype(np.int64)
    table["build"] = build or None
    if males is not None:
        table["males"] = males
    return table


def as_sites(columns: dict[str, list[str]] | dict[str, pd.Series]) -> pd.DataFrame:
    """A table of sites from text: 0 and "." are unknown, chromosomes have one name."""
    made = pd.DataFrame(columns, dtype=object)
    codes, names = pd.factorize(made["chromosome"])
    made["chromosome"] = np.asarray([chromosome(str(n)) for n in names], dtype=object)[codes]
    position = pd.to_numeric(made["position"], errors="coerce").astype(np.float64)
    if (position < 0).any():
        raise FeatureError(
            f"{int((position < 0).sum())} of {len(made)} variants have a negative position, which "
            "tells PLINK to leave them out; remove them from the files"
        )
    made["position"] = position.where(position > 0)
    for name in ("id", "counted_allele", "other_allele"):
        made[name] = or_none(made[name], ~made[name].isin(["0", ".", ""]))
    return made[list(COLUMNS)]


def or_none(column: pd.Series, known: pd.Series) -> pd.Series:
    """A column of text with None where nothing is known."""
    kept = [value if ok else None for value, ok in zip(column, known, strict=True)]
    return pd.Series(kept, index=column.index, dtype=object)


def _inside(sites: pd.DataFrame, text: str) -> list[int]:
    place = region(text)
    if place is None:
        return []
    position = sites["position"].to_numpy(dtype=np.float64)
    own: Bool = (sites["chromosome"] == place[0]).to_numpy(dtype=bool)
    found: list[int] = np.flatnonzero(
        own & (position >= place[1]) & (position <= place[2])
    ).tolist()
    return found
