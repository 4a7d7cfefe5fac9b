"""The files that `benchmarks.omics` reads: counts of cells as h5ad, genotypes of people as bed."""

from __future__ import annotations

from pathlib import Path

import anndata
import numpy as np
import pandas as pd
from bed_reader import to_bed
from scipy import sparse

GENES, DONORS, VARIANTS = 2_000, 200, 24_000
SHARE = 0.1
"""Mean count of a gene in a cell."""


def write_cells(path: Path, rows: int) -> None:
    """An h5ad of counts (rows, 2,000) as CSR: cells of 200 donors, 20 genes higher in one ancestry.

    It is written as anndata writes: a file that was appended to row by row lies in chunks of a few
    numbers each, and HDF5 then holds as much of where they are as the numbers take.
    """
    rng = np.random.default_rng(0)
    donor = np.sort(rng.integers(0, DONORS, rows))
    obs = pd.DataFrame(
        {
            "donor": pd.Categorical([f"d{i:03d}" for i in donor]),
            "ancestry": pd.Categorical(np.array(["A", "B"])[donor % 2]),
            "case": (rng.random(DONORS) < 0.5).astype(int)[donor],
        },
        index=[f"c{i:06d}" for i in range(rows)],
    )
    var = pd.DataFrame(index=[f"g{j}" for j in range(GENES)])
    each = rng.gamma(1.0, 1.0, GENES) * SHARE
    parts = [_counts(each, donor[start : start + 5_000], rng) for start in range(0, rows, 5_000)]
    anndata.AnnData(sparse.vstack(parts, format="csr"), obs=obs, var=var).write_h5ad(path)


def _counts(each: np.ndarray, donor: np.ndarray, rng: np.random.Generator) -> sparse.csr_matrix:
    """Counts of some cells."""
    mean = np.tile(each, (len(donor), 1))
    mean[:, :20] *= np.where(donor % 2 == 1, 2.0, 1.0)[:, None]
    return sparse.csr_matrix(rng.poisson(mean).astype(np.float32))


def write_genotypes(path: Path, rows: int) -> None:
    """A bed of (rows, 24,000), with its bim and fam, in allele frequencies of two ancestries."""
    rng = np.random.default_rng(0)
    second = np.arange(rows) % 2 == 1
    often = rng.uniform(0.05, 0.5, VARIANTS)
    here = np.clip(often + rng.normal(0, 0.08, VARIANTS), 0.01, 0.99)
    x = np.empty((rows, VARIANTS), dtype=np.int8)
    for i in range(rows):
        x[i] = rng.binomial(2, here if second[i] else often)
    ids = [f"s{i:05d}" for i in range(rows)]
    to_bed(path, x, properties={
        "fid": ids, "iid": ids, "sex": [1 + i % 2 for i in range(rows)],
        "chromosome": ["1"] * VARIANTS, "sid": [f"rs{j}" for j in range(VARIANTS)],
        "bp_position": [1_000 * (j + 1) for j in range(VARIANTS)],
        "allele_1": ["A"] * VARIANTS, "allele_2": ["G"] * VARIANTS,
    })  # fmt: skip
    table = pd.DataFrame({"ancestry": np.where(second, "B", "A")}, index=ids)
    table["case"] = (rng.random(rows) < 0.5).astype(int)
    table.to_csv(path.with_suffix(".csv"), index_label="IID")
