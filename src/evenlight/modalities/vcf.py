"""VCF and BCF files to a cohort."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from evenlight.data.cohort import Cohort
from evenlight.errors import CohortError
from evenlight.modalities.builds import build_of_header
from evenlight.modalities.genotype_rows import held_rows
from evenlight.modalities.genotypes import Genotyped, cohort_of
from evenlight.modalities.libraries import library
from evenlight.modalities.samples import read_people
from evenlight.modalities.sites import Asked, asked_for
from evenlight.modalities.vcf_records import Reading, decoded

PEDIGREE = ("father", "mother", "sex")


def read_vcf(
    path: str | Path,
    *,
    people: pd.DataFrame | str | Path,
    id: str = "IID",
    variants: Asked = None,
    field: Literal["GT", "DS"] = "GT",
    multiallelic: Literal["error", "split"] = "error",
    build: str | None = None,
    **roles: Any,
) -> Cohort:
    """A cohort from a VCF or BCF: copies of the alternate allele, by calls (GT) or dosages (DS).

    The file is read once, by cyvcf2, and held as one byte a call (four a dosage).

    Parameters
    ----------
    path
        of a .vcf, .vcf.gz or .bcf.
    people
        a table of people (DataFrame, CSV, or columns parted by space), matched by sample id.
    id
        a column of people that holds sample ids; by default IID, else the index.
    variants
        an id or region ("22:1-5,000,000", "X:"), several, or a Path to a list; by default all.
    field
        "GT": copies are counted, phase is dropped (recorded), a call with a missing allele is
        missing. "DS": expected copies, as imputation gives them.
    multiallelic
        records with several alternate alleles: refused, or "split" into one variant an allele,
        whose dosage counts that allele alone.
    build
        GRCh37 (hg19) or GRCh38 (hg38); the header may tell it, and is not contradicted.
    **roles
        as in `Cohort`; `join` is about people, and `missing` about genotypes, which are NaN.

    A haploid call counts one copy, so that males on X are coded 0/1 where the file has them
    haploid: recorded as `males` in the feature table, checked against column sex of people.

    Raises
    ------
    CohortError, FeatureError, InputError
        for ids, variants, fields or builds that do not fit, with names and counts; where the
        dosages would not fit into memory; and where cyvcf2 is not installed.
    """
    path = Path(path)
    if not path.is_file():
        raise CohortError(f"there is no VCF {path.name!r}")
    reading = Reading(asked_for(variants), field, multiallelic)
    reader = library("cyvcf2", package="cyvcf2", reads="a VCF")
    with _told(path.name, "its header", "is a sample named twice in its line #CHROM?"):
        try:
            opened = reader.VCF(str(path))
        except OSError as error:
            raise CohortError(f"{path.name} is no VCF or BCF ({error})") from None
    try:
        with _told(path.name, "a record", "is the file cut off or damaged?"):
            found = decoded(opened, reading)
        samples, build_found = list(opened.samples), build_of_header(opened.raw_header)
    finally:
        opened.close()
    file = Genotyped(
        _samples(samples), found.sites, partial(held_rows, found.values, found.missing),
        build_found, found.notes,
    )  # fmt: skip
    return cohort_of(
        file, read_people(people, id), id=id, variants=variants, build=build, roles=roles
    )


@contextmanager
def _told(name: str, what: str, doubt: str) -> Iterator[None]:
    """CohortError for the bare Exception that cyvcf2 raises."""
    try:
        yield
    except Exception as error:
        if type(error) is not Exception:
            raise
        raise CohortError(
            f"{name}: {what} cannot be read ({error}); {doubt} bcftools view {name} tells where"
        ) from None


def _samples(names: list[str]) -> pd.DataFrame:
    """Samples of which nothing but their ids is known."""
    made = pd.DataFrame({"FID": names, "IID": names}, dtype=object)
    for name in PEDIGREE:
        made[name] = None
    return made
