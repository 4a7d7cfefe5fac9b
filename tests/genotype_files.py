"""Small files of genotypes that tests write, with the libraries' own writers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from evenlight.arrays import Values
from evenlight.modalities.libraries import library

BED = library("bed_reader", package="bed-reader", reads="a test's bed")
PGEN = library("pgenlib", package="Pgenlib", reads="a test's pgen")


def made_sites(p: int) -> pd.DataFrame:
    """P variants: chromosomes 1 and 2, alleles that only one order and strand fits."""
    pairs = [("A", "G"), ("C", "A"), ("T", "C"), ("G", "T")]
    return pd.DataFrame(
        {
            "chromosome": ["1" if j < p // 2 else "2" for j in range(p)],
            "id": [f"rs{j}" for j in range(p)],
            "position": [1000 * (j + 1) for j in range(p)],
            "A1": [pairs[j % 4][0] for j in range(p)],
            "A2": [pairs[j % 4][1] for j in range(p)],
        }
    )


def made_samples(n: int) -> pd.DataFrame:
    """N samples of families of their own, males and females by turns, no phenotype."""
    ids = [f"s{i}" for i in range(n)]
    return pd.DataFrame(
        {
            "FID": ids, "IID": ids, "father": "0", "mother": "0",
            "sex": [1 + i % 2 for i in range(n)], "phenotype": "-9",
        }
    )  # fmt: skip


def dosages(n: int, p: int, *, lost: float = 0.0, seed: int = 0) -> Values:
    """Copies (n, p) of 0, 1, 2, NaN at a share `lost`."""
    rng = np.random.default_rng(seed)
    x = rng.binomial(2, rng.uniform(0.1, 0.9, p), (n, p)).astype(np.float64)
    x[rng.random((n, p)) < lost] = np.nan
    return x


def write_bed(
    path: Path, x: Values, sites: pd.DataFrame | None = None, samples: pd.DataFrame | None = None
) -> Path:
    """A bed, bim and fam of copies of A1 by bed-reader's own writer; the path of the bed."""
    own = made_sites(x.shape[1]) if sites is None else sites
    people = made_samples(len(x)) if samples is None else samples
    told = {
        "fid": people["FID"], "iid": people["IID"], "father": people["father"],
        "mother": people["mother"], "sex": people["sex"], "pheno": people["phenotype"],
        "chromosome": own["chromosome"], "sid": own["id"], "bp_position": own["position"],
        "allele_1": own["A1"], "allele_2": own["A2"],
    }  # fmt: skip
    properties = {k: v.tolist() for k, v in told.items()}
    BED.to_bed(path, np.ascontiguousarray(x), properties=properties)
    return path


def write_pgen(
    path: Path,
    x: Values,
    sites: pd.DataFrame | None = None,
    samples: pd.DataFrame | None = None,
    *,
    header: Sequence[str] = (),
) -> Path:
    """A pgen, pvar and psam by pgenlib's own writer, dosages if any is no whole number."""
    own = made_sites(x.shape[1]) if sites is None else sites
    people = made_samples(len(x)) if samples is None else samples
    known = np.nan_to_num(x, nan=-9.0)
    whole = bool((known == np.round(known)).all())
    writer = PGEN.PgenWriter(
        str(path).encode(), len(x), variant_ct=x.shape[1], nonref_flags=False,
        dosage_present=not whole,
    )  # fmt: skip
    for column in known.T:
        if whole:
            writer.append_biallelic(np.ascontiguousarray(column, dtype=np.int8))
        else:
            writer.append_dosages(np.ascontiguousarray(column, dtype=np.float32))
    writer.close()
    pvar = own.rename(columns={"chromosome": "#CHROM", "position": "POS", "id": "ID"})
    pvar = pvar.rename(columns={"A2": "REF", "A1": "ALT"})[["#CHROM", "POS", "ID", "REF", "ALT"]]
    text = "".join(f"{line}\n" for line in header) + pvar.to_csv(sep="\t", index=False)
    path.with_suffix(".pvar").write_text(text, encoding="utf-8")
    psam = people.rename(columns={"FID": "#FID", "father": "PAT", "mother": "MAT"})
    psam = psam.rename(columns={"sex": "SEX", "phenotype": "PHENO1"})
    psam.to_csv(path.with_suffix(".psam"), sep="\t", index=False)
    return path


def write_vcf(
    path: Path, records: Sequence[str], samples: Sequence[str], *, header: Sequence[str] = ()
) -> Path:
    """A VCF as text: each record is columns parted by spaces."""
    lines = [
        "##fileformat=VCFv4.2",
        *header,
        '##FILTER=<ID=q10,Description="quality">',
        '##INFO=<ID=IMP,Number=0,Type=Flag,Description="imputed">',
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="calls">',
        '##FORMAT=<ID=DS,Number=A,Type=Float,Description="dosage">',
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t" + "\t".join(samples),
        *("\t".join(record.split()) for record in records),
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def calls(column: Values) -> str:
    """One variant's copies (n,) as calls of a VCF."""
    words = {0.0: "0/0", 1.0: "0/1", 2.0: "1/1"}
    return " ".join(words.get(float(v), "./.") for v in column)
