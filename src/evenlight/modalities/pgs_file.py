"""A scoring file as a table of variants: its header, its columns, and what it must not hold."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from evenlight.arrays import Float
from evenlight.data.archives import check_packed
from evenlight.data.chromosomes import chromosome
from evenlight.errors import ModelError
from evenlight.modalities.builds import NAMES

NOT_ADDITIVE = (
    *("is_interaction", "is_haplotype", "is_diplotype", "is_dominant", "is_recessive"),
    *("dominant", "recessive", "dosage_0_weight", "dosage_1_weight", "dosage_2_weight"),
)
"""Columns of variants whose part of the score is no weight times a dosage."""

NOTHING: Any = None
"""What stands where an id, an allele or a chromosome is not known."""


def parsed(file: Path, harmonised: bool) -> tuple[str, pd.DataFrame, str, dict[str, str]]:
    """Name, variants, build and header of a scoring file; errors are those of `read_pgs`."""
    if not file.is_file():
        raise ModelError(f"there is no scoring file {file.name!r}")
    header, table = _read(file)
    name = header.get("pgs_id") or file.name.removesuffix(".gz").rpartition(".")[0]
    told = header.get("variants_number") or header.get("number_of_variants", "")
    if told.isdigit() and int(told) != len(table):
        raise ModelError(
            f"{name}: the header says {told} variants, and the file has {len(table)}; "
            "is it cut off?"
        )
    lifted = harmonised and {"hm_chr", "hm_pos"} <= set(table.columns)
    variants = _variants(table, name, harmonised=harmonised, lifted=lifted)
    _additive(table, [label(row) for row in variants.to_dict("records")], name)
    build = header.get("HmPOS_build", "") if lifted else _build_of(header)
    return name, variants.assign(weight=_weights(table, header, name)), _build(build), header


def _variants(table: pd.DataFrame, name: str, *, harmonised: bool, lifted: bool) -> pd.DataFrame:
    """Ids, places, alleles and frequencies; `lifted` takes the places that were harmonised."""
    made = pd.DataFrame(
        {
            "id": _first(table, ("hm_rsID", "rsID") if harmonised else ("rsID",)),
            "chromosome": _chromosome(table.get("hm_chr" if lifted else "chr_name"), len(table)),
            "position": _numbers(table, "hm_pos" if lifted else "chr_position"),
            "effect_allele": _wanted(table, "effect_allele", name).str.upper(),
            "other_allele": _other(table).str.upper(),
            "frequency": _numbers(table, "allelefrequency_effect"),
        }
    )
    return made.astype({"id": object, "effect_allele": object, "other_allele": object})


def _read(file: Path) -> tuple[dict[str, str], pd.DataFrame]:
    check_packed(file)
    opened = gzip.open if file.suffix == ".gz" else open
    header: dict[str, str] = {}
    lines = 0
    with opened(file, "rt", encoding="utf-8") as stream:
        for line in stream:
            if not line.startswith("#"):
                break
            lines += 1
            key, equals, value = line.lstrip("#").partition("=")
            if equals:
                header[_key(key)] = value.strip()
    try:
        table = pd.read_csv(file, sep="\t", skiprows=lines, dtype=str, keep_default_na=True)
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise ModelError(f"{file.name} is no scoring file: {error}") from error
    return header, table


def _key(text: str) -> str:
    """A key as version 2 spells it: version 1 has "Number of Variants" for variants_number."""
    plain = text.strip()
    return plain if plain == "HmPOS_build" else "_".join(plain.lower().split())


def _build_of(header: Mapping[str, str]) -> str:
    return header.get("genome_build") or header.get("original_genome_build", "")


def _build(text: str) -> str:
    """GRCh37 or GRCh38 by any of their names, other builds as named; "" if not reported."""
    return NAMES.get(text.casefold(), "" if text.casefold() in ("", "nr", "na") else text)


def _wanted(table: pd.DataFrame, name: str, score: str) -> pd.Series:
    if name not in table.columns:
        raise ModelError(
            f"{score}: no column {name!r} in the scoring file; it has {list(table.columns)[:12]}"
        )
    missing = table[name].isna()
    if missing.any():
        raise ModelError(
            f"{score}: {name} is missing in {int(missing.sum())} of {len(table)} rows, first row "
            f"{int(missing.to_numpy().argmax()) + 1} of the table"
        )
    return table[name]


def _first(table: pd.DataFrame, names: tuple[str, ...]) -> pd.Series:
    """The first of some columns that is known, None where none is."""
    made = pd.Series([None] * len(table), index=table.index, dtype=object)
    for name in reversed(names):
        if name in table.columns:
            made = table[name].where(table[name].notna(), made)
    return made.where(made.notna(), NOTHING)


def _other(table: pd.DataFrame) -> pd.Series:
    """The other allele (version 1: reference), or the one inferred if it is a single one."""
    made = _first(table, ("other_allele", "reference_allele", "hm_inferOtherAllele"))
    return made.where(~made.astype(str).str.contains("/"), NOTHING)


def _chromosome(column: pd.Series | None, n: int) -> pd.Series:
    if column is None:
        return pd.Series([None] * n, dtype=object)
    known: pd.Series = column.map(chromosome, na_action="ignore")
    return known.astype(object).where(column.notna(), NOTHING)


def _numbers(table: pd.DataFrame, name: str) -> Float:
    if name not in table.columns:
        return np.full(len(table), np.nan)
    made: Float = pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=np.float64)
    return made


def _weights(table: pd.DataFrame, header: Mapping[str, str], score: str) -> Float:
    """Weights that add up: as they are, or logs of odds or hazard ratios."""
    ratio = next((name for name in ("OR", "HR") if name in table.columns), None)
    if "effect_weight" not in table.columns and ratio is not None:
        return _logs(_numbers(table, ratio), ratio, score)
    _wanted(table, "effect_weight", score)
    weight = _numbers(table, "effect_weight")
    kind = header.get("weight_type", "")
    if not kind and "weight_type" in table.columns:  # version 1 has it in every row
        kind = next((str(one) for one in table["weight_type"].dropna().unique()), "")
    if kind.upper() in ("OR", "HR") and (weight > 0).all():
        known = np.full(len(weight), np.nan) if ratio is None else _numbers(table, ratio)
        if not np.allclose(weight, np.log(np.where(known > 0, known, np.nan)), atol=1e-3):
            raise ModelError(
                f"{score}: weight_type {kind} says that effect_weight are ratios, whose logs add "
                "up; save their logs as effect_weight with weight_type=beta"
            )
    return weight


def _logs(ratio: Float, name: str, score: str) -> Float:
    if not (ratio > 0).all():
        raise ModelError(
            f"{score}: {int((~(ratio > 0)).sum())} of {len(ratio)} values of {name} are not above 0"
        )
    made: Float = np.log(ratio)
    return made


def _additive(table: pd.DataFrame, labels: list[str], score: str) -> None:
    """Raise ModelError for rows whose part is no weight times a dosage."""
    for name in NOT_ADDITIVE:
        if name not in table.columns:
            continue
        column = table[name].fillna("").str.strip().str.casefold()
        at = np.flatnonzero(~column.isin(("", "false", "0", "no", "n")))
        if len(at):
            raise ModelError(
                f"{score}: {len(at)} of {len(table)} rows are not additive ({name}), first "
                f"{[labels[i] for i in at[:5]]}; compute the score elsewhere (pgsc_calc) and hand "
                "it over as prediction= of the cohort"
            )


def label(row: Mapping[Any, Any]) -> str:
    """What a variant is called: its id, else chromosome:position:other:effect."""
    if row["id"] is not None and row["id"] == row["id"]:
        return str(row["id"])
    at = row["position"]
    place = str(int(at)) if isinstance(at, float) and at == at else "?"
    other = row["other_allele"]
    known = other is not None and other == other
    return f"{row['chromosome']}:{place}:{other if known else '?'}:{row['effect_allele']}"
