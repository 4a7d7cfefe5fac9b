"""Rows that are not in memory: every kind of source that the tests read from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata  # type: ignore[import-untyped]
import h5py  # type: ignore[import-untyped]
import numpy as np
import pandas as pd
import torch
import zarr
from scipy.sparse import csr_array
from torch.utils.data import DataLoader, Dataset, TensorDataset

from evenlight.arrays import Values

X = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)
IDS = [f"p{i:02d}" for i in np.random.default_rng(1).permutation(60)]
PEOPLE = pd.DataFrame({"site": ["s1", "s2", "s3"] * 20}, index=IDS)


class Items(Dataset[Any]):
    """A map-style dataset of whatever `make` gives for a row; counts what it is asked for."""

    def __init__(self, x: Values, make: Callable[[Any, int], Any] = lambda row, i: row) -> None:
        self.x, self.make, self.asked = x, make, list[int]()

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, i: int) -> Any:
        self.asked.append(i)
        return self.make(torch.tensor(self.x[i]), i)


class Table:
    """An array-like that notes which rows are read."""

    def __init__(self, x: Values) -> None:
        self.x, self.shape, self.dtype, self.asked = x, x.shape, x.dtype, list[int]()

    def __getitem__(self, index: Any) -> Values:
        self.asked += np.arange(len(self.x))[index].tolist()
        return np.asarray(self.x[index])


def on_disk(x: Values, folder: Path) -> zarr.Array[Any]:
    """A zarr array whose chunks cut rows and columns."""
    made = zarr.create_array(folder / "x.zarr", shape=x.shape, chunks=(7, 2), dtype=x.dtype)
    made[:] = x
    return made


def mapped(x: Values, folder: Path) -> Values:
    """A read-only memory map."""
    np.save(folder / "x.npy", x)
    loaded: Values = np.load(folder / "x.npy", mmap_mode="r")
    return loaded


def hdf5(x: Values, folder: Path) -> h5py.Dataset:
    """A chunked HDF5 data set."""
    return h5py.File(folder / "x.h5", "w").create_dataset("x", data=x, chunks=(7, 2))


def backed(x: Values, folder: Path) -> Any:
    """The sparse X of an AnnData that stays in its file."""
    anndata.AnnData(csr_array(x)).write_h5ad(folder / "x.h5ad")
    return anndata.read_h5ad(folder / "x.h5ad", backed="r").X


def as_dict(row: Any, i: int) -> dict[str, Any]:
    """A row with what usually stands beside it: a whole number, a float without axes, a name."""
    return {"image": row, "label": torch.tensor(i), "age": 41.5, "dose": torch.tensor(1.5), "id": i}


KINDS: dict[str, Callable[[Values, Path], Any]] = {
    "zarr": on_disk,
    "memmap": mapped,
    "hdf5": hdf5,
    "backed AnnData": backed,
    "dataset": lambda x, _: Items(x),
    "tuples": lambda x, _: TensorDataset(torch.tensor(x), torch.arange(len(x))),
    "dicts": lambda x, _: Items(x, as_dict),
    "loader": lambda x, _: DataLoader(Items(x, as_dict), batch_size=8),
    "loader of rows": lambda x, _: DataLoader(Items(x), batch_size=None),
    "loader with workers": lambda x, _: DataLoader(Items(x, as_dict), batch_size=8, num_workers=2),
    "tensor": lambda x, _: torch.tensor(x),
    "masked": lambda x, _: np.ma.masked_array(x, mask=np.zeros(x.shape, dtype=bool)),
    "negative strides": lambda x, _: x[::-1].copy()[::-1],
    "columns first": lambda x, _: np.asfortranarray(x),
    "big-endian": lambda x, _: x.astype(">f4"),
}
