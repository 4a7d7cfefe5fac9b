"""Library size: the counts of each row added up, wherever an annotated matrix holds its counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Text
from evenlight.data.assay import SAMPLE, Kind, assay_of
from evenlight.data.rows import Held, Rows, blocks, dense, is_sparse
from evenlight.errors import CohortError

LIBRARY_SIZE = "library_size"
"""The column of people that holds it."""

LAYERS = ("counts", "raw_counts", "count", "umi")
"""Layers that hold counts by name, where their values are counts."""

RECORDED = ("total_counts", "n_counts", "nCount_RNA", "total_umis")
"""Columns of obs in which other tools keep the same sum."""

CLEARLY = 0.01
"""By more than this share a recorded total must exceed the counts that are here, to be of more."""

EXPRESSION: tuple[Kind, ...] = ("counts", "scaled counts", "log counts", "logged twice")
"""Kinds of values that come from counts."""


def with_library_size(
    people: pd.DataFrame, held: Held, adata: Any, kind: Kind, *, asked: bool = False
) -> tuple[pd.DataFrame, list[str]]:
    """People with the column `library_size` where x is expression, and the note that says whence.

    Counts are looked for in x (n, p) itself, in layers named after counts, and in raw; of these the
    matrix with the most columns is taken, since counts of selected genes are no library. Totals
    that obs records are taken where they are larger still. A column of that name is left as it is.
    `asked` looks whatever the values are, and takes whole numbers from 0 to 2 for counts.

    Raises CohortError where it is asked for and nothing holds it.
    """
    if LIBRARY_SIZE in people.columns or not (asked or kind in EXPRESSION):
        return people, []
    places = list(_counts(held, adata, kind, people.index.to_numpy(dtype=np.str_), asked))
    if not places:
        return _recorded(people, asked)
    place, values = max(places, key=lambda one: int(one[1].shape[1]))
    size, many = row_totals(values), int(values.shape[1])
    for name in RECORDED:
        times = _more(people, name, size)
        if times:
            size = people[name].to_numpy(dtype=np.float64)
            told = f"what obs records as {name}, in the median row {times:.3g} times the counts"
            break
    else:
        told = "the sum of the counts"
    some = " that were selected as highly variable" if _selected(adata, many) else ""
    line = f"Library size ({LIBRARY_SIZE}) is {told} in {place}, over {many:,} features{some}."
    return people.assign(**{LIBRARY_SIZE: size}), [line]


def _selected(adata: Any, many: int) -> bool:
    """Whether var marks each of its features as one of those that vary most."""
    var = adata.var
    return len(var) == many and "highly_variable" in var and bool(var["highly_variable"].all())


def _recorded(people: pd.DataFrame, asked: bool) -> tuple[pd.DataFrame, list[str]]:
    """Where nothing holds counts: what other tools recorded, or that it is not known."""
    for name in RECORDED:
        if name in people.columns:
            made = people.assign(**{LIBRARY_SIZE: people[name].astype(np.float64)})
            return made, [f"Library size ({LIBRARY_SIZE}) is what obs records as {name}."]
    if asked:
        raise CohortError(
            f"{LIBRARY_SIZE} is not known: neither x nor a layer named {' or '.join(LAYERS)} nor "
            f"raw holds counts, and obs has no {' or '.join(RECORDED)}; add {LIBRARY_SIZE} to obs"
        )
    return people, ["The library size is not known: neither x nor a layer nor raw holds counts."]


def _more(people: pd.DataFrame, name: str, size: Float) -> float:
    """How many times the counts that are here a recorded total is; 0 where it is no such total.

    It may nowhere be below them, and not be one number for everybody (a scaled total).
    """
    if name not in people.columns or not pd.api.types.is_numeric_dtype(people[name]):
        return 0.0
    total = people[name].to_numpy(dtype=np.float64, na_value=np.nan)
    if not np.isfinite(total).all() or (total < size * (1 - 1e-5)).any() or np.ptp(total) == 0:
        return 0.0
    times = float(np.median(total / np.maximum(size, 1.0)))
    return times if times > 1 + CLEARLY else 0.0


def _counts(
    held: Held, adata: Any, kind: Kind, ids: Text, asked: bool
) -> Iterator[tuple[str, Any]]:
    """Where counts are."""
    whole = ("counts", "dosage") if asked else ("counts",)
    if kind in whole:
        yield "x", held
    layers = getattr(adata, "layers", None)
    raw = getattr(adata, "raw", None)
    found = [(f"layer {name!r}", layers[name]) for name in LAYERS if layers and name in layers]
    found += [("raw", raw.X)] if raw is not None else []
    for place, values in found:
        if values.shape[0] == held.shape[0] and assay_of(sampled(values, ids)).kind in whole:
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
