"""Annotated matrices for tests: counts of cells in donors, and every way in which they are kept."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anndata as ad  # type: ignore[import-untyped]
import numpy as np
import pandas as pd
from scipy import sparse

from evenlight.arrays import Float, Values

WAYS = ("csr", "csc", "csr array", "fortran", "negative strides", "read-only", "memory map", "view")
"""Ways in which the same numbers lie in memory, beside plain dense ones."""


def counts(rng: np.random.Generator, donors: int, cells: int, genes: int) -> tuple[Float, Values]:
    """Counts (donors * cells, genes) and the donor of each row; gene 0 is higher in odd donors."""
    donor = np.repeat(np.arange(donors), cells)
    mean = rng.gamma(2.0, 1.0, genes) * np.ones((donors, genes))
    mean[1::2, 0] *= 3
    return rng.poisson(mean[donor]).astype(np.float64), donor


def table(donor: Values, rng: np.random.Generator) -> pd.DataFrame:
    """What is known of each row: donor, ancestry by donor, outcome by donor, cell type by cell."""
    sick = rng.random(int(donor.max()) + 1) < 0.5
    return pd.DataFrame(
        {
            "donor": [f"d{i:03d}" for i in donor],
            "ancestry": pd.Categorical(np.array(["A", "B"])[donor % 2]),
            "case": sick[donor].astype(np.int64),
            "cell_type": pd.Categorical(np.array(["T", "B", "NK"])[rng.integers(0, 3, len(donor))]),
        },
        index=pd.Index([f"d{i:03d}_cell{j:05d}" for j, i in enumerate(donor)]),
    )


def annotated(
    *, seed: int = 0, donors: int = 24, cells: int = 5, genes: int = 12, logged: bool = True
) -> Any:
    """An AnnData of cells in donors: log-normalised X, its counts as a layer and as raw."""
    rng = np.random.default_rng(seed)
    x, donor = counts(rng, donors, cells, genes)
    var = pd.DataFrame(
        {"symbol": [f"G{j}" for j in range(genes)], "chromosome": "1"},
        index=[f"ENSG{j:05d}" for j in range(genes)],
    )
    made = ad.AnnData(x.copy(), obs=table(donor, rng), var=var)
    made.raw = made.copy()
    made.layers["counts"] = x
    if logged:
        made.X = np.log1p(1e4 * x / np.maximum(x.sum(axis=1, keepdims=True), 1))
        made.uns["log1p"] = {"base": None}
    return made


def kept_as(x: Values, way: str, folder: Path) -> Any:
    """The same numbers in another way."""
    if way == "csr":
        return sparse.csr_matrix(x)
    if way == "csc":
        return sparse.csc_matrix(x)
    if way == "csr array":
        return sparse.csr_array(x)
    if way == "fortran":
        return np.asfortranarray(x)
    if way == "negative strides":
        return np.ascontiguousarray(x[::-1, ::-1])[::-1, ::-1]
    if way == "memory map":
        np.save(folder / "x.npy", x)
        return np.load(folder / "x.npy", mmap_mode="r")
    made = x.copy()
    made.flags.writeable = way != "read-only"
    return made


def written(adata: Any, folder: Path, ending: str) -> Path:
    """The path of adata as a file: h5ad, or zarr of format 2 or 3."""
    path = folder / f"adata.{ending.split()[0]}"
    if ending == "h5ad":
        adata.write_h5ad(path)
        return path
    with warnings.catch_warnings():  # anndata and zarr announce how they will write in future
        warnings.simplefilter("ignore")
        with _zarr_format(int(ending.split()[1])):
            adata.write_zarr(path)
    return path


@contextmanager
def _zarr_format(number: int) -> Iterator[None]:
    before = ad.settings.zarr_write_format
    ad.settings.zarr_write_format = number
    yield
    ad.settings.zarr_write_format = before
