"""PLINK's files to a cohort: bed, bim and fam, or pgen, pvar and psam."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from evenlight.arrays import Int
from evenlight.data.cohort import Cohort
from evenlight.errors import CohortError
from evenlight.modalities.builds import build_of_header
from evenlight.modalities.genotype_rows import GenotypeRows, bed_rows, pgen_rows
from evenlight.modalities.genotypes import Genotyped, cohort_of
from evenlight.modalities.plink_tables import read_samples, read_sites
from evenlight.modalities.samples import read_people
from evenlight.modalities.sites import Asked

KINDS = {"bed": "bed", "bim": "bed", "fam": "bed", "pgen": "pgen", "pvar": "pgen", "psam": "pgen"}


@dataclass(frozen=True, slots=True, eq=False)
class Files:
    """The genotypes, the table of variants and the table of samples that belong together."""

    genotypes: Path
    sites: Path
    samples: Path


def read_plink(
    path: str | Path,
    *,
    people: pd.DataFrame | str | Path | None = None,
    id: str = "IID",
    variants: Asked = None,
    counted: Literal["A1", "A2"] = "A1",
    build: str | None = None,
    **roles: Any,
) -> Cohort:
    """A cohort from PLINK files, whose dosages are read from disk when they are asked for.

    Parameters
    ----------
    path
        of a bed or pgen, or the prefix of either; the tables of variants and samples lie beside it.
    people
        a table of people (DataFrame, CSV, or columns parted by space), matched by id; without it
        the fam or psam tells what is known: family, father, mother, sex, phenotype.
    id
        "IID" or "FID_IID" of the file against the index of people or its column of that name; or a
        column of people that holds IIDs.
    variants
        an id or region ("22:1-5,000,000", "X:"), several, or a Path to a list; by default all.
    counted
        the allele whose copies are counted, 0 to 2: A1 (in a pgen the alternate allele) or A2.
    build
        GRCh37 (hg19) or GRCh38 (hg38), recorded; a pvar's header may tell it.
    **roles
        as in `Cohort`; `join` is about people, and `missing` about genotypes, which are NaN.

    The feature table has chromosome, position, counted_allele, other_allele and build, for
    `ld_blocks`, `genotype_axes` and `align_alleles`. Males on X are coded as the file has them,
    0/2 or 0/1: recorded as `males`, and a mixture is refused.

    Raises
    ------
    CohortError, FeatureError, InputError
        for files, ids, variants or builds that do not fit, with counts, and for a reader that is
        not installed (bed-reader, Pgenlib).
    """
    if counted not in ("A1", "A2"):
        raise CohortError(f'counted={counted!r}; wanted "A1" or "A2"')
    files = _files(str(path))
    samples = read_samples(files.samples)
    sites, header = read_sites(files.sites, counted)
    size = (len(samples), len(sites))
    bed = files.genotypes.suffix == ".bed"
    reads = partial(_read, files.genotypes, size, counted)
    told = f"Genotypes: PLINK {'bed' if bed else 'pgen'}, dosages of allele {counted}"
    note = told + (" (the alternate)." if counted == "A1" and not bed else ".")
    file = Genotyped(samples, sites, reads, build_of_header(header), (note,))
    return cohort_of(
        file, read_people(people, id), id=id, variants=variants, build=build, roles=roles
    )


def _read(path: Path, size: tuple[int, int], counted: str, columns: Int) -> GenotypeRows:
    rows = bed_rows if path.suffix == ".bed" else pgen_rows
    return rows(path, size, columns, counted=counted)


def _files(text: str) -> Files:
    """The three files of a path or prefix; CohortError names the one that is not there."""
    stem, _, end = text.rpartition(".")
    kind = KINDS.get(end, "")
    prefix = stem if kind else text
    kinds = [k for k in ("bed", "pgen") if Path(f"{prefix}.{k}").is_file()]
    name = Path(prefix).name
    if not kind and len(kinds) == 2:
        raise CohortError(f"there are {name}.bed and {name}.pgen; name the one that is to be read")
    kind = kind or (kinds[0] if kinds else "bed")
    if kind not in kinds:
        raise CohortError(
            f"there is no {name}.{kind}; pass the path of a bed or pgen, or its prefix"
        )
    ends = {"bed": (("bim",), ("fam",)), "pgen": (("pvar", "bim"), ("psam", "fam"))}[kind]
    return Files(Path(f"{prefix}.{kind}"), *(_beside(prefix, names) for names in ends))


def _beside(prefix: str, ends: tuple[str, ...]) -> Path:
    for end in ends:
        if Path(f"{prefix}.{end}").is_file():
            return Path(f"{prefix}.{end}")
    packed = Path(f"{prefix}.{ends[0]}.zst")
    hint = f"; unpack {packed.name} (zstd -d)" if packed.is_file() else ""
    raise CohortError(f"there is no {' or '.join(f'{Path(prefix).name}.{e}' for e in ends)}{hint}")
