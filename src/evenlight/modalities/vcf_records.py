"""Records of a VCF as copies of the alternate allele; what was dropped or left out is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from evenlight.arrays import Values
from evenlight.data.chromosomes import chromosome
from evenlight.data.rows import DENSE_BUDGET
from evenlight.errors import CohortError, FeatureError
from evenlight.modalities.sites import as_sites, wanted_here
from evenlight.modalities.split_sites import GENOME_BLOCKS, by_place

UNCALLED = -1
"""A call that is missing, in one byte."""

MOST_COPIES = 2.001

AUTOSOMES = frozenset(str(number) for number in range(1, 23))

Alternates = list[tuple[str, Values]]

Site = tuple[str, str, str, str, str, int]
"""Chromosome, position, name, counted and other allele, and how many alleles its site has."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read of a VCF: ids and regions (None: all), which field, several alternates."""

    asked: tuple[str, ...] | None
    field: str
    multiallelic: str

    def __post_init__(self) -> None:
        if self.field not in ("GT", "DS"):
            raise CohortError(f'field={self.field!r}; wanted "GT" or "DS"')
        if self.multiallelic not in ("error", "split"):
            raise CohortError(f'multiallelic={self.multiallelic!r}; wanted "error" or "split"')


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """Sites (v) and copies of their counted allele (v, n), `missing` where unknown."""

    sites: pd.DataFrame
    values: Values
    missing: float
    notes: tuple[str, ...]


def decoded(records: Iterable[Any], reading: Reading) -> Decoded:
    """All records that are asked for, in the order of the file.

    Raises FeatureError for several alternate alleles that are not to be split, naming them, for
    records without the field, and for a file of genome blocks.
    """
    sites: list[Site] = []
    values: list[Values] = []
    seen, several = Counter[str](), list[str]()
    for record, alleles in _asked(by_place(records), reading.asked):
        alternates = list(record.ALT)
        name = str(record.ID or f"{record.CHROM}:{record.POS}")
        if _left_out(record, alternates, name, seen):
            continue
        if len(alternates) > 1 and reading.multiallelic == "error":
            several.append(name)
            continue
        copies = _calls if reading.field == "GT" else _dosages
        seen["split"] += len(alternates) > 1
        of = zip(copies(record, alternates, name, seen), alleles, strict=True)
        for (allele, own), many in of:
            sites.append((str(record.CHROM), str(record.POS), name, allele, record.REF, many))
            values.append(own)
        _budget(values)
    if several:
        raise FeatureError(
            f"{len(several)} records have several alternate alleles, first {several[:3]}; say "
            'multiallelic="split" for one variant an allele, or split them with bcftools norm -m-'
        )
    return _together(sites, values, reading, seen)


def _together(
    sites: list[Site],
    values: list[Values],
    reading: Reading,
    seen: Counter[str],
) -> Decoded:
    if not sites:
        raise FeatureError("no variant of the file was asked for; look at its names and regions")
    names = ("chromosome", "position", "id", "counted_allele", "other_allele")
    columns = {n: [str(s[i]) for s in sites] for i, n in enumerate(names)}
    columns["id"] = [i if i != f"{c}:{p}" else "." for i, c, p in _threes(columns)]
    missing = float(UNCALLED) if reading.field == "GT" else float("nan")
    table = as_sites(columns).assign(alleles=[s[-1] for s in sites])
    return Decoded(table, np.stack(values), missing, _notes(reading, seen))


def _threes(columns: dict[str, list[str]]) -> Iterator[tuple[str, str, str]]:
    return zip(columns["id"], columns["chromosome"], columns["position"], strict=True)


def _asked(
    records: Iterable[tuple[Any, list[int]]], asked: tuple[str, ...] | None
) -> Iterator[tuple[Any, list[int]]]:
    """The records of some ids, site names or regions, each with its alleles; all for None."""
    names, regions = wanted_here(asked)
    for record, alleles in records:
        here = chromosome(str(record.CHROM))
        inside = any(c == here and a <= record.POS <= b for c, a, b in regions)
        if (
            asked is None
            or inside
            or record.ID in names
            or (
                names
                and any(
                    f"{here}:{record.POS}:{record.REF}:{alternate}" in names
                    for alternate in record.ALT
                )
            )
        ):
            yield record, alleles


