"""Library size: the counts of each row added up, wherever an annotated matrix holds its counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Text
from evenlight.data.assay import SAMPLE, Kind, assay_of
from evenlight.data.rows import Held, Rows, blocks, dense, is_sparse

LIBRARY_SIZE = "library_size"
"""The column of people that holds it."""

LAYERS = ("counts", "raw_counts", "count", "umi")
"""Layers that hold counts by name, where their values are counts."""

RECORDED = ("total_counts", "n_counts", "nCount_RNA", "total_umis")
"""Columns of obs in which other tools keep the same sum."""

EXPRESSION: tuple[Kind, ...] = ("counts", "scaled counts", "log counts", "logged twice")
"""Kinds of values that come from counts."""


def with_library_size(
    people: pd.DataFrame, held: Held, adata: Any, kind: Kind
) -> tuple[pd.DataFrame, list[str]]:
    """People with the column `library_size` where x is expression, and the note that says whence.

    Counts are looked for in x (n, p) itself, then in layers named after counts, then in raw, and
    what other tools recorded in obs is taken last. A column of that name is left as it is.
    """
    if kind not in EXPRESSION or LIBRARY_SIZE in people.columns:
        return people, []
    ids = people.index.to_numpy(dtype=np.str_)
    for place, values in _counts(held, adata, kind, ids):
        size = row_totals(values)
        made = people.assign(**{LIBRARY_SIZE: size})
        return made, [f"Library size ({LIBRARY_SIZE}) is the sum of the counts in {place}."]
    for name in RECORDED:
        if name in people.columns:
            made = people.assign(**{LIBRARY_SIZE: people[name].astype(np.float64)})
            return made, [f"Library size ({LIBRARY_SIZE}) is what obs records as {name}."]
    return people, ["The library size is not known: neither x nor a layer nor raw holds counts."]


def _counts(held: Held, adata: Any, kind: Kind, ids: Text) -> Iterator[tuple[str, Any]]:
    """Where counts are, best first."""
    if kind == "counts":
        yield "x", held
    layers = getattr(adata, "layers", None)
    raw = getattr(adata, "raw", None)
    found = [(f"layer {name!r}", layers[name]) for name in LAYERS if layers and name in layers]
    found += [("raw", raw.X)] if raw is not None else []
    for place, values in found:
        if values.shape[0] == held.shape[0] and assay_of(sampled(values, ids)).kind == "counts":
            yield place, values


def sampled(x: Any, ids: Text) -> Float:
    """Up to 64 rows of x in float64 to be looked at, the same whatever the order they stand in."""
    order = np.argsort(ids, kind="stable")
    at = order[np.unique(np.linspace(0, len(order) - 1, min(len(order), SAMPLE)).astype(np.int64))]
    held = x.tocsr() if is_sparse(x) else x if isinstance(x, np.ndarray | Rows) else Rows(x)
    return dense(held, np.sort(at))


def row_totals(x: Any) -> Float:
    """The sum of each row (n,) in float64, read block by block; absent entries are 0."""
    if is_sparse(x):
        return np.asarray(x.sum(axis=1, dtype=np.float64)).reshape(-1)
    total = np.empty(int(x.shape[0]))
    for part, rows in blocks(x if isinstance(x, np.ndarray | Rows) else Rows(x)):
        total[part] = np.nansum(rows, axis=1, dtype=np.float64)
    return total
