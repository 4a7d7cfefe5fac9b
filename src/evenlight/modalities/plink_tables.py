"""The tables beside PLINK's genotypes: fam and psam tell the samples, bim and pvar the variants."""

from __future__ import annotations

import csv
from itertools import takewhile
from pathlib import Path

import pandas as pd

from evenlight.errors import CohortError, FeatureError
from evenlight.modalities.samples import sex_of
from evenlight.modalities.sites import as_sites, or_none

FAM = ("FID", "IID", "PAT", "MAT", "SEX", "phenotype")
BIM = ("chromosome", "id", "cm", "position", "A1", "A2")
PVAR = {"#CHROM": "chromosome", "POS": "position", "ID": "id", "REF": "A2", "ALT": "A1"}


def read_samples(path: Path) -> pd.DataFrame:
    """Samples of a fam or psam (n): FID, IID, father, mother, sex, and phenotypes as text."""
    head = _lines(path, "#")
    table = _table(path, len(head))
    if head and head[-1].startswith(("#FID", "#IID")):
        names = head[-1].lstrip("#").split()
    elif table.shape[1] in (5, 6):
        names = list(FAM[: table.shape[1]])
    else:
        raise CohortError(
            f"{path.name} has {table.shape[1]} columns and no header; wanted a fam of six columns "
            "(family, id, father, mother, sex, phenotype) or a psam with #FID or #IID"
        )
    if len(names) != table.shape[1]:
        raise CohortError(f"{path.name}: {len(names)} names for {table.shape[1]} columns")
    table.columns = pd.Index(names)
    made = pd.DataFrame({"IID": table["IID"]})
    made.insert(0, "FID", table.get("FID", table["IID"]))
    made["FID"] = made["FID"].where(made["FID"] != "0", made["IID"])
    for name, column in {"father": "PAT", "mother": "MAT"}.items():
        made[name] = or_none(table[column], table[column] != "0") if column in table else None
    made["sex"] = sex_of(table["SEX"]) if "SEX" in table else None
    left = table.drop(columns=["FID", "IID", "SID", "PAT", "MAT", "SEX"], errors="ignore")
    return pd.concat([made, left.rename(columns={"PHENO1": "phenotype"})], axis=1)


def read_sites(path: Path, counted: str) -> tuple[pd.DataFrame, str]:
    """Variants of a bim or pvar as a table of sites, allele `counted` counted, and the header."""
    head = _lines(path, "#")
    table = _table(path, len(head))
    if head and head[-1].startswith("#CHROM"):
        table.columns = pd.Index([PVAR.get(n, n) for n in head[-1].split()])
        lost = [n for n in PVAR.values() if n not in table]
        if lost:
            raise FeatureError(f"{path.name} has no column for {', '.join(lost)}")
    elif table.shape[1] in (5, 6):
        own = BIM if table.shape[1] == 6 else [n for n in BIM if n != "cm"]
        table.columns = pd.Index(own)
    else:
        raise FeatureError(
            f"{path.name} has {table.shape[1]} columns and no header; wanted a bim of six columns "
            "(chromosome, id, morgans, position, A1, A2) or a pvar with #CHROM"
        )
    several = table["A1"].str.contains(",", regex=False)
    if several.any():
        raise FeatureError(
            f"{int(several.sum())} of {len(table)} variants have several alternate alleles, first "
            f"{table.loc[several, 'id'].head(3).tolist()}; split them (plink2 --make-pgen "
            "multiallelics=- ...), or leave them out (--max-alleles 2)"
        )
    other = "A2" if counted == "A1" else "A1"
    names = {counted: "counted_allele", other: "other_allele"}
    return as_sites({names.get(n, n): table[n] for n in (*PVAR.values(),)}), "\n".join(head)


def _lines(path: Path, mark: str) -> list[str]:
    """The first lines that begin with `mark`."""
    with path.open(encoding="utf-8") as lines:
        return [line.rstrip("\r\n") for line in takewhile(lambda a: a.startswith(mark), lines)]


def _table(path: Path, skip: int) -> pd.DataFrame:
    try:
        return pd.read_csv(
            path, sep=r"\s+", header=None, skiprows=skip, dtype=str, keep_default_na=False,
            quoting=csv.QUOTE_NONE,
        )  # fmt: skip
    except pd.errors.EmptyDataError:
        raise CohortError(f"{path.name} has no rows") from None
    except pd.errors.ParserError as error:
        raise CohortError(f"{path.name} has rows of differing length: {error}") from None