def _left_out(record: Any, alternates: list[str], name: str, seen: Counter[str]) -> bool:
    """Whether a record has no alternate allele; FeatureError for blocks of a gVCF."""
    if any(a in GENOME_BLOCKS for a in alternates):
        raise FeatureError(
            f"{name} has {'/'.join(alternates)}: the file is a gVCF of blocks; genotype people "
            "jointly first, so that a site that one of them varies at is known of all"
        )
    seen["alone"] += not alternates
    if alternates:
        seen["records"] += 1
        seen["filtered"] += record.FILTER is not None
        seen["imputed"] += any(record.INFO.get(key) for key in ("IMP", "IMPUTED"))
    return not alternates


def _calls(record: Any, alternates: list[str], name: str, seen: Counter[str]) -> Alternates:
    """Copies (n,) of each alternate allele as int8, -1 where an allele is missing."""
    if "GT" not in record.FORMAT:
        raise FeatureError(_no_field(record, "GT", name))
    calls = record.genotype.array()
    alleles, phased = calls[:, :-1], calls[:, -1].astype(bool)
    unknown = (alleles == -1).any(axis=1)
    if alleles.shape[1] > 2 and (alleles[:, 2:] != -2).any():
        raise FeatureError(f"{name} has calls of more than two alleles; wanted diploid people")
    two = (alleles >= 0).sum(axis=1) == 2
    if chromosome(str(record.CHROM)) in AUTOSOMES:
        seen["single"] += int(((alleles >= 0).sum(axis=1) == 1)[~unknown].sum())
    seen["calls"] += int((~unknown).sum())
    seen["phased"] += int((phased & two).sum())
    seen["half"] += int((unknown & (alleles >= 0).any(axis=1)).sum())
    copies = ((alleles == k + 1).sum(axis=1) for k in range(len(alternates)))
    return [
        (allele, np.where(unknown, UNCALLED, own).astype(np.int8))
        for allele, own in zip(alternates, copies, strict=True)
    ]


def _dosages(record: Any, alternates: list[str], name: str, seen: Counter[str]) -> Alternates:
    """Expected copies (n,) of each alternate allele as float32, NaN where missing."""
    if "DS" not in record.FORMAT:
        raise FeatureError(_no_field(record, "DS", name))
    held = np.asarray(record.format("DS"), dtype=np.float32)
    if held.shape[1] != len(alternates):
        raise FeatureError(
            f"{name} has {held.shape[1]} dosages for {len(alternates)} alternate alleles"
        )
    held = np.where(np.isfinite(held), held, np.nan)
    if (held < 0).any() or (held > MOST_COPIES).any():
        worst = float(held.flat[int(np.nanargmax(np.abs(held - 1)))])
        raise FeatureError(
            f"{name} has a dosage of {worst:g}; wanted 0 to 2 copies: is DS something else in this "
            "file?"
        )
    seen["calls"] += int(np.isfinite(held).all(axis=1).sum())
    return [(allele, held[:, k]) for k, allele in enumerate(alternates)]


def _no_field(record: Any, field: str, name: str) -> str:
    have = ", ".join(record.FORMAT) or "none"
    return f"{name} has no {field} (its fields are {have}); say field= or leave the record out"


def _budget(values: list[Values]) -> None:
    if len(values) % 1024 == 1 and len(values) * values[0].nbytes > DENSE_BUDGET:
        raise CohortError(
            f"the VCF has more than {len(values):,} variants of {values[0].size:,} people, which "
            "would not fit into memory; name variants=, or make a pgen of it, which is read from "
            "disk: plink2 --vcf ... --make-pgen, then read_plink"
        )


def _notes(reading: Reading, seen: Counter[str]) -> tuple[str, ...]:
    """What was read, dropped and left out, each a sentence."""
    what = "calls (GT)" if reading.field == "GT" else "expected copies (DS, not observed counts)"
    told = [f"Genotypes: VCF, {what} of the alternate allele at {seen['records']} records."]
    counted = {
        "phased": f"Phase was dropped: {seen['phased']} of {seen['calls']} calls were phased.",
        "half": f"{seen['half']} calls with one of two alleles missing are taken as missing.",
        "single": f"{seen['single']} calls on autosomes name one allele, and count as 0 or 1 "
        "copies: of people who have two there, set these calls to missing (bcftools +setGT).",
        "split": f"{seen['split']} records were split into one variant an alternate allele.",
        "alone": f"{seen['alone']} records without an alternate allele were left out.",
        "filtered": f"{seen['filtered']} records did not pass a filter of the file and were kept.",
        "imputed": f"{seen['imputed']} records are marked as imputed.",
    }
    return (*told, *(text for key, text in counted.items() if seen[key]))
